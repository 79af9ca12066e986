package result_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(name, got, 0o666))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// small is a Result of three responses whose every number can be checked by hand.
func small(t *testing.T) *result.Result {
	slow := at(time.Second, 3, 100*time.Millisecond, 500*time.Millisecond)
	slow.InputTokens, slow.CachedTokens = endpoint.Counted(8), endpoint.Counted(2)
	slow.Annotations = map[string]any{"cost": 0.5}
	failed := failure(endpoint.KindServerStatus, 2, "internal")
	failed.Error.Status = 500
	all := []*endpoint.Response{at(0, 2, 200*time.Millisecond, 300*time.Millisecond), slow, failed}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	res := &result.Result{
		Clients: 1, Requests: 3, TotalTestTime: 2 * time.Second, ModelID: "m", EndpointName: "openai", Provider: "openai", RunName: "a <run>",
		StartTime: start, EndTime: start.Add(2 * time.Second), Clock: "kernel",
	}
	accumulate(all...).Complete(res, all)
	require.NoError(t, res.Contribute("cost_total", 1))
	return res
}

func TestJSONOutputHasTheSchemaOfOneRunAndOfSeveral(t *testing.T) {
	res := small(t)
	var b bytes.Buffer
	require.NoError(t, result.WriteJSON(&b, res))
	golden(t, "run.json", b.Bytes())
	b.Reset()
	other := &result.Result{RunName: "empty", Verdict: result.Verdict{Level: "invalid", Reasons: []result.Reason{{Metric: "ttft-p99", Error: 0.02, Unit: "s"}}}}
	require.NoError(t, result.WriteJSON(&b, result.Runs{other, {}}))
	golden(t, "runs.json", b.Bytes())
	b.Reset()
	require.NoError(t, result.WriteJSON(&b, result.Runs(nil)))
	require.JSONEq(t, `{"schema": "llmeter.runs/1", "runs": []}`, b.String())
}

func TestStatsKeepOrderAndTypesThroughJSON(t *testing.T) {
	const text = `{"b": 8, "a": 8.0, "big": 123456789012345678901234567890, "tiny": 1e-07, "t": true, "n": null, "s": "é\u0001\"", "x": -0.5}`
	var s result.Stats
	require.NoError(t, json.Unmarshal([]byte(`{"b": 8, "nested": {"c": [1]}, `+text[9:]), &s))
	got, err := s.MarshalJSON()
	require.NoError(t, err)
	require.JSONEq(t, text, string(got))
	var again result.Stats
	require.NoError(t, json.Unmarshal(got, &again))
	require.Equal(t, s, again)
	v, _ := s.Value("b")
	require.Equal(t, 8, v)
	v, _ = s.Value("a")
	require.Equal(t, 8.0, v)
	for _, key := range []string{"t", "n", "s", "missing"} {
		_, ok := s.Lookup(key)
		require.False(t, ok, key)
	}
	require.Error(t, json.Unmarshal([]byte(`[1]`), &s))
	for range s.All() {
		break
	}
}

func TestDimensionsGoByOurNamesAndByLLMeters(t *testing.T) {
	res := small(t)
	for name, want := range map[string][]float64{
		"ttft": {0.2, 0.1, math.NaN()}, "time_to_first_token": {0.2, 0.1, math.NaN()}, "time_to_last_token": {0.3, 0.5, math.NaN()},
		"num_tokens_output": {2, 3, math.NaN()}, "num_tokens_input_cached": {math.NaN(), 2, math.NaN()}, "cost": {math.NaN(), 0.5, math.NaN()},
		"retries": {math.NaN(), math.NaN(), math.NaN()},
	} {
		got, err := res.GetDimension(name)
		require.NoError(t, err)
		require.Len(t, got, len(want), name)
		for i := range want {
			require.Equal(t, math.IsNaN(want[i]), math.IsNaN(got[i]), name)
			if !math.IsNaN(want[i]) {
				require.Equal(t, want[i], got[i], name)
			}
		}
	}
	_, err := res.GetDimension("latency")
	require.EqualError(t, err, `no response has a dimension "latency"; there are cached_tokens, cost, input_tokens, num_tokens_input, `+
		`num_tokens_input_cached, num_tokens_output, num_tokens_output_reasoning, output_tokens, reasoning_tokens, response, retries, `+
		`stall, time_per_output_token, time_to_first_content_token, time_to_first_token, time_to_last_token, tpot, ttfct, ttft, ttlt`)
}

func TestFilterRecomputesTheStatisticsOverWhatIsKept(t *testing.T) {
	res := small(t)
	good := res.Filter(func(r *endpoint.Response) bool { return !r.Failed() && r.InputTokens.Known() })
	require.Equal(t, 1, good.TotalRequests)
	require.Equal(t, "m", good.ModelID)
	require.Len(t, responses(t, good), 1)
	require.Equal(t, 0.1, lookup(t, good.Stats(), "ttft-p50"))
	require.Equal(t, 30.0, lookup(t, good.Stats(), "requests_per_minute"), "one request in the two seconds of the run")
	require.Zero(t, good.FailedRequests())
	_, ok := good.Stats().Lookup("cost_total")
	require.False(t, ok)

	all := res.Filter(func(*endpoint.Response) bool { return true })
	require.NoError(t, all.Contribute("cost_total", 1))
	requireSameStats(t, res.Stats(), all.Stats())
	none := res.Filter(func(*endpoint.Response) bool { return false })
	require.Zero(t, none.TotalRequests)
	require.Empty(t, responses(t, none))
	require.Equal(t, 3, res.TotalRequests, "the Result itself is not changed")
}

func TestCallbacksContributeFiniteNumbersUnderKeysOfTheirOwn(t *testing.T) {
	res := small(t)
	require.NoError(t, res.Contribute("cost_total", 2))
	require.Equal(t, 2.0, lookup(t, res.Stats(), "cost_total"))
	require.NoError(t, res.Contribute("response-quality", 0.5), "only keys that are computed are taken")
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.ErrorContains(t, res.Contribute("x", v), `contributed statistic "x" is`)
	}
	for key := range res.Stats().All() {
		if key != "cost_total" && key != "response-quality" {
			require.Error(t, res.Contribute(key, 1), key)
		}
	}
	for _, key := range []string{"", "total_requests", "ttft-p99.9-ci95-hi", "time_per_output_token-p90", "errors-timeout", "interrupted"} {
		require.Error(t, res.Contribute(key, 1), key)
	}
	var literal result.Result
	require.NoError(t, literal.Contribute("mine", 1))
	require.Equal(t, 1.0, lookup(t, literal.Stats(), "mine"))
}

func TestALiteralHasItsFieldsAlone(t *testing.T) {
	res := &result.Result{TotalRequests: 3, RunName: "r"}
	require.Equal(t, 14, res.Stats().Len())
	require.Empty(t, responses(t, res))
	require.Empty(t, res.Errors())
	_, err := res.LoadResponses(t.Context())
	require.ErrorContains(t, err, "there is no folder")
}

func TestAResultMayBeReadFromSeveralGoroutines(t *testing.T) {
	res := newSynthetic(1, 200).result(t, "")
	want := res.Stats()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			require.Equal(t, want, res.Stats())
			require.Len(t, responses(t, res), res.TotalRequests)
			require.NotEmpty(t, res.Errors())
		})
	}
	wg.Wait()
}
