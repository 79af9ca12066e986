package llmetertest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
)

// Run runs r once and ends the test if that fails, or if no request succeeded. Single failed requests are data: an
// objective such as "failed_requests < 1" makes them a failure of the test. A verdict that doubts the numbers is logged.
// Under -short the test is skipped, unless it is in a bubble of testing/synctest.
func Run(t testing.TB, r llmeter.Runner, overrides ...func(*llmeter.RunConfig)) *llmeter.Result {
	t.Helper()
	skipIfShort(t)
	res, err := r.Run(t.Context(), overrides...)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	requireSuccess(t, res)
	logVerdict(t, res)
	return res
}

// skipIfShort skips what takes time under -short.
func skipIfShort(t testing.TB) {
	t.Helper()
	if testing.Short() && !bubbled() {
		t.Skip("a run takes time, and -short is set")
	}
}

// bubbled reports whether time stands still while anything runs, as it does in a bubble of testing/synctest.
func bubbled() bool {
	start := time.Now()
	for range 1000 {
		if !time.Now().Equal(start) {
			return false
		}
	}
	return true
}

// requireSuccess ends the test if nothing was measured.
func requireSuccess(t testing.TB, res *llmeter.Result) {
	t.Helper()
	if failed := res.FailedRequests(); failed == res.TotalRequests {
		t.Fatalf("none of %d requests succeeded%s", failed, errorLines(res))
	}
}

// errorLines tell of failures by kind.
func errorLines(res *llmeter.Result) (lines string) {
	for _, e := range res.Errors() {
		lines += fmt.Sprintf("\n\t%d × %s", e.Count, e.Sample)
	}
	return lines
}

// logVerdict says which numbers may be wrong, and by how much.
func logVerdict(t testing.TB, res *llmeter.Result) {
	t.Helper()
	if res.Verdict.Level != result.Degraded && res.Verdict.Level != result.Invalid {
		return
	}
	var reasons []string
	for _, r := range res.Verdict.Reasons {
		if r.Unit == "s" {
			reasons = append(reasons, fmt.Sprintf("up to %s of %s may be the client's own", seconds(r.Error), r.Metric))
		} else {
			reasons = append(reasons, fmt.Sprintf("%s: %.3g %s", r.Metric, r.Error, r.Unit))
		}
	}
	t.Logf("measurement %s: %s", res.Verdict.Level, strings.Join(reasons, "; "))
}

// seconds prints a time with three digits: "20.3ms".
func seconds(s float64) string { return time.Duration(math.Round(rounded(s) * 1e9)).String() }
