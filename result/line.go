package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// factsKey is the annotation that holds what LLMeter's keys cannot.
const factsKey = "llmeter"

// appendLine appends a response as one line of responses.jsonl: the 15 keys of LLMeter 0.2.0 in its order. The line
// is complete also beside an error, which says what of the response stands in it as null.
func appendLine(b []byte, r *endpoint.Response) ([]byte, error) {
	b = append(b, `{"response_text": `...)
	b = appendText(b, r.Text)
	b = append(b, `, "input_payload": `...)
	b, err := appendBody(b, r.Payload.Body)
	b = append(b, `, "id": `...)
	b = appendText(b, r.ID)
	b = append(b, `, "input_prompt": `...)
	b = appendText(b, r.Prompt)
	b = append(b, `, "time_to_first_token": `...)
	b = appendDuration(b, r.TTFT)
	b = append(b, `, "time_to_last_token": `...)
	b = appendDuration(b, r.TTLT)
	b = append(b, `, "num_tokens_input": `...)
	b = appendCount(b, r.InputTokens)
	b = append(b, `, "num_tokens_output": `...)
	b = appendCount(b, r.OutputTokens)
	b = append(b, `, "num_tokens_input_cached": `...)
	b = appendCount(b, r.CachedTokens)
	b = append(b, `, "num_tokens_output_reasoning": `...)
	b = appendCount(b, r.ReasoningTokens)
	b = append(b, `, "time_per_output_token": `...)
	if v, ok := r.TPOT(); ok {
		b = appendFloat(b, v)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `, "error": `...)
	b = appendError(b, r.Error)
	b = append(b, `, "retries": `...)
	if n, ok := r.Retries(); ok {
		b = strconv.AppendInt(b, int64(n), 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `, "request_time": `...)
	b = appendStamp(b, r.RequestTime)
	b = append(b, `, "annotations": {"`+factsKey+`": `...)
	b = appendFacts(b, r)
	b, annotationErr := appendAnnotations(b, r.Annotations)
	return append(b, "}}\n"...), errors.Join(err, annotationErr)
}

// appendBody appends a payload as it is, but on one line, and null instead of what is no JSON.
func appendBody(b []byte, body json.RawMessage) ([]byte, error) {
	if len(body) == 0 {
		return append(b, "null"...), nil
	}
	if !json.Valid(body) {
		return append(b, "null"...), errors.New("the payload is not valid JSON")
	}
	return appendOneLine(b, body), nil
}

// appendOneLine appends valid JSON text without line breaks. There they stand between tokens alone, so that a body
// without any is kept byte for byte.
func appendOneLine(b, text []byte) []byte {
	if !bytes.ContainsAny(text, "\r\n") {
		return append(b, text...)
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, text) // valid, so it cannot fail
	return append(b, compact.Bytes()...)
}

func appendDuration(b []byte, of func() (time.Duration, bool)) []byte {
	d, ok := of()
	if !ok {
		return append(b, "null"...)
	}
	return appendFloat(b, d.Seconds())
}

func appendCount(b []byte, c endpoint.Count) []byte {
	if !c.Known() {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, int64(c.N), 10)
}

// appendError appends the text of an error. One of which nothing but a message is known is written as that message, as it
// came from another tool's file; "" is still a failure.
func appendError(b []byte, e *endpoint.Error) []byte {
	switch {
	case e == nil:
		return append(b, "null"...)
	case bare(e):
		return appendString(b, errorMessage(e))
	}
	return appendString(b, e.Error())
}

// bare reports whether nothing but a message is known of an error.
func bare(e *endpoint.Error) bool {
	return e.Status == 0 && e.Code == "" && cmp.Or(e.Kind, endpoint.KindUnknown) == endpoint.KindUnknown
}

// errorMessage is the message in an error's text: what follows kind, status and code.
func errorMessage(e *endpoint.Error) string {
	head := endpoint.Error{Kind: e.Kind, Status: e.Status, Code: e.Code}
	return strings.TrimPrefix(strings.TrimPrefix(e.Error(), head.Error()), ": ")
}

// appendFacts appends the object that holds what LLMeter's keys cannot, defaults left out.
func appendFacts(b []byte, r *endpoint.Response) []byte {
	b = append(b, `{"seq": `...)
	b = strconv.AppendInt(b, int64(r.Seq), 10)
	b = appendInt(b, "client", r.Client)
	b = appendInt(b, "turn", r.Turn)
	if !r.FirstText.Equal(r.FirstToken) {
		b = append(b, `, "ttfct": `...)
		b = appendDuration(b, r.TTFCT)
	}
	b = appendOffset(b, "intended", r.Dispatched, r.Intended, r.Dispatched)
	b = appendOffset(b, "end", r.Dispatched, r.End, r.LastToken)
	b = appendMember(b, "finish_reason", r.FinishReason)
	for i, c := range tokenCounts(r) {
		if c.Known() && c.Source != endpoint.Server {
			b = appendMember(b, sourceKeys[i], c.Source.String())
		}
	}
	if e := r.Error; e != nil {
		b = appendMember(b, "error_kind", string(e.Kind))
		b = appendInt(b, "status", e.Status)
		b = appendMember(b, "code", e.Code)
		if e.RetryAfter != 0 {
			b = append(b, `, "retry_after": `...)
			b = appendFloat(b, e.RetryAfter.Seconds())
		}
	}
	b = appendMember(b, "reasoning", r.Reasoning)
	b = appendMember(b, "refusal", r.Refusal)
	b = appendToolCalls(b, r.ToolCalls)
	b = appendLabels(b, r.Payload.Labels)
	return append(b, '}')
}

func appendInt(b []byte, key string, n int) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(b, `, "`...), key...), `": `...)
	return strconv.AppendInt(b, int64(n), 10)
}

