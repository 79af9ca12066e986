package stats

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pairs counts U from its definition.
func pairs(x, y []float64) (u float64) {
	for _, a := range x {
		for _, b := range y {
			switch {
			case a > b:
				u++
			case a == b:
				u += 0.5
			}
		}
	}
	return u
}

func TestMannWhitneyIsExactForFewValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Map(rapid.IntRange(0, 6), func(i int) float64 { return float64(i) / 10 })
		x := rapid.SliceOfN(value, 1, 6).Draw(t, "x")
		y := rapid.SliceOfN(value, 1, 6).Draw(t, "y")
		test := MannWhitney(SampleOf(x), SampleOf(y))
		require.Equal(t, pairs(x, y), test.U)
		require.True(t, test.Exact)

		all := append(append([]float64(nil), x...), y...)
		seen := math.Abs(2*test.U - float64(len(x)*len(y)))
		var far, choices float64
		for chosen := range 1 << len(all) {
			if bits.OnesCount(uint(chosen)) != len(x) {
				continue
			}
			var one, other []float64
			for i, v := range all {
				if chosen>>i&1 == 1 {
					one = append(one, v)
				} else {
					other = append(other, v)
				}
			}
			choices++
			if math.Abs(2*pairs(one, other)-float64(len(x)*len(y))) >= seen {
				far++
			}
		}
		require.InEpsilon(t, far/choices, test.P, 1e-12)
	})
}

// The p-values were computed by scipy 1.17.1.
func TestMannWhitneyEqualsScipy(t *testing.T) {
	exact := MannWhitney(SampleOf([]float64{1.1, 2.2, 3.3, 4.4, 7.7}), SampleOf([]float64{5.5, 6.6, 8.8, 9.9, 10.1, 11.2}))
	require.Equal(t, 2.0, exact.U)
	require.InDelta(t, 0.017316017316017316, exact.P, 1e-15)
	require.Equal(t, 2.0/30, exact.Superiority)

	var x, y Sample
	for _, v := range []float64{1, 2, 2, 3, 5, 5, 7} {
		x.AddN(v, 8)
	}
	for _, v := range []float64{2, 4, 5, 6, 6, 8, 9} {
		y.AddN(v, 6)
	}
	limit := MannWhitney(&x, &y)
	require.False(t, limit.Exact)
	require.Equal(t, 576.0, limit.U)
	require.InEpsilon(t, 1.2869877244743335e-05, limit.P, 1e-9)
}

func TestMannWhitneyIsSymmetric(t *testing.T) {
	for _, n := range []int{20, 40} {
		x, y := SampleOf(exponential(1, n, 1)), SampleOf(exponential(2, n+5, 2))
		one, other := MannWhitney(x, y), MannWhitney(y, x)
		require.InEpsilon(t, one.P, other.P, 1e-12)
		require.InDelta(t, 1, one.Superiority+other.Superiority, 1e-12)
	}
}

func TestMannWhitneyAgreesAcrossItsLimit(t *testing.T) {
	x, y := SampleOf(exponential(3, 25, 1)), SampleOf(exponential(4, 25, 1.7))
	test := MannWhitney(x, y)
	require.True(t, test.Exact)
	require.InDelta(t, test.P, normalRankP(tieGroups(x, y), 25, 25, test.U), 0.005)
}

func TestMannWhitneyOfNothingOrEqualValues(t *testing.T) {
	require.True(t, math.IsNaN(MannWhitney(new(Sample), SampleOf(count(3))).P))
	var x, y Sample
	x.AddN(1, 100)
	y.AddN(1, 100)
	require.Equal(t, RankTest{U: 5000, Superiority: 0.5, P: 1}, MannWhitney(&x, &y))
}

func TestHolmEqualsRsAdjustment(t *testing.T) {
	require.InDeltaSlice(t, []float64{0.05, 0.08, 0.09, 0.09, 0.09}, Holm([]float64{0.01, 0.02, 0.03, 0.04, 0.05}), 1e-15)
	require.InDeltaSlice(t, []float64{0.09, 0.03, 0.9}, Holm([]float64{0.045, 0.01, 0.9}), 1e-15)
	require.Empty(t, Holm(nil))
}

func TestHolmLeavesNaNAloneAndLiesBetweenThePValueAndBonferronis(t *testing.T) {
	adjusted := Holm([]float64{0.04, math.NaN(), 0.01})
	require.InDelta(t, 0.04, adjusted[0], 1e-15)
	require.True(t, math.IsNaN(adjusted[1]))
	require.InDelta(t, 0.02, adjusted[2], 1e-15)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		for i, a := range Holm(p) {
			require.GreaterOrEqual(t, a, p[i])
			require.LessOrEqual(t, a, min(1, p[i]*float64(len(p)))+1e-15)
		}
	})
}
