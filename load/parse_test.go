package load_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter/load"
	"github.com/stretchr/testify/require"
)

func TestParseReadsEveryKindOfPart(t *testing.T) {
	check := func(text string, want load.Arrivals) {
		t.Helper()
		got, err := load.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
	const s, m = time.Second, time.Minute
	check("const 20/s", load.Constant{Rate: 20})
	check("const 0.5/s for 1m30s", load.Constant{Rate: 0.5, For: 90 * s})
	check("poisson 50/s for 2m", load.Poisson{Rate: 50, For: 2 * m})
	check("gamma 50/s", load.Gamma{Rate: 50})
	check("gamma 50/s burstiness 0.5 for 1m", load.Gamma{Rate: 50, Burstiness: 0.5, For: m})
	check("uniform 1000000/s for 1h", load.Uniform{Rate: 1e6, For: time.Hour})
	check("ramp 1/s to 200/s over 5m", load.Ramp{From: 1, To: 200, Over: 5 * m})
	check("exponential ramp 200/s to 1/s over 250ms", load.Ramp{From: 200, To: 1, Over: s / 4, Exponential: true})
	check("steps 10/s, 20/s, 40/s each 30s", load.Steps{Rates: []load.Rate{10, 20, 40}, Each: 30 * s})
	check("pause 10s", load.Pause{For: 10 * s})
	check("trace 0s 655/52, 105ms, 105ms 0/26 speed 2",
		load.Trace{Speed: 2, Entries: []load.Entry{{Input: 655, Output: 52}, {Offset: 105 * time.Millisecond}, {Offset: 105 * time.Millisecond, Output: 26}}})
	check("shard 1/4 of poisson 50/s", load.Shard(load.Poisson{Rate: 50}, 1, 4))
	check("shard 0/2 of shard 1/2 of (pause 1s then const 2/s)",
		load.Shard(load.Shard(load.Sequence{load.Pause{For: s}, load.Constant{Rate: 2}}, 1, 2), 0, 2))
	check("ramp 1/s to 20/s over 1m then const 20/s", load.Sequence{load.Ramp{From: 1, To: 20, Over: m}, load.Constant{Rate: 20}})
	check("(pause 1s then pause 2s) then pause 3s",
		load.Sequence{load.Sequence{load.Pause{For: s}, load.Pause{For: 2 * s}}, load.Pause{For: 3 * s}})
}

func TestParseReadsOtherSpellingsOfTheSame(t *testing.T) {
	for text, want := range map[string]string{
		"const 120/m":                    "const 2/s",
		"const 1800 / h for 60s":         "const 0.5/s for 1m",
		" poisson\t5e1/s\nfor 2m0s ":     "poisson 50/s for 2m",
		"(((const 1/s)))":                "const 1/s",
		"pause 1.5h":                     "pause 1h30m",
		"steps 1/s,2/s each 1s":          "steps 1/s, 2/s each 1s",
		"const 0.0000001/s":              "const 1e-07/s",
		"pause 0.5µs then const 1/s":     "pause 500ns then const 1/s",
		"gamma 5/s burstiness 1.50":      "gamma 5/s burstiness 1.5",
		"trace 1s,2s":                    "trace 1s, 2s",
		"shard 0/1 of (const 1/s)":       "shard 0/1 of const 1/s",
		"const 1/s for 1h0m0s":           "const 1/s for 1h",
		"const 1/s for 1h then pause 1s": "const 1/s for 1h then pause 1s",
	} {
		a, err := load.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, a.String())
	}
}

