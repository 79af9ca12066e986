package llmeter_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// slow answers "ok" after a fixed time.
func slow(d time.Duration) llmeter.Endpoint {
	return endpoint.New(endpoint.Info{Name: "slow", Model: "m"}, func(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
		select {
		case <-time.After(d):
			return &endpoint.Response{Text: "ok", OutputTokens: endpoint.Counted(1)}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

func numbered(n int) (ps []llmeter.Payload) {
	for i := range n {
		ps = append(ps, endpoint.JSON(map[string]int{"n": i}))
	}
	return ps
}

// bubble runs f in a synctest bubble, where times are exact.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func run(t *testing.T, r llmeter.Runner, overrides ...func(*llmeter.RunConfig)) *llmeter.Result {
	t.Helper()
	res, err := r.Run(t.Context(), overrides...)
	require.NoError(t, err)
	return res
}

func responses(t *testing.T, res *llmeter.Result) (all []*llmeter.Response) {
	t.Helper()
	for r, err := range res.Responses() {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func number(t *testing.T, p llmeter.Payload) int {
	t.Helper()
	v, ok := p.Get("n")
	require.True(t, ok)
	n, err := strconv.Atoi(fmt.Sprint(v))
	require.NoError(t, err)
	return n
}

func TestClosedLoopKeepsEveryClientBusyAndSendsExactlyItsRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(300 * time.Millisecond), Payloads: numbered(1), Clients: 4, Requests: 5})
		require.Equal(t, 20, res.TotalRequests)
		require.Equal(t, 1500*time.Millisecond, res.TotalTestTime)
		perClient := map[int]int{}
		for _, r := range responses(t, res) {
			perClient[r.Client]++
			ttlt, ok := r.TTLT()
			require.True(t, ok)
			require.Equal(t, 300*time.Millisecond, ttlt)
		}
		require.Equal(t, map[int]int{0: 5, 1: 5, 2: 5, 3: 5}, perClient)
	})
}

func TestClientsThinkBetweenTheirRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, Requests: 3, ThinkTime: load.Fixed{For: 4 * time.Second},
		})
		require.Equal(t, 11*time.Second, res.TotalTestTime) // no pause before the first request and none after the last
		require.Equal(t, 6, res.TotalRequests)
	})
}

func TestEveryPayloadIsUsedWhateverTheNumberOfClients(t *testing.T) {
	for _, clients := range []int{1, 3, 4, 16, 40} {
		bubble(t, func(t *testing.T) {
			res := run(t, llmeter.Runner{Endpoint: slow(time.Millisecond), Payloads: numbered(16), Clients: clients, Requests: 4, Seed: 7})
			uses := make([]int, 16)
			for _, r := range responses(t, res) {
				uses[number(t, r.Payload)]++
			}
			least, most := slices.Min(uses), slices.Max(uses)
			require.Equal(t, clients*4/16, least)
			require.LessOrEqual(t, most-least, 1)
		})
	}
}

func TestWithoutLimitsEachPayloadIsSentOncePerClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Millisecond), Payloads: numbered(5), Clients: 3})
		require.Equal(t, 15, res.TotalRequests)
		require.Equal(t, 5, res.Requests)
	})
}

func order(t *testing.T, seed uint64) (numbers []int) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Millisecond), Payloads: numbered(9), Seed: seed})
		for _, r := range responses(t, res) {
			numbers = append(numbers, number(t, r.Payload))
		}
	})
	return numbers
}

func TestTheSeedDecidesTheOrderOfPayloads(t *testing.T) {
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, order(t, 0))
	require.Equal(t, order(t, 5), order(t, 5))
	require.NotEqual(t, order(t, 5), order(t, 6))
	require.ElementsMatch(t, order(t, 0), order(t, 5))
}

func TestDurationEndsSendingAndLetsWhatIsInFlightFinish(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(300 * time.Millisecond), Payloads: numbered(1), Clients: 2, Duration: time.Second})
		require.Equal(t, 8, res.TotalRequests) // started at 0, 0.3, 0.6 and 0.9 s
		require.Equal(t, 1200*time.Millisecond, res.TotalTestTime)
		require.False(t, res.Interrupted)
	})
}

func TestNoRequestStartsExactlyAtTheEndOfTheDuration(t *testing.T) {
	for range 20 {
		bubble(t, func(t *testing.T) {
			res := run(t, llmeter.Runner{Endpoint: slow(100 * time.Millisecond), Payloads: numbered(1), Clients: 3, Duration: time.Second})
			require.Equal(t, 30, res.TotalRequests)
			require.Equal(t, time.Second, res.TotalTestTime)
		})
	}
}

