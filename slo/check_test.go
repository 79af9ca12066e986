package slo_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/llmeter-go/llmeter/slo"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func values(m map[string]float64) slo.Lookup {
	return func(name string) (float64, bool) {
		v, ok := m[name]
		return v, ok
	}
}

func one(name string, value float64) slo.Lookup { return values(map[string]float64{name: value}) }

func TestCheckComparesTheValueWithTheBound(t *testing.T) {
	check := func(text string, value float64, status slo.Status, margin float64) {
		t.Helper()
		o := slo.MustParse(text)
		require.Equal(t, slo.Outcome{Objective: o, Status: status, Value: value, Margin: margin}, o.Check(one(o.Key(), value)))
	}
	check("ttft-p99 < 500ms", 0.25, slo.Met, 0.25)
	check("ttft-p99 < 500ms", 0.5, slo.Missed, 0)
	check("ttft-p99 <= 500ms", 0.5, slo.Met, 0)
	check("ttft-p99 < 300ms", 0.3, slo.Missed, 0) // the bound is exactly the float64 that 0.3 is
	check("ttft-p99 < 500ms", 0.75, slo.Missed, -0.25)
	check("output_tps > 100 tok/s", 150, slo.Met, 50)
	check("output_tps > 100 tok/s", 100, slo.Missed, 0)
	check("output_tps >= 100 tok/s", 100, slo.Met, 0)
	check("output_tps >= 100 tok/s", 75, slo.Missed, -25)
	check("failed_requests < 1", 0, slo.Met, 1)
	check("failed_requests_rate < 50%", 0.25, slo.Met, 0.25)
	check("goodput(ttft<300ms) > 50%", 0.75, slo.Met, 0.25)
	check("ttft-p99 < 500ms", math.Inf(1), slo.Missed, math.Inf(-1))
}

func TestWhatTheLookupDoesNotHaveIsUndefined(t *testing.T) {
	o := slo.MustParse("goodput(ttft<300ms,tpot<40ms) > 95%")
	want := slo.Outcome{Objective: o, Missing: []string{"goodput(ttft<300ms,tpot<40ms)"}}
	require.Equal(t, want, o.Check(values(nil)))
	require.Equal(t, want, o.Check(one(o.Key(), math.NaN())))
	require.False(t, want.Sure())
	require.Equal(t, slo.Undefined, slo.Objective{}.Check(values(nil)).Status)
	require.Equal(t, slo.Missed, slo.Objective{}.Check(one("", 0)).Status)
}

func TestAnOutcomeSaysOfHowManyValues(t *testing.T) {
	lookup := values(map[string]float64{"steady-ttft-p99": 0.25, "steady-ttft-n": 12, "goodput(ttft<1s)": 0.5, "goodput(ttft<1s)-n": 8})
	require.Equal(t, 12, slo.MustParse("steady-ttft-p99 < 500ms").Check(lookup).N)
	require.Equal(t, 8, slo.MustParse("goodput(ttft<1s) > 95%").Check(lookup).N)
}

func TestLagMakesATimeInconclusiveOnlyIfItCouldBeTheReason(t *testing.T) {
	check := func(text string, value, lag float64, want slo.Status) {
		t.Helper()
		o := slo.MustParse(text)
		require.Equal(t, want, o.CheckWithLag(one(o.Key(), value), lag).Status)
	}
	check("ttft-p99 < 500ms", 0.25, 10, slo.Met) // met in spite of it
	check("ttft-p99 < 500ms", 0.625, 0.25, slo.Inconclusive)
	check("ttft-p99 < 500ms", 0.625, 0.125, slo.Missed) // the true value is 500 ms at least
	check("ttft-p99 <= 500ms", 0.625, 0.125, slo.Inconclusive)
	check("ttft-p99 < 500ms", 0.625, 0, slo.Missed)
	check("ttft-p99 < 500ms", 0.625, -1, slo.Missed)
	check("ttft-p99 < 500ms", 0.625, math.NaN(), slo.Missed)
	check("ttft-p99 > 500ms", 0.625, 0.25, slo.Inconclusive) // the lag could be why it is so long
	check("ttft-p99 > 500ms", 0.625, 0.0625, slo.Met)
	check("ttft-p99 > 500ms", 0.25, 10, slo.Missed)
	check("failed_requests < 1", 1.5, 10, slo.Missed)
	check("ttft-n < 1", 1.5, 10, slo.Missed)
	check("output_tps < 1", 1.5, 10, slo.Missed)
	check("goodput(ttft<300ms) > 95%", 0.9, 10, slo.Missed)
}

func TestLagNeverTurnsAnAnswerRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := objectives().Draw(t, "o")
		lookup := one(o.Key(), rapid.Float64Range(0, 100).Draw(t, "value"))
		plain := o.Check(lookup)
		late := o.CheckWithLag(lookup, rapid.Float64Range(0, 10).Draw(t, "lag"))
		require.Contains(t, []slo.Status{plain.Status, slo.Inconclusive}, late.Status)
		require.Equal(t, plain.Value, late.Value)
		require.Equal(t, plain.Margin, late.Margin)
		require.Equal(t, plain.Status == slo.Missed && plain.Margin != 0, plain.Margin < 0)
	})
}

