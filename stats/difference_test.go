package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func logNormal(random *rand.Rand, n int, median float64) Series {
	values := make(Series, n)
	for i := range values {
		values[i] = median * math.Exp(0.3*random.NormFloat64())
	}
	return values
}

func coins(random *rand.Rand, n int, p float64) Series {
	values := make(Series, n)
	for i := range values {
		if random.Float64() < p {
			values[i] = 1
		}
	}
	return values
}

// judged compares everything there is of one pair, and what is known of it.
func judged(c Comparer, a, b, rateA, rateB Series) []Difference {
	all := []Difference{c.Quantile(a, b, 0.5), c.Quantile(a, b, 0.9), c.Mean(a, b), c.Rate(rateA, rateB)}
	c.Judge(all)
	return all
}

func TestEqualsSeldomDiffer(t *testing.T) {
	for _, n := range []int{20, 200} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		alarms := 0
		const times = 100
		for seed := range uint64(times) {
			c := Comparer{Resamples: 400, Seed: seed}
			for _, d := range judged(c, logNormal(random, n, 1), logNormal(random, n, 1), coins(random, n, 0.1), coins(random, n, 0.1)) {
				if d.Change == More || d.Change == Less {
					alarms++
					break
				}
			}
		}
		require.LessOrEqual(t, alarms, times*8/100, "of %d values", n)
	}
}

func TestWhatDiffersIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	all := judged(Comparer{}, logNormal(random, 400, 1), logNormal(random, 400, 1.2), coins(random, 400, 0.1), coins(random, 400, 0.3))
	for _, d := range all {
		require.Equal(t, More, d.Change)
		require.True(t, d.Interval.Contains(d.Delta))
		require.False(t, d.Interval.Contains(0))
	}
	for _, d := range judged(Comparer{Tolerance: 0.5}, logNormal(random, 400, 1), logNormal(random, 400, 1.2), coins(random, 400, 0.1), coins(random, 400, 0.3)) {
		require.Equal(t, Negligible, d.Change)
	}
}

func TestFewValuesCannotDiffer(t *testing.T) {
	for _, d := range judged(Comparer{}, Series{1, 1.1, 1.2}, Series{90, 91, 92}, Series{0, 0, 0}, Series{1, 1, 1}) {
		require.Equal(t, TooFew, d.Change)
		require.True(t, math.IsNaN(d.Detectable))
	}
	for _, d := range judged(Comparer{}, Series{}, Series{1}, Series{}, Series{1}) {
		require.Equal(t, TooFew, d.Change)
	}
}

func TestIntervalsOfADifferenceOfMeansCoverTheirLevel(t *testing.T) {
	s := sources()[0] // the most skewed
	share := coverage(s, 1000, 1000, 0, func(x Series) Interval { return Comparer{}.Mean(x[:500], x[500:]).Interval })
	require.InDelta(t, 0.95, share, 0.02)
}

func TestExchangingTheSidesExchangesTheSigns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 20), func(i int) float64 { return float64(i) }), 2, 60)
		a, b := Series(values.Draw(t, "a")), Series(values.Draw(t, "b"))
		one := []Difference{Comparer{}.Mean(a, b)}
		other := []Difference{Comparer{}.Mean(b, a)}
		require.Equal(t, one[0].Delta, -other[0].Delta)
		require.InDelta(t, one[0].Interval.Lo, -other[0].Interval.Hi, 1e-9)
		require.InDelta(t, one[0].Interval.Hi, -other[0].Interval.Lo, 1e-9)
	})
}
