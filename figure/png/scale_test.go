package png

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/figure"
)

func labels(ticks []tick) (all []string) {
	for _, t := range ticks {
		all = append(all, t.label)
	}
	return all
}

func TestTicksAreRoundInTheUnitOfTheAxis(t *testing.T) {
	check := func(a figure.Axis, lo, hi float64, how fit, want ...string) {
		t.Helper()
		require.Equal(t, want, labels(newScale(a, extent{lo, hi}, how, 5).ticks(5)))
	}
	check(figure.Axis{Unit: figure.Seconds}, 0.2, 0.9, rooted, "0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s")
	check(figure.Axis{Unit: figure.Seconds}, 0.2, 0.8, rooted, "0 ms", "200 ms", "400 ms", "600 ms", "800 ms")
	check(figure.Axis{Unit: figure.Seconds}, 0, 36000, tight, "0 h", "2 h", "4 h", "6 h", "8 h", "10 h")
	check(figure.Axis{Unit: figure.Fraction}, 0, 1, rooted, "0 %", "20 %", "40 %", "60 %", "80 %", "100 %")
	check(figure.Axis{}, 0, 3, rooted, "0", "1", "2", "3")
	check(figure.Axis{}, -4, 5, rooted, "−4", "−2", "0", "2", "4", "6")
	check(figure.Axis{Log: true, Unit: figure.Seconds}, 0.01, 2, tight, "10 ms", "30 ms", "100 ms", "300 ms", "1 s")
	check(figure.Axis{Log: true}, 0, 3, rooted, "0", "1", "2", "3") // there is no logarithm of 0
	check(figure.Axis{Log: true, Time: true}, 1, 3, tight, "1", "1.5", "2", "2.5", "3")
	check(figure.Axis{Categories: []string{"a", "b"}}, 0, 0, tight, "a", "b")
}

func TestTicksLieOnTheAxisAndAreNotTooMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := figure.Axis{
			Log:  rapid.Bool().Draw(t, "log"),
			Unit: rapid.SampledFrom([]figure.Unit{figure.None, figure.Seconds, figure.Fraction, "tok/s"}).Draw(t, "unit"),
		}
		lo := math.Pow(10, rapid.Float64Range(-6, 5).Draw(t, "lo"))
		hi := lo * math.Pow(10, rapid.Float64Range(0.001, 6).Draw(t, "ratio"))
		how := rapid.SampledFrom([]fit{tight, loose, rooted}).Draw(t, "fit")
		n := rapid.IntRange(2, 12).Draw(t, "n")
		s := newScale(a, extent{lo, hi}, how, n)
		s.from, s.to = 0, 100
		ticks := s.ticks(n)
		require.LessOrEqual(t, len(ticks), 2*n+3)
		for i, k := range ticks {
			require.True(t, s.at(k.value) > -0.001 && s.at(k.value) < 100.001, "%v", k)
			require.True(t, i == 0 || ticks[i-1].value < k.value)
		}
		require.True(t, s.at(lo) > -0.001 && s.at(hi) < 100.001, "the data lie on the axis too")
	})
}
