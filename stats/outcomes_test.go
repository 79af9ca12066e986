package stats

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOutcomesAreWorthAsMuchAsTheirOnesAndZeros(t *testing.T) {
	for _, n := range []int{1, 2, 63, 64, 65, 1000, 20_000} {
		for _, phi := range []float64{0, 0.5, 0.9, 0.999} { // the last remembers more lags than are summed
			s := autoregressive(uint64(n), n, phi)
			for _, q := range []float64{0.5, 0.9, 0.99} {
				above := s.Above(Quantile(Sorted(s), q))
				require.Equal(t, n, above.N())
				require.InEpsilon(t, above.series().EffectiveN(), above.EffectiveN(), 1e-9, "n %d, φ %v, q %v", n, phi, q)
			}
		}
	}
}

func TestOutcomesCountTheirPairsAtEveryLag(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		yes := rapid.SliceOfN(rapid.Bool(), 1, 300).Draw(t, "yes")
		lag := rapid.IntRange(0, len(yes)-1).Draw(t, "lag")
		var o Outcomes
		for _, y := range yes {
			o.Add(y)
		}
		want := 0
		for i := range yes[lag:] {
			if yes[i] && yes[i+lag] {
				want++
			}
		}
		require.Equal(t, want, o.both(lag))
	})
}

func TestOutcomesThatAreAllAlikeAreWorthTheirNumber(t *testing.T) {
	var none, all, empty Outcomes
	for range 100 {
		none.Add(false)
		all.Add(true)
	}
	require.Equal(t, 100.0, none.EffectiveN())
	require.Equal(t, 100.0, all.EffectiveN())
	require.Equal(t, 0.0, empty.EffectiveN())
}
