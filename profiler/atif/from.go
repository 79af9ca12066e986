package atif

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/profiler"
)

// FromTrace turns a trace into a trajectory in the layout of NAT's converter: the input of the workflow is the user's step, each LLM call
// a step of the agent, in the order in which they ended, and the tool calls that ended after it are its tool calls. What else has a
// duration is a tool call too, with its category in extra.event_type. The agent's version is "0.0.0", as a trace does not tell it.
func FromTrace(trace *profiler.Trace) *Trajectory {
	r := profiler.Resolve(trace)
	w := writer{contents: map[content]*contents{}}
	for i := range trace.Steps {
		w.note(&trace.Steps[i].Payload)
	}
	w.t = &Trajectory{SchemaVersion: Version, SessionID: fmt.Sprintf("request-%d", trace.Number), Agent: Agent{Name: "agent", Version: "0.0.0"}, Steps: []Step{}}
	spans := make([]*profiler.Span, 0, len(r.Spans))
	for i := range r.Spans {
		s := &r.Spans[i]
		if s.Category == profiler.Workflow && s.Timed() && w.workflow == nil {
			w.begin(s)
			continue
		}
		spans = append(spans, s)
	}
	slices.SortStableFunc(spans, func(a, b *profiler.Span) int { return cmp.Compare(lastInstant(a), lastInstant(b)) })
	for _, s := range spans {
		if s.Category == profiler.LLM {
			w.llm(s)
		} else {
			w.tool(s)
		}
	}
	w.end()
	return w.t
}

// lastInstant is the end of a span, or its start if that is all that is known.
func lastInstant(s *profiler.Span) float64 {
	if s.Ended() {
		return s.End
	}
	return s.Start
}

type content struct {
	uuid     string
	category profiler.Category
}

// contents is what the steps of a span say beyond it.
type contents struct {
	input, output json.RawMessage
	framework     string
	failed        string
}

type writer struct {
	t        *Trajectory
	contents map[content]*contents
	workflow *profiler.Span
	sums     profiler.TokenUsage
	ids      map[string]bool // of the tool calls of the current step
}

func (w *writer) note(p *profiler.StepPayload) {
	key := content{p.UUID, p.EventType.Category()}
	c := w.contents[key]
	if c == nil {
		c = new(contents)
		w.contents[key] = c
	}
	if p.Framework != "" {
		c.framework = p.Framework
	}
	switch p.EventType.Phase() {
	case profiler.StartPhase:
		if p.Data != nil {
			c.input = p.Data.Input
		}
	case profiler.EndPhase:
		if p.Data != nil {
			c.output = p.Data.Output
		}
		c.failed = p.FailedWith()
	}
}

func (w *writer) of(s *profiler.Span) *contents { return w.contents[content{s.UUID, s.Category}] }

// add appends a step.
func (w *writer) add(source Source, at float64, message string) *Step {
	w.ids = map[string]bool{}
	w.t.Steps = append(w.t.Steps, Step{StepID: len(w.t.Steps) + 1, Source: source, Timestamp: iso(at), Message: Text(message)})
	return &w.t.Steps[len(w.t.Steps)-1]
}

// begin writes what the user asked of the workflow.
func (w *writer) begin(s *profiler.Span) {
	w.workflow = s
	if name := cmp.Or(s.Name, s.Function.FunctionName); name != "" {
		w.t.Agent.Name = name
	}
	step := w.add(FromUser, s.Start, profiler.Text(w.of(s).input))
	step.Extra = extras{"ancestry": ancestry(*s.Function), "invocation": invocationOf(s, w.of(s), "")}.raw()
}

// end writes what the workflow answered, and the sums.
func (w *writer) end() {
	if s := w.workflow; s != nil {
		if answer := profiler.Text(w.of(s).output); answer != "" {
			w.add(FromAgent, s.End, answer).LLMCallCount = new(int)
		}
	}
	steps := len(w.t.Steps)
	w.t.FinalMetrics = &FinalMetrics{
		TotalPromptTokens: some(w.sums.PromptTokens), TotalCompletionTokens: some(w.sums.CompletionTokens), TotalCachedTokens: some(w.sums.CachedTokens), TotalSteps: &steps,
	}
}

