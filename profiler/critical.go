package profiler

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A PathStep is a stretch of the critical path of a request: what the request waited for then.
type PathStep struct {
	Span       *Span   // nil = none: no call was on the path
	Start, End float64 // seconds since the epoch
}

// CriticalPath is the critical path of a request, from its start to its end without gaps. Looking back from the end of a call, the call
// within it that ended last is what it waited for, before that the one that ended last before that one began, and so on; between
// them it worked itself. (Zhang et al., CRISP, USENIX ATC 2022.) Calls are LLM calls, tools, functions and marked spans.
func CriticalPath(r *Request) []PathStep { return newTree(r, isNode).path() }

// path is the critical path of the request.
func (t *tree) path() []PathStep {
	_, _, windows := t.criticalWindows()
	var steps []PathStep
	own := func(s *Span, from, to float64) {
		if to > from {
			steps = append(steps, PathStep{s, from, to})
		}
	}
	var walk func(s *Span, children []int32, from, to float64)
	walk = func(s *Span, children []int32, from, to float64) {
		var on []int32
		for _, c := range children {
			if windows[c][1] > windows[c][0] {
				on = append(on, c)
			}
		}
		slices.SortFunc(on, func(a, b int32) int { return cmp.Compare(windows[a][0], windows[b][0]) })
		for _, c := range on {
			own(s, from, windows[c][0])
			from = windows[c][1]
			walk(t.spans[c], t.children[c], windows[c][0], from)
		}
		own(s, from, to)
	}
	walk(nil, t.roots, t.request.Start, t.request.End)
	return steps
}

// CriticalPaths is what requests waited for, and how much faster they would be if a part were: the answer to where to begin.
type CriticalPaths struct {
	Requests   int             `json:"requests"`           // that have events
	Wall       float64         `json:"total_request_time"` // seconds that requests took, added up
	Outside    float64         `json:"outside"`            // seconds of the critical paths on which no call was
	Operations []OperationPath `json:"operations"`         // the most critical time first
	Slowest    []RequestPath   `json:"slowest_requests"`   // at most 20, the slowest first
}

// An OperationPath is what the calls of one operation, which are those of one kind and name, mean for the run times.
type OperationPath struct {
	OperationType Category `json:"operation_type"`
	OperationName string   `json:"operation_name"`
	Calls         int      `json:"calls"`          // that have an interval
	TotalTime     float64  `json:"total_time"`     // seconds of all of them
	CriticalTime  float64  `json:"critical_time"`  // seconds of their own work on the critical path, see NodeMetrics
	CriticalShare float64  `json:"critical_share"` // of Wall
	// Savings are replays with faster calls of this operation alone. Nil beyond the twenty operations with the most critical time.
	Savings []Saving `json:"what_if"`
}

// A Saving is the outcome of a replay: each request runs again with one operation made faster, while every call still waits for what it
// waited for, and all else takes the time it took.
type Saving struct {
	Faster float64 `json:"faster_by"`    // the share of the operation's own work that is taken away; 1 = all
	Saved  float64 `json:"saved"`        // seconds of Wall, if a call waits for the sibling that ended last before it began
	Range  Bounds  `json:"saved_bounds"` // from what it is if a call waits for all siblings that had ended, to Faster·CriticalTime
	Share  float64 `json:"saved_share"`  // Saved of Wall
}

// A RequestPath says what one request waited for the most.
type RequestPath struct {
	Request       int      `json:"request"`
	Runtime       float64  `json:"runtime"`        // seconds
	Outside       float64  `json:"outside"`        // seconds of its critical path on which no call was
	OperationType Category `json:"operation_type"` // with the most critical time; "" = no call was on the path
	OperationName string   `json:"operation_name"`
	CriticalTime  float64  `json:"critical_time"`
}

// The most operations that are replayed, and the most requests that are listed.
const (
	maxReplayed = 20
	maxSlowest  = 20
)

// AnalyzeCriticalPaths adds up the critical paths of requests, and replays them with each operation 10 %, 50 % and 100 % faster. The
// time grows with the number of calls, times the operations that are replayed, at most twenty.
func AnalyzeCriticalPaths(requests []*Request) *CriticalPaths {
	a := &pathAnalysis{numbers: map[pathKey]int32{}}
	a.result = &CriticalPaths{Operations: []OperationPath{}, Slowest: []RequestPath{}}
	for _, r := range requests {
		if r.Steps > 0 {
			a.add(r)
		}
	}
	a.replay()
	c := a.result
	for i := range a.operations {
		o := &a.operations[i]
		if c.Wall > 0 {
			o.CriticalShare = o.CriticalTime / c.Wall
		}
		c.Operations = append(c.Operations, *o)
	}
	slices.SortFunc(c.Operations, byCriticalTime)
	return c
}

func byCriticalTime(a, b OperationPath) int {
	return cmp.Or(cmp.Compare(b.CriticalTime, a.CriticalTime), cmp.Compare(b.TotalTime, a.TotalTime),
		strings.Compare(string(a.OperationType), string(b.OperationType)), strings.Compare(a.OperationName, b.OperationName))
}

type pathKey struct {
	category Category
	name     string
}

