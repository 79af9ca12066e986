package result_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// numberedRun is a run of streams with the given times to their first token, sent ten milliseconds apart.
func numberedRun(ttfts []float64) (all []*endpoint.Response) {
	for i, v := range ttfts {
		first := time.Duration(math.Round(v * 1e9))
		r := at(time.Duration(i)*10*time.Millisecond, 1, first)
		r.Seq = i
		all = append(all, r)
	}
	return all
}

// autoregressive are values around 1 s each of which remembers the one before it.
func autoregressive(n int, phi float64, seed uint64) stats.Series {
	random, s, last := rand.New(rand.NewPCG(seed, seed)), make(stats.Series, n), 0.0
	for i := range s {
		last = phi*last + random.NormFloat64()/100
		s[i] = math.Round((1+last)*1e9) / 1e9
	}
	return s
}

func requireInterval(t *testing.T, want stats.Interval, s result.Stats, key string) {
	t.Helper()
	require.True(t, want.Exists())
	require.InDelta(t, want.Lo, lookup(t, s, key+"-ci95-lo"), 1e-12, key)
	require.InDelta(t, want.Hi, lookup(t, s, key+"-ci95-hi"), 1e-12, key)
}

func TestIntervalsOfValuesThatAreAlikeInTimeAreThoseOfTheirSeries(t *testing.T) {
	series := autoregressive(3000, 0.7, 1)
	all := numberedRun(series)
	rand.New(rand.NewPCG(2, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) // as they finished
	acc := accumulate(all...)
	s := acc.Stats(&result.Result{})
	requireInterval(t, series.MeanInterval(0.95), s, "ttft-mean")
	for name, q := range map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99} {
		requireInterval(t, series.QuantileInterval(q, 0.95), s, "ttft-"+name)
	}
	naive := stats.SampleOf(series).MeanInterval(0.95)
	require.Greater(t, lookup(t, s, "ttft-mean-ci95-hi")-lookup(t, s, "ttft-mean-ci95-lo"), 2*(naive.Hi-naive.Lo))

	res := new(result.Result)
	acc.Complete(res, nil)
	found := warnings(res, stats.Dependent)
	require.Len(t, found, 1)
	require.Equal(t, "ttft,ttfct,ttlt,response", found[0].Metric)
	require.Regexp(t, `^3000 values, alike in time, count for [4-6]\d\d independent ones$`, found[0].Text)
}

func warnings(res *result.Result, code string) (all []result.Warning) {
	for _, w := range res.Warnings {
		if w.Code == code {
			all = append(all, w)
		}
	}
	return all
}

func TestIntervalsOfIndependentValuesAreExact(t *testing.T) {
	var alternating []float64 // what follows a value is always unlike it
	for i := range 1000 {
		alternating = append(alternating, 1+float64(i%2)/2+float64(i*7%1000)/1e4)
	}
	sorted := stats.Sorted(alternating)
	s := accumulate(numberedRun(alternating)...).Stats(&result.Result{})
	requireInterval(t, stats.QuantileInterval(sorted, 0.5, 0.95), s, "ttft-p50")
	requireInterval(t, stats.SampleOf(alternating).MeanInterval(0.95), s, "ttft-mean")
}

func TestAMeanHasAnIntervalFromThirtyValuesOn(t *testing.T) {
	values := autoregressive(30, 0, 3)
	s := accumulate(numberedRun(values)...).Stats(&result.Result{})
	requireInterval(t, stats.SampleOf(values).MeanInterval(0.95), s, "ttft-mean")
	acc := accumulate(numberedRun(values[:29])...)
	_, ok := acc.Stats(&result.Result{}).Lookup("ttft-mean-ci95-lo")
	require.False(t, ok)
	res := new(result.Result)
	acc.Complete(res, nil)
	require.Equal(t, "the mean of 29 effective values has no 95 % interval: at least 30 are needed", warnings(res, stats.NoInterval)[0].Text)
}

// answers are streams each of which has a pace of its own.
func answers(n, gaps int, seed uint64) (all []*endpoint.Response) {
	random := rand.New(rand.NewPCG(seed, seed))
	for i := range n {
		pace := 10 + 5*random.Float64()
		events, last := []time.Duration{100 * time.Millisecond}, 100.0
		for range gaps {
			last += pace + random.Float64()
			events = append(events, time.Duration(last*1e6))
		}
		r := at(time.Duration(i)*time.Second, gaps+1, events...)
		r.Seq = i
		all = append(all, r)
	}
	return all
}

