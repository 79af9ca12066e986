package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A line is a line of responses.jsonl: the keys of LLMeter up to 0.2.x.
type line struct {
	Text        text                       `json:"response_text"`
	Payload     json.RawMessage            `json:"input_payload"`
	ID          text                       `json:"id"`
	Prompt      text                       `json:"input_prompt"`
	TTFT        *float64                   `json:"time_to_first_token"`
	TTFCT       offset                     `json:"time_to_first_content_token"` // since 0.2.1
	TTLT        *float64                   `json:"time_to_last_token"`
	Input       *float64                   `json:"num_tokens_input"`
	Output      *float64                   `json:"num_tokens_output"`
	Cached      *float64                   `json:"num_tokens_input_cached"`
	Reasoning   *float64                   `json:"num_tokens_output_reasoning"`
	TPOT        *float64                   `json:"time_per_output_token"` // follows from the others
	Error       text                       `json:"error"`
	Retries     *float64                   `json:"retries"`
	RequestTime text                       `json:"request_time"` // its value may be "" where At is set
	At          time.Time                  `json:"-"`
	Annotations map[string]json.RawMessage `json:"annotations"`
}

// A text is a string where it should be one; LLMeter's tools also leave objects there, which are kept as JSON text.
type text struct {
	value          string
	present, known bool // there is the key; its value is not null
}

// UnmarshalJSON takes any value.
func (t *text) UnmarshalJSON(data []byte) error {
	t.present = true
	if string(data) == "null" {
		return nil
	}
	t.known = true
	if data[0] != '"' {
		t.value = string(data)
		return nil
	}
	return json.Unmarshal(data, &t.value)
}

// An offset is a time since the dispatch that may also be null, which is not the same as missing.
type offset struct {
	known   bool // there is the key, with a number or null
	seconds *float64
}

// UnmarshalJSON takes any value.
func (o *offset) UnmarshalJSON(data []byte) error {
	*o = offset{}
	o.known = json.Unmarshal(data, &o.seconds) == nil
	return nil
}

// facts is the annotation "llmeter".
type facts struct {
	Seq             int                 `json:"seq"`
	Client          int                 `json:"client"`
	Turn            int                 `json:"turn"`
	TTFCT           offset              `json:"ttfct"` // not known: the same as TTFT
	Intended        *float64            `json:"intended"`
	End             *float64            `json:"end"`
	FinishReason    string              `json:"finish_reason"`
	InputBy         string              `json:"input_tokens_by"`
	OutputBy        string              `json:"output_tokens_by"`
	CachedBy        string              `json:"cached_tokens_by"`
	ReasoningBy     string              `json:"reasoning_tokens_by"`
	ErrorKind       string              `json:"error_kind"`
	Status          int                 `json:"status"`
	Code            string              `json:"code"`
	RetryAfter      float64             `json:"retry_after"`
	Reasoning       string              `json:"reasoning"`
	Refusal         string              `json:"refusal"`
	ToolCalls       []endpoint.ToolCall `json:"tool_calls"`
	Labels          map[string]string   `json:"labels"`
	annotationFound bool
}

// parseLine reads one line of responses.jsonl, of this module or of any version of LLMeter. own reports whether it is
// one of ours.
func parseLine(data []byte) (r *endpoint.Response, own bool, err error) {
	l, rest, err := decodeLine(data)
	if err != nil {
		return nil, false, err
	}
	var f facts
	if raw, ok := l.Annotations[factsKey]; ok && json.Unmarshal(raw, &f) == nil {
		f.annotationFound = true
		delete(l.Annotations, factsKey)
	}
	r, err = f.response(l, rest)
	return r, f.annotationFound, err
}

// response is what a line, its other keys and the annotation tell.
func (f *facts) response(l *line, rest map[string]json.RawMessage) (*endpoint.Response, error) {
	if !l.Text.present && !l.Error.present && !l.RequestTime.present {
		return nil, errors.New("this is not a response: response_text, error and request_time are missing")
	}
	r := &endpoint.Response{
		Text: l.Text.value, ID: l.ID.value, Prompt: l.Prompt.value,
		InputTokens: count(l.Input), OutputTokens: count(l.Output),
		CachedTokens: count(l.Cached), ReasoningTokens: count(l.Reasoning),
	}
	if len(l.Payload) > 0 && string(l.Payload) != "null" {
		r.Payload.Body = l.Payload
	}
	if l.Retries != nil && *l.Retries >= 0 && *l.Retries < 1000 {
		r.Attempts = make([]endpoint.Attempt, int(*l.Retries)+1)
	}
	stamped := true
	if r.RequestTime = l.At; l.At.IsZero() {
		r.RequestTime, stamped = parseStamp(l.RequestTime.value)
	}
	f.apply(r, l)
	if err := annotate(r, rest, l.Annotations); err != nil { // of equal keys the annotation counts
		return nil, err
	}
	if !stamped && l.RequestTime.value != "" {
		note(r, "request_time", l.RequestTime.value)
	}
	return r, nil
}

