package mock_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/mock"
)

func TestDistTexts(t *testing.T) {
	delays := map[string]mock.Delay{
		"0s":                        {},
		"200ms":                     mock.Fixed(200 * ms),
		"exp 50ms":                  mock.Exponential(50 * ms),
		"lognormal 200ms sigma 0.3": mock.LogNormal(200*ms, 0.3),
		"uniform 100ms to 300ms":    mock.Uniform(100*ms, 300*ms),
	}
	for text, want := range delays {
		var d mock.Delay
		require.NoError(t, d.UnmarshalText([]byte(" "+text+" ")), text)
		require.Equal(t, want, d)
		require.Equal(t, text, d.String())
	}
	counts := map[string]mock.Count{
		"0":                      {},
		"64":                     mock.Fixed(64),
		"exp 50":                 mock.Exponential(50),
		"lognormal 64 sigma 1.5": mock.LogNormal(64, 1.5),
		"uniform 0 to 9":         mock.Uniform(0, 9),
	}
	for text, want := range counts {
		var c mock.Count
		require.NoError(t, c.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, c)
		require.Equal(t, text, c.String())
	}
	empty := mock.Fixed(ms)
	require.NoError(t, empty.UnmarshalText(nil))
	require.True(t, empty.IsZero())
}

func TestDistRefusesTextsThatMeanNothing(t *testing.T) {
	for text, want := range map[string]string{
		"200":                       `"200" is not a duration such as 200ms`,
		"exp":                       `"exp" is not a duration`,
		"exp 5":                     `"5" is not a duration`,
		"exp 50ms 60ms":             `want "V"`,
		"lognormal 200ms sigma x":   `"x" is not a number`,
		"lognormal 200ms sigma NaN": "sigma must be a number",
		"lognormal 200ms sigma -1":  "sigma must be a number, not negative",
		"uniform 3ms to 2ms":        "the lower bound is above the upper",
		"-3ms":                      "must not be negative",
	} {
		d := mock.Fixed(ms)
		err := d.UnmarshalText([]byte(text))
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, text)
		require.Equal(t, mock.Fixed(ms), d)
	}
	var c mock.Count
	require.ErrorContains(t, c.UnmarshalText([]byte("5ms")), `"5ms" is not a whole number`)
}

func TestDistOfDurationsDrawsWhatItSays(t *testing.T) {
	const n = 50_000
	mean := func(d mock.Delay) (mean, below float64) {
		r := rand.New(rand.NewPCG(1, 2))
		for range n {
			v := d.Draw(r)
			mean += float64(v) / n
			if v < 200*ms {
				below += 1.0 / n
			}
		}
		return mean / float64(ms), below
	}
	four := func(sd float64) float64 { return 4 * sd / math.Sqrt(n) } // standard errors

	m, _ := mean(mock.Fixed(200 * ms))
	require.InDelta(t, 200, m, 1e-6)
	m, below := mean(mock.Exponential(200 * ms))
	require.InDelta(t, 200, m, four(200))
	require.InDelta(t, 1-1/math.E, below, four(0.5))
	m, below = mean(mock.LogNormal(200*ms, 0.5))
	require.InDelta(t, 200*math.Exp(0.125), m, four(200*math.Exp(0.125)*math.Sqrt(math.Exp(0.25)-1)))
	require.InDelta(t, 0.5, below, four(0.5))
	m, below = mean(mock.Uniform(100*ms, 300*ms))
	require.InDelta(t, 200, m, four(200/math.Sqrt(12)))
	require.InDelta(t, 0.5, below, four(0.5))
}

func TestUniformCountsReachBothBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[int]bool{}
	for range 1000 {
		seen[mock.Uniform(3, 6).Draw(r)] = true
	}
	require.Equal(t, map[int]bool{3: true, 4: true, 5: true, 6: true}, seen)
}

func dists(t *rapid.T) mock.Delay {
	a := rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "a")
	switch rapid.IntRange(0, 3).Draw(t, "shape") {
	case 0:
		return mock.Fixed(time.Duration(a))
	case 1:
		return mock.Exponential(time.Duration(a))
	case 2:
		return mock.LogNormal(time.Duration(a), rapid.Float64Range(0, 1e300).Draw(t, "sigma"))
	}
	return mock.Uniform(time.Duration(a), time.Duration(a)+time.Duration(rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "width")))
}

func TestDistSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := dists(t)
		data, err := json.Marshal(want)
		require.NoError(t, err)
		var got mock.Delay
		require.NoError(t, json.Unmarshal(data, &got), string(data))
		require.Equal(t, want, got)
	})
}

func TestNoDrawIsNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dists(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for range 20 {
			require.GreaterOrEqual(t, d.Draw(r), time.Duration(0), d)
		}
	})
}

func FuzzDist(f *testing.F) {
	for _, seed := range []string{"", "0", "200ms", "exp 50ms", "lognormal 200ms sigma 0.3", "uniform 1ms to 3ms", "exp", "64"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again mock.Delay
		if d.UnmarshalText([]byte(text)) == nil {
			require.NoError(t, again.UnmarshalText([]byte(d.String())))
			require.Equal(t, d, again)
			require.GreaterOrEqual(t, d.Draw(rand.New(rand.NewPCG(1, 1))), time.Duration(0))
		}
		var c, cAgain mock.Count
		if c.UnmarshalText([]byte(text)) == nil {
			require.NoError(t, cAgain.UnmarshalText([]byte(c.String())))
			require.Equal(t, c, cAgain)
		}
	})
}
