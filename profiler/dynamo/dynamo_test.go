package dynamo

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/profiler"
)

const (
	runStart = 1_750_000_000
	runEnd   = 1_750_000_120
)

// A prometheus is a fake server: answers by the address that is asked for, and the addresses that were.
type prometheus struct {
	answers map[string]string // by path, query and time or range: "query?…", see asked
	asked   []string
	status  int
}

func (p *prometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	key := strings.TrimPrefix(r.URL.Path, "/prom/api/v1/") + " " + q.Get("query")
	for _, name := range []string{"time", "start", "end", "step"} {
		if v := q.Get(name); v != "" {
			key += " " + name + "=" + v
		}
	}
	p.asked = append(p.asked, key)
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	answer, ok := p.answers[key]
	if !ok {
		answer = vector()
	}
	_, _ = io.WriteString(w, answer)
}

// vector is an instant answer of series with the given values, each with its bound if there are bounds.
func vector(values ...string) string {
	var list []string
	for _, v := range values {
		label, value, ok := strings.Cut(v, ":")
		if !ok {
			label, value = "", v
		}
		list = append(list, fmt.Sprintf(`{"metric":{"le":%q},"value":[1750000000.5,%q]}`, label, value))
	}
	return fmt.Sprintf(`{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(list, ","))
}

func matrix(series ...[]string) string {
	var list []string
	for _, values := range series {
		var points []string
		for i, v := range values {
			points = append(points, fmt.Sprintf(`[%d,%q]`, runStart+15*i, v))
		}
		list = append(list, fmt.Sprintf(`{"metric":{},"values":[%s]}`, strings.Join(points, ",")))
	}
	return fmt.Sprintf(`{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(list, ","))
}

func collect(t *testing.T, p *prometheus, change func(*profiler.DynamoConfig)) (*Metrics, error) {
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	c := profiler.NATConfig().Dynamo
	c.PrometheusURL = strings.Replace(server.URL, "http://", "http://user:secret@", 1) + "/prom/"
	if change != nil {
		change(&c)
	}
	return Collector{}.Collect(t.Context(), c, time.Unix(runStart, 0), time.Unix(runEnd, 0))
}

const window = " start=1750000000 end=1750000135 step=15"

func TestTheQueriesAreThoseOfNAT(t *testing.T) {
	p := &prometheus{}
	m, err := collect(t, p, func(c *profiler.DynamoConfig) { c.QueryRange = "1m" })
	require.NoError(t, err)
	require.Empty(t, m.Values)
	var want []string
	for _, promQL := range []string{
		"dynamo_frontend_inflight_requests", "dynamo_component_inflight_requests", "dynamo_frontend_queued_requests",
		"rate(dynamo_frontend_requests_total[1m]) * 60", "rate(dynamo_frontend_output_tokens_total[1m])", "sglang:gen_throughput",
		"histogram_quantile(0.50, rate(dynamo_frontend_time_to_first_token_seconds_bucket[1m]))",
		"histogram_quantile(0.95, rate(dynamo_frontend_time_to_first_token_seconds_bucket[1m]))",
		"histogram_quantile(0.99, rate(dynamo_frontend_time_to_first_token_seconds_bucket[1m]))",
		"histogram_quantile(0.50, rate(dynamo_frontend_inter_token_latency_seconds_bucket[1m]))",
		"histogram_quantile(0.95, rate(dynamo_frontend_inter_token_latency_seconds_bucket[1m]))",
		"histogram_quantile(0.99, rate(dynamo_frontend_inter_token_latency_seconds_bucket[1m]))",
		"rate(dynamo_component_thompson_kve_cached_tokens_total[1m])", "rate(dynamo_component_thompson_kve_prompt_tokens_total[1m])",
		"rate(dynamo_component_thompson_kve_device_blocks_total[1m])", "rate(dynamo_component_thompson_kve_host_blocks_total[1m])",
		"rate(dynamo_component_thompson_kve_disk_blocks_total[1m])", "dynamo_component_kvstats_gpu_cache_usage_percent", "sglang:cache_hit_rate",
		"dynamo_component_kvstats_gpu_prefix_cache_hit_rate", "sglang:num_running_reqs", "sglang:num_queue_reqs", "sglang:utilization",
		"rate(dynamo_component_thompson_routing_decisions_total[1m])", "rate(dynamo_component_thompson_requests_total[1m])",
	} {
		want = append(want, "query "+promQL, "query_range "+promQL+window)
	}
	for _, promQL := range []string{
		"sum(dynamo_frontend_requests_total)", "sum(dynamo_frontend_output_tokens_total)", "sum(dynamo_component_thompson_kve_prompt_tokens_total)",
		"sum by (le) (dynamo_frontend_time_to_first_token_seconds_bucket)", "sum by (le) (dynamo_frontend_inter_token_latency_seconds_bucket)",
	} {
		want = append(want, "query "+promQL+" time=1750000135") // nothing at the end, so the start does not matter
	}
	require.Equal(t, want, p.asked)

	p = &prometheus{}
	_, err = collect(t, p, func(c *profiler.DynamoConfig) {
		*c = profiler.DynamoConfig{PrometheusURL: c.PrometheusURL, CollectTTFT: true}
	})
	require.NoError(t, err)
	require.Contains(t, p.asked, "query histogram_quantile(0.50, rate(dynamo_frontend_time_to_first_token_seconds_bucket[30s]))")
	require.Contains(t, p.asked, "query sglang:utilization")
	require.False(t, slices.ContainsFunc(p.asked, func(s string) bool {
		return strings.Contains(s, "histogram_quantile") && strings.Contains(s, "inter_token")
	}))
}

func TestValuesAreTakenAsNATTakesThem(t *testing.T) {
	p := &prometheus{answers: map[string]string{
		"query dynamo_frontend_inflight_requests":                                      vector("7", "9"), // the first series
		"query dynamo_frontend_queued_requests":                                        vector("0"),
		"query_range dynamo_frontend_queued_requests" + window:                         matrix([]string{"0", "2", "NaN"}, []string{"4", "0"}),
		"query sglang:cache_hit_rate":                                                  vector("NaN"),
		"query_range sglang:cache_hit_rate" + window:                                   matrix([]string{"0", "NaN"}),
		"query rate(dynamo_component_thompson_kve_cached_tokens_total[30s])":           vector("30"),
		"query rate(dynamo_component_thompson_kve_prompt_tokens_total[30s])":           vector("40"),
		"query histogram_quantile(0.95, rate(" + ttftBuckets + "[30s]))":               vector("1"),
		"query_range histogram_quantile(0.95, rate(" + itlBuckets + "[30s]))" + window: matrix([]string{"0.02"}, []string{"0.04", "0.03"}),
	}}
	m, err := collect(t, p, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]float64{
		"inflight_requests_frontend": 7, "queued_requests": 3, "kve_cached_tokens_rate": 30, "kve_prompt_tokens_rate": 40, "ttft_p95": 1, "itl_p95": 0.03,
	}, m.Values)
	require.Equal(t, 0.75, *m.Core.KVEfficiency)
	require.InDelta(t, 0.4*0.75+0.4*0.5+0.2*1, *m.Score, 1e-12)
	require.NotContains(t, m.PrometheusURL, "secret")

	b, err := json.Marshal(m)
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, json.Unmarshal(b, &all))
	require.Equal(t, 7.0, all["inflight_requests_frontend"])
	for _, key := range []string{"ttft_p50", "sglang_utilization", "kv_cache_usage_percent", "thompson_requests_rate"} {
		require.Contains(t, all, key)
		require.Nil(t, all[key])
	}
	require.Len(t, all, 25+6)
	require.Nil(t, (Core{}).Score())
}

