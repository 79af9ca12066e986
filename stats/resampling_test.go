package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

func exponential(seed uint64, n int, scale float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, n)
	for i := range values {
		values[i] = scale * random.ExpFloat64()
	}
	return values
}

func TestBootstrapIsDeterministicUnderItsSeed(t *testing.T) {
	values := exponential(1, 100, 1)
	before := slices.Clone(values)
	first := Resampling{Seed: 7}.Interval(values, 0.95, Mean)
	require.Equal(t, first, Resampling{Seed: 7}.Interval(values, 0.95, Mean))
	require.NotEqual(t, first, Resampling{Seed: 8}.Interval(values, 0.95, Mean))
	require.Equal(t, before, values)
}

// The interval was computed by scipy 1.17.1 with 200,000 resamples.
func TestBootstrapEqualsScipysBCa(t *testing.T) {
	i := Resampling{Resamples: 50_000}.Interval([]float64{0.31, 0.2, 5.5, 1.25, 0.9, 0.9, 2.75}, 0.95, plainMean)
	require.InDelta(t, 0.7657142857142858, i.Lo, 0.02)
	require.InDelta(t, 3.664285714285714, i.Hi, 0.06)
}

func TestBootstrapOfAMedianThatReordersItsArgument(t *testing.T) {
	values := exponential(2, 501, 1)
	i := Resampling{Resamples: 500}.Interval(values, 0.95, func(v []float64) float64 {
		slices.Sort(v)
		return Quantile(v, 0.5)
	})
	exact := QuantileInterval(Sorted(values), 0.5, 0.95)
	require.InDelta(t, exact.Lo, i.Lo, 0.05)
	require.InDelta(t, exact.Hi, i.Hi, 0.05)
}

func TestBootstrapOfWhatDoesNotVary(t *testing.T) {
	require.Equal(t, Interval{3, 3}, Resampling{Resamples: 50}.Interval([]float64{3, 3, 3}, 0.95, plainMean))
	constant := func([]float64) float64 { return 1 }
	require.Equal(t, Interval{1, 1}, Resampling{Resamples: 50}.Interval([]float64{1, 2}, 0.95, constant))
}

func TestBootstrapOfTooLittleDoesNotExist(t *testing.T) {
	var r Resampling
	two, one := []float64{1, 2}, []float64{1}
	for _, i := range []Interval{
		r.Interval(one, 0.95, plainMean), r.Interval(two, 1, plainMean),
		r.Difference(one, two, 0.95, plainMean), r.Difference(two, one, 0.95, plainMean), r.Difference(two, two, 0, plainMean),
		r.QuantileDifference(SampleOf(one), SampleOf(two), 0.5, 0.95), r.QuantileDifference(SampleOf(two), SampleOf(one), 0.5, 0.95),
		r.QuantileDifference(SampleOf(two), SampleOf(two), 2, 0.95), r.QuantileDifference(SampleOf(two), SampleOf(two), 0.5, 2),
		r.Interval(count(60), 0.95, func(v []float64) float64 { // no draw has as many distinct values
			slices.Sort(v)
			return float64(len(slices.Compact(v)))
		}),
	} {
		require.False(t, i.Exists())
	}
}

func TestDifferenceFindsAShift(t *testing.T) {
	x, y := exponential(3, 400, 1), exponential(4, 300, 2)
	i := Resampling{Resamples: 1000}.Difference(x, y, 0.95, plainMean)
	require.True(t, i.Contains(1))
	require.False(t, i.Contains(0))
	same := Resampling{Resamples: 1000}.Difference(x, x, 0.95, plainMean)
	require.True(t, same.Contains(0))
}

func TestQuantileDifferenceEqualsResamplingInFull(t *testing.T) {
	x, y := exponential(5, 300, 1), exponential(6, 200, 1.5)
	for _, q := range []float64{0, 0.5, 0.9, 1} {
		statistic := func(v []float64) float64 {
			slices.Sort(v)
			return Quantile(v, q)
		}
		slow := Resampling{Resamples: 2000}.Difference(x, y, 0.9, statistic)
		fast := Resampling{Resamples: 4000}.QuantileDifference(SampleOf(x), SampleOf(y), q, 0.9)
		width := max(slow.Hi-slow.Lo, 1e-3)
		require.InDelta(t, slow.Lo, fast.Lo, 0.1*width, "q %v", q)
		require.InDelta(t, slow.Hi, fast.Hi, 0.1*width, "q %v", q)
	}
}

func TestGammaNumbersFollowTheirDistribution(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 0))
	require.Zero(t, gammaNumber(0, random))
	for _, shape := range []float64{1, 2, 30, 1e4} {
		draws := make([]float64, 20_000)
		for i := range draws {
			draws[i] = gammaNumber(shape, random)
		}
		slices.Sort(draws)
		worst := 0.0 // the Kolmogorov–Smirnov distance, below 1.63/√n in 99 of 100 cases
		for i, v := range draws {
			worst = max(worst, math.Abs(distuv.Gamma{Alpha: shape, Beta: 1}.CDF(v)-float64(i)/float64(len(draws))))
		}
		require.Less(t, worst, 1.63/math.Sqrt(float64(len(draws))), "shape %v", shape)
	}
}

func TestPermutationEqualsTheCountOfAllRegroupings(t *testing.T) {
	// 2 of the 20 regroupings differ in their means as much as 1, 2, 3 and 4, 5, 6 do.
	p := Resampling{Resamples: 20_000, Seed: 1}.Permutation([]float64{1, 2, 3}, []float64{4, 5, 6}, plainMean)
	require.InDelta(t, 0.1, p, 0.01)
	p = Resampling{Resamples: 100}.Permutation([]float64{1, 2, 3}, []float64{1, 2, 3}, plainMean)
	require.Equal(t, 1.0, p)
	p = Resampling{Resamples: 999}.Permutation(exponential(1, 200, 1), exponential(2, 200, 2), plainMean)
	require.Equal(t, 1.0/1000, p)
	require.True(t, math.IsNaN(Resampling{}.Permutation(nil, []float64{1}, plainMean)))
}
