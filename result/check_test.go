package result_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

const goodputKey = "goodput(ttft<300ms,tpot<=400ms)"

// mixed are a good request, one that is slow, one whose TPOT is not defined, a failed and a cancelled one.
func mixed() []*endpoint.Response {
	ms := time.Millisecond
	failed, cancelled := at(0, 2, 100*ms, 200*ms), at(0, 2, 100*ms, 200*ms)
	failed.Error = &endpoint.Error{Kind: endpoint.KindTruncated}
	cancelled.Error = &endpoint.Error{Kind: endpoint.KindCancelled}
	return []*endpoint.Response{at(0, 2, 100*ms, 500*ms), at(0, 2, 300*ms, 400*ms), at(0, 1, 100*ms), failed, cancelled}
}

func TestGoodputIsTheShareOfAllThatWasAttempted(t *testing.T) {
	acc := result.Accumulator{Objectives: []slo.Objective{slo.MustParse(goodputKey + " > 95%"), slo.MustParse(goodputKey + " > 99%"), slo.MustParse("ttft-p99 < 1s")}}
	for _, r := range mixed() {
		acc.Add(r)
	}
	s := acc.Stats(&result.Result{TotalTestTime: 2 * time.Second})
	requireNumbers(t, s, map[string]float64{goodputKey: 0.25, goodputKey + "-n": 4, goodputKey + "-requests_per_second": 0.5})
	requireInterval(t, stats.Wilson(1, 4, 0.95), s, goodputKey)
}

func TestConditionsKnowLLMetersNamesAndTheMeanGap(t *testing.T) {
	r := at(0, 5, 100*time.Millisecond, 200*time.Millisecond, 600*time.Millisecond) // 0.5 s for two events, with three of the five tokens
	for text, good := range map[string]float64{
		"goodput(itl<167ms) > 1%": 1, "goodput(itl<166ms) > 1%": 0, "goodput(icl<251ms) > 1%": 1, "goodput(icl<250ms) > 1%": 0,
		"goodput(stall<=400ms) > 1%": 1, "goodput(time_to_first_token<101ms,num_tokens_output>4) > 1%": 1, "goodput(num_tokens_input>0) > 1%": 0,
	} {
		o := slo.MustParse(text)
		acc := result.Accumulator{Objectives: []slo.Objective{o}}
		acc.Add(r)
		require.Equal(t, good, lookup(t, acc.Stats(&result.Result{}), o.Key()), text)
	}
	stream := *r
	stream.Events = nil
	acc := result.Accumulator{Objectives: []slo.Objective{slo.MustParse("goodput(stall<1s) > 1%")}}
	acc.Add(&stream)
	_, ok := acc.Stats(&result.Result{}).Lookup("goodput(stall<1s)")
	require.False(t, ok, "its events are not known any more")
}

func outcomes(t *testing.T, res *result.Result, texts ...string) (statuses []slo.Status) {
	objectives, err := slo.ParseAll(texts)
	require.NoError(t, err)
	for _, o := range res.Check(objectives) {
		statuses = append(statuses, o.Status)
	}
	return statuses
}

func TestObjectivesAreCheckedAgainstTheStatistics(t *testing.T) {
	all := mixed()
	res := &result.Result{TotalTestTime: 2 * time.Second}
	accumulate(all...).Complete(res, all)
	require.Equal(t, []slo.Status{slo.Met, slo.Missed, slo.Undefined, slo.Met, slo.Missed, slo.Undefined}, outcomes(t, res,
		"ttft-p50 < 101ms", "failed_requests < 1", "steady-ttft-p50 < 1s", "time_to_first_token-p90 < 1s", "requests_per_second > 2", "cost_total < 5"))

	o := res.Check([]slo.Objective{slo.MustParse(goodputKey + " > 20%")})[0] // was not counted during the run
	require.Equal(t, slo.Met, o.Status)
	require.Equal(t, []any{0.25, 4}, []any{o.Value, o.N})
	w := stats.Wilson(1, 4, 0.95)
	require.Equal(t, &slo.Interval{Lo: w.Lo, Hi: w.Hi}, o.Interval)
	require.Equal(t, []slo.Status{slo.Undefined}, outcomes(t, new(result.Result), goodputKey+" > 20%"))
	require.Empty(t, res.Check(nil))
}

