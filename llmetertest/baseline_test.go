package llmetertest_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
)

var _ = flag.Bool("update", false, "as test packages with golden files have it")

// measured is the result of 20 requests of 2 clients, in a bubble of its own, with the first token after ttft.
func measured(t *testing.T, ttft time.Duration, edits ...func(*llmeter.RunConfig)) (res *llmeter.Result) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		o := answers
		o.TTFT = mock.Fixed(ttft)
		r, _ := against(t, o, 2)
		r.Requests = 10
		res = llmetertest.Run(t, r, edits...)
	})
	return res
}

// baselineOf writes a baseline of res and gives its path.
func baselineOf(t *testing.T, res *llmeter.Result) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "testdata", "baseline.json")
	require.NoError(t, os.Setenv("LLMETER_UPDATE", "1"))
	defer os.Unsetenv("LLMETER_UPDATE")
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
	requirePasses(t, told)
	require.Equal(t, []string{"wrote " + path}, told.logs)
	return path
}

const written = `{
  "schema": "llmeter.baseline/1",
  "machine": "MACHINE",
  "model": "mock",
  "load": "2 clients",
  "requests": 20,
  "failed": 0,
  "latencies": {
    "tpot": {
      "n": 20,
      "effective_n": 20,
      "p50": 0.04,
      "p90": 0.04,
      "p99": 0.04,
      "values": "0.04x20"
    },
    "ttft": {
      "n": 20,
      "effective_n": 20,
      "p50": 0.2,
      "p90": 0.2,
      "p99": 0.2,
      "values": "0.2x20"
    },
    "ttlt": {
      "n": 20,
      "effective_n": 20,
      "p50": 0.24,
      "p90": 0.24,
      "p99": 0.24,
      "values": "0.24x20"
    }
  }
}
`

func TestABaselineIsASmallFileForPeople(t *testing.T) {
	data, err := os.ReadFile(baselineOf(t, measured(t, 200*time.Millisecond)))
	require.NoError(t, err)
	require.Equal(t, written, regexp.MustCompile(`"[a-z0-9]+/[a-z0-9]+, \d+ CPUs"`).ReplaceAllString(string(data), `"MACHINE"`))
}

func TestARunLikeItsBaselinePasses(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	path := baselineOf(t, res)
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
	requirePasses(t, told)
	require.Equal(t, []string{
		"ttft p50: 200ms -> 200ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"ttft p90: 200ms -> 200ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"tpot p50: 40ms -> 40ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"tpot p90: 40ms -> 40ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"ttlt p50: 240ms -> 240ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"ttlt p90: 240ms -> 240ms (+0%, 10% tolerated), n = 20 -> 20: no regression",
		"failed requests: 0 of 20 -> 0 of 20: no regression",
	}, told.logs)
}

func TestARegressionFailsWithItsNumbers(t *testing.T) {
	path := baselineOf(t, measured(t, 200*time.Millisecond))
	slower := measured(t, 230*time.Millisecond)
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, slower) })
	require.Len(t, told.errors, 4)
	require.Equal(t, "ttft p50: 200ms -> 230ms (+15%, 10% tolerated), n = 20 -> 20: a regression (p < 0.0001)", told.errors[0])
	require.Contains(t, told.errors[1], "ttft p90: 200ms -> 230ms")
	require.Contains(t, told.errors[2], "ttlt p50: 240ms -> 270ms (+12.5%")

	told = in(t, func(t testing.TB) { llmetertest.Checker{Tolerance: 0.16}.Baseline(t, path, slower) })
	requirePasses(t, told)
	faster := measured(t, 100*time.Millisecond)
	told = in(t, func(t testing.TB) { llmetertest.Baseline(t, path, faster) })
	requirePasses(t, told)
}

func TestARegressionThatTheClientsLagExplainsIsLogged(t *testing.T) {
	path := baselineOf(t, measured(t, 200*time.Millisecond))
	late := measured(t, 230*time.Millisecond, func(c *llmeter.RunConfig) {
		c.AddCallback(verdict(result.Verdict{Level: result.Degraded, Reasons: []result.Reason{
			{Metric: "ttft-p50", Error: 0.02, Unit: "s"}, {Metric: "ttft-p99", Error: 0.02, Unit: "s"},
		}}))
	})
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, late) })
	require.Len(t, told.errors, 2) // of ttlt, of which the verdict says nothing
	require.Contains(t, strings.Join(told.logs, "\n"), "ttft p50: 200ms -> 230ms (+15%, 10% tolerated), n = 20 -> 20: a regression, unless the client's own lag was the reason")

	told = in(t, func(t testing.TB) { llmetertest.Checker{Strict: true}.Baseline(t, path, late) })
	require.Len(t, told.errors, 4)
}

func TestTheFlagUpdateOfATestPackageWritesBaselines(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	path := filepath.Join(t.TempDir(), "baseline.json")
	require.NoError(t, flag.Set("update", "true"))
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
	require.NoError(t, flag.Set("update", "false"))
	requirePasses(t, told)
	require.FileExists(t, path)
}

