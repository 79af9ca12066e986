package load

import (
	"math/bits"
	"sync/atomic"
)

// A Deck deals the indices of n things, such as payloads, in turn and again from the first: after k deals each index has
// come ⌊k/n⌋ or ⌈k/n⌉ times, whoever asked. It is safe for concurrent use. The zero Deck is empty.
type Deck struct {
	n     uint64
	order []int // nil = as they stand
	dealt atomic.Uint64
}

// NewDeck makes a deck of the indices from 0 to n-1. Seed 0 deals them in order; any other seed in one shuffled order, the
// same in every round and on every machine.
func NewDeck(n int, seed uint64) *Deck {
	d := &Deck{n: uint64(max(n, 0))}
	if seed == 0 {
		return d
	}
	d.order = make([]int, d.n)
	random := newDraws(seed).pcg
	for i := range d.order { // Fisher and Yates, inside out
		// The high half of a 128-bit product is uniform over 0…i but for a bias of 2^-32 at most.
		j, _ := bits.Mul64(random.Uint64(), uint64(i)+1)
		d.order[i] = d.order[j]
		d.order[j] = i
	}
	return d
}

// Next deals the next index, or -1 from an empty deck.
func (d *Deck) Next() int { return d.At(d.dealt.Add(1) - 1) }

// At is the index that deal i, counted from 0, has or will have; -1 in an empty deck.
func (d *Deck) At(i uint64) int {
	switch {
	case d.n == 0:
		return -1
	case d.order == nil:
		return int(i % d.n)
	}
	return d.order[i%d.n]
}