// NAT takes for the 95th percentile of a run the mean of those of windows of 30 s, whatever their number of requests.
func TestPercentilesAreOfTheRunAndNotMeansOfThoseOfItsWindows(t *testing.T) {
	const sum = "query sum by (le) (" + ttftBuckets + ")"
	p := &prometheus{answers: map[string]string{
		// One window with 100 fast requests, one with 2 slow ones: the mean of the two 95th percentiles says that it took 5 s.
		"query_range histogram_quantile(0.95, rate(" + ttftBuckets + "[30s]))" + window: matrix([]string{"0.095", "9.75"}),
		sum + " time=1750000000": vector("0.1:1000", "1:1000", "10:1000", "+Inf:1000"),
		sum + " time=1750000135": vector("+Inf:1102", "0.1:1100", "1:1100", "10:1102"),
	}}
	m, err := collect(t, p, nil)
	require.NoError(t, err)
	require.InDelta(t, 4.92, m.Values["ttft_p95"], 0.01)
	h := m.Run.TTFT
	require.Equal(t, 102.0, h.N)
	require.InDelta(t, 0.0969, h.P95.Value, 1e-4)
	require.Equal(t, []float64{0, 0.1}, []float64{*h.P95.Bucket[0], *h.P95.Bucket[1]})
	require.InDelta(t, 1+9*(0.99*102-100)/2, h.P99.Value, 1e-9)
	require.Nil(t, m.Run.ITL)
	require.Nil(t, m.Run.Score)
}

