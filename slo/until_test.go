package slo_test

import (
	"errors"
	"math"
	"testing"

	"github.com/llmeter-go/llmeter/slo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestUntilNamesNumbersAndHowSurelyTheyAreToBeKnown(t *testing.T) {
	want := slo.Until{{Name: "ttft-p99", Within: 0.05}, {Name: "itl-mean", Within: 0.01}}
	for _, text := range []string{"ttft-p99 ci < 5%, itl-mean ci < 1%", "ttft-p99 ci<5% and itl-mean ci < 1 %", " ttft-p99  ci < 5.0%,itl-mean ci < 1e0% "} {
		u, err := slo.ParseUntil(text)
		require.NoError(t, err)
		require.Equal(t, want, u)
	}
	require.Equal(t, "ttft-p99 ci < 5%, itl-mean ci < 1%", want.String())
	require.Equal(t, want, slo.MustParseUntil(want.String()))
	require.Panics(t, func() { slo.MustParseUntil("") })
	require.Empty(t, slo.Until(nil).String())
}

func TestUntilNamesThePositionOfWhatIsWrong(t *testing.T) {
	names := append([]string{"ttft-p99-ci95-lo", "ttft-p99-ci95-hi", "ttft-mean-ci95-lo"}, known...)
	check := func(text string, pos int, msg string) {
		t.Helper()
		_, err := slo.ParseUntil(text, names...)
		syntax, ok := errors.AsType[*slo.SyntaxError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, msg, syntax.Msg)
		require.Equal(t, pos, syntax.Pos)
	}
	check("", 1, "found the end, want a name, such as ttft-p99")
	check("ttft-p99", 9, `found the end, want "ci", as in "ttft-p99 ci < 5%"`)
	check("ttft-p99 < 5%", 10, `found "<", want "ci", as in "ttft-p99 ci < 5%"`)
	check("ttft-p99 ci > 5%", 13, `found ">", want <`)
	check("ttft-p99 ci < x", 15, `found "x", want a number`)
	check("ttft-p99 ci < 5", 16, "found the end, want %")
	check("ttft-p99 ci < 0%", 15, "a precision is above 0% and at most 100%")
	check("ttft-p99 ci < 5% ttft", 18, `found "t", want ",", "and" or the end`)
	check("tftt-p99 ci < 5%", 1, `unknown name "tftt-p99"; did you mean ttft-p99?; known: ttft-{mean,p99}`)
	check("ttft-p50 ci < 5%", 1, "ttft-p50 has no interval; these have: ttft-{mean,p99}")
	check("ttft-p99 ci < 5%, output_tps ci < 5%", 19, "output_tps has no interval; these have: ttft-{mean,p99}")
}

func TestAPrecisionIsHalfTheIntervalAsAShareOfTheValue(t *testing.T) {
	p := slo.Precision{Name: "x", Within: 0.25}
	check := func(want float64, enough bool, numbers map[string]float64) {
		t.Helper()
		got, ok := p.Reached(values(numbers))
		require.Equal(t, enough, ok)
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(got))
			return
		}
		require.Equal(t, want, got)
	}
	check(0.125, true, map[string]float64{"x": 4, "x-ci95-lo": 3.5, "x-ci95-hi": 4.5})
	check(0.25, false, map[string]float64{"x": -4, "x-ci95-lo": -5, "x-ci95-hi": -3})
	check(math.NaN(), false, map[string]float64{"x": 0, "x-ci95-lo": 0, "x-ci95-hi": 0})
	check(math.NaN(), false, map[string]float64{"x": 4, "x-ci95-lo": 4})
	check(math.NaN(), false, nil)
}

func TestEveryUntilParsesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u slo.Until
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			u = append(u, slo.Precision{
				Name:   rapid.SampledFrom([]string{"ttft-p99", "itl-mean", "failed_requests_rate"}).Draw(t, "name"),
				Within: float64(rapid.IntRange(1, 1000).Draw(t, "within")) / 1000,
			})
		}
		back, err := slo.ParseUntil(u.String())
		require.NoError(t, err)
		require.Len(t, back, len(u))
		for i := range u {
			require.Equal(t, u[i].Name, back[i].Name)
			require.InEpsilon(t, u[i].Within, back[i].Within, 1e-3)
		}
	})
}

func FuzzParseUntil(f *testing.F) {
	for _, text := range []string{"ttft-p99 ci < 5%", "a ci<1%,b ci < 2 % and c ci < 1e1%", "x ci < 5%and", "ci ci ci"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := slo.ParseUntil(text)
		if err != nil {
			syntax, ok := errors.AsType[*slo.SyntaxError](err)
			require.True(t, ok)
			require.True(t, 1 <= syntax.Pos && syntax.Pos <= len(text)+1)
			return
		}
		_, err = slo.ParseUntil(u.String())
		require.NoError(t, err)
	})
}
