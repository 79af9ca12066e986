package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRatioVarianceOfGroups(t *testing.T) {
	// Ratio 10/5 = 2, residuals 1, -1, 0 without autocorrelation: 2/2 over 3 groups, over the squared mean count 25/9.
	require.InDelta(t, 1.0/3/(25.0/9), RatioVariance(Series{3, 5, 2}, Series{1, 3, 1}), 1e-15)
	require.Zero(t, RatioVariance(Series{2, 6, 4}, Series{1, 3, 2}), "every group has the same mean")
	for _, none := range [][2]Series{{nil, nil}, {{1}, {1}}, {{0, 0}, {0, 0}}} {
		require.True(t, math.IsNaN(RatioVariance(none[0], none[1])))
	}
}

func TestRatioVarianceOfSinglesIsThatOfTheirMean(t *testing.T) {
	s := sources()[3].draw(rand.New(rand.NewPCG(1, 1)), 1000)
	ones := make(Series, len(s))
	for i := range ones {
		ones[i] = 1
	}
	deviation := StdDev(s)
	require.InEpsilon(t, deviation*deviation/s.EffectiveN(), RatioVariance(s, ones), 1e-9)
}

// Groups of 1 to 40 values around a mean of their own, which also remembers that of the group before.
func TestIntervalsFromRatioVarianceCoverTheirLevel(t *testing.T) {
	const groups, repeats, truth = 500, 1000, 10.0
	random := rand.New(rand.NewPCG(3, 3))
	hits, naive := 0, 0
	for range repeats {
		sums, counts := make(Series, groups), make(Series, groups)
		var all Sample
		level := 0.0
		for i := range groups {
			level = 0.5*level + random.NormFloat64()
			n := 1 + random.IntN(40)
			for range n {
				v := truth + level + random.NormFloat64()
				sums[i] += v
				all.Add(v)
			}
			counts[i] = float64(n)
		}
		half := 1.96 * math.Sqrt(RatioVariance(sums, counts))
		if math.Abs(all.Mean()-truth) <= half {
			hits++
		}
		if all.MeanInterval(0.95).Contains(truth) {
			naive++
		}
	}
	require.InDelta(t, 0.95, float64(hits)/repeats, 0.02)
	require.Less(t, float64(naive)/repeats, 0.5, "as if the values were independent")
}
