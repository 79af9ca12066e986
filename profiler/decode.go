package profiler

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fastjson"
)

// A decoder turns JSON into steps. Names that come again and again, and the ids of one trace, are kept once.
type decoder struct {
	parser fastjson.Parser
	names  map[string]string // of models, tools, functions, frameworks and event types
	ids    map[string]string // of one trace
	arena  []byte            // holds raw values
}

// maxNames bounds how many names are kept once.
const maxNames = 1 << 14

// forget is called between traces, so that ids do not pile up.
func (d *decoder) forget() {
	if len(d.ids) > maxNames { // a map that was once large stays slow to clear
		d.ids = nil
	}
	clear(d.ids)
}

// step decodes one step.
func (d *decoder) step(raw []byte) (IntermediateStep, error) {
	var s IntermediateStep
	if err := fastjson.ValidateBytes(raw); err != nil {
		return s, syntaxError(raw, err)
	}
	v, err := d.parser.ParseBytes(raw)
	if err != nil {
		return s, err
	}
	s.FunctionAncestry = InvocationNode{FunctionID: notApplicable, FunctionName: notApplicable}
	hasPayload := false
	err = d.object(v, "", func(key []byte, v *fastjson.Value) (err error) {
		switch string(key) {
		case "parent_id":
			s.ParentID, err = d.id(v)
		case "function_ancestry":
			err = d.ancestry(v, &s.FunctionAncestry)
		case "payload":
			hasPayload = true
			err = d.payload(v, &s.Payload)
		}
		return err
	})
	if err == nil && !hasPayload {
		err = errors.New("payload is missing")
	}
	return s, err
}

// syntaxError says what is wrong with JSON in the words of encoding/json, which are shorter and say where; err if that sees nothing wrong.
func syntaxError(raw []byte, err error) error {
	var v json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(raw, &v), &syntax) {
		return fmt.Errorf("%w, %d bytes on", syntax, syntax.Offset)
	}
	return err
}

// notApplicable is what the first version of NAT wrote where no function was known.
const notApplicable = "N/A"

func (d *decoder) ancestry(v *fastjson.Value, n *InvocationNode) error {
	return d.object(v, "function_ancestry", func(key []byte, v *fastjson.Value) (err error) {
		switch string(key) {
		case "function_id":
			n.FunctionID, err = d.id(v)
		case "function_name":
			n.FunctionName, err = d.name(v)
		case "parent_id":
			n.ParentID, err = d.id(v)
		case "parent_name":
			n.ParentName, err = d.name(v)
		}
		return err
	})
}

