package stats

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestGapsBetweenEventsAndBetweenTokens(t *testing.T) {
	var g Gaps
	g.Event(200*ms, 1)
	g.Event(210*ms, 1)
	g.Event(215*ms, 0) // no token
	g.Event(250*ms, 4)
	var icl, itl Sample
	g.ICL(&icl)
	g.ITL(&itl)
	require.Equal(t, 2, g.N())
	require.EqualValues(t, 2, icl.N())
	require.Equal(t, []float64{0.01, 0.04}, []float64{icl.Min(), icl.Max()})
	require.EqualValues(t, 5, itl.N())
	require.Equal(t, []float64{0.01, 0.01}, []float64{itl.Min(), itl.Max()})
	require.Equal(t, 0.04, g.Longest())
	require.Equal(t, 1, g.Stalls(1.5)) // the median is 25 ms
	require.Equal(t, 0, g.Stalls(2))
}

func TestGapsAreGivenInTheirOrder(t *testing.T) {
	var g Gaps
	for i, at := range []time.Duration{0, 30 * ms, 40 * ms, 60 * ms} {
		g.Event(at, i+1)
	}
	var lengths []time.Duration
	var tokens []int
	for length, n := range g.All() {
		lengths, tokens = append(lengths, length), append(tokens, n)
	}
	require.Equal(t, []time.Duration{30 * ms, 10 * ms, 20 * ms}, lengths)
	require.Equal(t, []int{2, 3, 4}, tokens)
	for range g.All() {
		break
	}
}

func TestStallsAreGapsAboveAMultipleOfTheMedian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gaps
		at := time.Duration(0)
		g.Event(at, 1)
		steps := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 10, 11, 99, 100, 101, 5000}), 0, 12).Draw(t, "steps")
		lengths := make([]float64, len(steps))
		for i, step := range steps {
			at += time.Duration(step)
			g.Event(at, 1)
			lengths[i] = float64(step)
		}
		median, want := Quantile(Sorted(lengths), 0.5), 0
		for _, length := range lengths {
			if median > 0 && length > 10*median {
				want++
			}
		}
		require.Equal(t, want, g.Stalls(10))
	})
}

func TestFirstEventOpensNoGapHoweverManyTokensItCarries(t *testing.T) {
	var g Gaps
	g.Event(5*ms, 10)
	var itl Sample
	g.ITL(&itl)
	require.Zero(t, itl.N())
	require.Zero(t, g.N())
	require.True(t, math.IsNaN(g.Longest()))
	require.Zero(t, g.Stalls(3))
}

func TestMeanOverTokensIsTPOTWhenTheFirstEventHasOneToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gaps
		at, tokens := time.Second, uint64(1)
		g.Event(at, 1)
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 1e9), 1, 50).Draw(t, "steps") {
			at += time.Duration(step)
			n := rapid.IntRange(0, 5).Draw(t, "n")
			g.Event(at, n)
			tokens += uint64(n)
		}
		g.Event(at, 1)
		var itl, icl Sample
		g.ITL(&itl)
		g.ICL(&icl)
		require.Equal(t, tokens, itl.N())
		require.InDelta(t, (at - time.Second).Seconds(), itl.Sum(), 1e-9)
		require.InDelta(t, (at - time.Second).Seconds(), icl.Sum(), 1e-9)
		require.InDelta(t, (at-time.Second).Seconds()/float64(tokens), itl.Mean(), 1e-9)
	})
}

func TestEventBeforeTheLastOneIsSimultaneousWithIt(t *testing.T) {
	var g Gaps
	for _, at := range []time.Duration{10, 5, 20} {
		g.Event(at*ms, 1)
	}
	var icl Sample
	g.ICL(&icl)
	require.Zero(t, icl.Min())
	require.Equal(t, 0.01, icl.Max())
}

func TestResetGapsStartAgain(t *testing.T) {
	var g Gaps
	g.Event(1*ms, 1)
	g.Event(9*ms, 1)
	g.Reset()
	g.Event(time.Hour, 1)
	require.Zero(t, g.N())
	require.Zero(t, testing.AllocsPerRun(10, func() {
		g.Reset()
		g.Event(1*ms, 1)
		g.Event(2*ms, 1)
	}))
}
