package llmetertest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// A Checker holds results to objectives and baselines. The zero Checker is what [Check] and [Baseline] use.
type Checker struct {
	// Strict makes a failure of what the client itself leaves undecided: it may have been late enough, or have done too
	// little, to be the reason for a bad number. Otherwise that is logged.
	Strict bool

	// Tolerance is the share by which latencies may grow over a baseline. 0 = DefaultTolerance.
	Tolerance float64
}

// Check fails the test for each objective that res does not meet, with the number, its interval and its n. Objectives are
// what package slo reads: "ttft-p99 < 500ms", "goodput(ttft<300ms,tpot<40ms) > 95%"; their names are [result.Keys] and whatever
// else res.Stats has. A text that is no objective ends the test, with the position of the mistake. Without any, the
// objectives of the run itself are checked.
//
// An objective that may be missed because of the client alone is inconclusive (see [result.Result.Check]): that is logged,
// and fails the test only if [Checker.Strict] says so.
func Check(t testing.TB, res *llmeter.Result, objectives ...string) {
	t.Helper()
	Checker{}.Check(t, res, objectives...)
}

// Check is the function Check with the settings of c.
func (c Checker) Check(t testing.TB, res *llmeter.Result, objectives ...string) {
	t.Helper()
	parsed, err := slo.ParseAll(objectives, names(res)...)
	if err != nil {
		t.Fatal(err)
	}
	if len(objectives) == 0 {
		parsed = res.Objectives
	}
	if len(parsed) == 0 {
		t.Fatal("there are no objectives to check")
	}
	for _, out := range res.Check(parsed) {
		line := fmt.Sprintf("%v, n = %d", out, cmp.Or(out.N, res.TotalRequests))
		switch {
		case out.Status == slo.Missed, out.Status == slo.Undefined, out.Status == slo.Inconclusive && c.Strict:
			t.Error(line)
		case out.Status == slo.Inconclusive, !isBenchmark(t): // a benchmark's log is always shown
			t.Log(line)
		}
	}
}

// names are the numbers that objectives of res can be about.
func names(res *llmeter.Result) []string {
	all := result.Keys()
	st := res.Stats()
	for name := range st.All() { // callbacks may have added some
		if _, number := st.Lookup(name); number && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// isBenchmark reports whether t is a benchmark.
func isBenchmark(t testing.TB) bool {
	_, is := t.(*testing.B)
	return is
}
