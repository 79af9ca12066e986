package profiler

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/price"
)

var epoch = time.Unix(0, 0).UTC()

// A call is a span of a test: its events. A negative end means that there is none, and so does a negative start.
type call struct {
	kind       Category
	uuid, name string
	start, end float64
	parent     string // UUID
	input      string
	tokens     int
	function   InvocationNode
	failed     bool
	status     int       // of the answer that ended it
	retryAfter float64   // seconds
	chunks     []float64 // when its pieces came
}

func (c call) steps() []IntermediateStep {
	step := func(phase string, at float64) IntermediateStep {
		s := IntermediateStep{ParentID: c.parent, FunctionAncestry: c.function}
		s.Payload = StepPayload{EventType: EventType(string(c.kind) + phase), EventTimestamp: at, Name: c.name, UUID: c.uuid}
		return s
	}
	var steps []IntermediateStep
	if c.start >= 0 {
		s := step("_START", c.start)
		s.Payload.Data = &StreamEventData{Input: quoted(c.input)}
		steps = append(steps, s)
	}
	for _, at := range c.chunks {
		s := step("_NEW_TOKEN", at)
		s.Payload.Data = &StreamEventData{Chunk: quoted("x")}
		steps = append(steps, s)
	}
	if c.end >= 0 {
		s := step("_END", c.end)
		s.Payload.UsageInfo = &UsageInfo{TokenUsage: TokenUsage{PromptTokens: 2 * c.tokens, CompletionTokens: c.tokens, TotalTokens: 3 * c.tokens}}
		s.Payload.Metadata = c.metadata()
		steps = append(steps, s)
	}
	return steps
}

func (c call) metadata() json.RawMessage {
	facts := map[string]any{}
	if c.failed {
		facts["error"] = "boom"
	}
	if c.status != 0 {
		facts[HTTPStatusKey] = c.status
	}
	if c.retryAfter != 0 {
		facts[RetryAfterKey] = c.retryAfter
	}
	if len(facts) == 0 {
		return nil
	}
	b, _ := json.Marshal(map[string]any{"provided_metadata": facts})
	return b
}

func llm(uuid string, start, end float64) call {
	return call{kind: LLM, uuid: uuid, name: "m", start: start, end: end}
}

func tool(uuid string, start, end float64) call {
	return call{kind: Tool, uuid: uuid, name: "t", start: start, end: end}
}

func function(uuid string, start, end float64) call {
	return call{kind: Function, uuid: uuid, name: "f", start: start, end: end}
}

func (c call) below(parent string) call         { c.parent = parent; return c }
func (c call) named(name string) call           { c.name = name; return c }
func (c call) saying(input string) call         { c.input = input; return c }
func (c call) using(tokens int) call            { c.tokens = tokens; return c }
func (c call) streaming(chunks ...float64) call { c.chunks = chunks; return c }
func (c call) failing(status int) call          { c.failed, c.status = true, status; return c }
func (c call) in(id, caller string) call {
	c.function = InvocationNode{id, id, caller, caller}
	return c
}

// request resolves one request of calls.
func request(calls ...call) *Request { return requests(calls)[0] }

func requests(calls ...[]call) []*Request {
	var traces []*Trace
	for _, list := range calls {
		trace := new(Trace)
		for _, c := range list {
			trace.Steps = append(trace.Steps, c.steps()...)
		}
		traces = append(traces, trace)
	}
	return resolveAll(traces)
}

// parents are the UUIDs of the parents by UUID, "" for none.
func parents(r *Request) map[string]string {
	found := map[string]string{}
	for _, s := range r.Spans {
		found[s.UUID] = ""
		if s.Parent >= 0 {
			found[s.UUID] = r.Spans[s.Parent].UUID
		}
	}
	return found
}

func nodeOf(t *testing.T, n *NestedStack, uuid string) NodeMetrics {
	i := slices.IndexFunc(n.Nodes, func(m NodeMetrics) bool { return m.UUID == uuid })
	require.GreaterOrEqual(t, i, 0, uuid)
	return n.Nodes[i]
}

