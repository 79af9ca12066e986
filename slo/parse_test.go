package slo_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/llmeter-go/llmeter/slo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func bound(number float64, unit string) slo.Bound { return slo.Bound{Number: number, Unit: unit} }

func TestParseReadsObjectives(t *testing.T) {
	check := func(text string, want slo.Objective, value float64) {
		t.Helper()
		got, err := slo.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, value, got.Bound.Value())
		require.Equal(t, text, got.String())
	}
	check("ttft-p99 < 500ms", slo.Objective{Name: "ttft-p99", Op: slo.Less, Bound: bound(500, "ms")}, 0.5)
	check("itl-p99.9 <= 300us", slo.Objective{Name: "itl-p99.9", Op: slo.AtMost, Bound: bound(300, "us")}, 0.0003)
	check("icl-mean < 7ns", slo.Objective{Name: "icl-mean", Op: slo.Less, Bound: bound(7, "ns")}, 7e-9)
	check("response-p50 > 0.3s", slo.Objective{Name: "response-p50", Op: slo.More, Bound: bound(0.3, "s")}, 0.3)
	check("ttlt-p99-ci95-hi < 1.5m", slo.Objective{Name: "ttlt-p99-ci95-hi", Op: slo.Less, Bound: bound(1.5, "m")}, 90)
	check("time_to_first_token-average < 1s", slo.Objective{Name: "time_to_first_token-average", Op: slo.Less, Bound: bound(1, "s")}, 1)
	check("total_test_time < 10m", slo.Objective{Name: "total_test_time", Op: slo.Less, Bound: bound(10, "m")}, 600)
	check("failed_requests < 1", slo.Objective{Name: "failed_requests", Op: slo.Less, Bound: bound(1, "")}, 1)
	check("ttft-n >= 1000", slo.Objective{Name: "ttft-n", Op: slo.AtLeast, Bound: bound(1000, "")}, 1000)
	check("failed_requests_rate <= 0.1%", slo.Objective{Name: "failed_requests_rate", Op: slo.AtMost, Bound: bound(0.1, "%")}, 0.001)
	check("output_tps > 100 tok/s", slo.Objective{Name: "output_tps", Op: slo.More, Bound: bound(100, "tok/s")}, 100)
	check("output_tps > 100/s", slo.Objective{Name: "output_tps", Op: slo.More, Bound: bound(100, "/s")}, 100)
	check("requests_per_minute > 60 req/m", slo.Objective{Name: "requests_per_minute", Op: slo.More, Bound: bound(60, "req/m")}, 60)
	check("requests_per_minute > 60", slo.Objective{Name: "requests_per_minute", Op: slo.More, Bound: bound(60, "")}, 60)
	check("cost_total < 0.25", slo.Objective{Name: "cost_total", Op: slo.Less, Bound: bound(0.25, "")}, 0.25)
	check("my-own_delay < 5ms", slo.Objective{Name: "my-own_delay", Op: slo.Less, Bound: bound(5, "ms")}, 0.005)
	check("balance > -3", slo.Objective{Name: "balance", Op: slo.More, Bound: bound(-3, "")}, -3)
	check("goodput(ttft<300ms,tpot<40ms) > 95%", slo.Objective{Name: "goodput", Op: slo.More, Bound: bound(95, "%"), Conditions: []slo.Condition{
		{Name: "ttft", Op: slo.Less, Bound: bound(300, "ms")}, {Name: "tpot", Op: slo.Less, Bound: bound(40, "ms")}}}, 0.95)
}

func TestParseReadsOtherSpellingsOfTheSame(t *testing.T) {
	for text, want := range map[string]string{
		"ttft-p99<500ms":                              "ttft-p99 < 500ms",
		"  ttft-p99\t≤ 5e2 ms ":                       "ttft-p99 <= 500ms",
		"tpot-p99 ≥ 20µs":                             "tpot-p99 >= 20us",
		"tpot-p99 > 20μs":                             "tpot-p99 > 20us",
		"output_tps > 100 tokens/s":                   "output_tps > 100 tok/s",
		"requests_per_minute > 60requests/min":        "requests_per_minute > 60 req/m",
		"goodput ( ttft < .3s , tpot <= 40 ms )>95 %": "goodput(ttft<0.3s,tpot<=40ms) > 95%",
		"failed_requests < 1.0e+0":                    "failed_requests < 1",
	} {
		o, err := slo.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, o.String())
	}
}