func (d *decoder) payload(v *fastjson.Value, p *StepPayload) error {
	hasTime := false
	err := d.object(v, "payload", func(key []byte, v *fastjson.Value) (err error) {
		switch string(key) {
		case "event_type":
			var name string
			name, err = d.name(v)
			p.EventType = EventType(name)
		case "event_timestamp":
			p.EventTimestamp, hasTime, err = timestamp(v)
		case "span_event_timestamp":
			p.SpanEventTimestamp, _, err = timestamp(v)
		case "framework":
			p.Framework, err = d.name(v)
		case "name":
			p.Name, err = d.name(v)
		case "tags":
			p.Tags, err = d.tags(v)
		case "metadata":
			p.Metadata = d.raw(v)
		case "data":
			p.Data, err = d.data(v)
		case "usage_info":
			p.UsageInfo, err = d.usage(v)
		case "UUID":
			p.UUID, err = d.id(v)
		default:
			p.Extra = d.extra(p.Extra, key, v)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case p.EventType == "":
		return errors.New("payload.event_type is missing")
	case !hasTime:
		return errors.New("payload.event_timestamp is missing")
	}
	return nil
}

func (d *decoder) data(v *fastjson.Value) (*StreamEventData, error) {
	if v.Type() == fastjson.TypeNull {
		return nil, nil
	}
	s := new(StreamEventData)
	return s, d.object(v, "data", func(key []byte, v *fastjson.Value) error {
		switch string(key) {
		case "input":
			s.Input = d.raw(v)
		case "output":
			s.Output = d.raw(v)
		case "chunk":
			s.Chunk = d.raw(v)
		case "payload":
			s.Payload = d.raw(v)
		default:
			s.Extra = d.extra(s.Extra, key, v)
		}
		return nil
	})
}

func (d *decoder) usage(v *fastjson.Value) (*UsageInfo, error) {
	if v.Type() == fastjson.TypeNull {
		return nil, nil
	}
	u := new(UsageInfo)
	return u, d.object(v, "usage_info", func(key []byte, v *fastjson.Value) (err error) {
		switch string(key) {
		case "token_usage":
			err = d.tokens(v, &u.TokenUsage)
		case "num_llm_calls":
			u.NumLLMCalls, err = integer(v)
		case "seconds_between_calls":
			u.SecondsBetweenCalls, err = number(v)
		}
		return err
	})
}

func (d *decoder) tokens(v *fastjson.Value, t *TokenUsage) error {
	return d.object(v, "token_usage", func(key []byte, v *fastjson.Value) (err error) {
		switch string(key) {
		case "prompt_tokens":
			t.PromptTokens, err = integer(v)
		case "completion_tokens":
			t.CompletionTokens, err = integer(v)
		case "cached_tokens":
			t.CachedTokens, err = integer(v)
		case "reasoning_tokens":
			t.ReasoningTokens, err = integer(v)
		case "total_tokens":
			t.TotalTokens, err = integer(v)
		}
		return err
	})
}

// object visits the members of an object up to the first that is wrong; null has none.
func (d *decoder) object(v *fastjson.Value, name string, visit func(key []byte, v *fastjson.Value) error) error {
	if v.Type() == fastjson.TypeNull {
		return nil
	}
	o, err := v.Object()
	if err != nil {
		return fmt.Errorf("%s is no JSON object", orStep(name))
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		if err != nil {
			return
		}
		if err = visit(key, v); errors.Is(err, errType) {
			err = fmt.Errorf("%s.%s %v", orStep(name), key, err)
		}
	})
	return err
}

func orStep(name string) string {
	if name == "" {
		return "step"
	}
	return name
}

// errType is matched by errors that do not yet say which member is wrong.
var errType = errors.New("")

func wrong(v *fastjson.Value, want string) error {
	return fmt.Errorf("is a JSON %s, not %s%w", v.Type(), want, errType)
}

func (d *decoder) name(v *fastjson.Value) (string, error) {
	if len(d.names) >= maxNames {
		clear(d.names)
	}
	return intern(&d.names, v)
}

func (d *decoder) id(v *fastjson.Value) (string, error) { return intern(&d.ids, v) }

func intern(known *map[string]string, v *fastjson.Value) (string, error) {
	if v.Type() == fastjson.TypeNull {
		return "", nil
	}
	b, err := v.StringBytes()
	if err != nil {
		return "", wrong(v, "a string")
	}
	if s, ok := (*known)[string(b)]; ok {
		return s, nil
	}
	if *known == nil {
		*known = map[string]string{}
	}
	s := string(b)
	(*known)[s] = s
	return s, nil
}

func (d *decoder) tags(v *fastjson.Value) ([]string, error) {
	if v.Type() == fastjson.TypeNull {
		return nil, nil
	}
	list, err := v.Array()
	if err != nil {
		return nil, wrong(v, "a list")
	}
	tags := make([]string, len(list))
	for i, v := range list {
		if tags[i], err = d.name(v); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// raw keeps the value as JSON, nil for null.
func (d *decoder) raw(v *fastjson.Value) json.RawMessage {
	const chunk = 1 << 16
	if v.Type() == fastjson.TypeNull {
		return nil
	}
	if len(d.arena) > chunk/2 || d.arena == nil {
		d.arena = make([]byte, 0, chunk)
	}
	start := len(d.arena)
	d.arena = appendFast(d.arena, v)
	return json.RawMessage(d.arena[start:len(d.arena):len(d.arena)])
}

// appendFast writes a value as compact JSON. fastjson's own way escapes strings as Go does, which is not always JSON.
func appendFast(b []byte, v *fastjson.Value) []byte {
	switch v.Type() {
	case fastjson.TypeString:
		s, _ := v.StringBytes()
		return appendString(b, s)
	case fastjson.TypeArray:
		items, _ := v.Array()
		b = append(b, '[')
		for i, item := range items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendFast(b, item)
		}
		return append(b, ']')
	case fastjson.TypeObject:
		o, _ := v.Object()
		b = append(b, '{')
		first := true
		o.Visit(func(key []byte, v *fastjson.Value) {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendFast(append(appendString(b, key), ':'), v)
		})
		return append(b, '}')
	}
	return v.MarshalTo(b)
}

func (d *decoder) extra(m map[string]json.RawMessage, key []byte, v *fastjson.Value) map[string]json.RawMessage {
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	raw := d.raw(v)
	if raw == nil {
		raw = json.RawMessage("null")
	}
	m[string(key)] = raw
	return m
}

func number(v *fastjson.Value) (float64, error) {
	if v.Type() == fastjson.TypeNull {
		return 0, nil
	}
	f, err := v.Float64()
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, wrong(v, "a finite number")
	}
	return f, nil
}

func integer(v *fastjson.Value) (int, error) {
	f, err := number(v)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, wrong(v, "a whole number")
	}
	return int(f), nil
}

// timestamp reads a time in seconds since the epoch; ok is false for null.
func timestamp(v *fastjson.Value) (at float64, ok bool, err error) {
	switch v.Type() {
	case fastjson.TypeNull:
		return 0, false, nil
	case fastjson.TypeString:
		s, _ := v.StringBytes()
		at, err = parseTime(string(s))
	default:
		at, err = number(v)
	}
	return at, err == nil, err
}

// parseTime reads seconds since the epoch, or a time as ISO 8601 writes it; without a zone that is UTC.
func parseTime(s string) (float64, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Seconds(t), nil
		}
	}
	return 0, fmt.Errorf("%q is no time%w", s, errType)
}

// UnmarshalJSON reads a step in the form of NAT.
func (s *IntermediateStep) UnmarshalJSON(b []byte) error {
	step, err := new(decoder).step(b)
	if err != nil {
		return err
	}
	*s = step
	return nil
}
