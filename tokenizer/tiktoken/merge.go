package tiktoken

import "slices"

// A merger does byte pair merging: of all neighbours in a piece whose joined bytes are a token, the pair of the lowest rank
// becomes one part, the leftmost first among equals, until no such pair is left. To look through all pairs before each merge
// takes time quadratic in the piece, and a long run without a space is one piece; so the pairs wait in a heap, ordered by rank
// and then by place, and n bytes take n log n. The order of merges is the same, hence the tokens are.
//
// It is scratch memory, for use by one goroutine at a time.
type merger struct {
	parts  []part
	pairs  heap
	tokens []int // of one piece, for counting
}

// A part is a stretch of bytes of the piece, kept at the index of its first byte.
type part struct {
	prev, next int    // where its neighbours begin; -1 and the length of the piece at the ends
	rank       uint32 // of the pair that it and the next part would make
}

// none is the rank of a pair that is no token, and of a place where no part begins any longer.
const none = ^uint32(0)

// encode appends the tokens of a piece that is not empty.
func (m *merger) encode(tokens []int, piece string, v *vocabulary) []int {
	m.parts, m.pairs = slices.Grow(m.parts[:0], len(piece)), slices.Grow(m.pairs[:0], len(piece))
	for i := range len(piece) {
		m.parts = append(m.parts, part{prev: i - 1, next: i + 1})
	}
	for i := range m.parts {
		m.offer(i, piece, v)
	}
	for len(m.pairs) > 0 {
		rank, at := m.pairs.pop()
		left := &m.parts[at]
		if left.rank != rank {
			continue // the pair is gone: one of the two was merged with its other neighbour
		}
		m.parts[left.next].rank = none
		left.next = m.parts[left.next].next
		if left.next < len(piece) {
			m.parts[left.next].prev = at
		}
		m.offer(at, piece, v)
		if left.prev >= 0 {
			m.offer(left.prev, piece, v)
		}
	}
	for at := 0; at < len(piece); at = m.parts[at].next {
		tokens = append(tokens, int(v.ranks[piece[at:m.parts[at].next]]))
	}
	return tokens
}

// offer ranks the pair that the part at an index makes with the next one.
func (m *merger) offer(at int, piece string, v *vocabulary) {
	p := &m.parts[at]
	p.rank = none
	if p.next == len(piece) {
		return
	}
	end := m.parts[p.next].next
	if end-at > v.longest {
		return
	}
	if rank, ok := v.ranks[piece[at:end]]; ok {
		p.rank = rank
		m.pairs.push(rank, at)
	}
}

// A heap holds pairs, the lowest first. A pair is one number, its rank above its place: 24 bits are enough for any rank, and
// 40 for a place in any text.
type heap []uint64

const placeBits = 40

func (h *heap) push(rank uint32, at int) {
	pairs := append(*h, uint64(rank)<<placeBits|uint64(at))
	*h = pairs
	i := len(pairs) - 1
	for i > 0 {
		up := (i - 1) / 2
		if pairs[up] <= pairs[i] {
			return
		}
		pairs[up], pairs[i] = pairs[i], pairs[up]
		i = up
	}
}

func (h *heap) pop() (rank uint32, at int) {
	pairs := *h
	first, last := pairs[0], len(pairs)-1
	pairs[0] = pairs[last]
	pairs = pairs[:last]
	*h = pairs
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && pairs[down+1] < pairs[down] {
			down++
		}
		if pairs[i] <= pairs[down] {
			break
		}
		pairs[i], pairs[down] = pairs[down], pairs[i]
		i = down
	}
	return uint32(first >> placeBits), int(first & (1<<placeBits - 1))
}
