package atif

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
)

var errNoTime = errors.New("the step has no timestamp and its calls no times")

// Trace turns the trajectory into a trace: a WORKFLOW around all, an LLM call for each step of the agent that called a model, a TOOL or
// FUNCTION call for each tool call, and a FUNCTION around each embedded subagent. The prompt of an LLM call is what the trajectory says
// between the call before and it; the format does not have what was really sent. Steps that were copied from another trajectory are left
// out, and so are those without any time, which are listed in Problems.
func (t *Trajectory) Trace() *profiler.Trace {
	c := &converter{trace: new(profiler.Trace)}
	root := profiler.InvocationNode{FunctionID: profiler.RootID, FunctionName: t.Agent.Name}
	c.trajectory(t, root)
	if len(c.trace.Steps) > 0 {
		c.enclose(profiler.Workflow, c.all, t.id(), root, t.Agent.Name)
	}
	return c.trace
}

func (t *Trajectory) id() string {
	switch {
	case t.TrajectoryID != "":
		return t.TrajectoryID
	case t.SessionID != "":
		return t.SessionID
	}
	return "trajectory"
}

type converter struct {
	trace *profiler.Trace
	all   window
}

// window is the time that something took, as far as it is known.
type window struct {
	from, to float64
	known    bool
}

func (w *window) add(at float64) {
	if !w.known {
		*w = window{at, at, true}
	}
	w.from, w.to = min(w.from, at), max(w.to, at)
}

// trajectory adds the steps of a trajectory that ran as a function.
func (c *converter) trajectory(t *Trajectory, function profiler.InvocationNode) {
	said := []string{}
	for i := range t.Steps {
		s := &t.Steps[i]
		if s.IsCopiedContext {
			continue
		}
		if s.isCall() {
			c.call(t, s, function, strings.Join(said, "\n"))
			said = said[:0]
		} else {
			c.extend(s)
			if text := s.Message.String(); text != "" {
				said = append(said, text)
			}
		}
		said = append(said, c.tools(s, function)...)
	}
	for _, sub := range t.SubagentTrajectories {
		c.subagent(sub, function)
	}
}

// extend makes the trajectory last as long as a step says that calls nothing.
func (c *converter) extend(s *Step) {
	if v := extraOf(s.Extra).Invocation; len(s.ToolCalls) == 0 && (v.Start != 0 || v.End != 0) {
		c.all.add(v.Start)
		c.all.add(v.End)
	} else if at, ok := seconds(s.Timestamp); ok {
		c.all.add(at)
	}
}

func (c *converter) subagent(t *Trajectory, caller profiler.InvocationNode) {
	outer := c.all
	c.all = window{}
	node := profiler.InvocationNode{FunctionID: t.id(), FunctionName: t.Agent.Name, ParentID: caller.FunctionID, ParentName: caller.FunctionName}
	c.trajectory(t, node)
	if c.all.known {
		c.enclose(profiler.Function, c.all, t.id(), node, t.Agent.Name)
		outer.add(c.all.from)
		outer.add(c.all.to)
	}
	c.all = outer
}

// call adds the call of a model.
func (c *converter) call(t *Trajectory, s *Step, function profiler.InvocationNode, prompt string) {
	x := extraOf(s.Extra)
	id := x.Invocation.InvocationID
	if id == "" {
		id = fmt.Sprintf("%s-%d", t.id(), s.StepID)
	}
	name := s.ModelName
	if name == "" {
		name = t.Agent.ModelName
	}
	input := x.Input
	switch {
	case input == nil:
		input = quote(prompt)
	case string(input) == "null":
		input = nil
	}
	c.span(span{
		kind: profiler.LLM, id: id, name: name, function: x.Ancestry.node(function), times: x.Invocation.times(s, x.SpanEventTimestamp),
		framework: x.Invocation.Framework, input: input, output: quote(s.Message.String()), usage: s.Metrics.usage(), failed: x.failed(), step: s.StepID - 1,
	})
}

