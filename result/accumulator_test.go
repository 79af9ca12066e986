package result_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
)

func accumulate(rs ...*endpoint.Response) *result.Accumulator {
	var acc result.Accumulator
	for _, r := range rs {
		acc.Add(r)
	}
	return &acc
}

// accumulateGoals counts the goodput of the synthetic runs too.
func accumulateGoals(rs ...*endpoint.Response) *result.Accumulator {
	acc := result.Accumulator{Objectives: goals}
	for _, r := range rs {
		acc.Add(r)
	}
	return &acc
}

func TestMergingEqualsAddingAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSynthetic(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 150).Draw(t, "n"))
		cut := rapid.IntRange(0, len(s.responses)).Draw(t, "cut")
		meta := s.meta("")
		whole := accumulateGoals(s.responses...)
		left, right := accumulateGoals(s.responses[:cut]...), accumulateGoals(s.responses[cut:]...)
		before := right.Stats(meta)
		right.Merge(left)
		requireSameStats(t, whole.Stats(meta), right.Stats(meta))
		require.Equal(t, whole.Requests(), right.Requests())
		require.Equal(t, whole.FailedRequests(), right.FailedRequests())
		require.Equal(t, whole.Unreachable(), right.Unreachable())
		requireSameStats(t, accumulateGoals(s.responses[:cut]...).Stats(meta), left.Stats(meta)) // what was merged stays
		requireSameStats(t, accumulateGoals(s.responses[cut:]...).Stats(meta), before)

		x, y := s.meta(""), s.meta("")
		whole.Complete(x, nil)
		right.Complete(y, nil)
		require.Equal(t, x.Errors(), y.Errors())
	})
}

// at is a response of a stream: dispatched so long after a fixed start, with an event for each of the given instants
// after that.
func at(offset time.Duration, tokens int, events ...time.Duration) *endpoint.Response {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(offset)
	r := &endpoint.Response{Dispatched: start, Intended: start, RequestTime: start, Streamed: true, OutputTokens: endpoint.Counted(tokens)}
	for _, e := range events {
		r.Events = append(r.Events, endpoint.Event{At: e, Tokens: 1, Text: 4})
		r.LastToken = start.Add(e)
		if r.FirstToken.IsZero() {
			r.FirstToken, r.FirstText = r.LastToken, r.LastToken
		}
	}
	return r
}

func lookup(t require.TestingT, s result.Stats, key string) float64 {
	v, ok := s.Lookup(key)
	require.True(t, ok, key)
	return v
}

func TestOurStatisticsAreThoseOfTheMetricsPage(t *testing.T) {
	r := at(0, 4, 200*time.Millisecond, 300*time.Millisecond, 600*time.Millisecond)
	r.Intended = r.Dispatched.Add(-50 * time.Millisecond)
	r.FirstText = r.Dispatched.Add(300 * time.Millisecond)
	s := accumulate(r).Stats(&result.Result{TotalTestTime: 2 * time.Second})
	for key, want := range map[string]float64{
		"ttft-p50": 0.2, "ttfct-p50": 0.3, "ttlt-p50": 0.6, "response-p50": 0.65, "tpot-p50": 0.4 / 3, "stall-p50": 0.3,
		"icl-n": 2, "icl-mean": 0.2, "icl-p99.9": 0.2998,
		"itl-n": 3, "itl-mean": 0.4 / 3, // the last event carries two of the four tokens: gaps of 0.1, 0.15 and 0.15
		"requests_per_second": 0.5, "output_tokens_per_second": 2, "cancelled_requests": 0,
	} {
		require.InDelta(t, want, lookup(t, s, key), 1e-15, key)
	}
	_, ok := s.Lookup("ttft-p50-ci95-lo")
	require.False(t, ok, "one value has no interval")
	_, ok = s.Lookup("conversations")
	require.False(t, ok)
}