func TestWhatTheClientMayHaveCausedIsInconclusive(t *testing.T) {
	all := mixed() // TTFT p99 is 0.296 s, requests_per_second 1.5
	res := &result.Result{TotalTestTime: 2 * time.Second}
	accumulate(all...).Complete(res, all)
	res.Verdict = result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "ttft-p99", Error: 0.05, Unit: "s"}}}
	require.Equal(t, []slo.Status{slo.Inconclusive, slo.Missed, slo.Met, slo.Missed}, outcomes(t, res,
		"ttft-p99 < 280ms", "ttft-p99 < 200ms", "ttft-p99 < 300ms", "ttft-p50 < 99ms"))
	require.Equal(t, []slo.Status{slo.Inconclusive, slo.Inconclusive, slo.Missed}, outcomes(t, res,
		"ttft-p90 < 250ms", "time_to_first_token-p99 < 450ms", "ttlt-p99 < 280ms"), "what is known of p99 holds for p90 and for LLMeter's p99")
	require.Equal(t, []slo.Status{slo.Missed, slo.Missed}, outcomes(t, res, "requests_per_second > 2", "requests_per_minute > 1000"))

	res.Verdict.Reasons = []result.Reason{{Metric: "client_cpu", Error: 0.97, Unit: "of the CPU"}}
	require.Equal(t, []slo.Status{slo.Inconclusive, slo.Inconclusive, slo.Met, slo.Missed}, outcomes(t, res,
		"requests_per_second > 2", "requests_per_minute >= 1000", "requests_per_second > 1", "requests_per_second < 1"))
}

func TestOutcomesArePartOfTheJSONOutput(t *testing.T) {
	all := mixed()
	res := &result.Result{TotalTestTime: 2 * time.Second}
	for _, text := range []string{"ttft-n > 5", "requests_per_second > 1", "steady-ttft-p50 < 1s"} {
		res.Objectives = append(res.Objectives, slo.MustParse(text))
	}
	accumulate(all...).Complete(res, all)
	var b bytes.Buffer
	require.NoError(t, result.WriteJSON(&b, res))
	var got struct {
		Objectives []map[string]any `json:"objectives"`
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &got))
	p := stats.Poisson(3, 2, 0.95)
	require.Equal(t, []map[string]any{
		{"objective": "ttft-n > 5", "status": "missed", "value": 3.0, "margin": -2.0, "ci95_lo": nil, "ci95_hi": nil, "n": 3.0},
		{"objective": "requests_per_second > 1", "status": "met", "value": 1.5, "margin": 0.5, "ci95_lo": p.Lo, "ci95_hi": p.Hi, "n": 0.0},
		{"objective": "steady-ttft-p50 < 1s", "status": "undefined", "value": nil, "margin": nil, "ci95_lo": nil, "ci95_hi": nil, "n": 0.0},
	}, got.Objectives)
}

func TestAKindOfErrorThatNeverCameIsZero(t *testing.T) {
	s := accumulate(mixed()...).Stats(&result.Result{})
	require.Equal(t, 1.0, lookup(t, s, "errors-truncated"))
	require.Equal(t, 0.0, lookup(t, s, "errors-timeout"))
	for _, key := range []string{"errors-cancelled", "errors-", "errors-no such kind"} {
		_, ok := s.Lookup(key)
		require.False(t, ok, key)
	}
	_, ok := result.Stats{}.Lookup("errors-timeout")
	require.False(t, ok, "nothing is known")

	res := load(t, "testdata/llmeter/stream-errors-4x6/run", result.LoadOptions{WithoutResponses: true})
	_, ok = res.Stats().Lookup("errors-timeout")
	require.False(t, ok, "LLMeter tells the number of failures, and not their kinds")
	res = load(t, "testdata/llmeter/stream-3x4/run", result.LoadOptions{WithoutResponses: true})
	require.Equal(t, 0.0, lookup(t, res.Stats(), "errors-timeout"))
	require.Equal(t, slo.Met, res.Check([]slo.Objective{slo.MustParse("errors-timeout < 1")})[0].Status)
}

func TestKeysAreAllNumbersThatStatisticsHold(t *testing.T) {
	known := result.Keys()
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(known))), len(known), "each once")
	s := newSynthetic(1, 4000).result(t, "").Stats()
	for key, value := range s.All() {
		if _, number := s.Lookup(key); !number || value == nil {
			continue
		}
		ours := strings.HasPrefix(key, "goodput(") || strings.HasPrefix(key, "cost_") || key == "clients" || key == "n_requests"
		require.Equal(t, !ours, slices.Contains(known, key), key)
	}
	for _, key := range known {
		_, err := slo.Parse(key+" < 1s", known...)
		if err != nil {
			_, err = slo.Parse(key+" < 1", known...)
		}
		if err != nil {
			_, err = slo.Parse(key+" < 1%", known...)
		}
		require.NoError(t, err)
		if _, ok := s.Lookup(key); !ok {
			require.Contains(t, key, "-p99.9-ci95-", "4,000 requests have all others")
		}
	}
	for key, llmeters := range map[string]bool{
		"time_to_first_token-p90": true, "requests_per_minute": true, "failed_requests_rate": true, "output_tps": true,
		"failed_requests_rate-ci95-lo": false, "ttft-p99": false, "requests_per_second": false, "steady-ttft-p99": false, "goodput(ttft<1s)": false,
	} {
		require.Equal(t, llmeters, result.LLMeters(key), key)
	}
}