// decodeLine decodes the known keys in one pass, and the line once more if there are others.
func decodeLine(data []byte) (l *line, rest map[string]json.RawMessage, err error) {
	l = new(line)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err == nil && len(bytes.TrimSpace(data[d.InputOffset():])) == 0 {
		return l, nil, nil
	}
	l = new(line)
	if err = json.Unmarshal(data, l); err != nil {
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			return nil, nil, err
		}
		cured := withoutNaN(data)
		if cured == nil || json.Unmarshal(cured, l) != nil {
			return nil, nil, fmt.Errorf("column %d: %w", syntax.Offset, err)
		}
		data = cured
	}
	if err := json.Unmarshal(data, &rest); err != nil {
		return nil, nil, err
	}
	for _, key := range lineKeys {
		delete(rest, key)
	}
	return l, rest, nil
}

var lineKeys = []string{
	"response_text", "input_payload", "id", "input_prompt",
	"time_to_first_token", "time_to_first_content_token", "time_to_last_token",
	"num_tokens_input", "num_tokens_output", "num_tokens_input_cached", "num_tokens_output_reasoning",
	"time_per_output_token", "error", "retries", "request_time", "annotations",
}

// withoutNaN replaces the bare words that Python writes for numbers which JSON does not have by null. It gives nil if
// there are none.
func withoutNaN(data []byte) []byte {
	var out []byte
	from, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == 'N' || c == 'I' || c == '-'):
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					out = append(append(out, data[from:i]...), "null"...)
					from = i + len(word)
					i = from - 1
					break
				}
			}
		}
	}
	if out == nil {
		return nil
	}
	return append(out, data[from:]...)
}

func count(n *float64) endpoint.Count {
	if n == nil || math.Abs(*n) > 1<<53 {
		return endpoint.Count{}
	}
	return endpoint.Counted(int(*n))
}

// apply sets the instants, and what the annotation says beyond LLMeter's keys.
func (f *facts) apply(r *endpoint.Response, l *line) {
	r.Seq, r.Client, r.Turn = f.Seq, f.Client, f.Turn
	r.FinishReason, r.Reasoning, r.Refusal = f.FinishReason, f.Reasoning, f.Refusal
	r.ToolCalls, r.Payload.Labels = f.ToolCalls, f.Labels
	for i, by := range []string{f.InputBy, f.OutputBy, f.CachedBy, f.ReasoningBy} {
		if c, source := tokenCounts(r)[i], endpoint.ParseSource(by); c.Known() && source != endpoint.Unknown {
			c.Source = source
		}
	}
	if l.Error.known {
		r.Error = f.err(l.Error.value)
		if n := len(r.Attempts); n > 0 {
			r.Attempts[n-1].Status = f.Status
		}
	}
	f.applyInstants(r, l)
}

func (f *facts) applyInstants(r *endpoint.Response, l *line) {
	r.Dispatched = r.RequestTime
	if r.Dispatched.IsZero() {
		if l.TTFT == nil && l.TTLT == nil {
			return
		}
		r.Dispatched = time.Unix(0, 0).UTC() // durations are kept, whenever it was
	}
	r.FirstToken, r.LastToken = after(r.Dispatched, l.TTFT), after(r.Dispatched, l.TTLT)
	r.Streamed = !r.FirstToken.IsZero()
	r.FirstText = r.FirstToken
	for _, o := range []offset{l.TTFCT, f.TTFCT} {
		if o.known {
			r.FirstText = after(r.Dispatched, o.seconds)
		}
	}
	r.Intended, r.End = r.Dispatched, r.LastToken
	if f.Intended != nil {
		r.Intended = after(r.Dispatched, f.Intended)
	}
	if f.End != nil {
		r.End = after(r.Dispatched, f.End)
	}
}

// err rebuilds an error from its text and what is known of it.
func (f *facts) err(text string) *endpoint.Error {
	e := &endpoint.Error{Kind: cmp.Or(endpoint.ErrorKind(f.ErrorKind), endpoint.KindUnknown), Status: f.Status, Code: f.Code}
	if bare(e) {
		e.Message = text
	} else {
		e.Message = strings.TrimPrefix(strings.TrimPrefix(text, e.Error()), ": ")
	}
	if d, ok := duration(&f.RetryAfter); ok {
		e.RetryAfter = d
	}
	return e
}

func after(t time.Time, seconds *float64) time.Time {
	d, ok := duration(seconds)
	if !ok {
		return time.Time{}
	}
	return t.Add(d)
}

// maxDuration is more than any run takes. What is longer is no duration but a clock gone wrong.
const maxDuration = 1e9 * time.Second

// duration turns seconds into nanoseconds. Python's carry noise below a nanosecond; ours come back exactly.
func duration(seconds *float64) (time.Duration, bool) {
	if seconds == nil || !(math.Abs(*seconds) < maxDuration.Seconds()) {
		return 0, false
	}
	return time.Duration(math.Round(*seconds * 1e9)), true
}

// annotate keeps annotations, and keys that are not known.
func annotate(r *endpoint.Response, from ...map[string]json.RawMessage) error {
	for _, values := range from {
		for key, raw := range values {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return err
			}
			note(r, key, v)
		}
	}
	return nil
}

func note(r *endpoint.Response, key string, v any) {
	if r.Annotations == nil {
		r.Annotations = map[string]any{}
	}
	r.Annotations[key] = v
}

// parseStamp reads the stamps that LLMeter and Python write; one without a zone is UTC.
func parseStamp(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return stamp(t), true
		}
	}
	return time.Time{}, false
}
