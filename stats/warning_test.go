package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMinNExpectsOneValueBeyondTheQuantile(t *testing.T) {
	for q, n := range map[float64]uint64{0.5: 2, 0.9: 10, 0.95: 20, 0.99: 100, 0.999: 1000, 0.9999: 10_000, 0.01: 100} {
		require.Equal(t, n, MinN(q), "%v", q)
	}
	require.Equal(t, uint64(math.MaxUint64), MinN(1))
	require.EqualValues(t, 500, MinApproximateN(0.5))
	require.EqualValues(t, 500, MinApproximateN(0.9))
	require.EqualValues(t, 2000, MinApproximateN(0.99))
}

func TestWarningsAppearExactlyBelowTheirLimits(t *testing.T) {
	for _, c := range []struct {
		code string
		n    float64 // the first without a warning
		warn func(n float64) (Warning, bool)
		text string // one below
	}{
		{FewSamples, 100, func(n float64) (Warning, bool) { return QuantileWarning(0.99, n) },
			"p99 of 99 effective values: at least 100 are needed"},
		{FewSamples, 1000, func(n float64) (Warning, bool) { return QuantileWarning(0.999, n) },
			"p99.9 of 999 effective values: at least 1000 are needed"},
		{NoInterval, 368, func(n float64) (Warning, bool) { return IntervalWarning(0.99, 0.95, n) },
			"p99 of 367 effective values has no 95 % interval: at least 368 are needed"},
		{Approximate, 2000, func(n float64) (Warning, bool) { return ApproximateWarning(0.99, uint64(n)) },
			"the interval of p99 of 1999 values is approximate: its coverage is known from 2000 on"},
		{Approximate, 500, func(n float64) (Warning, bool) { return ApproximateMeanWarning(uint64(n)) },
			"the interval of the mean of 499 values is approximate: its coverage is known from 500 on"},
		{Dependent, 50, func(n float64) (Warning, bool) { return DependentWarning(100, n) },
			"100 values, alike in time, count for 49 independent ones"},
	} {
		_, warned := c.warn(c.n)
		require.False(t, warned, c.text)
		w, warned := c.warn(c.n - 1)
		require.True(t, warned)
		require.Equal(t, Warning{c.code, c.text}, w)
		require.Equal(t, c.text, w.String())
	}
}
