package profiler

import (
	"container/heap"
	"math"
	"slices"
)

// A miner finds closed patterns in sequences of tokens: those that no longer pattern contains and as many sequences hold. Without
// gaps a pattern is neighbours; with gaps others may stand between.
//
// With gaps it follows PrefixSpan (Pei et al., 2001) and BIDE (Wang and Han, 2004), whose two checks it takes: what can be added
// to a pattern at any place in all sequences that hold it makes it not closed, and what can be added already within its first
// appearance makes all that it grows into not closed, too. It goes on from the most frequent pattern, so that it can stop early.
type miner struct {
	sequences  []sequence
	tokens     int // how many different ones there are
	gaps       bool
	minSupport int
	top        int // patterns wanted
	budget     int // tokens that may be looked at; what takes memory costs as much as many of them

	marks     marks
	growing   []*pattern // by token
	found     []*pattern
	truncated bool // the budget ran out
}

// A pattern is a list of tokens, as the last one and what is before it.
type pattern struct {
	before  *pattern
	token   int32
	length  int
	support int   // sequences that hold it
	last    int32 // of these
	waiting int   // longer patterns that have not been looked at
	kept    bool  // it is one of those found
	// places are where it ends, once it is looked at: with gaps the end of its first appearance in each sequence, without gaps of every
	// appearance.
	places []place
}

type place struct{ seq, at int32 }

// What a place and a pattern cost of the budget, so that the memory of a search is bounded, too.
const placeCost, patternCost = 64, 256

// list is the tokens of the pattern.
func (p *pattern) list() []int32 {
	tokens := make([]int32, p.length)
	for q := p; q != nil && q.length > 0; q = q.before {
		tokens[q.length-1] = q.token
	}
	return tokens
}

// mine finds the patterns, the most frequent first, and all of those with the support of the last one wanted, unless the budget runs
// out.
func (m *miner) mine() []*pattern {
	m.marks = newMarks(m.tokens)
	m.growing = make([]*pattern, m.tokens)
	empty := &pattern{}
	for i := range m.sequences {
		empty.places = append(empty.places, place{int32(i), -1})
	}
	var queue patternQueue
	for _, p := range m.grow(empty) {
		heap.Push(&queue, p)
	}
	for len(queue) > 0 && !m.truncated {
		p := heap.Pop(&queue).(*pattern)
		if len(m.found) >= m.top && p.support < m.found[m.top-1].support {
			break
		}
		m.locate(p)
		if m.hopeless(p) {
			m.forget(p)
			continue
		}
		longer := m.grow(p)
		for _, l := range longer {
			heap.Push(&queue, l)
		}
		if !slices.ContainsFunc(longer, func(l *pattern) bool { return l.support == p.support }) && !m.extendsBackward(p) {
			p.kept = true
			m.found = append(m.found, p)
		}
		m.forget(p)
	}
	return m.found
}

// forget gives back the places of a pattern that nothing needs any more.
func (m *miner) forget(p *pattern) {
	if !p.kept && p.waiting == 0 {
		m.spend(-placeCost * len(p.places))
		p.places = nil
	}
}

// spend counts tokens that are looked at.
func (m *miner) spend(n int) {
	if m.budget -= n; m.budget < 0 {
		m.truncated = true
	}
}

// gapless says whether what follows a pattern must follow at once.
func (m *miner) gapless(p *pattern) bool { return !m.gaps && p.length > 0 }

// stretch is where in its sequence what follows a place may stand: without gaps, right behind it.
func (m *miner) stretch(p place, gapless bool) (from, to int) {
	from, to = int(p.at)+1, len(m.sequences[p.seq].tokens)
	if gapless {
		to = min(to, from+1)
	}
	return from, to
}

// locate finds the places of a pattern from those of what is before its last token.
func (m *miner) locate(p *pattern) {
	p.places = make([]place, 0, p.support)
	for _, before := range p.before.places {
		from, to := m.stretch(before, m.gapless(p.before))
		tokens := m.sequences[before.seq].tokens[from:to]
		if !m.gaps {
			for i, token := range tokens {
				if token == p.token {
					p.places = append(p.places, place{before.seq, int32(from + i)})
				}
			}
		} else if i := slices.Index(tokens, p.token); i >= 0 {
			p.places = append(p.places, place{before.seq, int32(from + i)})
			tokens = tokens[:i+1]
		}
		m.spend(len(tokens))
	}
	m.spend(placeCost * len(p.places))
	p.before.waiting--
	m.forget(p.before)
}

// grow adds each token behind a pattern and returns what is frequent.
func (m *miner) grow(p *pattern) []*pattern {
	gapless, only := m.gapless(p), m.onlySuccessor(p)
	var grown []*pattern
	for _, before := range p.places {
		from, to := m.stretch(before, gapless || only)
		m.spend(to - from)
		for _, token := range m.sequences[before.seq].tokens[from:to] {
			g := m.growing[token]
			if g == nil {
				g = &pattern{before: p, token: token, length: p.length + 1, last: -1}
				m.growing[token] = g
				grown = append(grown, g)
			}
			if g.last != before.seq {
				g.last = before.seq
				g.support++
			}
		}
	}
	for _, g := range grown {
		m.growing[g.token] = nil
	}
	grown = slices.DeleteFunc(grown, func(p *pattern) bool { return p.support < m.minSupport })
	m.spend(patternCost * len(grown))
	p.waiting = len(grown)
	return grown
}