func TestStopLetsWhatIsInFlightFinish(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 3, Duration: time.Hour}.Start(t.Context())
		require.NoError(t, err)
		time.Sleep(2500 * time.Millisecond)
		r.Stop()
		res, err := r.Wait()
		require.NoError(t, err)
		require.Equal(t, 9, res.TotalRequests)
		require.Equal(t, 3*time.Second, res.TotalTestTime)
	})
}

func TestCancelAbortsWhatIsInFlightAndKeepsWhatHadFinished(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		var after *llmeter.Result
		r, err := llmeter.Runner{
			Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 3, Requests: 100,
			Callbacks: []llmeter.Callback{llmeter.Hooks{AfterRunFunc: func(ctx context.Context, res *llmeter.Result) error {
				after = res
				return ctx.Err()
			}}},
		}.Start(ctx)
		require.NoError(t, err)
		time.Sleep(2500 * time.Millisecond)
		cancel(cause)
		res, err := r.Wait()
		require.ErrorIs(t, err, cause)
		require.Equal(t, 6, res.TotalRequests)
		require.Equal(t, 3, res.CancelledRequests)
		require.True(t, res.Interrupted)
		require.Equal(t, 2500*time.Millisecond, res.TotalTestTime)
		require.Same(t, res, after)
	})
}

func TestATimeoutReallyEndsTheRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Hour), Payloads: numbered(1), Requests: 3, Timeout: 2 * time.Second})
		require.Equal(t, 6*time.Second, res.TotalTestTime)
		for _, r := range responses(t, res) {
			require.Equal(t, endpoint.KindTimeout, r.Error.Kind)
		}
	})
}

func TestOpenLoopStartsRequestsWhenTheyAreDue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: slow(time.Minute), Payloads: numbered(1), Requests: 50, Timeout: time.Hour,
			Arrivals: load.Constant{Rate: 10},
			Callbacks: []llmeter.Callback{llmeter.Hooks{BeforeInvokeFunc: func(ctx context.Context, _ *llmeter.Payload) (context.Context, error) {
				time.Sleep(15 * time.Millisecond) // not even the first request is late for that
				return ctx, nil
			}}},
		})
		sent := responses(t, res)
		require.Len(t, sent, 50)
		slices.SortFunc(sent, func(a, b *llmeter.Response) int { return a.Seq - b.Seq })
		for i, r := range sent {
			require.Equal(t, time.Duration(i)*100*time.Millisecond, r.Dispatched.Sub(sent[0].Dispatched))
			require.Equal(t, r.Intended, r.Dispatched)
		}
	})
}

func TestWaitingForMaxInFlightCountsIntoTheResponseTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{
			Endpoint: slow(time.Second), Payloads: numbered(1), Requests: 3, MaxInFlight: 1,
			Arrivals: load.Constant{Rate: 10},
		})
		var latency, waiting []time.Duration
		for _, r := range responses(t, res) {
			ttlt, _ := r.TTLT()
			response, _ := r.ResponseTime()
			latency, waiting = append(latency, ttlt), append(waiting, response)
		}
		require.Equal(t, []time.Duration{time.Second, time.Second, time.Second}, latency)
		require.Equal(t, []time.Duration{time.Second, 1900 * time.Millisecond, 2800 * time.Millisecond}, waiting)
	})
}

// turns makes a conversation of n requests with a pause before each but the first.
func turns(n int, pause time.Duration) llmeter.Payload {
	p := endpoint.JSON(map[string]int{"n": n})
	p.Next = func(r *llmeter.Response) (*llmeter.Payload, time.Duration, bool) {
		next := turns(n-1, pause)
		return &next, pause, n > 1
	}
	return p
}

func TestConversationsAreHeldByOneClientAndTheirTurnsAreRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: []llmeter.Payload{turns(3, 2*time.Second)}, Clients: 2, Requests: 6})
		require.Equal(t, 12, res.TotalRequests)
		require.Equal(t, 4, res.Conversations)
		require.Equal(t, 14*time.Second, res.TotalTestTime) // per conversation 3 answers and 2 pauses
		for _, r := range responses(t, res) {
			require.Equal(t, 3-r.Turn, number(t, r.Payload))
		}
	})
}

func TestTheNumberOfRequestsCutsAConversation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: []llmeter.Payload{turns(3, 0)}, Requests: 4})
		require.Equal(t, 4, res.TotalRequests)
		require.Equal(t, 2, res.Conversations)
	})
}

func TestSourceMakesPayloadsAndEndsTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var source iter.Seq2[llmeter.Payload, error] = func(yield func(llmeter.Payload, error) bool) {
			for _, p := range numbered(7) {
				if !yield(p, nil) {
					return
				}
			}
		}
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Source: source, Clients: 2})
		require.Equal(t, 7, res.TotalRequests)

		broken := errors.New("line 3 is broken")
		res, err := llmeter.Runner{Endpoint: slow(time.Second), Source: func(yield func(llmeter.Payload, error) bool) {
			_ = yield(numbered(1)[0], nil) && yield(llmeter.Payload{}, broken)
		}}.Run(t.Context())
		require.ErrorIs(t, err, broken)
		require.Equal(t, 1, res.TotalRequests)
	})
}

func TestResponsesComeWhileTheRunGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		r, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Requests: 3}.Start(t.Context())
		require.NoError(t, err)
		var at []time.Duration
		for response := range r.Responses() {
			require.Equal(t, "ok", response.Text)
			at = append(at, time.Since(start))
		}
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, at)
		res, err := r.Wait()
		require.NoError(t, err)
		require.Equal(t, 3, res.TotalRequests)
	})
}

func TestProgressAndStatsCanBeAskedWhileTheRunGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, Requests: 3}.Start(t.Context())
		require.NoError(t, err)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, llmeter.Progress{Elapsed: 1500 * time.Millisecond, Sent: 4, InFlight: 2, Finished: 2, Planned: 6}, r.Progress())
		p50, ok := r.Stats().Lookup("ttlt-p50")
		require.True(t, ok)
		require.Equal(t, 1.0, p50)
		_, err = r.Wait()
		require.NoError(t, err)
	})
}

func TestRunsOfOneRunnerAreIndependent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(2), Clients: 2}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				res, err := r.Run(t.Context())
				require.NoError(t, err)
				require.Equal(t, 4, res.TotalRequests)
			})
		}
		wg.Wait()
	})
}

func TestOverridesEditACopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1)}
		res := run(t, r, func(c *llmeter.RunConfig) { c.Clients = 3 }, func(c *llmeter.RunConfig) { c.Requests = c.Clients })
		require.Equal(t, 9, res.TotalRequests)
		require.Zero(t, r.Clients)
	})
}

func TestARunInWhichNothingConnectsIsUnreachable(t *testing.T) {
	refused := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return nil, &endpoint.Error{Kind: endpoint.KindConnect, Message: "connection refused"}
	})
	res, err := llmeter.Runner{Endpoint: refused, Payloads: numbered(2)}.Run(t.Context())
	require.ErrorIs(t, err, llmeter.ErrUnreachable)
	require.ErrorContains(t, err, "connection refused")
	require.Equal(t, 2, res.TotalRequests)

	failing := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return nil, &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 500}
	})
	res, err = llmeter.Runner{Endpoint: failing, Payloads: numbered(2)}.Run(t.Context())
	require.NoError(t, err, "failed requests are data")
	failed, _ := res.Stats().Lookup("failed_requests")
	require.Equal(t, 2.0, failed)
}

func TestTokensThatTheEndpointDoesNotReportAreCounted(t *testing.T) {
	chatty := endpoint.NewStream(endpoint.Info{}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			_ = yield(endpoint.Chunk{Text: "three words "}, nil) && yield(endpoint.Chunk{Text: "here"}, nil)
		}
	})
	silent := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return &endpoint.Response{}, nil
	})
	res := run(t, llmeter.Runner{Endpoint: chatty, Payloads: numbered(1)})
	r := responses(t, res)[0]
	require.Equal(t, endpoint.Count{N: 3, Source: endpoint.ByTokenizer}, r.OutputTokens)
	require.Equal(t, llmeter.WarnEstimatedTokens, res.Warnings[0].Code)
	require.False(t, r.InputTokens.Known(), "the prompt is not known, which is not zero tokens")
	r = responses(t, run(t, llmeter.Runner{Endpoint: silent, Payloads: numbered(1)}))[0]
	require.False(t, r.OutputTokens.Known())
}

type prewarmed struct {
	llmeter.Endpoint
	conns []int
}

func (p *prewarmed) Prewarm(_ context.Context, n int) error {
	p.conns = append(p.conns, n)
	return nil
}

func TestConnectionsThatTheStartNeedsAreOpenedBeforeIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ep := &prewarmed{Endpoint: slow(time.Millisecond)}
		r := llmeter.Runner{Endpoint: ep, Payloads: numbered(1), Requests: 1}
		run(t, r)
		run(t, r, func(c *llmeter.RunConfig) { c.Clients = 3 })
		run(t, r, func(c *llmeter.RunConfig) { c.Arrivals = load.Constant{Rate: 5} }) // at 0, 200, … 1,000 ms
		run(t, r, func(c *llmeter.RunConfig) { c.Arrivals, c.MaxInFlight = load.Constant{Rate: 5}, 2 })
		run(t, r, func(c *llmeter.RunConfig) { c.Arrivals = load.Constant{Rate: 5000} })
		run(t, r, func(c *llmeter.RunConfig) { c.NoPrewarm = true })
		require.Equal(t, []int{1, 3, 6, 2, 256}, ep.conns)
	})
}
