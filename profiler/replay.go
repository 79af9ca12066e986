package profiler

import (
	"cmp"
	"slices"
)

// A plan is the calls of a request as a graph of what waits for what, ready to be run again with other durations.
//
// A call runs within its caller; what of it lies outside of its caller's time is cut off. A call begins a fixed time after what it waits
// for: the sibling that ended last before it began, or else the beginning of their caller. A caller ends a fixed time after the last of
// its calls. These fixed times are the caller's own work. So the walk back from the end, see criticalTimes, follows the graph's edges,
// and no replay can save more than what the path holds.
type plan struct {
	nodes []planNode // callers before what they call, siblings together and by start; the first is the request itself
	byEnd []int32    // the same siblings by end
}

type planNode struct {
	start, end  float64
	operation   int32 // -1 for the request
	first, size int32 // the children are nodes[first : first+size]
	before      int32 // the sibling that it waits for; -1 for none
	last        int32 // the child that it waits for; -1 for none
}

// newPlan makes a plan of a tree. Operations are given numbers by the function.
func newPlan(t *tree, operation func(*Span) int32) *plan {
	p := &plan{nodes: make([]planNode, 1, len(t.spans)+1), byEnd: make([]int32, 1, len(t.spans)+1)}
	p.nodes[0] = planNode{start: t.request.Start, end: t.request.End, operation: -1}
	from := make([]int32, 1, len(t.spans)+1) // the tree's node of each; the first has none
	for i := 0; i < len(p.nodes); i++ {
		children := t.roots
		if i > 0 {
			children = t.children[from[i]]
		}
		n := p.nodes[i]
		n.first = int32(len(p.nodes))
		for _, c := range children {
			s := t.spans[c]
			if start, end := max(s.Start, n.start), min(s.End, n.end); end > start {
				p.nodes = append(p.nodes, planNode{start: start, end: end, operation: operation(s)})
				from = append(from, c)
			}
		}
		n.size = int32(len(p.nodes)) - n.first
		p.nodes[i] = n
		p.order(i)
	}
	return p
}

// order finds what the children of a node wait for.
func (p *plan) order(i int) {
	n := &p.nodes[i]
	n.last = -1
	for k := range n.size {
		p.byEnd = append(p.byEnd, n.first+k)
	}
	byEnd := p.byEnd[n.first:]
	slices.SortFunc(byEnd, func(a, b int32) int { // of two with one end, the one that began first explains more
		return cmp.Or(cmp.Compare(p.nodes[a].end, p.nodes[b].end), cmp.Compare(b, a))
	})
	if n.size > 0 {
		n.last = byEnd[n.size-1]
	}
	ended := 0
	for k := range n.size {
		c := &p.nodes[n.first+k]
		for ended < len(byEnd) && p.nodes[byEnd[ended]].end <= c.start {
			ended++
		}
		c.before = -1
		if ended > 0 {
			c.before = byEnd[ended-1]
		}
	}
}

// speedups are the shares of an operation's own time that a replay takes away.
var speedups = [...]float64{0.1, 0.5, 1}

// advances are seconds by which something comes earlier, for each speedup: first if a call waits for the sibling that ended last before it
// began, then if it waits for all that had ended.
type advances [2][len(speedups)]float64

// A replayer runs plans, and keeps the memory from one to the next.
type replayer struct {
	saved []advances // of each node, by how much it is shorter
	end   []advances // of each node, by how much it ends earlier, if its caller begins as it did
}

// run gives the seconds by which the request ends earlier if the operation is faster. Without any call of it that is exactly 0.
func (r *replayer) run(p *plan, operation int32) advances {
	r.saved = slices.Grow(r.saved[:0], len(p.nodes))[:len(p.nodes)]
	r.end = slices.Grow(r.end[:0], len(p.nodes))[:len(p.nodes)]
	for i := len(p.nodes) - 1; i >= 0; i-- {
		own := [len(speedups)]float64{}
		if p.nodes[i].operation == operation {
			own = speedups
		}
		r.node(p, i, &own)
	}
	return r.saved[0]
}

// node finds how much shorter a node is, of whose own work the shares own are taken away.
func (r *replayer) node(p *plan, i int, own *[len(speedups)]float64) {
	n := &p.nodes[i]
	saved := &r.saved[i]
	*saved = advances{}
	if n.size == 0 {
		saved.add(n.end-n.start, own)
		return
	}
	byEnd := p.byEnd[n.first : n.first+n.size]
	var joined joinTimes
	for k := range n.size {
		c := &p.nodes[n.first+k]
		end := &r.end[n.first+k]
		gap := c.start - n.start
		*end = advances{}
		if c.before >= 0 {
			gap = c.start - p.nodes[c.before].end
			joined.until(p, r, byEnd, c.start)
			end[0], end[1] = r.end[c.before][0], joined.advance(1, p.nodes[c.before].end)
		}
		end.add(gap, own)
		end.plus(&r.saved[n.first+k])
	}
	joined.until(p, r, byEnd, n.end)
	last := p.nodes[n.last].end
	saved[0], saved[1] = joined.advance(0, last), joined.advance(1, last)
	saved.add(n.end-last, own)
}

// add takes shares of a stretch of own work away.
func (a *advances) add(seconds float64, own *[len(speedups)]float64) {
	for rule := range a {
		for k := range own {
			a[rule][k] += own[k] * seconds
		}
	}
}

func (a *advances) plus(o *advances) {
	for rule := range a {
		for k := range a[rule] {
			a[rule][k] += o[rule][k]
		}
	}
}

// joinTimes are when, in a replay, the last of the children that had ended by a moment ends.
type joinTimes struct {
	ended int
	at    advances
}

// until adds the children that had ended by a moment. byEnd lists them.
func (j *joinTimes) until(p *plan, r *replayer, byEnd []int32, moment float64) {
	for ; j.ended < len(byEnd) && p.nodes[byEnd[j.ended]].end <= moment; j.ended++ {
		c := byEnd[j.ended]
		for rule := range j.at {
			for k := range j.at[rule] {
				if end := p.nodes[c].end - r.end[c][rule][k]; j.ended == 0 || end > j.at[rule][k] {
					j.at[rule][k] = end
				}
			}
		}
	}
}

// advance is by how much that is earlier than a moment.
func (j *joinTimes) advance(rule int, than float64) (earlier [len(speedups)]float64) {
	for k := range earlier {
		earlier[k] = than - j.at[rule][k]
	}
	return earlier
}