func TestWithoutABaselineTheTestFailsAndSaysHowToMakeOne(t *testing.T) {
	res := measured(t, 200*time.Millisecond)
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, "testdata/none.json", res) })
	requireFatal(t, told, "^there is no baseline testdata/none.json yet: set LLMETER_UPDATE=1 to write it from this run$")
	require.NoFileExists(t, "testdata/none.json")
}

func TestOnlyRunsOfOneKindAreCompared(t *testing.T) {
	path := baselineOf(t, measured(t, 200*time.Millisecond))
	for says, edit := range map[string]func(*llmeter.RunConfig){
		`its load is "2 clients", not "3 clients"`: func(c *llmeter.RunConfig) { c.Clients = 3 },
		`its load is "2 clients", not ".*10.*"`:    func(c *llmeter.RunConfig) { c.Clients, c.Arrivals = 0, load.Constant{Rate: 10} },
		`its model is "mock", not "m"`:             func(c *llmeter.RunConfig) { c.Endpoint = slow(time.Second) },
	} {
		res := measured(t, 200*time.Millisecond, edit)
		told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
		requireFatal(t, told, "does not compare with this run: "+says+"; if that is meant, set LLMETER_UPDATE=1")
	}
}

func TestARunWithoutASuccessIsNoBaseline(t *testing.T) {
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, "testdata/none.json", new(llmeter.Result)) })
	requireFatal(t, told, "none of 0 requests succeeded")
}

func TestUnderAnOpenLoopTheResponseTimeIsCompared(t *testing.T) {
	open := func(c *llmeter.RunConfig) { c.Clients, c.Arrivals, c.MaxInFlight = 0, load.Constant{Rate: 10}, 1 }
	res := measured(t, 200*time.Millisecond, open)
	path := baselineOf(t, res)
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
	requirePasses(t, told)
	require.Contains(t, strings.Join(told.logs, "\n"), "response p90: 1.")
}

func TestBrokenBaselinesAreRefused(t *testing.T) {
	good := strings.ReplaceAll(written, "\n", "")
	res := measured(t, 200*time.Millisecond)
	for _, c := range []struct{ old, new, says string }{
		{good, "", "unexpected end of JSON input"},
		{good, "<<<<<<< HEAD", "invalid character"},
		{"baseline/1", "baseline/2", `its schema is "llmeter.baseline/2", not "llmeter.baseline/1"`},
		{`"failed": 0`, `"failed": 20`, "20 of 20 requests failed"},
		{`"0.2x20"`, `"0.2x19"`, "n is 20, but there are 19 values"},
		{`"0.2x20"`, `"0.2x-20"`, `"0.2x-20" is not a value with its count`},
		{`"0.2x20"`, `"-0.2x20"`, `"-0.2x20" is not a value with its count`},
		{`"0.2x20"`, `"0.2x"`, `"0.2x" is not a value with its count`},
		{`"0.2x20"`, `"NaNx20"`, `"NaNx20" is not a value with its count`},
		{`"0.2x20"`, `"Infx20"`, "n is 20, but there are 0 values"},
		{`"effective_n": 20`, `"effective_n": 0`, "effective_n is 0 of 20"},
	} {
		path := filepath.Join(t.TempDir(), "baseline.json")
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(good, c.old, c.new)), 0o666))
		told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, res) })
		requireFatal(t, told, regexp.QuoteMeta(path)+".*"+regexp.QuoteMeta(c.says))
	}
}

func TestARegressionOnAnotherMachineSaysSo(t *testing.T) {
	path := baselineOf(t, measured(t, 200*time.Millisecond))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data = regexp.MustCompile(`"machine": "[^"]*"`).ReplaceAll(data, []byte(`"machine": "plan9/mips, 1 CPUs"`))
	require.NoError(t, os.WriteFile(path, data, 0o666))
	slower := measured(t, 300*time.Millisecond)
	told := in(t, func(t testing.TB) { llmetertest.Baseline(t, path, slower) })
	require.NotEmpty(t, told.errors)
	require.Regexp(t, "; the baseline is from another machine \\(plan9/mips, 1 CPUs, this one is .*\\)$", told.errors[0])
}

// FuzzParseBaseline checks that what is read is written as it was, and read again.
func FuzzParseBaseline(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(`{"schema":"llmeter.baseline/1","requests":3,"latencies":{"ttft":{"n":3,"effective_n":2.5,"values":"0.1 0.25x2"}}}`))
	f.Add([]byte(`{"schema":"llmeter.baseline/1","requests":1,"latencies":{"ttft":{"n":1,"effective_n":1,"values":"0"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := llmetertest.ParseBaseline(data)
		if err != nil {
			return
		}
		once, err := json.Marshal(b)
		require.NoError(t, err)
		again, err := llmetertest.ParseBaseline(once)
		require.NoError(t, err, "%s", once)
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
