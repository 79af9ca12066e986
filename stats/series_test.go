package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// autoregressive draws n values x(i) = φ·x(i-1) + noise.
func autoregressive(seed uint64, n int, phi float64) Series {
	random := rand.New(rand.NewPCG(seed, 0))
	s := make(Series, n)
	last := random.NormFloat64() / math.Sqrt(1-phi*phi)
	for i := range s {
		s[i] = last
		last = phi*last + random.NormFloat64()
	}
	return s
}

func TestAutocorrelationOfAKnownSeries(t *testing.T) {
	r := Series{1, 2, 3, 4}.Autocorrelation(10)
	require.Equal(t, []float64{1, 0.25, -0.3, -0.45}, r)
	require.Empty(t, Series{}.Autocorrelation(3))
	require.Empty(t, Series{1, 2}.Autocorrelation(-1))
	require.True(t, math.IsNaN(Series{2, 2}.Autocorrelation(1)[1]))
}

func TestAutocorrelationOfAnAutoregressionFallsByItsFactor(t *testing.T) {
	r := autoregressive(1, 100_000, 0.5).Autocorrelation(4)
	for k, v := range r {
		require.InDelta(t, math.Pow(0.5, float64(k)), v, 0.02)
	}
}

func TestEffectiveNOfAnAutoregression(t *testing.T) {
	for _, phi := range []float64{0, 0.3, 0.5, 0.9, 0.99} {
		s := autoregressive(2, 100_000, phi)
		require.InEpsilon(t, 100_000*(1-phi)/(1+phi), s.EffectiveN(), 0.25, "φ %v", phi)
	}
}

func TestEffectiveNOfAVeryLongMemoryIsFoundByHalving(t *testing.T) {
	const phi = 0.998 // 1,000 lags
	s := autoregressive(3, 100_000, phi)
	require.InEpsilon(t, 100_000*(1-phi)/(1+phi), s.EffectiveN(), 0.5)
	for i := range s {
		s[i] += float64(i)
	}
	require.Less(t, s.EffectiveN(), 10.0, "a trend is one value")
}

func TestEffectiveNIsBetweenOneAndN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Series(rapid.SliceOfN(rapid.Float64Range(0, 10), 1, 60).Draw(t, "s"))
		n := s.EffectiveN()
		require.LessOrEqual(t, n, float64(len(s)))
		require.Positive(t, n)
		require.LessOrEqual(t, s.EffectiveNAt(0.5), float64(len(s)))
	})
}

func TestEffectiveNOfEqualOrAlternatingValuesIsN(t *testing.T) {
	same, alternating := make(Series, 100), make(Series, 100)
	for i := range same {
		same[i] = 0.1
		alternating[i] = float64(i % 2)
	}
	require.Equal(t, 100.0, same.EffectiveN())
	require.Equal(t, 100.0, same.EffectiveNAt(0.99))
	require.Equal(t, 100.0, alternating.EffectiveN())
	require.Equal(t, 0.0, Series{}.EffectiveN())
}

func TestEffectiveNAtDependsOnWhoIsAboveAlone(t *testing.T) {
	s := autoregressive(4, 5000, 0.5)
	bent := make(Series, len(s))
	for i, v := range s {
		bent[i] = math.Exp(v)
	}
	require.Equal(t, s.EffectiveNAt(0.75), bent.EffectiveNAt(0.75))
	require.Greater(t, s.EffectiveNAt(0.99), s.EffectiveN())
}

func TestIntervalsOfAShortOrTrendingSeriesDoNotExist(t *testing.T) {
	trend := Series(count(100))
	require.False(t, trend.QuantileInterval(0.5, 0.95).Exists())
	require.False(t, Series{}.QuantileInterval(0.5, 0.95).Exists())
	require.False(t, Series{1}.MeanInterval(0.95).Exists())
}

func TestMSER5CutsTheWarmUp(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 0))
	s := make(Series, 1000)
	for i := range s {
		s[i] = 1 + 0.1*random.NormFloat64()
		if i < 100 {
			s[i] += 3
		}
	}
	cut, ok := MSER5(s)
	require.True(t, ok)
	require.Equal(t, 100, cut)

	from, to, ok := s.Steady()
	require.True(t, ok)
	require.Equal(t, 100, from)
	require.InDelta(t, 1000, to, 100)

	slices.Reverse(s) // now it is the cool-down
	from, to, ok = s.Steady()
	require.True(t, ok)
	require.InDelta(t, 0, from, 100)
	require.Equal(t, 900, to)
}

func TestMSER5EqualsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 10), 50, 150).Draw(t, "values")
		batches := batchMeans(values, 5)
		best, want := math.Inf(1), 0
		for d := range len(batches)/2 + 1 {
			rest := batches[d:]
			mser := math.Pow(StdDev(rest), 2) * float64(len(rest)-1) / math.Pow(float64(len(rest)), 2)
			if mser < best*(1-1e-9) {
				best, want = mser, 5*d
			}
		}
		cut, ok := MSER5(values)
		require.Equal(t, want < len(batches)/2*5, ok)
		if ok {
			require.Equal(t, want, cut)
		}
	})
}

func TestMSER5SaysNothingOfWhatDoesNotSettleOrIsShort(t *testing.T) {
	growing := make(Series, 400)
	for i := range growing {
		growing[i] = math.Exp(float64(i) / 20)
	}
	slices.Reverse(growing)
	growing = growing[:100] // still falling at its end
	cut, ok := MSER5(growing)
	require.False(t, ok)
	require.Zero(t, cut)
	_, ok = MSER5(growing[:49])
	require.False(t, ok)
	from, to, ok := growing.Steady()
	require.Equal(t, []any{0, 100, false}, []any{from, to, ok})
}

func TestShortSeriesIsNotSteady(t *testing.T) {
	from, to, ok := Series(count(49)).Steady()
	require.Equal(t, []any{0, 49, false}, []any{from, to, ok})
}

func TestSteadyKeepsTheValuesAfterTheLastWholeBatch(t *testing.T) {
	_, to, ok := make(Series, 503).Steady()
	require.True(t, ok)
	require.Equal(t, 503, to)
}

func TestMSER5LeavesAConstantWhole(t *testing.T) {
	cut, ok := MSER5(make([]float64, 500))
	require.True(t, ok)
	require.Zero(t, cut)
}
