package load_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/llmeter-go/llmeter/load"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestADeckDealsEveryIndexInEachRoundInTheSameOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, seed := rapid.IntRange(1, 50).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		d := load.NewDeck(n, seed)
		var rounds []int
		for i := range 3 * n {
			index := d.Next()
			require.Equal(t, index, d.At(uint64(i)))
			rounds = append(rounds, index)
		}
		require.Equal(t, rounds[:n], rounds[n:2*n])
		require.Equal(t, rounds[:n], rounds[2*n:])
		slices.Sort(rounds[:n])
		for i, index := range rounds[:n] {
			require.Equal(t, i, index)
		}
	})
}

func TestSeed0DealsInOrderAndOthersShuffle(t *testing.T) {
	deal := func(seed uint64) (order []int) {
		d := load.NewDeck(10, seed)
		for range 10 {
			order = append(order, d.Next())
		}
		return order
	}
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, deal(0))
	require.Equal(t, []int{2, 7, 0, 5, 8, 1, 4, 6, 9, 3}, deal(1)) // pinned: the same on every machine
	require.NotEqual(t, deal(1), deal(2))
}

func TestEveryOrderOfADeckIsEquallyLikely(t *testing.T) {
	orders := map[[3]int]int{}
	for seed := range uint64(6000) {
		d := load.NewDeck(3, seed+1)
		orders[[3]int{d.At(0), d.At(1), d.At(2)}]++
	}
	require.Len(t, orders, 6)
	for order, n := range orders {
		require.InDelta(t, 1000, n, 120, "%v", order) // four standard deviations, with fixed seeds
	}
}

func TestClientsShareOneDeck(t *testing.T) {
	const n, clients, each = 16, 4, 4 // 16 payloads, 4 clients with 4 requests each: all are sent, each once
	d := load.NewDeck(n, 3)
	dealt := make([][each]int, clients)
	var wg sync.WaitGroup
	for c := range dealt {
		wg.Go(func() {
			for k := range each {
				dealt[c][k] = d.Next()
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, hand := range dealt {
		for _, index := range hand {
			seen[index] = true
		}
	}
	require.Len(t, seen, n)
}

func TestAnEmptyDeckDealsNothing(t *testing.T) {
	var zero load.Deck
	require.Equal(t, -1, zero.Next())
	require.Equal(t, -1, load.NewDeck(0, 5).Next())
	require.Equal(t, -1, load.NewDeck(-1, 0).At(7))
}

func BenchmarkDeck(b *testing.B) {
	d := load.NewDeck(1000, 1)
	b.ReportAllocs()
	for b.Loop() {
		d.Next()
	}
}