// tools adds the tool calls of a step, and gives what they brought.
func (c *converter) tools(s *Step, function profiler.InvocationNode) (brought []string) {
	results := map[string]string{}
	if s.Observation != nil {
		for _, r := range s.Observation.Results {
			if r.Content == nil {
				continue
			}
			results[r.SourceCallID] = r.Content.String()
			brought = append(brought, r.Content.String())
		}
	}
	x := extraOf(s.Extra)
	for i, call := range s.ToolCalls {
		own := extraOf(call.Extra)
		if own.Invocation == (invocation{}) && i < len(x.ToolInvocations) {
			own.Invocation = x.ToolInvocations[i]
		}
		if own.Ancestry == (ancestry{}) && i < len(x.ToolAncestry) {
			own.Ancestry = x.ToolAncestry[i]
		}
		id := call.ToolCallID
		if own.Invocation.InvocationID != "" {
			id = own.Invocation.InvocationID
		}
		kind := own.category(call.FunctionName)
		c.span(span{
			kind: kind, id: id, name: call.FunctionName, function: own.Ancestry.node(function), times: own.Invocation.times(s, ""),
			framework: own.Invocation.Framework, input: arguments(call.Arguments), output: quote(results[call.ToolCallID]), failed: own.failed(), step: s.StepID - 1,
		})
	}
	return brought
}

// arguments is what went into a tool: the text under "input" if that is all, as NAT writes texts.
func arguments(args map[string]json.RawMessage) json.RawMessage {
	if input, ok := args["input"]; ok && len(args) == 1 {
		return input
	}
	if len(args) == 0 {
		return nil
	}
	raw, _ := marshal(args)
	return raw
}

// A span is a call that is added.
type span struct {
	kind                profiler.Category
	id, name, framework string
	function            profiler.InvocationNode
	times               times
	input, output       json.RawMessage
	usage               *profiler.UsageInfo
	failed              string
	step                int
}

func (c *converter) span(s span) {
	if !s.times.hasStart && !s.times.hasEnd {
		c.problem(s.step, errNoTime)
		return
	}
	step := func(phase string, at float64) *profiler.StepPayload {
		c.all.add(at)
		c.trace.Steps = append(c.trace.Steps, profiler.IntermediateStep{FunctionAncestry: s.function, Payload: profiler.StepPayload{
			EventType: profiler.EventType(string(s.kind) + phase), EventTimestamp: at, UUID: s.id, Name: s.name, Framework: s.framework,
		}})
		return &c.trace.Steps[len(c.trace.Steps)-1].Payload
	}
	if s.times.hasStart {
		step("_START", s.times.start).Data = &profiler.StreamEventData{Input: s.input}
	}
	if !s.times.hasEnd {
		return
	}
	p := step("_END", s.times.end)
	p.Data, p.UsageInfo = &profiler.StreamEventData{Input: s.input, Output: s.output}, s.usage
	if s.times.hasStart {
		p.SpanEventTimestamp = s.times.start
	}
	if s.failed != "" {
		p.Metadata, _ = marshal(map[string]string{"error": s.failed})
	}
}

// enclose adds a span around what was added.
func (c *converter) enclose(kind profiler.Category, w window, id string, node profiler.InvocationNode, name string) {
	add := func(phase string, at float64) {
		c.trace.Steps = append(c.trace.Steps, profiler.IntermediateStep{FunctionAncestry: node, Payload: profiler.StepPayload{
			EventType: profiler.EventType(string(kind) + phase), EventTimestamp: at, UUID: id, Name: name,
		}})
	}
	add("_START", w.from)
	add("_END", w.to)
}

func (c *converter) problem(step int, err error) {
	c.trace.Problems = append(c.trace.Problems, &profiler.ReadError{Step: step, Offset: -1, Err: err})
}

// usage is nil where nothing is known.
func (m *Metrics) usage() *profiler.UsageInfo {
	if m == nil {
		return nil
	}
	u := &profiler.UsageInfo{NumLLMCalls: 1}
	tokens := func(n *int) int {
		if n == nil {
			return 0
		}
		return *n
	}
	u.TokenUsage = profiler.TokenUsage{PromptTokens: tokens(m.PromptTokens), CompletionTokens: tokens(m.CompletionTokens), CachedTokens: tokens(m.CachedTokens)}
	u.TokenUsage.TotalTokens = u.TokenUsage.PromptTokens + u.TokenUsage.CompletionTokens
	for name, to := range map[string]*int{"reasoning_tokens": &u.TokenUsage.ReasoningTokens, "total_tokens": &u.TokenUsage.TotalTokens} {
		var n int
		if json.Unmarshal(m.Extra[name], &n) == nil && n > 0 {
			*to = n
		}
	}
	return u
}

func quote(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	raw, _ := marshal(s)
	return raw
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
