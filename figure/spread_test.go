package figure_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/figure"
)

func TestASpreadHasTheQuartilesOfNumpy(t *testing.T) {
	// numpy.percentile([1, 2, 3, 4, 10, 50], [25, 50, 75]) is [2.25, 3.5, 8.5]; 50 lies beyond 8.5 + 1.5 × 6.25.
	s := figure.SpreadOf([]float64{50, 2, 10, math.NaN(), 4, 1, 3, math.Inf(1)})
	require.Equal(t, figure.Spread{N: 6, Mean: s.Mean, Low: 1, Q1: 2.25, Median: 3.5, Q3: 8.5, High: 10, Outliers: []float64{50}}, s)
	require.InDelta(t, 70.0/6, s.Mean, 1e-12)
	require.Equal(t, 0, figure.SpreadOf(nil).N)
	require.True(t, math.IsNaN(figure.SpreadOf(nil).Median))
	require.Equal(t, 7.0, figure.SpreadOf([]float64{7}).Q3)
}

func TestASpreadIsOrderedAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), 1, 100).Draw(t, "values")
		s := figure.SpreadOf(v)
		require.True(t, slices.IsSorted([]float64{s.Q1, s.Median, s.Q3}))
		require.True(t, slices.IsSorted([]float64{slices.Min(v), s.Low, s.High, slices.Max(v)}))
		inside := 0
		for _, x := range v {
			if x >= s.Low && x <= s.High {
				inside++
			}
		}
		require.Equal(t, len(v), inside+len(s.Outliers))
	})
}

func TestBinsHoldEveryValueOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.Bool().Draw(t, "log")
		lo := -1e6
		if log {
			lo = 1e-6
		}
		v := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(lo, 1e6), rapid.Float64Range(1, 1.0001)), 1, 200).Draw(t, "values")
		edges := figure.Bins(log, v[:len(v)/2], append(slices.Clone(v[len(v)/2:]), math.NaN()))
		require.LessOrEqual(t, len(edges), 65)
		for i := 1; i < len(edges); i++ {
			require.Less(t, edges[i-1], edges[i])
		}
		sum := 0
		for _, n := range figure.Count(v, edges) {
			sum += n
		}
		require.Equal(t, len(v), sum)
	})
}

func TestBinsOfLinearAxesAreRound(t *testing.T) {
	var v []float64
	for i := range 1000 {
		v = append(v, 0.1+float64(i)*0.001)
	}
	edges := figure.Bins(false, v)
	require.InDelta(t, 0.1, edges[0], 1e-12)
	require.InDelta(t, 0.1, edges[1]-edges[0], 1e-12)
}

func TestBinsOfNothing(t *testing.T) {
	require.Nil(t, figure.Bins(false))
	require.Nil(t, figure.Bins(false, []float64{math.NaN()}))
	require.Nil(t, figure.Bins(true, []float64{0, 1}))
	require.Len(t, figure.Count([]float64{7}, figure.Bins(false, []float64{7, 7})), 1)
	require.Len(t, figure.Count([]float64{0}, figure.Bins(false, []float64{0})), 1)
	require.Empty(t, figure.Count([]float64{1}, nil))
}

func TestABinReachesFromItsEdgeToBelowTheNext(t *testing.T) {
	edges := []float64{0, 1, 2}
	for v, want := range map[float64]int{-0.1: -1, 0: 0, 0.99: 0, 1: 1, 2: 1, 2.1: -1} {
		require.Equal(t, want, figure.Bin(edges, v), v)
	}
	require.Equal(t, -1, figure.Bin(edges, math.NaN()))
}

func TestAFlameIsLaidOutByDepth(t *testing.T) {
	bars, depth := figure.Flame{Root: figure.Frame{Name: "a", Value: 10, Children: []figure.Frame{
		{Name: "b", Value: 4, Children: []figure.Frame{{Name: "c", Value: 1}}}, {Name: "d", Value: 5, Kind: 1},
	}}}.Layout()
	require.Equal(t, 3, depth)
	require.Equal(t, []figure.Bar{
		{Lane: 0, Start: 0, End: 10, Label: "a"}, {Lane: 1, Start: 0, End: 4, Label: "b"}, {Lane: 2, Start: 0, End: 1, Label: "c"},
		{Lane: 1, Kind: 1, Start: 4, End: 9, Label: "d"},
	}, bars)
}