func TestParseNamesThePositionOfWhatIsWrong(t *testing.T) {
	check := func(text string, pos int, msg string) {
		t.Helper()
		o, err := slo.Parse(text)
		require.Empty(t, o)
		syntax, ok := err.(*slo.SyntaxError)
		require.True(t, ok, "%v", err)
		require.Equal(t, text, syntax.Text)
		require.Equal(t, pos, syntax.Pos)
		require.Contains(t, syntax.Msg, msg)
	}
	check("", 1, "found the end, want a name")
	check("< 5", 1, `found "<", want a name`)
	check("ttft-p99", 9, "found the end, want <, <=, > or >=")
	check("ttft-p99 = 5s", 10, `found "=", want <`)
	check("ttft-p99 <", 11, "found the end, want a number")
	check("ttft-p99 < fast", 12, `found "f", want a number`)
	check("ttft-p99 < 0x10ms", 13, `"x10ms" is not a unit`)
	check("ttft-p99 < Inf", 12, "want a number")
	check("ttft-p99 < 1e999s", 12, "want a number")
	check("ttft-p99 < 1.2.3s", 12, "want a number")
	check("ttft-p99 < 500", 15, "ttft-p99 needs a unit: ns, us, ms, s or m")
	check("ttft-p99 < 500 ", 16, "ttft-p99 needs a unit")
	check("ttft-p99 < 500%", 15, `"%" is not a unit of ttft-p99, which has ns, us, ms, s or m`)
	check("ttft-p99 < 500h", 15, `"h" is not a unit`)
	check("ttft-p99 < 5e", 13, `"e" is not a unit`)
	check("ttft-p99 < -5s", 12, "never negative")
	check("ttft-p99 < 5s 6", 15, `found "6", want the end`)
	check("ttft-p99 < 5s < 6", 15, "want the end")
	check("ttft < 500ms", 1, "ttft needs a statistic, such as ttft-p99")
	check("time_to_first_token < 500ms", 1, "needs a statistic")
	check("failed_requests < 1ms", 20, `"ms" is not a unit of failed_requests, which has no unit`)
	check("ttft-n > 5s", 11, "which has no unit")
	check("failed_requests_rate < 1", 25, "needs a unit: %")
	check("failed_requests_rate < 101%", 24, "never more than 100%")
	check("output_tps > 5 tok/m", 16, "which has tok/s, req/s, /s or no unit")
	check("requests_per_minute > 1/s", 24, "which has tok/m")
	check("cost_total < 5 eur", 16, `"eur" is not a unit of cost_total, which has a time`)
	check("cost_total < 5 eur/s", 16, `"eur/s" is not a unit`)
	check("goodput > 95%", 1, "goodput needs conditions, such as goodput(")
	check("badput(ttft<1s) > 95%", 1, `only goodput has parentheses, not "badput"`)
	check("goodput() > 95%", 9, `found ")", want a name`)
	check("goodput(ttft<1s", 16, `found the end, want "," or ")"`)
	check("goodput(ttft<1s;tpot<1s) > 95%", 15, `"s;tpot" is not a unit`)
	check("goodput(ttft<300,tpot<1s) > 95%", 17, "ttft needs a unit")
	check("goodput(ttft-p99<300ms) > 95%", 9, "a condition is about one request: ttft, not ttft-p99")
	check("goodput(goodput<5%) > 95%", 9, "not a number of one request")
	check("goodput(ttft>) > 95%", 14, `found ")", want a number`)
	check("goodput(ttft) > 95%", 13, `found ")", want <`)
	check("goodput(ttft<1s) > 95", 22, "goodput needs a unit: %")
	check("goodput(ttft<1s) > 0.95s", 24, `"s" is not a unit of goodput, which has %`)
}