func appendMember(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `, "`...), key...), `": `...)
	return appendString(b, value)
}

// appendOffset appends an instant in seconds since from, if it is known and not the usual one.
func appendOffset(b []byte, key string, from, at, usual time.Time) []byte {
	if from.IsZero() || at.IsZero() || at.Equal(usual) {
		return b
	}
	b = append(append(append(b, `, "`...), key...), `": `...)
	return appendFloat(b, at.Sub(from).Seconds())
}

var sourceKeys = [...]string{"input_tokens_by", "output_tokens_by", "cached_tokens_by", "reasoning_tokens_by"}

func tokenCounts(r *endpoint.Response) [4]*endpoint.Count {
	return [...]*endpoint.Count{&r.InputTokens, &r.OutputTokens, &r.CachedTokens, &r.ReasoningTokens}
}

func appendToolCalls(b []byte, calls []endpoint.ToolCall) []byte {
	if len(calls) == 0 {
		return b
	}
	b = append(b, `, "tool_calls": [`...)
	for i, c := range calls {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, `{"id": `...)
		b = appendString(b, c.ID)
		b = appendMember(b, "name", c.Name)
		b = appendMember(b, "arguments", c.Arguments)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendLabels(b []byte, labels map[string]string) []byte {
	if len(labels) == 0 {
		return b
	}
	b = append(b, `, "labels": {`...)
	for i, key := range slices.Sorted(maps.Keys(labels)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, key), ": "...)
		b = appendString(b, labels[key])
	}
	return append(b, '}')
}

// appendAnnotations appends what callbacks wrote, sorted by key.
func appendAnnotations(b []byte, annotations map[string]any) ([]byte, error) {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if key == factsKey {
			continue
		}
		b = append(b, ", "...)
		b = append(appendString(b, key), ": "...)
		switch v := annotations[key].(type) {
		case string:
			b = appendString(b, v)
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				problems = append(problems, fmt.Errorf("annotation %q: %v is no number of JSON", key, v))
			}
			b = appendFloat(b, v)
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		default:
			text, err := json.Marshal(v)
			if err != nil {
				problems = append(problems, fmt.Errorf("annotation %q: %w", key, err))
				text = []byte("null")
			}
			b = appendOneLine(b, text)
		}
	}
	return b, errors.Join(problems...)
}
