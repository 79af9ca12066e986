package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The ranks are those of scipy 1.17.1's quantile_test and of Hahn and Meeker's tables.
func TestQuantileIntervalEqualsPublishedRanks(t *testing.T) {
	for _, c := range []struct {
		n      int
		q      float64
		lo, hi float64
	}{{6, 0.5, 1, 6}, {20, 0.5, 6, 15}, {100, 0.9, 84, 96}, {1000, 0.99, 983, 997}} {
		require.Equal(t, Interval{c.lo, c.hi}, QuantileInterval(count(c.n), c.q, 0.95))
		require.Equal(t, Interval{c.lo, c.hi}, SampleOf(count(c.n)).QuantileInterval(c.q, 0.95))
	}
}

func TestQuantileIntervalHasItsLevelByTheBinomialSumAndIsTheTightest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(t, "n")
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		level := rapid.Float64Range(0.5, 0.99).Draw(t, "level")
		mass := func(from, to int) float64 { // of the number of values up to the quantile
			var sum float64
			for k := from; k <= to; k++ {
				ln, _ := math.Lgamma(float64(n + 1))
				lk, _ := math.Lgamma(float64(k + 1))
				lr, _ := math.Lgamma(float64(n - k + 1))
				sum += math.Exp(ln - lk - lr + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q))
			}
			return sum
		}
		tail := (1 - level) / 2
		lo, hi, ok := orderRanks(uint64(n), q, level)
		if !ok {
			require.True(t, mass(0, 0) > tail-1e-9 || mass(n, n) > tail-1e-9)
			require.False(t, QuantileInterval(count(n), q, level).Exists())
			return
		}
		require.LessOrEqual(t, mass(0, int(lo)-1), tail+1e-9)
		require.Greater(t, mass(0, int(lo)), tail-1e-9)
		require.LessOrEqual(t, mass(int(hi), n), tail+1e-9)
		require.Greater(t, mass(int(hi)-1, n), tail-1e-9)
	})
}

func TestIntervalExistsFromMinIntervalNOn(t *testing.T) {
	for q, least := range map[float64]uint64{0.5: 6, 0.9: 36, 0.95: 72, 0.99: 368, 0.999: 3688, 0.01: 368} {
		require.Equal(t, least, MinIntervalN(q, 0.95))
		require.True(t, QuantileInterval(count(int(least)), q, 0.95).Exists())
		require.False(t, QuantileInterval(count(int(least)-1), q, 0.95).Exists())
		s := SampleOf(count(5000))
		require.True(t, s.QuantileIntervalFor(q, 0.95, float64(least)).Exists())
		require.False(t, s.QuantileIntervalFor(q, 0.95, float64(least)-0.1).Exists())
	}
}

func TestIntervalsOfImpossibleQuestionsDoNotExist(t *testing.T) {
	s := SampleOf(count(1000))
	for _, i := range []Interval{
		s.QuantileInterval(0, 0.95), s.QuantileInterval(1, 0.95), s.QuantileInterval(math.NaN(), 0.95),
		s.QuantileInterval(0.5, 0), s.QuantileInterval(0.5, 1), s.QuantileInterval(0.5, math.NaN()),
		s.QuantileIntervalFor(0.5, 0.95, math.NaN()), new(Sample).QuantileIntervalFor(0.5, 0.95, 100),
		s.MeanInterval(1), s.MeanIntervalFor(0.95, 1), SampleOf(count(1)).MeanInterval(0.95),
		Wilson(0, 0, 0.95), Wilson(2, 1, 0.95), Wilson(1, 1, 1),
		Poisson(1, 0, 0.95), Poisson(1, math.NaN(), 0.95), Poisson(1, 1, -1),
	} {
		require.False(t, i.Exists())
		require.False(t, i.Contains(0))
		require.True(t, math.IsNaN(i.Precision(1)))
	}
}

func TestFewerEffectiveValuesWidenIntervals(t *testing.T) {
	s := SampleOf(count(2000))
	require.Greater(t, s.QuantileIntervalFor(0.9, 0.95, 500).Precision(1), s.QuantileIntervalFor(0.9, 0.95, 2000).Precision(1))
	require.Greater(t, s.MeanIntervalFor(0.95, 500).Precision(1), s.MeanInterval(0.95).Precision(1))
	require.Equal(t, s.QuantileIntervalFor(0.9, 0.95, 2000), s.QuantileIntervalFor(0.9, 0.95, math.Inf(1)), "never more than n")
}

func TestMeanIntervalIsStudents(t *testing.T) {
	i := SampleOf(count(9)).MeanInterval(0.95) // mean 5, s = √7.5, t = 2.306004
	require.InDelta(t, 5-2.306004135204166*math.Sqrt(7.5)/3, i.Lo, 1e-12)
	require.InDelta(t, 5+2.306004135204166*math.Sqrt(7.5)/3, i.Hi, 1e-12)
	require.InDelta(t, 2.306004135204166*math.Sqrt(7.5)/3/5, i.Precision(-5), 1e-12)
}

// The values were computed by scipy 1.17.1.
func TestWilsonEqualsScipy(t *testing.T) {
	for _, c := range []struct {
		k, n   uint64
		lo, hi float64
	}{
		{0, 10, 0, 0.27753279986288926}, {3, 10, 0.10779126740630102, 0.6032218525388546},
		{10, 10, 0.7224672001371109, 1}, {950, 1000, 0.9346861797557491, 0.9618697376072511},
	} {
		i := Wilson(c.k, c.n, 0.95)
		require.InDelta(t, c.lo, i.Lo, 1e-12)
		require.InDelta(t, c.hi, i.Hi, 1e-12)
	}
	require.Zero(t, Wilson(0, 10, 0.95).Lo)
	require.Equal(t, 1.0, Wilson(10, 10, 0.95).Hi)
}

// The values were computed by scipy 1.17.1.
func TestPoissonEqualsScipy(t *testing.T) {
	for events, want := range map[uint64]Interval{
		0: {0, 3.6888794541139354}, 1: {0.025317807984289876, 5.571643390938898},
		10: {4.7953886961324335, 18.39035604201778}, 1000: {938.9730184076952, 1063.952136016302},
		1_000_000: {998040.9833402939, 1001961.9119454322},
	} {
		i := Poisson(events, 10, 0.95)
		require.InDelta(t, want.Lo/10, i.Lo, 1e-9*want.Hi)
		require.InDelta(t, want.Hi/10, i.Hi, 1e-9*want.Hi)
	}
}
