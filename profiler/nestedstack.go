package profiler

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A NestedStack is the trees of the calls of all requests. A node is an LLM call, a tool call, a function or a marked span that
// has an interval; workflows and tasks are not.
type NestedStack struct {
	Segments        []Segment        // how many nodes ran, over time
	Concurrency     LevelPercentiles // of nodes, so that a function and the call within it are two; as NAT has it
	LeafConcurrency LevelPercentiles // of LLM and tool calls
	BusyConcurrency LevelPercentiles // of LLM and tool calls, while any ran
	Nodes           []NodeMetrics    // by request, callers before what they call
	Incomplete      []IncompleteNode
	Outside         float64 // seconds of the critical paths in which no node was on it
	Wall            float64 // seconds that requests took, added up: the critical times and Outside
}

// NodeMetrics describes a node. Times are seconds.
type NodeMetrics struct {
	UUID                string   `json:"uuid"`
	OperationType       Category `json:"operation_type"` // LLM, TOOL or FUNCTION
	OperationName       string   `json:"operation_name"`
	StartTime           float64  `json:"start_time"`
	EndTime             float64  `json:"end_time"`
	Duration            float64  `json:"duration"`
	SelfTime            float64  `json:"self_time"`            // in which nothing below it ran
	SubtreeTime         float64  `json:"subtree_time"`         // self times of itself and all below
	ConcurrencyMidpoint float64  `json:"concurrency_midpoint"` // nodes that ran in its middle
	BottleneckScore     float64  `json:"bottleneck_score"`     // SubtreeTime, as NAT has it: callers always outrank what they call
	CriticalTime        float64  `json:"critical_time"`        // on the critical path of its request, in which nothing below was on it

	Request int       `json:"request"`
	Depth   int       `json:"depth"` // 0 for a root
	State   SpanState `json:"state"`
}

// An IncompleteNode is a span that would be a node if it had an interval.
type IncompleteNode struct {
	UUID          string    `json:"uuid"`
	Request       int       `json:"request"`
	OperationType Category  `json:"operation_type"`
	OperationName string    `json:"operation_name"`
	Time          float64   `json:"time"` // what is known of it: its start, or else its end
	State         SpanState `json:"state"`
}

// nodeType is the type that a node is shown with.
func nodeType(c Category) Category {
	if c == UserSpan {
		return Function
	}
	return c
}

// AnalyzeNestedStack builds the trees of all requests and finds where their time went.
func AnalyzeNestedStack(requests []*Request) *NestedStack {
	n := new(NestedStack)
	starts, ends := intervals(requests, isNode)
	n.Nodes = make([]NodeMetrics, 0, len(starts))
	for _, r := range requests {
		n.add(r)
	}
	nodes := levelsOf(starts, ends)
	n.Segments, n.Concurrency = nodes.segments, percentiles(nodes.distribution())
	for i := range n.Nodes {
		m := &n.Nodes[i]
		m.ConcurrencyMidpoint = float64(nodes.at((m.StartTime + m.EndTime) / 2))
	}
	leaves := levelsOf(intervals(requests, isCall)).distribution()
	n.LeafConcurrency, n.BusyConcurrency = percentiles(leaves), percentiles(busy(leaves))
	return n
}

func (n *NestedStack) add(r *Request) {
	t := newTree(r, isNode)
	self := t.selfTimes()
	subtree := t.subtreeTimes(self)
	critical, outside := t.criticalTimes()
	n.Outside += outside
	n.Wall += r.Runtime()
	depth := make([]int, len(t.spans))
	path := slices.Clone(t.roots)
	slices.Reverse(path)
	for len(path) > 0 {
		i := path[len(path)-1]
		path = path[:len(path)-1]
		s := t.spans[i]
		if p := t.parent[i]; p >= 0 {
			depth[i] = depth[p] + 1
		}
		n.Nodes = append(n.Nodes, NodeMetrics{
			UUID: s.UUID, OperationType: nodeType(s.Category), OperationName: s.operationName(), StartTime: s.Start, EndTime: s.End,
			Duration: s.Duration(), SelfTime: self[i], SubtreeTime: subtree[i], BottleneckScore: subtree[i], CriticalTime: critical[i],
			Request: r.Number, Depth: depth[i], State: s.State,
		})
		for _, c := range slices.Backward(t.children[i]) {
			path = append(path, c)
		}
	}
	for i := range r.Spans {
		if s := &r.Spans[i]; isNode(s) && !s.Timed() {
			at, _ := s.extent()
			n.Incomplete = append(n.Incomplete, IncompleteNode{s.UUID, r.Number, nodeType(s.Category), s.operationName(), at, s.State})
		}
	}
}