var known = []string{"failed_requests", "output_tps", "ttft-mean", "ttft-p50", "ttft-p99", "ttft-n", "tpot-mean", "tpot-p50", "tpot-p99", "tpot-n",
	"time_to_first_token-average", "time_to_first_token-p99", "cost", "cost-mean"}

func TestUnknownNamesListTheKnownOnesAndThoseNearThem(t *testing.T) {
	const all = "; known: failed_requests, output_tps, cost, {ttft,tpot}-{mean,p50,p99,n}, time_to_first_token-{average,p99}, cost-mean"
	check := func(text string, pos int, msg string) {
		t.Helper()
		_, err := slo.Parse(text, known...)
		syntax, ok := err.(*slo.SyntaxError)
		require.True(t, ok, "%v", err)
		require.Equal(t, pos, syntax.Pos)
		require.Equal(t, msg, syntax.Msg)
	}
	check("tftt-p99 < 5s", 1, `unknown name "tftt-p99"; did you mean ttft-p99?`+all)
	check("ttft-p98 < 5s", 1, `unknown name "ttft-p98"; did you mean ttft-p99?`+all)
	check("failed_request < 5", 1, `unknown name "failed_request"; did you mean failed_requests?`+all)
	check("time_to_frist_token-p99 < 5s", 1, `unknown name "time_to_frist_token-p99"; did you mean time_to_first_token-p99?`+all)
	check("latency < 5s", 1, `unknown name "latency"`+all)
	check("ttft < 5s", 1, "ttft needs a statistic, such as ttft-p99")
	check("goodput(ttf<5s) > 95%", 9, `unknown name "ttf"; did you mean ttft?; known: ttft, tpot, time_to_first_token`)
	check("goodput(failed_requests<5) > 95%", 9, `unknown name "failed_requests"; known: ttft, tpot, time_to_first_token`)
	for _, text := range []string{"ttft-p99 < 5s", "cost < 3", "cost-mean < 3", "output_tps > 5", "goodput(ttft<5s,time_to_first_token<5s) > 95%"} {
		_, err := slo.Parse(text, known...)
		require.NoError(t, err)
	}
}

func TestNumbersOfTheSteadyStateAndEndsOfIntervalsAreOfTheKindOfTheirMetric(t *testing.T) {
	names := append([]string{"steady-ttft-p99", "failed_requests_rate", "failed_requests_rate-ci95-hi", "ttft-mean-ci95-lo", "steady-requests_per_second"}, known...)
	for _, text := range []string{"steady-ttft-p99 < 500ms", "failed_requests_rate-ci95-hi < 1%", "ttft-mean-ci95-lo < 1s", "steady-requests_per_second > 5 req/s"} {
		o, err := slo.Parse(text, names...)
		require.NoError(t, err)
		require.Equal(t, text, o.String())
	}
	check := func(text, msg string) {
		t.Helper()
		_, err := slo.Parse(text, names...)
		require.ErrorContains(t, err, msg)
	}
	check("steady-ttft-p99 < 500", "steady-ttft-p99 needs a unit: ns, us, ms, s or m")
	check("failed_requests_rate-ci95-hi < 1s", `"s" is not a unit of failed_requests_rate-ci95-hi, which has %`)
	check("steady-ttft < 1s", "steady-ttft needs a statistic, such as steady-ttft-p99")
	check("goodput(steady-ttft<1s) > 95%", `unknown name "steady-ttft"; known: ttft, tpot, time_to_first_token`)
	check("goodput(failed_requests_rate<1%) > 95%", `unknown name "failed_requests_rate"`)
}