// drawTraces draws up to four requests of calls on a coarse grid of time, so that many coincide, of every kind and state, with recorded
// parents that may be right, wrong or missing.
func drawTraces(t *rapid.T) []*Trace {
	var traces []*Trace
	kinds := []Category{LLM, LLM, Tool, Function, UserSpan, Workflow, Task, Custom, TTC}
	for range rapid.IntRange(1, 4).Draw(t, "requests") {
		trace := &Trace{Number: len(traces)}
		n := rapid.IntRange(0, 12).Draw(t, "calls")
		for i := range n {
			c := call{
				kind: rapid.SampledFrom(kinds).Draw(t, "kind"), uuid: fmt.Sprintf("%d-%d", trace.Number, i),
				name:  rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name"),
				start: float64(rapid.IntRange(0, 12).Draw(t, "start")), tokens: rapid.IntRange(0, 3).Draw(t, "tokens"),
				input:  rapid.SampledFrom([]string{"", "x", "xy", "xyz é", "xyz è", "y 1 2"}).Draw(t, "input"),
				failed: rapid.IntRange(0, 9).Draw(t, "failed") == 0,
			}
			c.end = c.start + float64(rapid.IntRange(0, 6).Draw(t, "duration"))
			switch rapid.IntRange(0, 11).Draw(t, "state") {
			case 0:
				c.end = -1
			case 1:
				c.start = -1
			case 2:
				c.start, c.end = c.end, c.start
			}
			switch rapid.IntRange(0, 3).Draw(t, "parent") {
			case 0:
				c.parent = RootID
			case 1:
				c.parent = fmt.Sprintf("%d-%d", trace.Number, rapid.IntRange(0, n).Draw(t, "parent id"))
			}
			if c.kind == LLM {
				for range rapid.IntRange(0, 3).Draw(t, "chunks") {
					c.chunks = append(c.chunks, float64(rapid.IntRange(0, 12).Draw(t, "chunk")))
				}
			}
			if c.failed {
				c.status = rapid.SampledFrom([]int{0, 429, 500}).Draw(t, "status")
			}
			f := rapid.SampledFrom([]string{"", "N/A", "f1", "f2"}).Draw(t, "function")
			c.function = InvocationNode{f, f, rapid.SampledFrom([]string{"", "f1"}).Draw(t, "caller"), "caller"}
			trace.Steps = append(trace.Steps, c.steps()...)
		}
		traces = append(traces, trace)
	}
	return traces
}

var testPrices = price.Table{Currency: "USD", Models: []price.Rates{{Model: "a", Input: price.Unit, Output: 3 * price.Unit}, {Model: "unknown*", Hour: price.Unit}}}

func shuffled(traces []*Trace, seed uint64) []*Trace {
	random := rand.New(rand.NewPCG(seed, 1))
	var copies []*Trace
	for _, trace := range traces {
		c := &Trace{Number: trace.Number, Steps: slices.Clone(trace.Steps)}
		random.Shuffle(len(c.Steps), func(i, j int) { c.Steps[i], c.Steps[j] = c.Steps[j], c.Steps[i] })
		copies = append(copies, c)
	}
	return copies
}

func renamed(traces []*Trace, name func(string) string) []*Trace {
	var copies []*Trace
	for _, trace := range traces {
		c := &Trace{Number: trace.Number, Steps: slices.Clone(trace.Steps)}
		for i := range c.Steps {
			s := &c.Steps[i]
			s.Payload.UUID = name(s.Payload.UUID)
			if s.ParentID != "" && s.ParentID != RootID {
				s.ParentID = name(s.ParentID)
			}
		}
		copies = append(copies, c)
	}
	return copies
}

// everything is all results without UUIDs, in an order of its own.
func everything(t require.TestingT, requests []*Request) []string {
	nested := AnalyzeNestedStack(requests)
	for i := range nested.Nodes {
		nested.Nodes[i].UUID = ""
	}
	for i := range nested.Incomplete {
		nested.Incomplete[i].UUID = ""
	}
	spikes := AnalyzeSpikes(requests, 2)
	for i := range spikes.Intervals {
		spikes.Intervals[i].ActiveUUIDs = nil
	}
	withGaps, err := FindPatterns(requests, PatternOptions{MaxTextLen: 10, ChainWithCommonPrefixes: true})
	require.NoError(t, err)
	contiguous, err := FindPatterns(requests, PatternOptions{Contiguous: true})
	require.NoError(t, err)
	anomalies := AnalyzeAnomalies(requests, 1, 3)
	for i := range anomalies.Steps {
		anomalies.Steps[i].UUID = ""
	}
	costs := AnalyzeCosts(requests, testPrices)
	for i := range costs.TopCalls {
		costs.TopCalls[i].UUID = ""
	}
	s := DefaultSensitivity()
	var all []string
	add := func(v any) {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		all = append(all, string(b))
	}
	for _, v := range []any{
		ConfidenceIntervals(requests), WorkflowRuntimes(requests), FindCommonPrefixes(requests, 0, nil), TokenUniqueness(requests, nil),
		AnalyzeSimpleStack(requests), spikes, withGaps, contiguous, BuildTrie(requests, &s, epoch), FitForecast(Usage(requests)),
		nested.Concurrency, nested.LeafConcurrency, nested.Segments, nested.Outside,
		AnalyzeCriticalPaths(requests), AnalyzeStreaming(requests), AnalyzeWaiting(requests), anomalies, costs,
	} {
		add(v)
	}
	fixed := len(all)
	for _, n := range nested.Nodes {
		add(n)
	}
	for _, n := range nested.Incomplete {
		add(n)
	}
	slices.Sort(all[fixed:])
	return all
}