// onlySuccessor says whether one token follows a pattern with gaps wherever it ends first. All other tokens behind it are then
// hopeless, because that one stands before them in all sequences: workflows that run the same way each time are not searched for each
// of their parts.
func (m *miner) onlySuccessor(p *pattern) bool {
	if !m.gaps {
		return false
	}
	only := int32(-1)
	for _, at := range p.places {
		tokens := m.sequences[at.seq].tokens
		if int(at.at)+1 == len(tokens) {
			continue
		}
		next := tokens[at.at+1]
		if only >= 0 && next != only {
			return false
		}
		only = next
	}
	return only >= 0
}

// hopeless says whether nothing that the pattern grows into is closed.
func (m *miner) hopeless(p *pattern) bool {
	if !m.gaps {
		return m.alwaysAfterOne(p)
	}
	tokens := p.list()
	return m.inAllPeriods(p, tokens, func(sequence []int32, first []int32) []int32 {
		return lastBefore(sequence, tokens, int(first[len(first)-1])+1)
	})
}

// extendsBackward says whether a token can be added before the last one of a pattern in all sequences that hold it.
func (m *miner) extendsBackward(p *pattern) bool {
	if !m.gaps {
		return m.afterOneInEach(p)
	}
	tokens := p.list()
	return m.inAllPeriods(p, tokens, func(sequence []int32, _ []int32) []int32 {
		return lastBefore(sequence, tokens, len(sequence))
	})
}

// inAllPeriods says whether, for some place in the pattern, one token stands there in all sequences that hold it: between the end of the
// first appearance of what is before that place and the last appearance of what is behind it.
func (m *miner) inAllPeriods(p *pattern, tokens []int32, last func(sequence, first []int32) []int32) bool {
	firsts, lasts := make([][]int32, len(p.places)), make([][]int32, len(p.places))
	for i, at := range p.places {
		sequence := m.sequences[at.seq].tokens
		m.spend(2 * len(sequence))
		firsts[i] = firstAppearance(sequence, tokens)
		lasts[i] = last(sequence, firsts[i])
	}
	for k := range tokens {
		m.marks.begin()
		for i, at := range p.places {
			from := 0
			if k > 0 {
				from = int(firsts[i][k-1]) + 1
			}
			period := m.sequences[at.seq].tokens[from:max(from, int(lasts[i][k]))]
			m.spend(len(period))
			if !m.marks.next(period) {
				break
			}
		}
		if m.marks.common {
			return true
		}
	}
	return false
}

// firstAppearance is where the tokens of a pattern that a sequence holds stand first.
func firstAppearance(sequence, tokens []int32) []int32 {
	at := make([]int32, 0, len(tokens))
	for i, t := range sequence {
		if len(at) < len(tokens) && t == tokens[len(at)] {
			at = append(at, int32(i))
		}
	}
	return at
}

// lastBefore is where the tokens of a pattern stand last before an end, each before the next.
func lastBefore(sequence, tokens []int32, end int) []int32 {
	at := make([]int32, len(tokens))
	k := len(tokens) - 1
	for i := end - 1; i >= 0 && k >= 0; i-- {
		if sequence[i] == tokens[k] {
			at[k] = int32(i)
			k--
		}
	}
	return at
}

// alwaysAfterOne says whether every appearance of a pattern without gaps follows the same token.
func (m *miner) alwaysAfterOne(p *pattern) bool {
	m.spend(len(p.places))
	var one int32
	for i, at := range p.places {
		before := int(at.at) - p.length
		if before < 0 {
			return false
		}
		token := m.sequences[at.seq].tokens[before]
		if i > 0 && token != one {
			return false
		}
		one = token
	}
	return true
}

// afterOneInEach says whether in each sequence some appearance of a pattern without gaps follows the same token.
func (m *miner) afterOneInEach(p *pattern) bool {
	m.spend(len(p.places))
	m.marks.begin()
	var before []int32
	for i := 0; i < len(p.places); {
		seq := p.places[i].seq
		before = before[:0]
		for ; i < len(p.places) && p.places[i].seq == seq; i++ {
			if b := int(p.places[i].at) - p.length; b >= 0 {
				before = append(before, m.sequences[seq].tokens[b])
			}
		}
		if !m.marks.next(before) {
			return false
		}
	}
	return m.marks.common
}

// A marks finds tokens that all of several lists hold.
type marks struct {
	round  []int32 // of each token, the last round in which it was seen
	lists  []int32 // and how many lists in a row held it
	now    int32
	n      int32
	common bool // some token stands in all lists so far, of which there is one at least
}

func newMarks(tokens int) marks {
	return marks{round: make([]int32, tokens), lists: make([]int32, tokens)}
}

func (m *marks) begin() {
	if m.now == math.MaxInt32 {
		clear(m.round)
		m.now = 0
	}
	m.now++
	m.n, m.common = 0, false
}

// next takes a list, and says whether some token stands in all so far.
func (m *marks) next(list []int32) bool {
	m.common = false
	for _, t := range list {
		if m.round[t] != m.now {
			m.round[t], m.lists[t] = m.now, 0
		}
		if m.lists[t] == m.n {
			m.lists[t] = m.n + 1
			m.common = true
		}
	}
	m.n++
	return m.common
}

// A patternQueue is a heap of patterns, the most frequent first, then the shorter, then by their tokens.
type patternQueue []*pattern

func (q patternQueue) Len() int { return len(q) }
func (q patternQueue) Less(i, j int) bool {
	if q[i].support != q[j].support {
		return q[i].support > q[j].support
	}
	return q[i].length < q[j].length
}
func (q patternQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for package heap.
func (q *patternQueue) Push(p any) { *q = append(*q, p.(*pattern)) }

// Pop is for package heap.
func (q *patternQueue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	*q = (*q)[:last]
	return p
}