type pathAnalysis struct {
	result     *CriticalPaths
	numbers    map[pathKey]int32
	operations []OperationPath // by number
	plans      []*plan
}

func (a *pathAnalysis) number(s *Span) int32 {
	key := pathKey{nodeType(s.Category), s.operationName()}
	n, ok := a.numbers[key]
	if !ok {
		n = int32(len(a.operations))
		a.numbers[key] = n
		a.operations = append(a.operations, OperationPath{OperationType: key.category, OperationName: key.name})
	}
	return n
}

func (a *pathAnalysis) add(r *Request) {
	t := newTree(r, isNode)
	critical, outside := t.criticalTimes()
	c := a.result
	c.Requests++
	c.Wall += r.Runtime()
	c.Outside += outside
	of := map[int32]float64{}
	for i, s := range t.spans {
		n := a.number(s)
		o := &a.operations[n]
		o.Calls++
		o.TotalTime += s.Duration()
		o.CriticalTime += critical[i]
		of[n] += critical[i]
	}
	a.plans = append(a.plans, newPlan(t, a.number))
	a.slow(RequestPath{Request: r.Number, Runtime: r.Runtime(), Outside: outside}, of)
}

// slow lists the request if it is one of the slowest.
func (a *pathAnalysis) slow(p RequestPath, critical map[int32]float64) {
	order := func(a, b RequestPath) int {
		return cmp.Or(cmp.Compare(b.Runtime, a.Runtime), cmp.Compare(a.Request, b.Request))
	}
	slowest := &a.result.Slowest
	if len(*slowest) == maxSlowest && order(p, (*slowest)[maxSlowest-1]) > 0 {
		return
	}
	most := OperationPath{}
	for n, seconds := range critical {
		o := OperationPath{OperationType: a.operations[n].OperationType, OperationName: a.operations[n].OperationName, CriticalTime: seconds}
		if seconds > 0 && (most.OperationType == "" || byCriticalTime(o, most) < 0) {
			most = o
		}
	}
	p.OperationType, p.OperationName, p.CriticalTime = most.OperationType, most.OperationName, most.CriticalTime
	at, _ := slices.BinarySearchFunc(*slowest, p, order)
	*slowest = first(maxSlowest, slices.Insert(*slowest, at, p))
}

// replay runs the plans again with each of the operations that have the most critical time made faster.
func (a *pathAnalysis) replay() {
	order := make([]int32, len(a.operations))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return byCriticalTime(a.operations[x], a.operations[y]) })
	wanted := make([]bool, len(a.operations))
	for _, n := range first(maxReplayed, order) {
		wanted[n] = a.operations[n].CriticalTime > 0
	}
	saved := make([]advances, len(a.operations))
	var r replayer
	for _, p := range a.plans {
		for _, n := range p.operations(wanted) {
			seconds := r.run(p, n)
			saved[n].plus(&seconds)
		}
	}
	for n := range a.operations {
		if wanted[n] {
			a.operations[n].Savings = savings(&saved[n], a.operations[n].CriticalTime, a.result.Wall)
		}
	}
}

// operations are the wanted ones that the plan has calls of.
func (p *plan) operations(wanted []bool) (found []int32) {
	for _, n := range p.nodes {
		if n.operation >= 0 && wanted[n.operation] && !slices.Contains(found, n.operation) {
			found = append(found, n.operation)
		}
	}
	return found
}

func savings(saved *advances, critical, wall float64) []Saving {
	list := make([]Saving, len(speedups))
	for k, faster := range speedups {
		list[k] = Saving{Faster: faster, Saved: saved[0][k], Range: Bounds{min(saved[1][k], saved[0][k]), max(faster*critical, saved[0][k])}}
		if wall > 0 {
			list[k].Share = saved[0][k] / wall
		}
	}
	return list
}

// doubt is the range of the saving where it is wider than a hundredth of it.
func (s Saving) doubt() string {
	if s.Range[1]-s.Range[0] <= s.Saved/100 {
		return ""
	}
	return fmt.Sprintf(", from %.2f to %.2f s", s.Range[0], s.Range[1])
}

// WriteReport writes the analysis as text.
func (c *CriticalPaths) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Critical Path Report ===")
	p.line("Requests: %d, %.2f s in all, of which %.2f s outside of all calls", c.Requests, c.Wall, c.Outside)
	p.line("\n-- What Would Shorten the Requests --")
	for i, o := range first(10, c.Operations) {
		p.line("%d) %s '%s': critical=%.2f s (%.1f%% of the time of requests), total=%.2f s in %d calls", i+1, o.OperationType, o.OperationName,
			o.CriticalTime, 100*o.CriticalShare, o.TotalTime, o.Calls)
		for _, s := range o.Savings {
			p.line("   %.0f%% faster saves %.2f s (%.1f%%)%s", 100*s.Faster, s.Saved, 100*s.Share, s.doubt())
		}
	}
	p.line("\n-- Slowest Requests --")
	for _, r := range first(5, c.Slowest) {
		p.line("request %d: %.2f s, the most of it for %s '%s' (%.2f s)", r.Request, r.Runtime, r.OperationType, r.OperationName, r.CriticalTime)
	}
	return p.err
}
