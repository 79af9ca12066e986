package profiler

import (
	"container/heap"
	"fmt"
	"io"
	"math"
)

// WriteChromeTrace writes the spans in the trace-event format of Chrome, which Perfetto (ui.perfetto.dev) and chrome://tracing open:
// each request as a process, and what ran side by side as threads, since the spans of a thread must nest or follow one another. Times are
// microseconds since the first step of all, and whole, so that what ends together does so in readers that calculate in another way.
func WriteChromeTrace(w io.Writer, requests []*Request) error {
	first := math.Inf(1)
	for _, r := range requests {
		if r.Steps > 0 {
			first = min(first, r.Start)
		}
	}
	m := members{w: w}
	m.open("")
	m.value("displayTimeUnit", "ms")
	m.key("traceEvents")
	m.text("[")
	begun := false
	emit := func(e chromeEvent) {
		if begun {
			m.text(",")
		}
		begun = true
		m.text("\n")
		m.element(e)
	}
	for _, r := range requests {
		if len(r.Spans) > 0 {
			r.chromeEvents(first, emit)
		}
	}
	m.text("]")
	m.begun = true
	m.close()
	m.text("\n")
	return m.err
}

// A chromeEvent is one trace event: "M" names a process, "X" is a span, "i" an instant.
type chromeEvent struct {
	Name     string         `json:"name"`
	Category Category       `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Scope    string         `json:"s,omitempty"`
	Time     int64          `json:"ts"`
	Duration *int64         `json:"dur,omitempty"` // required of a span, also if 0
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

func (r *Request) chromeEvents(first float64, emit func(chromeEvent)) {
	process := r.Number + 1 // for Perfetto neither a process nor a thread should be 0
	emit(chromeEvent{Name: "process_name", Phase: "M", Process: process, Thread: 1, Args: map[string]any{"name": fmt.Sprint("request ", r.Number)}})
	micros := func(at float64) int64 { return int64(math.Round((at - first) * 1e6)) }
	lanes := r.lanes()
	for i := range r.Spans {
		s := &r.Spans[i]
		start, end := s.extent()
		duration := micros(end) - micros(start)
		e := chromeEvent{
			Name: s.operationName(), Category: s.Category, Phase: "X", Time: micros(start), Duration: &duration, Process: process,
			Thread: lanes[i] + 1, Args: map[string]any{"uuid": s.UUID, "state": s.State, "function": s.Function.FunctionName},
		}
		if s.Category == LLM {
			e.Args["prompt_tokens"], e.Args["completion_tokens"] = s.Tokens.PromptTokens, s.Tokens.CompletionTokens
		}
		if !s.Timed() {
			e.Phase, e.Scope, e.Duration = "i", "t", nil
		}
		emit(e)
	}
}

// lanes shares out the spans so that in one lane they nest or follow one another: a span takes the lane of its parent unless a
// sibling runs there, and else one in which nothing runs.
func (r *Request) lanes() []int {
	lanes := make([]int, len(r.Spans))
	var innermost []int32 // in each lane, the last span that began
	var free laneHeap
	for i := range r.Spans {
		s := &r.Spans[i]
		start, end := s.extent()
		if p := s.Parent; p >= 0 && int(p) < i && r.Spans[p].encloses(s) && r.leadsTo(innermost[lanes[p]], p, start) {
			lanes[i] = lanes[p]
			innermost[lanes[p]] = int32(i)
			continue
		}
		lane := len(innermost)
		if len(free) > 0 && free[0].until <= start {
			lane = heap.Pop(&free).(busyLane).lane
		} else {
			innermost = append(innermost, 0)
		}
		lanes[i], innermost[lane] = lane, int32(i)
		heap.Push(&free, busyLane{lane, end})
	}
	return lanes
}

// leadsTo says whether, of the spans from one up to its ancestor p, all but p have ended.
func (r *Request) leadsTo(i, p int32, at float64) bool {
	for ; i >= 0 && i != p; i = r.Spans[i].Parent {
		if _, end := r.Spans[i].extent(); end > at {
			return false
		}
	}
	return i == p
}

// A busyLane is a lane and when the outermost span in it ends.
type busyLane struct {
	lane  int
	until float64
}

// A laneHeap is a heap of lanes, the one that is free first at the top.
type laneHeap []busyLane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].until < h[j].until }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for package heap.
func (h *laneHeap) Push(l any) { *h = append(*h, l.(busyLane)) }

// Pop is for package heap.
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	*h = (*h)[:last]
	return l
}
