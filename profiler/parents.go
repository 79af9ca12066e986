package profiler

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// setParents finds the parent of each span of a request, which are in the order of compareSpans. In turn:
//
//  1. The recorded parent. A span that has not ended, or failed, is nobody's parent, nor is an LLM call, which calls nothing:
//     they stand in a trace as parents because they were open when a sibling began. So is a tool that does not enclose the
//     span. The parent of such a one is taken instead.
//  2. The innermost span of the same function that encloses it.
//  3. The innermost span that encloses it. LLM calls are no candidates, nor tools for other tools: those run side by side.
//
// What then has no parent is a root.
func setParents(spans []Span) {
	r := resolver{spans: spans, state: make([]byte, len(spans))}
	r.byUUID = make([]int32, len(spans))
	for i := range spans {
		r.byUUID[i] = int32(i)
	}
	slices.SortStableFunc(r.byUUID, func(a, b int32) int { return strings.Compare(spans[a].UUID, spans[b].UUID) })
	for i := range spans {
		r.recorded(int32(i))
	}
	r.cutCycles()
	r.enclosing(func(s *Span) string { return s.Function.FunctionID }, callerID)
	r.enclosing(func(*Span) string { return everywhere }, func(*Span) string { return everywhere })
	r.cutCycles() // of recorded parents and found ones
}

// The states of a span whose parent is looked for.
const (
	unseen   byte = iota
	visiting      // and waiting for another's parent
	unknown       // what is recorded does not tell
	known
)

type resolver struct {
	spans   []Span
	state   []byte
	byUUID  []int32
	pending []int32
}

// recorded finds the recorded parent of a span. Where that is no parent, its own parent is, so it comes first.
func (r *resolver) recorded(i int32) {
	for r.pending = append(r.pending[:0], i); len(r.pending) > 0; {
		i := r.pending[len(r.pending)-1]
		if r.state[i] > visiting || r.visit(i) {
			r.pending = r.pending[:len(r.pending)-1]
		}
	}
}

// visit decides a span, or puts the one that it depends on before it and returns false.
func (r *resolver) visit(i int32) bool {
	s := &r.spans[i]
	first := r.state[i] == unseen
	r.state[i] = unknown
	if s.parentID == RootID {
		r.state[i] = known
		return true
	}
	p := r.find(s.parentID, i)
	if p < 0 {
		return true
	}
	if r.mayBeParent(p, i) {
		s.Parent, r.state[i] = p, known
		return true
	}
	if r.state[p] <= visiting {
		if !first || r.state[p] == visiting { // in a circle
			return true
		}
		r.state[i] = visiting
		r.pending = append(r.pending, p)
		return false
	}
	if r.state[p] == known {
		p = r.spans[p].Parent
		for hops := 0; p >= 0 && !r.mayBeParent(p, i); hops++ {
			if p = r.spans[p].Parent; hops == maxHops {
				return true
			}
		}
		s.Parent, r.state[i] = p, known
	}
	return true
}

// maxHops bounds the search for a parent among tools that do not enclose the span.
const maxHops = 64

// find finds the span of a UUID: where it comes again, the last that began before the child, else the first.
func (r *resolver) find(uuid string, child int32) int32 {
	if uuid == "" {
		return -1
	}
	from := sort.Search(len(r.byUUID), func(i int) bool { return r.spans[r.byUUID[i]].UUID >= uuid })
	to := from + sort.Search(len(r.byUUID)-from, func(i int) bool { return r.spans[r.byUUID[from+i]].UUID > uuid })
	same := r.byUUID[from:to]
	start, _ := r.spans[child].extent()
	after := sort.Search(len(same), func(i int) bool { s, _ := r.spans[same[i]].extent(); return s > start })
	for i := after - 1; i >= 0; i-- {
		if same[i] != child {
			return same[i]
		}
	}
	if len(same) > 0 && same[0] != child {
		return same[0]
	}
	return -1
}

func (r *resolver) mayBeParent(p, child int32) bool {
	s := &r.spans[p]
	return p != child && s.State == Complete && s.Category != LLM && (s.Category != Tool || s.encloses(&r.spans[child]))
}

