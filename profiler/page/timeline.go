package page

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const (
	slowest    = 5  // requests that are shown call by call
	ownLanes   = 60 // calls of a request up to which each has a lane of its own
	laneName   = 34 // characters
	besideKind = 3  // index into timelineKinds
	failedKind = 4
)

// timelineKinds are those of nodes on the critical path, and those of others.
var timelineKinds = append(slices.Clone(kinds), figure.Kind{Name: "nothing waited", Color: figure.Gray}, figure.Kind{Name: "failed", Color: figure.Red})

func timelineKind(m *profiler.NodeMetrics) int {
	switch {
	case m.State == profiler.Failed:
		return failedKind
	case m.CriticalTime > 0:
		return nodeKind(m.OperationType)
	}
	return besideKind
}

// drawn is a timeline whose legend has the kinds alone that occur.
func drawn(t figure.Timeline) figure.Timeline {
	index := make([]int, len(timelineKinds))
	used := make([]bool, len(timelineKinds))
	for _, b := range t.Bars {
		used[b.Kind] = true
	}
	for kind, k := range timelineKinds {
		if index[kind] = len(t.Kinds); used[kind] {
			t.Kinds = append(t.Kinds, k)
		}
	}
	for i := range t.Bars {
		t.Bars[i].Kind = index[t.Bars[i].Kind]
	}
	return t
}

// timeline is every call, and the slowest requests call by call.
func (f *facts) timeline() figure.Section {
	if len(f.nested.Nodes) == 0 {
		return figure.Section{}
	}
	s := figure.Section{Title: "Timeline", Note: "Calls in colour were on the critical path of their request; nothing waited for the grey ones. Drag over a stretch of time to look closer."}
	s.Blocks = append(s.Blocks, f.allCalls())
	byRequest := map[int][]*profiler.NodeMetrics{}
	for i := range f.nested.Nodes {
		m := &f.nested.Nodes[i]
		byRequest[m.Request] = append(byRequest[m.Request], m)
	}
	order := slices.Clone(f.Requests)
	slices.SortStableFunc(order, func(a, b *profiler.Request) int { return cmp.Compare(b.Runtime(), a.Runtime()) })
	shown := 0
	detail := func(what string, q *profiler.Request) {
		title := fmt.Sprintf("Request %d, %s: %s", q.Number, what, figure.Seconds.Format(q.Runtime()))
		s.Blocks = append(s.Blocks, figure.Details{Title: title, Open: shown == 0, Blocks: []figure.Block{oneRequest(q, byRequest[q.Number])}})
		shown++
	}
	for i, q := range order {
		if shown < slowest && len(byRequest[q.Number]) > 0 {
			detail([]string{"the slowest", "the second slowest", "the third slowest", "the fourth slowest", "the fifth slowest"}[min(i, slowest-1)], q)
		}
	}
	if q := order[len(order)/2]; len(order) > 2*slowest && len(byRequest[q.Number]) > 0 {
		detail("the median", q)
	}
	return s
}

// allCalls packs the calls of models and tools into as few lanes as hold them side by side.
func (f *facts) allCalls() figure.Figure {
	var calls []*profiler.NodeMetrics
	for i := range f.nested.Nodes {
		if m := &f.nested.Nodes[i]; m.OperationType == profiler.LLM || m.OperationType == profiler.Tool {
			calls = append(calls, m)
		}
	}
	what := "Calls of models and tools of all requests, packed into lanes."
	if len(calls) == 0 { // functions are all there is
		for i := range f.nested.Nodes {
			calls = append(calls, &f.nested.Nodes[i])
		}
		what = "Functions of all requests, packed into lanes."
	}
	lanes, n := pack(calls)
	var t figure.Timeline
	for i, m := range calls {
		t.Bars = append(t.Bars, figure.Bar{
			Lane: lanes[i], Kind: timelineKind(m), Start: m.StartTime - f.origin, End: m.EndTime - f.origin,
			Label: fmt.Sprintf("%d: %s %s", m.Request, m.OperationType, clip(m.OperationName, laneName)),
		})
	}
	fig := figure.Figure{
		Title: "All calls", Note: what + " A label begins with the number of the request.", Wide: true,
		X: figure.Axis{Label: "since the first step", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "lane"}, Series: []figure.Series{drawn(t)},
	}
	for i := range n {
		fig.Y.Categories = append(fig.Y.Categories, fmt.Sprint(i+1))
	}
	return fig
}