func TestSureIsAWholeIntervalOnOneSide(t *testing.T) {
	check := func(text string, lo, value, hi float64, status slo.Status, sure bool) {
		t.Helper()
		o := slo.MustParse(text)
		out := o.Check(values(map[string]float64{o.Key(): value, o.Key() + "-ci95-lo": lo, o.Key() + "-ci95-hi": hi}))
		require.Equal(t, &slo.Interval{Lo: lo, Hi: hi}, out.Interval)
		require.Equal(t, status, out.Status)
		require.Equal(t, sure, out.Sure())
	}
	check("ttft-p99 < 500ms", 0.3, 0.4, 0.45, slo.Met, true)
	check("ttft-p99 < 500ms", 0.3, 0.4, 0.5, slo.Met, false)
	check("ttft-p99 < 500ms", 0.45, 0.6, 0.7, slo.Missed, false)
	check("ttft-p99 < 500ms", 0.5, 0.6, 0.7, slo.Missed, true)
	check("time_to_first_token-p99 < 500ms", 0.3, 0.4, 0.45, slo.Met, true)
	check("goodput(ttft<1s) > 95%", 0.96, 0.97, 0.99, slo.Met, true)
	check("goodput(ttft<1s) > 95%", 0.94, 0.97, 0.99, slo.Met, false)

	o := slo.MustParse("ttft-p99 < 500ms")
	half := o.Check(values(map[string]float64{"ttft-p99": 0.4, "ttft-p99-ci95-lo": 0.3, "ttft-p99-ci95-hi": math.NaN()}))
	require.Nil(t, half.Interval)
	require.False(t, half.Sure())
	late := o.CheckWithLag(values(map[string]float64{"ttft-p99": 0.6, "ttft-p99-ci95-lo": 0.55, "ttft-p99-ci95-hi": 0.7}), 1)
	require.Equal(t, slo.Inconclusive, late.Status)
	require.False(t, late.Sure())
}

func TestARequestIsGoodIfAllItsNumbersAreDefinedAndKept(t *testing.T) {
	conditions, ok := slo.MustParse("goodput(ttft<300ms,tpot<=40ms) > 95%").Goodput()
	require.True(t, ok)
	good := func(request slo.Lookup) bool {
		for _, c := range conditions {
			if !c.Good(request) {
				return false
			}
		}
		return true
	}
	require.True(t, good(values(map[string]float64{"ttft": 0.299, "tpot": 0.04})))
	require.False(t, good(values(map[string]float64{"ttft": 0.3, "tpot": 0.04})))
	require.False(t, good(values(map[string]float64{"ttft": 0.1})), "a single token has no time per output token")
	require.False(t, good(values(map[string]float64{"ttft": 0.1, "tpot": math.NaN()})))

	_, ok = slo.MustParse("ttft-p99 < 1s").Goodput()
	require.False(t, ok)
}

func TestOutcomesPrintAsOneLine(t *testing.T) {
	check := func(text string, want string, lookup map[string]float64, lag float64) {
		t.Helper()
		require.Equal(t, want, slo.MustParse(text).CheckWithLag(values(lookup), lag).String())
	}
	check("ttft-p99 < 500ms", "ttft-p99 < 500ms: met, 420ms", map[string]float64{"ttft-p99": 0.42}, 0)
	check("ttft-p99 < 500ms", "ttft-p99 < 500ms: missed, 612.3ms, off by 112.3ms, 95% interval 580ms to 640.1ms",
		map[string]float64{"ttft-p99": 0.612345, "ttft-p99-ci95-lo": 0.58, "ttft-p99-ci95-hi": 0.64012}, 0)
	check("ttft-p99 < 500ms", "ttft-p99 < 500ms: inconclusive, 501ms, off by 1ms", map[string]float64{"ttft-p99": 0.501}, 0.002)
	check("ttft-p99 < 1m", "ttft-p99 < 1m: missed, 1.5m, off by 0.5m", map[string]float64{"ttft-p99": 90}, 0)
	check("failed_requests < 1", "failed_requests < 1: missed, 12345, off by 12344", map[string]float64{"failed_requests": 12345}, 0)
	check("output_tps > 100 tok/s", "output_tps > 100 tok/s: missed, 66.67 tok/s, off by 33.33 tok/s", map[string]float64{"output_tps": 200.0 / 3}, 0)
	check("goodput(ttft<1s) > 95%", "goodput(ttft<1s) > 95%: undefined, there is no goodput(ttft<1s)", nil, 0)
	require.Equal(t, "slo.Status(9)", slo.Status(9).String())
}

func TestOutcomesCanBeWrittenAsJSON(t *testing.T) {
	for status, lookup := range map[string]slo.Lookup{"undefined": values(nil), "met": one("ttft-p99", 0.25), "missed": one("ttft-p99", 1)} {
		out, err := json.Marshal(slo.MustParse("ttft-p99 < 500ms").Check(lookup))
		require.NoError(t, err)
		require.Contains(t, string(out), `"Status":"`+status+`"`)
	}
}

func Example() {
	stats := map[string]float64{"ttft-p99": 0.42, "failed_requests": 2, "output_tps": 1350, "goodput(ttft<300ms,tpot<40ms)": 0.97}
	lookup := func(key string) (float64, bool) { v, ok := stats[key]; return v, ok }
	for _, text := range []string{"ttft-p99 < 500ms", "failed_requests < 1", "output_tps > 100 tok/s", "goodput(ttft<300ms,tpot<40ms) > 95%"} {
		fmt.Println(slo.MustParse(text).Check(lookup))
	}
	_, err := slo.Parse("ttft-p99 < 500")
	fmt.Println(err)
	// Output:
	// ttft-p99 < 500ms: met, 420ms
	// failed_requests < 1: missed, 2, off by 1
	// output_tps > 100 tok/s: met, 1350 tok/s
	// goodput(ttft<300ms,tpot<40ms) > 95%: met, 97%
	// slo: "ttft-p99 < 500", position 15: ttft-p99 needs a unit: ns, us, ms, s or m
}
