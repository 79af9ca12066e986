package otlp

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"strconv"

	"github.com/llmeter-go/llmeter/profiler"
)

// Write writes the spans of traces as OTLP JSON, a line for each trace. Ids are made of the number of the trace and the UUIDs, unless a
// UUID is a span id already. A span that has not ended, or whose start is not known, has the same start and end and an error as status.
// It stops at the first error.
func Write(w io.Writer, traces iter.Seq2[*profiler.Trace, error]) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	for t, err := range traces {
		if err != nil {
			return err
		}
		if len(t.Steps) == 0 {
			continue
		}
		if err := e.Encode(export(t)); err != nil {
			return err
		}
	}
	return b.Flush()
}

type object = map[string]any

func export(t *profiler.Trace) object {
	r := profiler.Resolve(t)
	x := exporter{request: r, ids: make([]string, len(r.Spans)), steps: map[string]*contents{}}
	for i := range t.Steps {
		x.note(&t.Steps[i].Payload)
	}
	h := fnv.New128a()
	seen := map[string]int{}
	for i := range r.Spans {
		_, _ = io.WriteString(h, r.Spans[i].UUID+"\n")
		seen[r.Spans[i].UUID]++
		x.ids[i] = spanID(r.Number, r.Spans[i].UUID, seen[r.Spans[i].UUID])
	}
	_, _ = io.WriteString(h, strconv.Itoa(r.Number))
	x.trace = hex.EncodeToString(h.Sum(nil))
	spans := make([]object, len(r.Spans))
	for i := range r.Spans {
		spans[i] = x.span(i)
	}
	return object{"resourceSpans": []object{{
		"resource":   object{"attributes": []object{}},
		"scopeSpans": []object{{"scope": object{"name": "github.com/llmeter-go/llmeter/profiler"}, "spans": spans}},
	}}}
}

func spanID(request int, uuid string, nth int) string {
	if b, err := hex.DecodeString(uuid); err == nil && len(b) == 8 && nth == 1 {
		return uuid
	}
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d\n%s\n%d", request, uuid, nth)
	return hex.EncodeToString(h.Sum(nil))
}

type exporter struct {
	request *profiler.Request
	trace   string
	ids     []string
	steps   map[string]*contents
}

// contents is what the steps of a UUID say beyond the span.
type contents struct {
	input, output json.RawMessage
	framework     string
	failed        string
	chunks        []float64
}

func (x *exporter) note(p *profiler.StepPayload) {
	c := x.steps[p.UUID]
	if c == nil {
		c = new(contents)
		x.steps[p.UUID] = c
	}
	if p.Framework != "" {
		c.framework = p.Framework
	}
	switch p.EventType.Phase() {
	case profiler.StartPhase:
		if p.Data != nil {
			c.input = p.Data.Input
		}
	case profiler.ChunkPhase:
		c.chunks = append(c.chunks, p.EventTimestamp)
	case profiler.EndPhase:
		if p.Data != nil {
			c.output = p.Data.Output
		}
		c.failed = p.FailedWith()
	}
}

func (x *exporter) span(i int) object {
	s := &x.request.Spans[i]
	c := x.steps[s.UUID]
	start, end := s.Start, s.End
	failed := c.failed
	if !s.Timed() {
		if failed = s.State.String(); s.State == profiler.Unfinished {
			end = start
		} else {
			start = end
		}
	}
	out := object{
		"traceId": x.trace, "spanId": x.ids[i], "name": label(s), "kind": 1, "startTimeUnixNano": nanoseconds(start), "endTimeUnixNano": nanoseconds(end),
		"attributes": x.attributes(s, c),
	}
	if s.Parent >= 0 {
		out["parentSpanId"] = x.ids[s.Parent]
	}
	if failed != "" {
		out["status"] = object{"code": 2, "message": failed}
	}
	if len(c.chunks) > 0 {
		events := make([]object, len(c.chunks))
		for k, at := range c.chunks {
			events[k] = object{"timeUnixNano": nanoseconds(at), "name": "gen_ai.content.completion.chunk"}
		}
		out["events"] = events
	}
	return out
}

func label(s *profiler.Span) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Function.FunctionName
}

// openInference and operations are what other programs know the categories as.
var (
	openInference = map[profiler.Category]string{profiler.LLM: "LLM", profiler.Tool: "TOOL", profiler.Workflow: "AGENT", profiler.Function: "CHAIN"}
	operations    = map[profiler.Category]string{profiler.LLM: "chat", profiler.Tool: "execute_tool", profiler.Function: "invoke_agent"}
)

func (x *exporter) attributes(s *profiler.Span, c *contents) []object {
	list := []object{}
	add := func(key string, value any) {
		switch v := value.(type) {
		case string:
			if v != "" {
				list = append(list, object{"key": key, "value": object{"stringValue": v}})
			}
		case int:
			if v != 0 {
				list = append(list, object{"key": key, "value": object{"intValue": strconv.Itoa(v)}})
			}
		}
	}
	add("nat.event_type", string(s.Category)+"_START")
	add("nat.framework", c.framework)
	add("nat.function.id", s.Function.FunctionID)
	add("nat.function.name", s.Function.FunctionName)
	add("http.response.status_code", s.HTTPStatus)
	add("openinference.span.kind", openInference[s.Category])
	add("gen_ai.operation.name", operations[s.Category])
	switch s.Category {
	case profiler.LLM:
		add("gen_ai.request.model", s.Name)
		add("gen_ai.usage.input_tokens", s.Tokens.PromptTokens)
		add("gen_ai.usage.output_tokens", s.Tokens.CompletionTokens)
		add("gen_ai.usage.total_tokens", s.Tokens.TotalTokens)
		add("gen_ai.usage.cache_read.input_tokens", s.Tokens.CachedTokens)
		add("gen_ai.usage.reasoning.output_tokens", s.Tokens.ReasoningTokens)
	case profiler.Tool:
		add("gen_ai.tool.name", s.Name)
	case profiler.Function:
		add("gen_ai.agent.name", s.Name)
	}
	add("input.value", profiler.Text(c.input))
	add("output.value", profiler.Text(c.output))
	return list
}

// nanoseconds since the epoch, as OTLP's JSON has them.
func nanoseconds(seconds float64) string {
	return strconv.FormatInt(profiler.Instant(seconds).UnixNano(), 10)
}