// oneRequest shows the calls of a request below one another, each in a lane of its own if there are not too many.
func oneRequest(q *profiler.Request, nodes []*profiler.NodeMetrics) figure.Figure {
	var t figure.Timeline
	fig := figure.Figure{
		Title: fmt.Sprintf("Request %d", q.Number), Wide: true, Note: plural(len(nodes), "call") + ", a caller above what it called.",
		X: figure.Axis{Label: "since the request began", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "call"},
	}
	lanes := make([]int, len(nodes))
	t.Bars = criticalLane(q)
	fig.Y.Categories = append(fig.Y.Categories, "critical path")
	if len(nodes) <= ownLanes {
		for i, m := range nodes {
			lanes[i] = i
			fig.Y.Categories = append(fig.Y.Categories, strings.Repeat("· ", min(m.Depth, 6))+clip(m.OperationName, laneName-2*min(m.Depth, 6)))
		}
	} else {
		fig.Note += " Calls that did not overlap share a lane."
		n := 0
		lanes, n = pack(nodes)
		for i := range n {
			fig.Y.Categories = append(fig.Y.Categories, fmt.Sprint(i+1))
		}
	}
	for i, m := range nodes {
		t.Bars = append(t.Bars, figure.Bar{
			Lane: lanes[i] + 1, Kind: timelineKind(m), Start: m.StartTime - q.Start, End: m.EndTime - q.Start,
			Label: fmt.Sprintf("%s %s%s", m.OperationType, clip(m.OperationName, laneName), waited(m)),
		})
	}
	fig.Series = []figure.Series{drawn(t)}
	return fig
}

// criticalLane is what a request waited for, on the first lane.
func criticalLane(q *profiler.Request) (bars []figure.Bar) {
	for _, step := range profiler.CriticalPath(q) {
		if step.Span == nil || step.End <= step.Start {
			continue
		}
		s := step.Span
		kind := nodeKind(s.Category)
		if s.State == profiler.Failed {
			kind = failedKind
		}
		name := s.Name
		if name == "" && s.Function != nil {
			name = s.Function.FunctionName
		}
		bars = append(bars, figure.Bar{Kind: kind, Start: step.Start - q.Start, End: step.End - q.Start, Label: fmt.Sprintf("%s %s", s.Category, clip(name, laneName))})
	}
	return bars
}

func waited(m *profiler.NodeMetrics) string {
	if m.CriticalTime > 0 && m.CriticalTime < m.Duration {
		return ", " + figure.Seconds.Format(m.CriticalTime) + " critical"
	}
	return ""
}

// pack gives each call the first lane that is free when it begins, and the number of lanes, which is the most that ran at once.
func pack(calls []*profiler.NodeMetrics) (lanes []int, n int) {
	order := make([]int, len(calls))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(calls[a].StartTime, calls[b].StartTime), cmp.Compare(calls[b].EndTime, calls[a].EndTime))
	})
	lanes = make([]int, len(calls))
	var busy lanesByEnd
	var free lowest
	for _, i := range order {
		for len(busy) > 0 && busy[0].end <= calls[i].StartTime {
			heap.Push(&free, heap.Pop(&busy).(lane).number)
		}
		if len(free) == 0 {
			heap.Push(&free, n)
			n++
		}
		lanes[i] = heap.Pop(&free).(int)
		heap.Push(&busy, lane{lanes[i], math.Max(calls[i].EndTime, calls[i].StartTime)})
	}
	return lanes, n
}

type lane struct {
	number int
	end    float64
}

// lanesByEnd is a heap of lanes that are busy.
type lanesByEnd []lane

func (l lanesByEnd) Len() int           { return len(l) }
func (l lanesByEnd) Less(i, j int) bool { return l[i].end < l[j].end }
func (l lanesByEnd) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lanesByEnd) Push(v any)        { *l = append(*l, v.(lane)) }
func (l *lanesByEnd) Pop() any {
	v := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return v
}

// lowest is a heap of the lanes that are free.
type lowest []int

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return l[i] < l[j] }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lowest) Push(v any)        { *l = append(*l, v.(int)) }
func (l *lowest) Pop() any {
	v := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return v
}
