package llmeter_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// flaky fails the first n times with err, each after a second, and then streams one token after a second.
func flaky(n int64, err *endpoint.Error) llmeter.Endpoint {
	var calls atomic.Int64
	return endpoint.New(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(time.Second)
		if calls.Add(1) <= n {
			return nil, err
		}
		return &endpoint.Response{Text: "ok"}, nil
	})
}

func TestWithoutARetryNothingIsSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: flaky(1, &endpoint.Error{Kind: endpoint.KindRateLimited}), Payloads: numbered(1)})
		require.Equal(t, 1, res.FailedRequests())
		for _, key := range []string{"retries", "retried_requests", "attempt_ttlt-mean"} {
			_, ok := res.Stats().Lookup(key)
			require.False(t, ok, key)
		}
	})
}

func TestRetriesAreKeptAndTheirTimeIsPartOfTheLatency(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: flaky(2, &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429, RetryAfter: 10 * time.Second}),
			Payloads: numbered(1), Retry: llmeter.Retry{Attempts: 5},
		})
		r := responses(t, res)[0]
		require.Nil(t, r.Error)
		require.Len(t, r.Attempts, 3)
		require.Equal(t, 429, r.Attempts[1].Status)
		retries, _ := r.Retries()
		require.Equal(t, 2, retries)
		ttlt, _ := r.TTLT()
		require.Equal(t, 23*time.Second, ttlt) // three attempts of a second, and twice what the server asked for
		_, alone := r.WithoutRetries()
		require.Equal(t, time.Second, alone)
		for key, want := range map[string]float64{
			"retried_requests": 1, "retries": 2, "ttlt-mean": 23, "attempt_ttlt-mean": 1, "attempt_ttlt-p99": 1, "attempt_ttlt-n": 1,
		} {
			got, ok := res.Stats().Lookup(key)
			require.True(t, ok, key)
			require.Equal(t, want, got, key)
		}
	})
}

func TestWhatEarlierAttemptsBroughtIsKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var calls atomic.Int64
		broken := endpoint.NewStream(endpoint.Info{}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
			n := calls.Add(1)
			return func(yield func(endpoint.Chunk, error) bool) {
				for range n {
					time.Sleep(time.Second)
					if !yield(endpoint.Chunk{Text: "word"}, nil) {
						return
					}
				}
				if n < 3 {
					yield(endpoint.Chunk{}, &endpoint.Error{Kind: endpoint.KindReset, RetryAfter: 10 * time.Second})
				}
			}
		})
		st := new(store.Memory)
		res := run(t, llmeter.Runner{Endpoint: broken, Payloads: numbered(1), Retry: llmeter.Retry{Attempts: 5}, Folder: "run", Store: st})
		loaded, err := result.Load(t.Context(), "run", result.LoadOptions{Store: st})
		require.NoError(t, err)
		for _, res := range []*llmeter.Result{res, loaded} {
			r := responses(t, res)[0]
			var at [][]time.Duration
			for _, events := range [][]endpoint.Event{r.Attempts[0].Events, r.Attempts[1].Events, r.Attempts[2].Events, r.Events} {
				at = append(at, nil)
				for _, e := range events {
					at[len(at)-1] = append(at[len(at)-1], e.At/time.Second)
				}
			}
			require.Equal(t, [][]time.Duration{{1}, {12, 13}, nil, {24, 25, 26}}, at)
		}
	})
}

func TestPausesDoubleUpToTheirBound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: flaky(100, &endpoint.Error{Kind: endpoint.KindServerStatus}), Payloads: numbered(1), Seed: 3,
			Retry: llmeter.Retry{Attempts: 6, Backoff: time.Second, MaxBackoff: 4 * time.Second},
		})
		r := responses(t, res)[0]
		require.Len(t, r.Attempts, 6)
		for i, most := range []time.Duration{1, 2, 4, 4, 4} {
			pause := r.Attempts[i+1].Start.Sub(r.Attempts[i].End)
			require.LessOrEqual(t, pause, most*time.Second)
			require.GreaterOrEqual(t, pause, most*time.Second/2)
		}
	})
}

func TestKindsThatAreNotWorthItAreNotRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, kind := range []endpoint.ErrorKind{endpoint.KindUnauthorized, endpoint.KindMalformed, endpoint.KindTimeout} {
			res := run(t, llmeter.Runner{Endpoint: flaky(1, &endpoint.Error{Kind: kind}), Payloads: numbered(1), Retry: llmeter.Retry{Attempts: 3}})
			require.Equal(t, 1, res.FailedRequests(), kind)
		}
		res := run(t, llmeter.Runner{Endpoint: flaky(1, &endpoint.Error{Kind: endpoint.KindMalformed}), Payloads: numbered(1),
			Retry: llmeter.Retry{Attempts: 3, Kinds: []endpoint.ErrorKind{endpoint.KindMalformed}}})
		require.Zero(t, res.FailedRequests())
	})
}

func TestADeadEndpointEndsALongTestEarly(t *testing.T) {
	dead := func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(time.Second)
		return nil, &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 503}
	}
	bubble(t, func(t *testing.T) {
		r := llmeter.Runner{Endpoint: endpoint.New(endpoint.Info{}, dead), Payloads: numbered(1), Clients: 5, Duration: time.Hour,
			StopWhen: llmeter.StopWhen{ErrorRate: 0.5}}
		res := run(t, r)
		require.LessOrEqual(t, res.TotalTestTime, 5*time.Second)
		require.Equal(t, llmeter.WarnStoppedEarly, res.Warnings[0].Code)
		require.False(t, res.Interrupted)

		r.StopWhen = llmeter.StopWhen{FirstError: true}
		require.LessOrEqual(t, run(t, r).TotalTestTime, 2*time.Second)
	})
}