func TestPercentilesHaveIntervalsWhereThereAreEnoughValues(t *testing.T) {
	var acc result.Accumulator
	for i := range 400 {
		acc.Add(at(0, 1, time.Duration(i+1)*time.Millisecond))
	}
	s := acc.Stats(&result.Result{})
	lo, hi := lookup(t, s, "ttft-p99-ci95-lo"), lookup(t, s, "ttft-p99-ci95-hi")
	p99 := lookup(t, s, "ttft-p99")
	require.InDelta(t, 0.39601, p99, 1e-12)
	require.Less(t, lo, p99)
	require.Less(t, p99, hi)
	_, ok := s.Lookup("ttft-p99.9-ci95-lo")
	require.False(t, ok)
	res := new(result.Result)
	acc.Complete(res, nil)
	require.Equal(t, []result.Warning{{
		Code: "few-samples", Metric: "ttft-p99.9,ttfct-p99.9,ttlt-p99.9,response-p99.9", Text: "p99.9 of 400 effective values: at least 1000 are needed",
	}, {
		Code: "approximate", Metric: "ttft-mean,ttfct-mean,ttlt-mean,response-mean",
		Text: "the interval of the mean of 400 values is approximate: its coverage is known from 500 on",
	}}, res.Warnings)
}

func TestFailuresCountInLLMetersStatisticsAndNotInOurs(t *testing.T) {
	good, bad := at(0, 2, time.Second, 2*time.Second), at(time.Second, 2, 3*time.Second, 7*time.Second)
	bad.Error = &endpoint.Error{Kind: endpoint.KindTruncated, Message: "cut"}
	s := accumulate(good, bad).Stats(&result.Result{})
	require.Equal(t, 2.0, lookup(t, s, "time_to_first_token-average"))
	require.Equal(t, 1.0, lookup(t, s, "ttft-mean"))
	require.Equal(t, 1.0, lookup(t, s, "ttft-n"))
	require.Equal(t, 4.0, lookup(t, s, "total_output_tokens"))
	require.Equal(t, 1.0, lookup(t, s, "failed_requests"))
	require.Equal(t, 0.5, lookup(t, s, "failed_requests_rate"))
	require.Equal(t, 1.0, lookup(t, s, "errors-truncated"))
}