func TestParseNamesThePositionOfWhatIsWrong(t *testing.T) {
	check := func(text string, pos int, msg string) {
		t.Helper()
		a, err := load.Parse(text)
		require.Nil(t, a)
		syntax, ok := err.(*load.SyntaxError)
		require.True(t, ok, "%v", err)
		require.Equal(t, text, syntax.Text)
		require.Equal(t, pos, syntax.Pos)
		require.Contains(t, syntax.Msg, msg)
	}
	check("", 1, "found the end, want const, poisson, gamma")
	check("poison 50/s", 1, `found "poison", want const, poisson`)
	check("const", 6, "found the end, want a number")
	check("const fast", 7, `found "fast", want a number`)
	check("const 20", 9, `found the end, want "/"`)
	check("const 20/d", 10, `found "d", want s, m or h`)
	check("const 0/s", 7, "the rate 0/s must be more than 0 and at most 1e9/s")
	check("const -3/s", 7, "the rate -3/s")
	check("const NaN/s", 7, "the rate NaN/s")
	check("const Inf/s", 7, "the rate +Inf/s")
	check("const 1e999/s", 7, "the rate +Inf/s")
	check("const 20/s for 0s", 16, "the time 0s must be more than 0")
	check("const 20/s for -1m then const 1/s", 16, "the time -1m0s")
	check("const 20/s for 10", 16, `found "10", want a time with its unit`)
	check("const 20/s 2m", 12, `found "2m", want the end`)
	check("gamma 1/s burstiness 0", 22, "the burstiness 0")
	check("ramp 1/s 2/s over 1m", 10, `found "2", want "to"`)
	check("ramp 1/s to 2/s", 16, `found the end, want "over"`)
	check("ramp 0/s to 2/s over 1m", 6, "the rate 0/s")
	check("exponential 1/s", 13, `found "1", want "ramp"`)
	check("steps 1/s, each 1s", 12, `found "each", want a number`)
	check("pause", 6, "want a time")
	check("trace", 6, "want a time")
	check("trace 1s, 500ms", 11, "less than the one before")
	check("trace -1s", 7, "must not be negative")
	check("trace 0s 5", 11, `want "/"`)
	check("trace 0s 5/x", 12, "want a whole number")
	check("trace 0s 5/-1", 12, "want a whole number")
	check("trace 0s speed 0", 16, "the speed 0")
	check("shard 4/4 of const 1/s", 7, "the rank 4 must be at least 0 and less than the world 4")
	check("shard x/4 of const 1/s", 7, "want a whole number")
	check("shard 0/4 const 1/s", 11, `want "of"`)
	check("(const 1/s", 11, `found the end, want ")"`)
	check("const 1/s)", 10, `found ")", want the end`)
	check("pause 1s then", 14, "found the end, want const")
	check("pause 1s then const 1/s then pause 1s", 15, "this part has no end")
	check("pause 2000000h then pause 2000000h", 1, "too long")
	check("steps 1/s, 1/s each 2000000h", 1, "too long")
	check(strings.Repeat("(", 200), 102, "within each other")
	check(strings.Repeat("shard 0/1 of ", 200), 1314, "within each other")
}

func TestParseReportsAllImpossibleValuesAtOnce(t *testing.T) {
	_, err := load.Parse("ramp 0/s to -1/s over 1m then gamma 1/s burstiness -2 for -1s")
	var positions []int
	for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
		positions = append(positions, one.(*load.SyntaxError).Pos)
	}
	require.Equal(t, []int{6, 13, 52, 59}, positions)
	syntax, ok := errors.AsType[*load.SyntaxError](err)
	require.True(t, ok)
	require.Equal(t, 6, syntax.Pos)
}

func TestSyntaxErrorsOfLongTextsShowThePlaceOnly(t *testing.T) {
	_, err := load.Parse("trace " + strings.Repeat("1s, ", 1000) + "2x, 3s")
	require.EqualError(t, err, `load: "… 1s, 1s, 1s, 1s, 1s, 1s, 1s, 2x, 3s…", position 4007: found "2x", want a time with its unit, such as 90s or 1m30s`)
	_, err = load.Parse("const 20")
	require.EqualError(t, err, `load: "const 20", position 9: found the end, want "/"`)
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"const 20/s for 1m", "poisson 50/s", "gamma 50/s burstiness 0.5 for 1m", "uniform 3/m", "ramp 1/s to 200/s over 5m",
		"exponential ramp 1/s to 2/h over 5m", "steps 1/s, 2/s each 1s", "pause 1s then (const 1/s for 1s then const 2/s)",
		"trace 0s 1/2, 1s speed 0.5", "shard 1/4 of (pause 1ns then const 1/s)", "const 0/s then const NaN/s", "((",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := load.Parse(text)
		if err != nil {
			require.Nil(t, a)
			syntax, ok := errors.AsType[*load.SyntaxError](err)
			require.True(t, ok)
			require.True(t, 1 <= syntax.Pos && syntax.Pos <= len(text)+1)
			return
		}
		require.NoError(t, load.Validate(a))
		back, err := load.Parse(a.String())
		require.NoError(t, err)
		require.Equal(t, a, back)
		if !strings.Contains(text, "shard") { // one stripe of a billion takes long to find
			first(a, 1, 10)
		}
	})
}

func TestThinkTimesParseBackFromTheirText(t *testing.T) {
	check := func(text string, want load.ThinkTime) {
		t.Helper()
		got, err := load.ParseThinkTime(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
		require.NoError(t, got.Validate())
	}
	check("0s", load.Fixed{})
	check("1m30s", load.Fixed{For: 90 * time.Second})
	check("1s to 5s", load.Between{Min: time.Second, Max: 5 * time.Second})
	check("exponential 2s", load.Exponential{Mean: 2 * time.Second})
}

func TestParseThinkTimeNamesThePositionOfWhatIsWrong(t *testing.T) {
	for text, pos := range map[string]int{"": 1, "2": 1, "-2s": 1, "5s to 1s": 1, "1s to": 6, "1s to -2s": 7, "exponential": 12, "exponential -1s": 13, "1s 2s": 4} {
		think, err := load.ParseThinkTime(text)
		require.Nil(t, think)
		syntax, ok := errors.AsType[*load.SyntaxError](err)
		require.True(t, ok)
		require.Equal(t, pos, syntax.Pos, "%q", text)
	}
}
