package llmetertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

func check(t *testing.T, c llmetertest.Checker, res *llmeter.Result, objectives ...string) *fake {
	t.Helper()
	return in(t, func(t testing.TB) { c.Check(t, res, objectives...) })
}

func TestObjectivesThatAreMetPassAndAreLogged(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	told := in(t, func(t testing.TB) {
		llmetertest.Check(t, res, "ttft-p99 < 500ms", "failed_requests < 1", "goodput(ttft<300ms,ttlt<1s) > 75%", "output_tokens_per_second > 10 tok/s")
	})
	requirePasses(t, told)
	require.Equal(t, []string{
		"ttft-p99 < 500ms: met, 200ms, n = 20",
		"failed_requests < 1: met, 0, n = 20",
		"goodput(ttft<300ms,ttlt<1s) > 75%: met, 100%, 95% interval 83.89% to 100%, n = 20",
		"output_tokens_per_second > 10 tok/s: met, 16.67 tok/s, n = 20",
	}, told.logs)
}

func TestEachObjectiveThatIsMissedFailsWithItsNumberItsIntervalAndN(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	told := check(t, llmetertest.Checker{}, res, "ttft-p50 < 150ms", "ttft-p99 < 500ms", "goodput(ttft<100ms) > 95%", "itl-mean > 1s")
	require.Empty(t, told.fatals)
	require.Equal(t, []string{
		"ttft-p50 < 150ms: missed, 200ms, off by 50ms, 95% interval 200ms to 200ms, n = 20",
		"goodput(ttft<100ms) > 95%: missed, 0%, off by 95%, 95% interval 0% to 16.11%, n = 20",
		"itl-mean > 1s: missed, 0.04s, off by 0.96s, n = 20",
	}, told.errors)
}

func TestTextsThatAreNoObjectivesEndTheTestWithTheirPositions(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	told := check(t, llmetertest.Checker{}, res, "ttft-p99 < 500", "failed_requests < 1", "ttft-p99 ! 1s")
	requireFatal(t, told, `(?s)ttft-p99 < 500.*15.*ttft-p99 ! 1s.*10`)
	require.Empty(t, told.errors)

	requireFatal(t, check(t, llmetertest.Checker{}, res), "no objectives")
}

func TestNumbersThatThereAreNotFail(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	requireFatal(t, check(t, llmetertest.Checker{}, res, "tfft-p99 < 500ms"), "did you mean ttft-p99")

	whole := measured(t, 200*time.Millisecond, func(c *llmeter.RunConfig) { c.Endpoint = slow(time.Second) })
	told := check(t, llmetertest.Checker{}, whole, "ttft-p99 < 500ms", "ttlt-p99 < 2s")
	require.Len(t, told.errors, 1)
	require.Contains(t, told.errors[0], "ttft-p99 < 500ms: undefined, there is no ttft-p99")
}

func TestWithoutObjectivesTheRunsOwnAreChecked(t *testing.T) {
	res := measured(t, 200*time.Millisecond, func(c *llmeter.RunConfig) {
		c.Objectives = []slo.Objective{slo.MustParse("ttft-p50 < 150ms"), slo.MustParse("goodput(ttft<1s) >= 100%")}
	})
	told := check(t, llmetertest.Checker{}, res)
	require.Equal(t, []string{"ttft-p50 < 150ms: missed, 200ms, off by 50ms, 95% interval 200ms to 200ms, n = 20"}, told.errors)
	require.Len(t, told.logs, 1)
}

func TestNumbersOfCallbacksCanBeChecked(t *testing.T) {
	res := measured(t, 200*time.Millisecond, func(c *llmeter.RunConfig) {
		c.AddCallback(llmeter.Hooks{AfterRunFunc: func(_ context.Context, res *llmeter.Result) error { return res.Contribute("cost", 0.7) }})
	})
	told := check(t, llmetertest.Checker{}, res, "cost < 0.5")
	require.Equal(t, []string{"cost < 0.5: missed, 0.7, off by 0.2, n = 20"}, told.errors)
}

func TestWhatTheClientsLagLeavesUndecidedFailsOnlyWhenStrict(t *testing.T) {
	res := measured(t, 200*time.Millisecond, func(c *llmeter.RunConfig) {
		c.AddCallback(verdict(result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "ttft-p99", Error: 0.03, Unit: "s"}}}))
	})
	objectives := []string{"ttft-p99 < 180ms", "ttft-p99 < 300ms"}
	told := check(t, llmetertest.Checker{}, res, objectives...)
	requirePasses(t, told)
	require.Contains(t, told.logs[0], "ttft-p99 < 180ms: inconclusive, 200ms")

	told = check(t, llmetertest.Checker{Strict: true}, res, objectives...)
	require.Len(t, told.errors, 1)
	require.Contains(t, told.errors[0], "ttft-p99 < 180ms: inconclusive, 200ms")

	told = check(t, llmetertest.Checker{}, res, "ttft-p99 < 160ms")
	require.Len(t, told.errors, 1, "more than the lag")
}

func TestAClientThatCouldNotKeepTheLoadLeavesThroughputUndecided(t *testing.T) {
	res := measured(t, 200*time.Millisecond, func(c *llmeter.RunConfig) {
		c.AddCallback(verdict(result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "client_cpu", Error: 0.99, Unit: "of the CPU"}}}))
	})
	told := check(t, llmetertest.Checker{}, res, "requests_per_second > 100")
	requirePasses(t, told)
	require.Contains(t, told.logs[0], "requests_per_second > 100: inconclusive, 8.333")
	require.Len(t, check(t, llmetertest.Checker{Strict: true}, res, "requests_per_second > 100").errors, 1)
}