// The worked example: five requests a second apart, 25 output and 100 input tokens each, the end after six seconds.
func TestRatesFollowLLMetersFormulas(t *testing.T) {
	var acc result.Accumulator
	for i := range 5 {
		r := at(time.Duration(i)*time.Second, 25, 300*time.Millisecond, 1200*time.Millisecond)
		r.InputTokens = endpoint.Counted(100)
		acc.Add(r)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := acc.Stats(&result.Result{TotalTestTime: 6 * time.Second, EndTime: start.Add(6 * time.Second)})
	for key, want := range map[string]any{
		"requests_per_minute": 50.0, "average_input_tokens_per_minute": 5000.0, "average_output_tokens_per_minute": 1250.0,
		"output_tps": 125.0 / 6, "total_input_tokens": 500, "total_output_tokens": 125, "num_tokens_output-average": 25, "num_tokens_output-p50": 25,
		"num_tokens_output-p90": 25.0, "time_per_output_token-p50": 0.0375, "failed_requests_rate": 0.0, "total_requests": 5,
		"first_request_time": start, "last_request_time": start.Add(4 * time.Second),
	} {
		got, ok := s.Value(key)
		require.True(t, ok, key)
		require.Equal(t, want, got, key)
	}
}

func TestWhatIsNotKnownIsNilInLLMetersKeysAndHasNoKeyOfOurs(t *testing.T) {
	s := new(result.Accumulator).Stats(&result.Result{})
	var got []string
	for key, value := range s.All() {
		if value == nil {
			got = append(got, key)
		}
	}
	require.Equal(t, strings.Fields(`n_requests total_test_time model_id output_path endpoint_name provider run_name run_description
		start_time first_request_time last_request_time end_time
		requests_per_minute average_input_tokens_per_minute average_output_tokens_per_minute`), got)
	rate, _ := s.Value("failed_requests_rate")
	require.Equal(t, 0, rate)
	require.Equal(t, 24, s.Len())
}

func TestCancelledResponsesAreOnlyCounted(t *testing.T) {
	r := at(0, 5, time.Second)
	r.Error = &endpoint.Error{Kind: endpoint.KindCancelled}
	s := accumulate(r).Stats(&result.Result{})
	require.Equal(t, 1.0, lookup(t, s, "cancelled_requests"))
	require.Equal(t, 0.0, lookup(t, s, "total_requests"))
	require.Equal(t, 0.0, lookup(t, s, "total_output_tokens"))
}

func TestConversationsAreFirstTurnsWhereThereAreLaterOnes(t *testing.T) {
	a, b, c := at(0, 1), at(0, 1), at(0, 1)
	_, ok := accumulate(a, b).Stats(&result.Result{}).Value("conversations")
	require.False(t, ok)
	c.Turn = 1
	require.Equal(t, 2.0, lookup(t, accumulate(a, b, c).Stats(&result.Result{}), "conversations"))
}

func failure(kind endpoint.ErrorKind, seq int, message string) *endpoint.Response {
	return &endpoint.Response{Seq: seq, Error: &endpoint.Error{Kind: kind, Message: message}}
}

func TestUnreachableMeansThatNoRequestHadAConnection(t *testing.T) {
	refused, dns := failure(endpoint.KindConnect, 0, "refused"), failure(endpoint.KindDNS, 1, "no host")
	require.False(t, accumulate().Unreachable())
	require.True(t, accumulate(refused, dns, failure(endpoint.KindCallback, 2, "hook")).Unreachable())
	require.False(t, accumulate(failure(endpoint.KindCallback, 0, "hook")).Unreachable(), "nothing was tried")
	require.False(t, accumulate(refused, failure(endpoint.KindServerStatus, 1, "")).Unreachable())
	require.False(t, accumulate(refused, at(0, 1, time.Second)).Unreachable())
	retried := failure(endpoint.KindConnect, 0, "refused")
	retried.Attempts = []endpoint.Attempt{{Ready: time.Unix(1, 0)}, {}}
	require.False(t, accumulate(retried).Unreachable(), "the first attempt had one")
}

func TestErrorsAreCountedByKindWithTheFirstAsSample(t *testing.T) {
	res := new(result.Result)
	accumulate(failure(endpoint.KindReset, 3, "third"), failure(endpoint.KindReset, 1, "first"), failure(endpoint.KindEmpty, 2, ""),
		failure("", 5, "custom"), failure(endpoint.KindCancelled, 4, "")).Complete(res, nil)
	got := res.Errors()
	require.Len(t, got, 3)
	require.Equal(t, []any{endpoint.KindReset, 2, "reset: first"}, []any{got[0].Kind, got[0].Count, got[0].Sample})
	require.Equal(t, endpoint.KindEmpty, got[1].Kind)
	require.Equal(t, endpoint.KindUnknown, got[2].Kind)
	require.Equal(t, 4, res.FailedRequests())
	require.Equal(t, 1, res.CancelledRequests)
}

func TestGapsOfEventsAndOfTokensPartWithTheFirstEventOfSeveralTokens(t *testing.T) {
	const ms = time.Millisecond
	one := at(0, 3, 100*ms, 110*ms, 140*ms)
	several := at(time.Second, 4, 100*ms, 160*ms) // two tokens each
	for name, acc := range map[string]*result.Accumulator{
		"added": accumulate(one, several), "added the other way round": accumulate(several, one),
		"merged": merged(accumulate(one), accumulate(several)), "merged the other way round": merged(accumulate(several), accumulate(one)),
	} {
		s := acc.Stats(&result.Result{})
		require.Equal(t, 3.0, lookup(t, s, "icl-n"), name)
		require.Equal(t, 4.0, lookup(t, s, "itl-n"), name)
		require.InDelta(t, 0.1/3, lookup(t, s, "icl-mean"), 1e-15, name)
		require.InDelta(t, 0.1/4, lookup(t, s, "itl-mean"), 1e-15, name)
	}
	s := accumulate(one).Stats(&result.Result{})
	require.Equal(t, 2.0, lookup(t, s, "icl-n"))
	require.Equal(t, lookup(t, s, "itl-p50"), lookup(t, s, "icl-p50"))
}

func merged(a, b *result.Accumulator) *result.Accumulator {
	a.Merge(b)
	return a
}
