package llmetertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// A Checker holds results to objectives and baselines. The zero Checker is what [Check] and [Baseline] use.
type Checker struct {
	// Strict makes a failure of what the client's own lag leaves undecided: it may have been late enough to be the reason
	// that a time was too long. Otherwise that is logged.
	Strict bool

	// Tolerance is the share by which latencies may grow over a baseline. 0 = DefaultTolerance.
	Tolerance float64
}

// Check fails the test for each objective that res does not meet, with the number, its interval and its n. Package slo says
// what an objective is; names are those of res.Stats, and "goodput(ttft<300ms,tpot<40ms) > 95%". A text that is no objective ends
// the test, with the position of the mistake; so does a call without objectives.
//
// An objective that is missed by no more than the client's own lag is inconclusive: that is logged, see [Checker.Strict].
func Check(t testing.TB, res *llmeter.Result, objectives ...string) {
	t.Helper()
	Checker{}.Check(t, res, objectives...)
}

// Check is the function Check with the settings of c.
func (c Checker) Check(t testing.TB, res *llmeter.Result, objectives ...string) {
	t.Helper()
	if len(objectives) == 0 {
		t.Fatal("no objectives to check")
	}
	parsed, err := slo.ParseAll(objectives)
	if err != nil {
		t.Fatal(err)
	}
	st := res.Stats()
	for _, o := range parsed {
		lookup := st.Lookup
		n := countBehind(o, st)
		if conditions, ok := o.Goodput(); ok {
			if lookup, n, err = goodput(o.Key(), conditions, res); err != nil {
				t.Fatal(err)
			}
		}
		out := o.CheckWithLag(lookup, res.Verdict.Lag(o.Name))
		line := fmt.Sprintf("%v, n = %d", out, n)
		switch {
		case out.Status == slo.Undefined:
			t.Errorf("%v%s", out, unknown(o, st))
		case out.Status == slo.Missed, out.Status == slo.Inconclusive && c.Strict:
			t.Error(line)
		case out.Status == slo.Inconclusive:
			t.Log(line)
		case !isBenchmark(t): // whose log is always shown
			t.Log(line)
		}
	}
}

// countBehind is from how many values a number of a run was computed.
func countBehind(o slo.Objective, st llmeter.Stats) int {
	metric, _, _ := strings.Cut(o.Name, "-")
	for _, key := range []string{metric + "-n", "total_requests"} {
		if n, ok := st.Lookup(key); ok {
			return int(n)
		}
	}
	return 0
}

// unknown says which names there are that are near that of an objective.
func unknown(o slo.Objective, st llmeter.Stats) string {
	var names []string
	for name := range st.All() {
		names = append(names, name)
	}
	if _, err := slo.Parse(o.String(), names...); err != nil {
		return "\n" + err.Error()
	}
	return ""
}

// goodput answers for the share of attempted requests that were good, with its interval, and their number.
func goodput(key string, conditions []slo.Condition, res *llmeter.Result) (slo.Lookup, int, error) {
	good, all := 0, 0
	for r, err := range res.Responses() {
		if err != nil {
			return nil, 0, err
		}
		all++
		meets := func(c slo.Condition) bool { return c.Good(r.Metric) }
		if !r.Failed() && !slices.ContainsFunc(conditions, func(c slo.Condition) bool { return !meets(c) }) {
			good++
		}
	}
	i := stats.Wilson(uint64(good), uint64(all), 0.95)
	return func(name string) (float64, bool) {
		switch name {
		case key:
			return float64(good) / float64(all), all > 0
		case key + "-ci95-lo":
			return i.Lo, all > 0
		case key + "-ci95-hi":
			return i.Hi, all > 0
		}
		return 0, false
	}, all, nil
}