func TestCountersAreDifferencesOfTwoReadings(t *testing.T) {
	at := func(metric, seconds string) string { return "query sum(" + metric + ") time=17500" + seconds }
	p := &prometheus{answers: map[string]string{
		at(requests, "00000"): vector("500"), at(requests, "00135"): vector("560"),
		at(tokens, "00135"): vector("2400"), // did not exist before
		at("dynamo_component_thompson_kve_prompt_tokens_total", "00135"):                                   vector("900"),
		"query sum(last_over_time(dynamo_component_thompson_kve_prompt_tokens_total[1h])) time=1750000000": vector("100"), // a reading was missed
		at("dynamo_component_thompson_kve_cached_tokens_total", "00000"):                                   vector("40"),
		at("dynamo_component_thompson_kve_cached_tokens_total", "00135"):                                   vector("240"),
		"query sum by (le) (" + ttftBuckets + ") time=1750000135":                                          vector("0.5:10", "+Inf:20"),
		"query sum by (le) (" + itlBuckets + ") time=1750000135":                                           vector("0.1:10", "+Inf:10"),
	}}
	m, err := collect(t, p, nil)
	require.NoError(t, err)
	r := m.Run
	require.Equal(t, []float64{60, 2400, 30, 20, 0.25}, []float64{*r.Requests, *r.OutputTokens, *r.RequestsPerMinute, *r.TokenThroughput, *r.KVEfficiency})
	require.Equal(t, []float64{runStart, runEnd + 15}, []float64{r.Start, r.End})
	require.Equal(t, &Quantile{0.5, [2]*float64{r.TTFT.P95.Bucket[0], nil}}, r.TTFT.P95, "beyond the last bound no more is known")
	require.InDelta(t, 0.095, r.ITL.P95.Value, 1e-12)
	require.InDelta(t, 0.4*0.25+0.4*1+0.2*0.05/0.095, *r.Score, 1e-12)
}

func TestACounterThatWasResetHasNoDifference(t *testing.T) {
	p := &prometheus{answers: map[string]string{
		"query sum(" + requests + ") time=1750000000": vector("500"), "query sum(" + requests + ") time=1750000135": vector("20"),
		"query sum by (le) (" + itlBuckets + ") time=1750000000": vector("0.1:10", "+Inf:10"),
		"query sum by (le) (" + itlBuckets + ") time=1750000135": vector("0.1:3", "+Inf:12"),
	}}
	m, err := collect(t, p, nil)
	require.ErrorContains(t, err, `over_run: query "sum(dynamo_frontend_requests_total)": a counter was set back to 0 during the run`)
	require.ErrorContains(t, err, `over_run: query "sum by (le) (dynamo_frontend_inter_token_latency_seconds_bucket)": a counter`)
	require.Nil(t, m.Run.Requests)
	require.Nil(t, m.Run.ITL)
	require.Len(t, m.Errors, 2)
}

func TestErrorsNameTheQuery(t *testing.T) {
	p := &prometheus{answers: map[string]string{
		"query sglang:utilization":              `{"status":"error","errorType":"execution","error":"too many samples"}`,
		"query sglang:num_running_reqs":         `<html>`,
		"query sglang:num_queue_reqs":           `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"many"]}]}}`,
		"query dynamo_frontend_queued_requests": vector("3"),
	}}
	m, err := collect(t, p, nil)
	for _, want := range []string{
		`sglang_utilization: query "sglang:utilization": HTTP 200: execution: too many samples`,
		`sglang_running_requests: query "sglang:num_running_reqs": the answer is not Prometheus'`,
		`sglang_queue_depth: query "sglang:num_queue_reqs": the answer is not Prometheus': "many" is no number`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.Len(t, m.Errors, 3)
	require.Equal(t, 3.0, m.Values["queued_requests"])

	p = &prometheus{status: 503}
	_, err = collect(t, p, nil)
	require.ErrorContains(t, err, `query "dynamo_frontend_inflight_requests": HTTP 503`)
}

func TestAServerThatDoesNotAnswerIsAskedOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	m, err := Collector{}.Collect(t.Context(), profiler.DynamoConfig{PrometheusURL: "http://user:secret@" + address}, time.Unix(1, 0), time.Unix(2, 0))
	require.ErrorIs(t, err, errUnreachable)
	require.NotContains(t, err.Error(), "secret")
	require.Len(t, m.Errors, 1)
	require.Nil(t, m.Run)
}

func TestAServerThatIsSilentIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		client := &http.Client{Timeout: 30 * time.Second, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		_, err := Collector{Client: client}.Collect(t.Context(), profiler.NATConfig().Dynamo, time.Time{}, time.Time{})
		require.ErrorContains(t, err, `inflight_requests_frontend: query "dynamo_frontend_inflight_requests": no answer`)
		require.Equal(t, 30*time.Second, time.Since(started))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestInvalidConfigurationsAreRefused(t *testing.T) {
	for want, c := range map[string]profiler.DynamoConfig{
		`is no HTTP URL, such as`:                       {PrometheusURL: "ftp://x"},
		"prometheus_url is no URL":                      {PrometheusURL: "http://user:secret@[x"},
		`query_range "30" is no duration such as 30s`:   {QueryRange: "30"},
		`query_range "1s])" is no duration such as 30s`: {QueryRange: "1s])"},
		`prometheus_url is no HTTP URL`:                 {PrometheusURL: "localhost:9090"},
	} {
		m, err := Collector{}.Collect(t.Context(), c, time.Time{}, time.Time{})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "secret")
		require.Nil(t, m)
	}
}

func TestTheRunnerCollectsForTheTimeOfItsTraces(t *testing.T) {
	p := &prometheus{answers: map[string]string{"query sglang:utilization": vector("0.5")}}
	server := httptest.NewServer(p)
	defer server.Close()
	trace := &profiler.Trace{}
	for kind, at := range map[profiler.EventType]float64{profiler.LLMStart: runStart + 0.25, profiler.LLMEnd: runEnd} {
		trace.Steps = append(trace.Steps, profiler.IntermediateStep{Payload: profiler.StepPayload{EventType: kind, EventTimestamp: at, UUID: "a"}})
	}
	c := profiler.NATConfig()
	c.Dynamo.Enable, c.Dynamo.PrometheusURL = true, server.URL+"/prom"
	_, err := profiler.Runner{Config: c, NoOutput: true}.Run(t.Context(), profiler.Traces(trace))
	require.ErrorContains(t, err, "dynamo_metrics are enabled, and Dynamo, which collects them, is not set")
	results, err := profiler.Runner{Config: c, NoOutput: true, Dynamo: Collect}.Run(t.Context(), profiler.Traces(trace))
	require.NoError(t, err)
	require.Equal(t, 0.5, results.InferenceOptimization.DynamoMetrics.(*Metrics).Values["sglang_utilization"])
	require.Contains(t, p.asked, "query_range sglang:num_queue_reqs start=1750000000.25 end=1750000135 step=15")

	c.Dynamo.QueryRange = "never"
	results, err = profiler.Runner{Config: c, NoOutput: true, Dynamo: Collect}.Run(t.Context(), profiler.Traces(trace))
	require.ErrorContains(t, err, "dynamo_metrics: query_range")
	require.Nil(t, results.InferenceOptimization.DynamoMetrics)
	require.Equal(t, 1, results.InferenceOptimization.Input.Requests)
}

// The value is interpolated; the bucket that it is given with always holds the truth.
func TestTheBucketHoldsTheTrueQuantile(t *testing.T) {
	bounds := []float64{0.1, 0.5, 1, 5, math.Inf(1)}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 8), 1, 60).Draw(t, "values")
		var buckets []bucket
		for _, b := range bounds {
			n := 0.0
			for _, v := range values {
				if v <= b {
					n++
				}
			}
			buckets = append(buckets, bucket{b, n})
		}
		slices.Sort(values)
		h := histogram(buckets)
		require.Equal(t, float64(len(values)), h.N)
		for q, got := range map[float64]*Quantile{0.5: h.P50, 0.95: h.P95, 0.99: h.P99} {
			truth := values[int(math.Ceil(q*float64(len(values))))-1]
			require.True(t, *got.Bucket[0] <= truth && (got.Bucket[1] == nil || truth <= *got.Bucket[1]))
			require.True(t, *got.Bucket[0] <= got.Value && (got.Bucket[1] == nil || got.Value <= *got.Bucket[1]+1e-12))
		}
	})
}