func TestParseAllReportsTheErrorsOfAll(t *testing.T) {
	all, err := slo.ParseAll([]string{"ttft-p99 < 5s", "failed_requests < 1"}, known...)
	require.NoError(t, err)
	require.Equal(t, []slo.Objective{slo.MustParse("ttft-p99 < 5s"), slo.MustParse("failed_requests < 1")}, all)
	all, err = slo.ParseAll([]string{"ttft-p99 < 5", "failed_requests < 1", "latency < 5s"}, known...)
	require.Nil(t, all)
	require.ErrorContains(t, err, "needs a unit")
	require.ErrorContains(t, err, `unknown name "latency"`)
}

func TestMustParsePanicsOnErrors(t *testing.T) {
	require.PanicsWithError(t, `slo: "ttft-p99 < 5", position 13: ttft-p99 needs a unit: ns, us, ms, s or m`, func() { slo.MustParse("ttft-p99 < 5") })
}

func TestObjectivesAreTextInJSON(t *testing.T) {
	type config struct{ Checks []slo.Objective }
	text := `{"Checks":["ttft-p99 \u003c 500ms","goodput(ttft\u003c1s) \u003e 95%"]}`
	var c config
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	require.Equal(t, slo.MustParse("ttft-p99 < 500ms"), c.Checks[0])
	back, err := json.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, text, string(back))
	require.ErrorContains(t, json.Unmarshal([]byte(`{"Checks":["ttft-p99"]}`), &c), "position 9")
}

// objectives generates objectives as Parse would build them.
func objectives() *rapid.Generator[slo.Objective] {
	ops := rapid.SampledFrom([]slo.Op{slo.Less, slo.AtMost, slo.More, slo.AtLeast})
	times := rapid.Custom(func(t *rapid.T) slo.Bound {
		return bound(rapid.Float64Range(0, 1e30).Draw(t, "number"), rapid.SampledFrom([]string{"ns", "us", "ms", "s", "m"}).Draw(t, "unit"))
	})
	return rapid.Custom(func(t *rapid.T) slo.Objective {
		o := slo.Objective{Op: ops.Draw(t, "op"), Bound: bound(rapid.Float64Range(0, 100).Draw(t, "percent"), "%")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			o.Name, o.Bound = rapid.SampledFrom([]string{"ttft-p99", "stall-mean", "time_per_output_token-p90", "response-p99.9-ci95-hi"}).Draw(t, "name"), times.Draw(t, "bound")
		case 1:
			o.Name = rapid.StringMatching(`[a-z_]{1,8}_rate`).Draw(t, "name")
		case 2:
			o.Name = "goodput"
			for range rapid.IntRange(1, 4).Draw(t, "conditions") {
				o.Conditions = append(o.Conditions, slo.Condition{Name: rapid.SampledFrom([]string{"ttft", "tpot", "icl"}).Draw(t, "name"), Op: ops.Draw(t, "op"), Bound: times.Draw(t, "bound")})
			}
		}
		return o
	})
}

func TestEveryObjectiveParsesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := objectives().Draw(t, "o")
		back, err := slo.Parse(o.String())
		require.NoError(t, err)
		require.Equal(t, o, back)
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"ttft-p99 < 500ms", "goodput(ttft<300ms,tpot≤40 ms) > 95%", "failed_requests < 1", "output_tps > 100 tok/s", "requests_per_minute >= 5e-3/min",
		"x < -1e-9%", "ttft < 5", "a-p < 1", "ttft-n > 1", "goodput > 1%", "é ≥ 1µs"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := slo.Parse(text)
		if err != nil {
			syntax, ok := errors.AsType[*slo.SyntaxError](err)
			require.True(t, ok)
			require.True(t, 1 <= syntax.Pos && syntax.Pos <= len(text)+1)
			return
		}
		back, err := slo.Parse(o.String())
		require.NoError(t, err)
		require.Equal(t, o, back)
		outcome := o.CheckWithLag(func(string) (float64, bool) { return 1, true }, 0.5)
		require.NotEqual(t, slo.Undefined, outcome.Status)
		require.NotEmpty(t, outcome.String())
		_, err = slo.Parse(text, known...)
		if err != nil {
			require.IsType(t, &slo.SyntaxError{}, err)
		}
	})
}