func TestGapsOfOneAnswerCountForFewerThanTheyAre(t *testing.T) {
	all := answers(100, 50, 1)
	s := accumulate(all...).Stats(&result.Result{})
	require.Equal(t, 5000.0, lookup(t, s, "itl-n"))
	var gaps stats.Sample
	means := make(stats.Series, len(all))
	for i, r := range all {
		for j := range 50 {
			gaps.Add((r.Events[j+1].At - r.Events[j].At).Seconds())
		}
		means[i] = (r.Events[50].At - r.Events[0].At).Seconds() / 50
	}
	half := (lookup(t, s, "itl-mean-ci95-hi") - lookup(t, s, "itl-mean-ci95-lo")) / 2
	want := means.MeanInterval(0.95) // with equally many gaps the mean is that of the answers' means
	require.InEpsilon(t, (want.Hi-want.Lo)/2, half, 0.02)
	naive := gaps.MeanInterval(0.95)
	require.Greater(t, half, 5*(naive.Hi-naive.Lo)/2)
	requireSameInterval(t, s, "itl", "icl")

	few := accumulate(answers(5, 1000, 1)...).Stats(&result.Result{})
	_, ok := few.Lookup("itl-p99-ci95-lo")
	require.False(t, ok, "five answers are no 5,000 values")
}

func requireSameInterval(t *testing.T, s result.Stats, a, b string) {
	t.Helper()
	for _, end := range []string{"-mean-ci95-lo", "-p50-ci95-hi", "-p90-ci95-lo"} {
		require.InDelta(t, lookup(t, s, a+end), lookup(t, s, b+end), 1e-12)
	}
}

// A long run keeps a part of its requests, from which it learns how alike neighbours are: the interval is about that of all.
func TestALongRunHasTheIntervalsOfAllItsValues(t *testing.T) {
	series := autoregressive(60_000, 0.5, 4)
	s := accumulate(numberedRun(series)...).Stats(&result.Result{})
	for name, want := range map[string]stats.Interval{"mean": series.MeanInterval(0.95), "p90": series.QuantileInterval(0.9, 0.95)} {
		got := lookup(t, s, "ttft-"+name+"-ci95-hi") - lookup(t, s, "ttft-"+name+"-ci95-lo")
		require.InEpsilon(t, want.Hi-want.Lo, got, 0.1, name)
	}
}

func TestRatesHaveTheirIntervals(t *testing.T) {
	acc := accumulate(at(0, 1, time.Second), at(0, 1, time.Second), at(0, 1, time.Second), failure(endpoint.KindReset, 3, ""))
	s := acc.Stats(&result.Result{TotalTestTime: 4 * time.Second})
	requireInterval(t, stats.Wilson(1, 4, 0.95), s, "failed_requests_rate")
	requireInterval(t, stats.Poisson(3, 4, 0.95), s, "requests_per_second")
}

// failing is a run of n requests of which those that fail does not.
func failing(n int, fails func(i int) bool) (all []*endpoint.Response) {
	for i, r := range numberedRun(make([]float64, n)) {
		if fails(i) {
			r.Error = &endpoint.Error{Kind: endpoint.KindServerStatus}
		}
		all = append(all, r)
	}
	return all
}

func TestFailuresThatComeTogetherTellLessOfTheirRate(t *testing.T) {
	const n = 1000
	together := accumulate(failing(n, func(i int) bool { return i%200 >= 180 })...).Stats(&result.Result{})
	outcomes := make(stats.Series, n)
	for i := range outcomes {
		if i%200 >= 180 {
			outcomes[i] = 1
		}
	}
	requireInterval(t, stats.WilsonFor(n/10, n, 0.95, outcomes.EffectiveN()), together, "failed_requests_rate")
	apart := accumulate(failing(n, func(i int) bool { return i%10 == 0 })...).Stats(&result.Result{})
	requireInterval(t, stats.Wilson(n/10, n, 0.95), apart, "failed_requests_rate")
	width := func(s result.Stats) float64 {
		return lookup(t, s, "failed_requests_rate-ci95-hi") - lookup(t, s, "failed_requests_rate-ci95-lo")
	}
	require.Greater(t, width(together), 3*width(apart))
}