func (w *writer) llm(s *profiler.Span) {
	c := w.of(s)
	step := w.add(FromAgent, lastInstant(s), profiler.Text(c.output))
	step.ModelName = s.Name
	if w.t.Agent.ModelName == "" {
		w.t.Agent.ModelName = s.Name
	}
	calls := 1
	step.LLMCallCount = &calls
	step.Metrics = metrics(s.Tokens)
	w.sums.PromptTokens += s.Tokens.PromptTokens
	w.sums.CompletionTokens += s.Tokens.CompletionTokens
	w.sums.CachedTokens += s.Tokens.CachedTokens
	step.Extra = extras{"ancestry": ancestry(*s.Function), "invocation": invocationOf(s, c, s.UUID), "error": c.failed}.raw()
	step.Extra["input"] = c.input // null says that there was none
	if c.input == nil {
		step.Extra["input"] = json.RawMessage("null")
	}
}

func (w *writer) tool(s *profiler.Span) {
	c := w.of(s)
	n := len(w.t.Steps)
	id := cmp.Or(s.UUID, fmt.Sprintf("call-%d", n))
	if n == 0 || w.t.Steps[n-1].Source != FromAgent || !s.Ended() || !s.Started() || w.ids[id] {
		w.add(FromAgent, lastInstant(s), "").LLMCallCount = new(int)
		n = len(w.t.Steps)
	}
	step := &w.t.Steps[n-1]
	w.ids[id] = true
	step.ToolCalls = append(step.ToolCalls, ToolCall{
		ToolCallID: id, FunctionName: cmp.Or(s.Name, s.Function.FunctionName, "unknown"), Arguments: argumentsOf(c.input),
		Extra: extras{"ancestry": ancestry(*s.Function), "invocation": invocationOf(s, c, s.UUID), "event_type": string(s.Category), "error": c.failed}.raw(),
	})
	if output := profiler.Text(c.output); output != "" {
		if step.Observation == nil {
			step.Observation = new(Observation)
		}
		text := Text(output)
		step.Observation.Results = append(step.Observation.Results, ObservationResult{SourceCallID: id, Content: &text})
	}
}

func invocationOf(s *profiler.Span, c *contents, id string) invocation {
	v := invocation{InvocationID: id, Status: statusCompleted, Framework: c.framework}
	switch {
	case s.State == profiler.Failed:
		v.Status = statusError
	case !s.Ended():
		v.Status = statusUnfinished
		return v
	case !s.Started():
		v.Status = statusUnstarted
		return v
	}
	v.Start, v.End = s.Start, s.End
	return v
}

// argumentsOf makes an object of what went into a tool, as NAT does: of a text or another value the member "input".
func argumentsOf(input json.RawMessage) map[string]json.RawMessage {
	args := map[string]json.RawMessage{}
	if len(input) == 0 || string(input) == "null" {
		return args
	}
	if json.Unmarshal(input, &args) != nil || len(args) == 1 && args["input"] != nil { // what would be read back as its member
		args = map[string]json.RawMessage{"input": input}
	}
	return args
}

func metrics(u profiler.TokenUsage) *Metrics {
	if u == (profiler.TokenUsage{}) {
		return nil
	}
	m := &Metrics{PromptTokens: some(u.PromptTokens), CompletionTokens: some(u.CompletionTokens), CachedTokens: some(u.CachedTokens)}
	x := extras{}
	if u.ReasoningTokens != 0 {
		x["reasoning_tokens"] = u.ReasoningTokens
	}
	if u.TotalTokens != u.PromptTokens+u.CompletionTokens {
		x["total_tokens"] = u.TotalTokens
	}
	m.Extra = x.raw()
	return m
}

// some is nil for 0, as NAT writes it.
func some(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// extras are members of an extra object. Empty ones are left out.
type extras map[string]any

func (x extras) raw() map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for name, v := range x {
		switch v := v.(type) {
		case string:
			if v == "" {
				continue
			}
		case json.RawMessage:
			if len(v) == 0 {
				continue
			}
		case ancestry:
			if v == (ancestry{}) {
				continue
			}
		}
		m[name], _ = marshal(v)
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

// iso is a time as Python's isoformat writes it in UTC, to the nanosecond where that is needed.
func iso(at float64) string {
	return profiler.Instant(at).Format(time.RFC3339Nano)
}
