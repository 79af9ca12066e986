package figure_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/figure"
)

// values of any size, some of them gaps.
func values(t *rapid.T) []float64 {
	return rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{0, 1, math.NaN()})), 0, 400).Draw(t, "values")
}

func reach(v []float64) (lo, hi float64, gap bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, x := range v {
		if math.IsNaN(x) {
			gap = true
			continue
		}
		lo, hi = math.Min(lo, x), math.Max(hi, x)
	}
	return lo, hi, gap
}

func TestThinKeepsTheExtremesAndGapsOfEveryBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y, buckets := values(t), rapid.IntRange(1, 40).Draw(t, "buckets")
		kept := figure.Thin(y, buckets)
		require.True(t, slices.IsSorted(kept))
		require.LessOrEqual(t, len(kept), max(3*buckets+2, 1))
		if len(y) <= 3*buckets {
			require.Len(t, kept, len(y))
			return
		}
		require.Equal(t, len(slices.Compact(slices.Clone(kept))), len(kept))
		require.Equal(t, 0, kept[0])
		require.Equal(t, len(y)-1, kept[len(kept)-1])
		for b := range buckets {
			lo, hi := b*len(y)/buckets, (b+1)*len(y)/buckets
			var survivors []float64
			for _, i := range kept {
				if i >= lo && i < hi {
					survivors = append(survivors, y[i])
				}
			}
			wantLo, wantHi, wantGap := reach(y[lo:hi])
			gotLo, gotHi, gotGap := reach(survivors)
			require.Equal(t, []any{wantLo, wantHi, wantGap}, []any{gotLo, gotHi, gotGap}, "bucket %d", b)
		}
	})
}

func TestThinLeavesFewValuesAlone(t *testing.T) {
	require.Empty(t, figure.Thin(nil, 10))
	require.Equal(t, []int{0, 1, 2}, figure.Thin([]float64{3, 1, 2}, 1))
	require.Equal(t, []int{0, 1, 2, 4}, figure.Thin([]float64{3, 1, 9, 4, 5}, 1))
}

func TestThinCloudKeepsTheEdgesOfTheCloud(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 0))
		x, y := make([]float64, 12_000), make([]float64, 12_000)
		for i := range x {
			x[i], y[i] = r.NormFloat64(), r.ExpFloat64()
		}
		kept := figure.ThinCloud(x, y)
		require.True(t, slices.IsSorted(kept))
		require.LessOrEqual(t, len(kept), 5200)
		var kx, ky []float64
		for _, i := range kept {
			kx, ky = append(kx, x[i]), append(ky, y[i])
		}
		require.Equal(t, []float64{slices.Min(x), slices.Max(x), slices.Min(y), slices.Max(y)},
			[]float64{slices.Min(kx), slices.Max(kx), slices.Min(ky), slices.Max(ky)})
	}
	require.Equal(t, []int{0, 1}, figure.ThinCloud([]float64{2, 1}, []float64{0, 0}))
}

func TestLongestKeepsTheLongestBarsInTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 60).Draw(t, "lengths")
		n := rapid.IntRange(0, 30).Draw(t, "n")
		var bars []figure.Bar
		for i, l := range long {
			bars = append(bars, figure.Bar{Lane: i, Start: float64(i), End: float64(i + l)})
		}
		kept := figure.Longest(bars, n)
		require.Len(t, kept, min(n, len(bars)))
		left := map[int]bool{}
		shortest := 10.0
		for i, b := range kept {
			require.True(t, i == 0 || kept[i-1].Lane < b.Lane)
			left[b.Lane] = true
			shortest = math.Min(shortest, b.End-b.Start)
		}
		for _, b := range bars {
			require.True(t, left[b.Lane] || b.End-b.Start <= shortest)
		}
	})
}

func TestADistributionEndsAtOneAndKeepsItsTail(t *testing.T) {
	var v []float64
	for i := range 100_000 {
		v = append(v, float64((i*7919)%100_000))
	}
	x, share, distinct := figure.ECDF{Values: append(v, math.NaN(), math.Inf(1))}.Steps()
	require.Equal(t, 100_000, distinct)
	require.LessOrEqual(t, len(x), 1300)
	require.Equal(t, 0.0, x[0])
	require.Equal(t, 1e-5, share[0])
	require.Equal(t, 1.0, share[len(share)-1])
	for i := range x {
		require.Equal(t, (x[i]+1)/100_000, share[i], "every step drawn is a true one")
	}
	require.Equal(t, 99_800.0, x[len(x)-200], "the upper tail is whole")
}

func TestADistributionStepsOnceAtEqualValues(t *testing.T) {
	x, share, distinct := figure.ECDF{Values: []float64{2, 1, 2, 2}}.Steps()
	require.Equal(t, []float64{1, 2}, x)
	require.Equal(t, []float64{0.25, 1}, share)
	require.Equal(t, 2, distinct)
}
