package profiler

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MarshalJSON writes the step with every member that NAT writes, null where there is nothing.
func (s IntermediateStep) MarshalJSON() ([]byte, error) { return appendStep(nil, &s), nil }

func appendStep(b []byte, s *IntermediateStep) []byte {
	return appendPayload(appendPlace(b, s.ParentID, &s.FunctionAncestry), &s.Payload)
}

// appendPlace begins a step with where it belongs.
func appendPlace(b []byte, parentID string, a *InvocationNode) []byte {
	b = append(b, `{"parent_id":`...)
	b = appendString(b, parentID)
	b = append(b, `,"function_ancestry":{"function_id":`...)
	b = appendString(b, a.FunctionID)
	b = append(b, `,"function_name":`...)
	b = appendString(b, a.FunctionName)
	b = append(b, `,"parent_id":`...)
	b = appendOptional(b, a.ParentID)
	b = append(b, `,"parent_name":`...)
	b = appendOptional(b, a.ParentName)
	return append(b, `},"payload":`...)
}

// appendPayload ends a step with what happened.
func appendPayload(b []byte, p *StepPayload) []byte {
	b = append(b, `{"event_type":`...)
	b = appendString(b, string(p.EventType))
	b = append(b, `,"event_timestamp":`...)
	b = appendNumber(b, p.EventTimestamp)
	b = append(b, `,"span_event_timestamp":`...)
	if p.SpanEventTimestamp == 0 {
		b = append(b, "null"...)
	} else {
		b = appendNumber(b, p.SpanEventTimestamp)
	}
	b = append(b, `,"framework":`...)
	b = appendOptional(b, p.Framework)
	b = append(b, `,"name":`...)
	b = appendOptional(b, p.Name)
	b = append(b, `,"tags":`...)
	b = appendTags(b, p.Tags)
	b = append(b, `,"metadata":`...)
	b = appendRaw(b, p.Metadata)
	b = append(b, `,"data":`...)
	b = appendData(b, p.Data)
	b = append(b, `,"usage_info":`...)
	b = appendUsage(b, p.UsageInfo)
	b = append(b, `,"UUID":`...)
	b = appendString(b, p.UUID)
	return append(appendExtra(b, p.Extra), "}}"...)
}

func appendTags(b []byte, tags []string) []byte {
	if tags == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, t := range tags {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, t)
	}
	return append(b, ']')
}

func appendData(b []byte, d *StreamEventData) []byte {
	if d == nil {
		return append(b, "null"...)
	}
	b = appendRaw(append(b, `{"input":`...), d.Input)
	b = appendRaw(append(b, `,"output":`...), d.Output)
	b = appendRaw(append(b, `,"chunk":`...), d.Chunk)
	b = appendRaw(append(b, `,"payload":`...), d.Payload)
	return append(appendExtra(b, d.Extra), '}')
}

func appendUsage(b []byte, u *UsageInfo) []byte {
	if u == nil {
		return append(b, "null"...)
	}
	t := &u.TokenUsage
	b = strconv.AppendInt(append(b, `{"token_usage":{"prompt_tokens":`...), int64(t.PromptTokens), 10)
	b = strconv.AppendInt(append(b, `,"completion_tokens":`...), int64(t.CompletionTokens), 10)
	b = strconv.AppendInt(append(b, `,"cached_tokens":`...), int64(t.CachedTokens), 10)
	b = strconv.AppendInt(append(b, `,"reasoning_tokens":`...), int64(t.ReasoningTokens), 10)
	b = strconv.AppendInt(append(b, `,"total_tokens":`...), int64(t.TotalTokens), 10)
	b = strconv.AppendInt(append(b, `},"num_llm_calls":`...), int64(u.NumLLMCalls), 10)
	b = appendNumber(append(b, `,"seconds_between_calls":`...), u.SecondsBetweenCalls)
	return append(b, '}')
}

func appendExtra(b []byte, extra map[string]json.RawMessage) []byte {
	if len(extra) == 0 {
		return b
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		b = append(appendString(append(b, ','), key), ':')
		b = appendRaw(b, extra[key])
	}
	return b
}

func appendRaw(b []byte, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

// appendString writes s as JSON, as itself where that is possible. What is not UTF-8 becomes the replacement character.
func appendString[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var next [utf8.UTFMax]byte
			var r rune
			if r, size = utf8.DecodeRune(next[:copy(next[:], s[i:])]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = appendEscape(append(b, s[done:i]...), c)
		i += size
		done = i
	}
	return append(append(b, s[done:]...), '"')
}

// appendEscape writes a byte that cannot stand as it is.
func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case c >= utf8.RuneSelf:
		return append(b, `\ufffd`...)
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	}
	if i := strings.IndexByte("\b\t\n\f\r", c); i >= 0 {
		return append(b, '\\', "btnfr"[i])
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendNumber writes the shortest decimal that reads back as v; null for what JSON has no number for.
func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// A TraceWriter writes traces as NAT's all_requests_profiler_traces.json, one step a line. Make it with NewTraceWriter.
type TraceWriter struct {
	w       *bufio.Writer
	scratch []byte
	traces  int
}

// NewTraceWriter makes a writer. Nothing is complete before Close.
func NewTraceWriter(w io.Writer) *TraceWriter { return &TraceWriter{w: bufio.NewWriterSize(w, 1<<16)} }

// Write adds a trace.
func (t *TraceWriter) Write(trace *Trace) error {
	b := t.scratch[:0]
	if b = append(b, ",\n"...); t.traces == 0 {
		b = append(b[:0], "[\n"...)
	}
	t.traces++
	b = strconv.AppendInt(append(b, `{"request_number":`...), int64(trace.Number), 10)
	b = append(b, `,"intermediate_steps":[`...)
	for i := range trace.Steps {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendStep(append(b, '\n'), &trace.Steps[i])
		if _, err := t.w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	t.scratch = append(b, "]}"...)
	_, err := t.w.Write(t.scratch)
	return err
}

// Close ends the list and writes what is buffered. It does not close the writer below.
func (t *TraceWriter) Close() error {
	end := "\n]\n"
	if t.traces == 0 {
		end = "[]\n"
	}
	if _, err := t.w.WriteString(end); err != nil {
		return err
	}
	return t.w.Flush()
}