func TestGoodputOfRequestsThatAreGoodTogetherIsLessSure(t *testing.T) {
	const n = 600
	run := failing(n, func(i int) bool { return i%100 >= 80 })
	early, never := slo.MustParse("goodput(ttft<1s) > 50%"), slo.MustParse("goodput(ttlt<0s) > 50%")
	whole := result.Accumulator{Objectives: []slo.Objective{early, never}}
	left, right := result.Accumulator{Objectives: []slo.Objective{early, never}}, result.Accumulator{Objectives: []slo.Objective{never, early}}
	for i, r := range run {
		whole.Add(r)
		if i < n/3 {
			left.Add(r)
		} else {
			right.Add(r)
		}
	}
	left.Merge(&right)
	s := whole.Stats(&result.Result{})
	require.Equal(t, lookup(t, s, early.Key()+"-ci95-lo"), lookup(t, left.Stats(&result.Result{}), early.Key()+"-ci95-lo"))
	require.InDelta(t, 1-lookup(t, s, "failed_requests_rate-ci95-hi"), lookup(t, s, early.Key()+"-ci95-lo"), 1e-12)
	require.Less(t, lookup(t, s, early.Key()+"-ci95-lo"), stats.Wilson(n*8/10, n, 0.95).Lo)
	requireInterval(t, stats.Wilson(0, n, 0.95), s, never.Key())
}

func TestStallsEventsAndReadsOfStreamsAreCounted(t *testing.T) {
	ms := time.Millisecond
	stalled := at(0, 6, 100*ms, 110*ms, 120*ms, 130*ms, 240*ms, 250*ms) // one gap of 110 ms, the median is 10 ms
	smooth := at(0, 6, 100*ms, 110*ms, 200*ms)                          // twice as many tokens as events
	smooth.Events[1].SameRead = true
	smooth.Events = append(smooth.Events, endpoint.Event{At: 210 * ms}) // without tokens
	lying := at(0, 1, 100*ms, 110*ms)                                   // one token, the server says
	acc := accumulate(stalled, smooth, lying, at(0, 5))
	s := acc.Stats(&result.Result{})
	require.Equal(t, 1.0/3, lookup(t, s, "stalls_per_request"))
	require.Equal(t, 14.0/11, lookup(t, s, "tokens_per_event-mean"))
	require.Equal(t, 12.0/11, lookup(t, s, "events_per_read-mean"))
	require.Equal(t, 1.0, lookup(t, s, "usage_mismatch_requests"))
	res := new(result.Result)
	acc.Complete(res, nil)
	require.Equal(t, []result.Warning{{
		Code: result.WarnUsage, Metric: "tpot,itl,output_tokens_per_second",
		Text: "for 1 of 3 answers the server reports fewer output tokens than it sent events with tokens",
	}}, warnings(res, result.WarnUsage))
	_, ok := accumulate(at(0, 5)).Stats(&result.Result{}).Lookup("tokens_per_event-mean")
	require.False(t, ok, "there was no stream")
}

func TestPreciseTellsWhenTheIntervalsAreNarrowEnough(t *testing.T) {
	values := autoregressive(1000, 0, 5)
	acc := accumulate(numberedRun(values)...)
	i := stats.SampleOf(values).MeanInterval(0.95)
	width := 100 * i.Precision(stats.Mean(values))
	precise, known := acc.Precise(slo.MustParseUntil("ttft-mean ci < 1%, requests_per_second ci < 10%"), 10*time.Second)
	require.True(t, precise)
	require.InDelta(t, 0.0625, width, 0.005)
	require.Regexp(t, `^ttft-mean ± 0\.06\d*%, requests_per_second ± 6\.\d+%$`, known)
	for _, text := range []string{"ttft-mean ci < 0.01%", "ttft-p99.9 ci < 50%", "requests_per_second ci < 1%", "failed_requests_rate ci < 100%", "tpot-mean ci < 100%"} {
		precise, _ = acc.Precise(slo.MustParseUntil("ttft-mean ci < 100%, "+text), 10*time.Second)
		require.False(t, precise, text)
	}
	_, known = acc.Precise(slo.MustParseUntil("tpot-mean ci < 100%"), 0)
	require.Equal(t, "tpot-mean without an interval", known)
}
