package otlp

import (
	"cmp"
	"slices"

	"github.com/llmeter-go/llmeter/profiler"
)

// traces groups the spans by trace id, and makes a trace of each group.
func (c *collection) traces(file string) []*profiler.Trace {
	groups := map[string][]*span{}
	var order []string
	slices.SortStableFunc(c.spans, func(a, b *span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	for _, s := range c.spans {
		if groups[s.trace] == nil {
			order = append(order, s.trace)
		}
		groups[s.trace] = append(groups[s.trace], s)
	}
	var traces []*profiler.Trace
	for _, id := range order {
		traces = append(traces, convert(groups[id]))
	}
	if len(c.bad) > 0 {
		if len(traces) == 0 {
			traces = append(traces, new(profiler.Trace))
		}
		for _, p := range c.bad {
			p.File = file
		}
		traces[0].Problems = c.bad
	}
	return traces
}

// A converter makes steps of the spans of one trace.
type converter struct {
	spans map[string]*span
	kinds map[string]profiler.Category
	trace profiler.Trace
}

func convert(spans []*span) *profiler.Trace {
	c := converter{spans: map[string]*span{}, kinds: map[string]profiler.Category{}}
	for _, s := range spans {
		c.spans[s.id], c.kinds[s.id] = s, s.category()
	}
	// An LLM call within an LLM call is the same one, seen by two instrumentations: the inner one is nearer to the server.
	for _, s := range spans {
		if c.kinds[s.id] == profiler.LLM && c.kinds[s.parent] == profiler.LLM {
			c.kinds[s.parent] = profiler.Function
		}
	}
	for _, s := range spans {
		c.add(s)
	}
	slices.SortStableFunc(c.trace.Steps, func(a, b profiler.IntermediateStep) int {
		return cmp.Compare(a.Payload.EventTimestamp, b.Payload.EventTimestamp)
	})
	return &c.trace
}

// add adds the steps of a span: its start, its chunks, its end.
func (c *converter) add(s *span) {
	kind := c.kinds[s.id]
	step := profiler.IntermediateStep{ParentID: profiler.RootID, FunctionAncestry: c.ancestry(s)}
	if s.parent != "" {
		step.ParentID = s.parent
	}
	p := &step.Payload
	p.UUID, p.Name, p.Framework = s.id, s.label(kind), s.framework()
	input := s.input()

	p.EventType, p.EventTimestamp = profiler.EventType(string(kind)+"_START"), seconds(s.start)
	p.Data = &profiler.StreamEventData{Input: input}
	c.trace.Steps = append(c.trace.Steps, step)
	if kind == profiler.LLM {
		for _, at := range s.chunks() {
			p.EventType, p.EventTimestamp = profiler.LLMNewToken, at
			p.Data = &profiler.StreamEventData{}
			c.trace.Steps = append(c.trace.Steps, step)
		}
		p.UsageInfo = &profiler.UsageInfo{TokenUsage: s.tokens(), NumLLMCalls: 1}
	}
	p.EventType, p.EventTimestamp = profiler.EventType(string(kind)+"_END"), seconds(s.end)
	p.SpanEventTimestamp = seconds(s.start)
	p.Data = &profiler.StreamEventData{Input: input, Output: s.content(outputLists, outputKeys)}
	p.Metadata = s.outcome()
	c.trace.Steps = append(c.trace.Steps, step)
}

// ancestry is the function that a span is, or runs in, and the one above that.
func (c *converter) ancestry(s *span) profiler.InvocationNode {
	f := c.enclosing(s.id)
	if f == nil {
		return profiler.InvocationNode{FunctionID: profiler.RootID, FunctionName: profiler.RootID}
	}
	node := profiler.InvocationNode{FunctionID: f.id, FunctionName: f.label(c.kinds[f.id]), ParentID: profiler.RootID, ParentName: profiler.RootID}
	if above := c.enclosing(f.parent); above != nil {
		node.ParentID, node.ParentName = above.id, above.label(c.kinds[above.id])
	}
	return node
}

// enclosing is the nearest function or workflow from a span upwards, itself included; nil for none.
func (c *converter) enclosing(id string) *span {
	for hops := 0; hops <= len(c.spans); hops++ {
		s := c.spans[id]
		if s == nil {
			return nil
		}
		if k := c.kinds[id]; k == profiler.Function || k == profiler.Workflow {
			return s
		}
		id = s.parent
	}
	return nil // a circle
}

// seconds is a time in seconds, as near as a float64 can be.
func seconds(nanoseconds uint64) float64 {
	return float64(nanoseconds/1e9) + float64(nanoseconds%1e9)/1e9
}
