package profiler

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
)

// A tree is some of the timed spans of a request, each below the nearest of its ancestors that is in the tree.
type tree struct {
	request  *Request
	spans    []*Span
	parent   []int32   // -1 for roots
	children [][]int32 // by start
	roots    []int32
	order    []int32 // parents before their children
}

// newTree makes a tree of the spans that are timed and in.
func newTree(r *Request, in func(*Span) bool) *tree {
	t := &tree{request: r}
	node := make([]int32, len(r.Spans)) // of each span, -1 if it is not in the tree
	var from []int32                    // the span of each node
	for i := range r.Spans {
		node[i] = -1
		if s := &r.Spans[i]; s.Timed() && in(s) {
			node[i] = int32(len(t.spans))
			t.spans = append(t.spans, s)
			from = append(from, int32(i))
		}
	}
	above := nearest(r.Spans, node)
	t.parent = make([]int32, len(t.spans))
	t.children = make([][]int32, len(t.spans))
	for i, span := range from {
		p := above[span]
		t.parent[i] = p
		if p < 0 {
			t.roots = append(t.roots, int32(i))
		} else {
			t.children[p] = append(t.children[p], int32(i))
		}
	}
	t.order = append(make([]int32, 0, len(t.spans)), t.roots...)
	for i := 0; i < len(t.order); i++ {
		t.order = append(t.order, t.children[t.order[i]]...)
	}
	t.sortTwins()
	return t
}

// nearest finds for each span the node of its nearest ancestor that has one; -1 for none.
func nearest(spans []Span, node []int32) []int32 {
	const notYet = -2
	above := make([]int32, len(spans))
	for i := range above {
		above[i] = notYet
	}
	var path []int32
	for i := range spans {
		path = path[:0]
		j := int32(i)
		for above[j] == notYet {
			path = append(path, j)
			p := spans[j].Parent
			if p < 0 {
				above[j] = -1
			} else if node[p] >= 0 {
				above[j] = node[p]
			} else {
				j = p
			}
		}
		for _, k := range path {
			above[k] = above[j]
		}
	}
	return above
}

// sortTwins orders the children that nothing but their descendants tells apart by these, so that no answer depends on UUIDs.
func (t *tree) sortTwins() {
	shape := make([]uint64, len(t.spans))
	byShape := func(a, b int32) int {
		return cmp.Or(compareSpans(t.spans[a], t.spans[b]), cmp.Compare(shape[a], shape[b]))
	}
	var b []byte
	for _, i := range slices.Backward(t.order) {
		slices.SortFunc(t.children[i], byShape)
		s := t.spans[i]
		b = append(append(append(b[:0], s.Category...), s.Name...), 0)
		b = strconv.AppendUint(b, math.Float64bits(s.Start), 36)
		b = strconv.AppendUint(append(b, ' '), math.Float64bits(s.End), 36)
		for _, c := range t.children[i] {
			b = strconv.AppendUint(append(b, ' '), shape[c], 36)
		}
		shape[i] = hash(b)
	}
	slices.SortFunc(t.roots, byShape)
}

// hash is FNV-1a.
func hash(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64()
}

// selfTimes are the seconds of each span in which none of its children ran.
func (t *tree) selfTimes() []float64 {
	self := make([]float64, len(t.spans))
	for i, s := range t.spans {
		covered, until := 0.0, s.Start
		for _, c := range t.children[i] {
			from, to := max(t.spans[c].Start, until), min(t.spans[c].End, s.End)
			if to > from {
				covered += to - from
				until = to
			}
		}
		self[i] = max(0, s.Duration()-covered)
	}
	return self
}

// subtreeTimes are the self times of each span and of all below it. Where children run side by side that is more than its
// duration.
func (t *tree) subtreeTimes(self []float64) []float64 {
	total := slices.Clone(self)
	for _, i := range slices.Backward(t.order) {
		if p := t.parent[i]; p >= 0 {
			total[p] += total[i]
		}
	}
	return total
}

// criticalTimes share out the time of the request: each moment belongs to one span, or to none, which is outside. Looking back
// from the end of a span, the child that ended last is what it waited for, before that the child that ended last before that
// one began, and so on; between them it worked itself. (Zhang et al., CRISP, USENIX ATC 2022.)
func (t *tree) criticalTimes() (times []float64, outside float64) {
	times, outside, _ = t.criticalWindows()
	return times, outside
}

// criticalWindows gives also the time in which each span is on the path, empty for one that is not.
func (t *tree) criticalWindows() (times []float64, outside float64, windows [][2]float64) {
	times = make([]float64, len(t.spans))
	windows = make([][2]float64, len(t.spans))
	outside = t.walkBack(t.roots, t.request.Start, t.request.End, windows)
	for _, i := range t.order {
		if w := windows[i]; w[1] > w[0] {
			times[i] = t.walkBack(t.children[i], w[0], w[1], windows)
		}
	}
	return times, outside, windows
}

// walkBack goes back from end to start along the children that followed one another, sets their windows and returns the time
// that belongs to none of them.
func (t *tree) walkBack(children []int32, start, end float64, windows [][2]float64) (own float64) {
	last := end
	stop := func(c int32) float64 { return min(t.spans[c].End, last) }
	byEnd := slices.Clone(children)
	slices.SortStableFunc(byEnd, func(a, b int32) int { // of two with one end, the one that began first explains more
		return cmp.Or(cmp.Compare(stop(b), stop(a)), cmp.Compare(t.spans[a].Start, t.spans[b].Start))
	})
	for _, c := range byEnd {
		from, to := max(t.spans[c].Start, start), stop(c)
		if to > end || from >= to {
			continue
		}
		own += end - to
		windows[c] = [2]float64{from, to}
		end = from
	}
	return own + max(0, end-start)
}