// TopBottlenecks are the five nodes with the highest BottleneckScore, as NAT ranks them.
func (n *NestedStack) TopBottlenecks() []NodeMetrics {
	return n.top(func(m *NodeMetrics) float64 { return m.BottleneckScore })
}

// TopCritical are the five nodes with the most CriticalTime: those whose work the requests waited for.
func (n *NestedStack) TopCritical() []NodeMetrics {
	return n.top(func(m *NodeMetrics) float64 { return m.CriticalTime })
}

// top finds the five highest, of equal ones the earliest.
func (n *NestedStack) top(by func(*NodeMetrics) float64) []NodeMetrics {
	const places = 5
	order := func(a, b *NodeMetrics) int {
		return cmp.Or(cmp.Compare(by(b), by(a)), cmp.Compare(a.StartTime, b.StartTime), cmp.Compare(b.EndTime, a.EndTime),
			strings.Compare(string(a.OperationType), string(b.OperationType)), strings.Compare(a.OperationName, b.OperationName))
	}
	var top []*NodeMetrics
	for i := range n.Nodes {
		if m := &n.Nodes[i]; len(top) < places || order(m, top[places-1]) < 0 {
			at, _ := slices.BinarySearchFunc(top, m, order)
			top = first(places, slices.Insert(top, at, m))
		}
	}
	found := []NodeMetrics{}
	for _, m := range top {
		found = append(found, *m)
	}
	return found
}

// WriteReport writes the analysis as text, under the headings of NAT.
func (n *NestedStack) WriteReport(w io.Writer) error {
	if len(n.Nodes) == 0 {
		_, err := io.WriteString(w, "No calls found.")
		return err
	}
	p := printer{w: w}
	p.line("=== Multi-Example Nested Call Profiling Report ===")
	p.line("Total calls (across all examples): %d", len(n.Nodes))
	p.line("\n-- Concurrency Distribution (all examples) --")
	p.line("%s", n.Concurrency)
	p.line("\n-- Top 5 Calls by Bottleneck Score (subtree_time) --")
	for i, m := range n.TopBottlenecks() {
		p.line("%d) UUID=%s, %s '%s', dur=%.2f, self_time=%.2f, subtree_time=%.2f, concurrency=%s, score=%.2f", i+1, m.UUID, m.OperationType,
			m.OperationName, m.Duration, m.SelfTime, m.SubtreeTime, float(m.ConcurrencyMidpoint), m.BottleneckScore)
	}
	p.line("\n-- Top 5 Calls by Self Time on the Critical Path --")
	for i, m := range n.TopCritical() {
		p.line("%d) UUID=%s, %s '%s', critical=%.2f, dur=%.2f, self_time=%.2f", i+1, m.UUID, m.OperationType, m.OperationName,
			m.CriticalTime, m.Duration, m.SelfTime)
	}
	p.line("Outside of all calls: %.2f of %.2f", n.Outside, n.Wall)
	p.line("Concurrency of LLM and tool calls: %s; while any ran: %s", n.LeafConcurrency, n.BusyConcurrency)
	p.line("\n-- Full Tree(s) (All Examples) --")
	for i := range n.Nodes {
		m := &n.Nodes[i]
		state := ""
		if m.State != Complete {
			state = ", " + m.State.String()
		}
		p.line("%s- %s '%s' (uuid=%s, start=%.2f, end=%.2f, dur=%.2f%s)", strings.Repeat("  ", m.Depth), m.OperationType, m.OperationName,
			m.UUID, m.StartTime, m.EndTime, m.Duration, state)
	}
	if len(n.Incomplete) > 0 {
		p.line("\n-- Without an Interval --")
	}
	for _, m := range n.Incomplete {
		p.line("- %s '%s' (uuid=%s, time=%.2f, %s)", m.OperationType, m.OperationName, m.UUID, m.Time, m.State)
	}
	return p.err
}

// String prints the percentiles as the reports do: "p50=1.0, p90=2.0, p95=2.0, p99=3.0".
func (l LevelPercentiles) String() string {
	return fmt.Sprintf("p50=%s, p90=%s, p95=%s, p99=%s", float(l.P50), float(l.P90), float(l.P95), float(l.P99))
}