// cutCycles makes unknown what is its own ancestor.
func (r *resolver) cutCycles() {
	seen := make([]int32, len(r.spans)) // the round in which a span was come by
	for i := range r.spans {
		round := int32(i) + 1
		j := int32(i)
		for ; j >= 0 && seen[j] == 0; j = r.spans[j].Parent {
			seen[j] = round
		}
		if j < 0 || seen[j] != round {
			continue
		}
		for r.state[j] != unknown {
			next := r.spans[j].Parent
			r.spans[j].Parent, r.state[j] = -1, unknown
			j = next
		}
	}
}

// everywhere is the group of all spans.
const everywhere = "*"

// callerID is the function within which a span runs: for the span of a function itself, the one that called it.
func callerID(s *Span) string {
	if s.Category == Function || s.Category == Workflow {
		return s.Function.ParentID
	}
	return s.Function.FunctionID
}

func isFunctionID(id string) bool { return id != "" && id != notApplicable && id != RootID }

// An entry is a span as a candidate for parenthood in a group, or as one that looks for a parent there.
type entry struct {
	group    string
	span     int32
	searches bool
}

// enclosing finds, for each span without a known parent, the innermost span that encloses it among those of the group where
// it searches.
func (r *resolver) enclosing(offers, searches func(*Span) string) {
	var entries []entry
	open := false
	for i := range r.spans {
		s := &r.spans[i]
		if r.state[i] == unknown {
			if g := searches(s); isFunctionID(g) {
				entries = append(entries, entry{g, int32(i), true})
				open = true
			}
		}
		if g := offers(s); s.State == Complete && s.Category != LLM && isFunctionID(g) {
			entries = append(entries, entry{g, int32(i), false})
		}
	}
	if !open {
		return
	}
	// A span searches before it offers itself, because its entries come in that order and the sort is stable.
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Or(strings.Compare(a.group, b.group), cmp.Compare(a.span, b.span)) })
	var callers, tools nesting
	for i, e := range entries {
		if i > 0 && e.group != entries[i-1].group {
			callers, tools = callers[:0], tools[:0]
		}
		s := &r.spans[e.span]
		switch {
		case e.searches:
			r.search(e.span, callers, tools)
		case s.Category == Tool:
			tools.offer(r.spans, e.span)
		default:
			callers.offer(r.spans, e.span)
		}
	}
}

// search takes the innermost of those that enclose a span.
func (r *resolver) search(i int32, callers, tools nesting) {
	p := callers.innermost(r.spans, i)
	if r.spans[i].Category != Tool {
		if t := tools.innermost(r.spans, i); t >= 0 && (p < 0 || r.spans[t].Start >= r.spans[p].Start) {
			p = t
		}
	}
	if p >= 0 {
		r.spans[i].Parent, r.state[i] = p, known
	}
}

// A nesting is the spans, in the order in which they start, that may still enclose a later one: an earlier one that ends no later
// than a later one is not the innermost of any. So ends descend.
type nesting []struct {
	span int32
	twin bool // another one has the same interval and depth, so neither is the innermost
}

// offer adds a span that starts no earlier than those before.
func (n *nesting) offer(spans []Span, i int32) {
	s, twin := &spans[i], false
	for len(*n) > 0 {
		last := &spans[(*n)[len(*n)-1].span]
		if last.End > s.End || last.End == s.End && last.Start == s.Start && last.Category.depth() < s.Category.depth() {
			break
		}
		twin = twin || last.Start == s.Start && last.End == s.End
		*n = (*n)[:len(*n)-1]
	}
	*n = append(*n, struct {
		span int32
		twin bool
	}{i, twin})
}

// innermost is the last span that encloses span i and is not its equal; -1 for none.
func (n nesting) innermost(spans []Span, i int32) int32 {
	s := &spans[i]
	start, end := s.extent()
	below := sort.Search(len(n), func(k int) bool { return spans[n[k].span].End < end })
	for k := below - 1; k >= 0; k-- {
		p := &spans[n[k].span]
		equal := p.Start == start && p.End == end && p.Category.depth() >= s.Category.depth()
		if !n[k].twin && !equal {
			return n[k].span
		}
	}
	return -1
}
