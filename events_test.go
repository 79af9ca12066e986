package llmeter_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// asked is the number in a payload.
func asked(p endpoint.Payload) int {
	v, _ := p.Get("n")
	n, _ := v.(json.Number).Int64()
	return int(n)
}

// streaming streams a word every 100 ms until it has sent as many as the payload's n says. The first try at a request with an
// n that ends in 7 breaks off after five words.
func streaming() llmeter.Endpoint {
	var tried sync.Map
	return endpoint.NewStream(endpoint.Info{Name: "streaming", Model: "m"}, func(ctx context.Context, p endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			attempt := &endpoint.Attempt{URL: "http://host/v1", Start: time.Now(), Ready: time.Now(), Status: 200}
			yield(endpoint.Chunk{Attempt: attempt}, nil)
			n := asked(p)
			_, again := tried.LoadOrStore(n, true)
			breaks := n%10 == 7 && !again
			for i := range n {
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
					yield(endpoint.Chunk{}, ctx.Err())
					return
				}
				if breaks && i == 5 {
					yield(endpoint.Chunk{}, &endpoint.Error{Kind: endpoint.KindReset, Message: "broken"})
					return
				}
				channel := endpoint.Content
				if i < n/3 {
					channel = endpoint.Reasoning
				}
				yield(endpoint.Chunk{Text: "word "[:1+i%5], Channel: channel, Bytes: 200 + i, Late: time.Duration(i) * 30 * time.Microsecond, SameRead: i%4 == 3}, nil)
			}
			attempt.End = time.Now()
			yield(endpoint.Chunk{FinishReason: "stop", Usage: &endpoint.Usage{
				Input: endpoint.Counted(9), Output: endpoint.Counted(2 * n), Reasoning: endpoint.Counted(n / 3), Cached: endpoint.Counted(3)}}, nil)
		}
	})
}

// motley streams, and answers as a whole or not at all every now and then.
type motley struct{ stream, whole, failing llmeter.Endpoint }

func newMotley() *motley {
	failing := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(30 * time.Millisecond)
		return nil, &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429, Code: "slow_down", RetryAfter: 50 * time.Millisecond}
	})
	return &motley{streaming(), slow(730 * time.Millisecond), failing}
}

func (m *motley) Info() endpoint.Info { return m.stream.Info() }

func (m *motley) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	switch asked(p) % 10 {
	case 3:
		return m.failing.Invoke(ctx, p)
	case 5:
		return m.whole.Invoke(ctx, p)
	}
	return m.stream.Invoke(ctx, p)
}

func records(t *testing.T, st store.Store, folder string) (all []*result.Record) {
	t.Helper()
	for r, err := range result.Events(context.WithoutCancel(t.Context()), st, folder) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

// ranMotley is a run of everything that can happen to a request, saved in a folder.
func ranMotley(t *testing.T, edit func(*llmeter.RunConfig)) (*llmeter.Result, store.Store) {
	t.Helper()
	st := new(store.Memory)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	res, err := llmeter.Runner{
		Endpoint: newMotley(), Payloads: numbered(40), Store: st, Folder: "run",
		Arrivals: load.Poisson{Rate: 20}, MaxInFlight: 50,
		Retry: llmeter.Retry{Attempts: 2, Kinds: []endpoint.ErrorKind{endpoint.KindReset, endpoint.KindRateLimited}},
	}.Run(ctx, edit)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Positive(t, res.CancelledRequests)
	require.Positive(t, res.FailedRequests())
	return res, st
}

func TestTheEventLogAloneGivesEveryNumber(t *testing.T) {
	for name, edit := range map[string]func(*llmeter.RunConfig){
		"open loop": func(*llmeter.RunConfig) {},
		"closed loop": func(cfg *llmeter.RunConfig) {
			cfg.Arrivals, cfg.MaxInFlight, cfg.Clients, cfg.Requests = nil, 0, 30, 90
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				res, st := ranMotley(t, edit)
				_, ok := res.Stats().Lookup("steady-ttft-p99")
				require.True(t, ok, "the run is long enough for a steady state")
				requireRecordsOf(t, res, records(t, st, "run"))

				ctx := context.WithoutCancel(t.Context())
				log, err := store.ReadFile(ctx, st, "run/events.bin")
				require.NoError(t, err)
				require.NoError(t, st.WriteFile(ctx, "log/events.bin", log))
				alone, err := result.Load(ctx, "log", result.LoadOptions{Store: st})
				require.NoError(t, err)
				requireSameNumbers(t, res.Stats(), alone.Stats())
				require.Equal(t, res.StartTime, alone.StartTime)
				require.Equal(t, res.EndTime, alone.EndTime)
				require.Equal(t, res.TotalTestTime, alone.TotalTestTime)
				require.Equal(t, res.Interrupted, alone.Interrupted)
			})
		})
	}
}

// requireRecordsOf checks that records are those of a run, and give its statistics.
func requireRecordsOf(t *testing.T, res *llmeter.Result, all []*result.Record) {
	t.Helper()
	var acc result.Accumulator
	var responses []*llmeter.Response
	states, retried := map[result.State]int{}, 0
	for _, r := range all {
		states[r.State]++
		acc.Add(&r.Response)
		responses = append(responses, &r.Response)
		if n, ok := r.Retries(); ok && n > 0 && r.State == result.Succeeded {
			retried++
		}
	}
	require.Equal(t, map[result.State]int{
		result.Succeeded: res.TotalRequests - res.FailedRequests(), result.Failed: res.FailedRequests(), result.Cancelled: res.CancelledRequests,
	}, states)
	require.Positive(t, retried)
	again := &llmeter.Result{
		Clients: res.Clients, Requests: res.Requests, TotalTestTime: res.TotalTestTime, EndTime: res.EndTime, Interrupted: true,
	}
	acc.Complete(again, responses)
	requireSameNumbers(t, res.Stats(), again.Stats())
}

// requireSameNumbers compares all statistics that are numbers, exactly.
func requireSameNumbers(t *testing.T, want, got llmeter.Stats) {
	t.Helper()
	n := 0
	for key := range want.All() {
		w, ok := want.Lookup(key)
		if !ok {
			continue
		}
		g, ok := got.Lookup(key)
		require.True(t, ok, "%s is missing", key)
		require.Equal(t, w, g, key)
		n++
	}
	require.Greater(t, n, 100)
}

func TestWhatStreamsBringIsInTheLogAQuarterOfASecondLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := new(store.Memory)
		start := time.Now()
		run, err := llmeter.Runner{
			Endpoint: streaming(), Payloads: []llmeter.Payload{endpoint.JSON(map[string]int{"n": 97})}, Store: st, Folder: "run",
			Clients: 3, Requests: 1, Retry: llmeter.Retry{Attempts: 2, Kinds: []endpoint.ErrorKind{endpoint.KindReset}, Backoff: time.Second},
		}.Start(t.Context())
		require.NoError(t, err)
		for now := 250 * time.Millisecond; now < 9700*time.Millisecond; now += 250 * time.Millisecond {
			time.Sleep(time.Until(start.Add(now)))
			synctest.Wait()
			all := records(t, st, "run")
			require.Len(t, all, 3)
			straight := 0
			for i, r := range all {
				require.Equal(t, result.Unfinished, r.State)
				require.Equal(t, i, r.Seq)
				require.True(t, r.Dispatched.Equal(start))
				require.True(t, r.Intended.Equal(start))
				require.True(t, r.Cancelled(), "it is in no statistic")
				if requireAllUntil(t, now, r.Events) {
					straight++
				}
			}
			if now >= 750*time.Millisecond {
				require.Equal(t, 2, straight, "the third has broken off and is sent again")
			}
		}
		res, err := run.Wait()
		require.NoError(t, err)
		require.Equal(t, 3, res.TotalRequests)
		for _, r := range records(t, st, "run") {
			require.Equal(t, result.Succeeded, r.State)
			require.Len(t, r.Events, 98)
		}
	})
}

// requireAllUntil checks that the events are all that came until now, and reports whether they did so without a break.
func requireAllUntil(t *testing.T, now time.Duration, events []endpoint.Event) (straight bool) {
	t.Helper()
	for i := range events {
		require.Equal(t, events[0].At+time.Duration(i)*100*time.Millisecond, events[i].At)
		require.Equal(t, endpoint.LatenessOf(time.Duration(i)*30*time.Microsecond), events[i].Late)
	}
	straight = len(events) > 0 && events[0].At == 100*time.Millisecond && events[len(events)-1].At >= now-100*time.Millisecond
	if !straight && len(events) > 0 && events[0].At > 100*time.Millisecond {
		require.GreaterOrEqual(t, events[0].At, 1200*time.Millisecond, "five events, a break and a pause of at least half a second")
		require.GreaterOrEqual(t, events[len(events)-1].At, now-100*time.Millisecond)
	}
	return straight
}

func TestWithoutAnEventLogStatisticsComeBackAsTheyWereSaved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res, st := ranMotley(t, func(cfg *llmeter.RunConfig) { cfg.NoEvents = true })
		ctx := context.WithoutCancel(t.Context())
		there, err := store.Exists(ctx, st, "run/events.bin")
		require.NoError(t, err)
		require.False(t, there)
		for _, err := range result.Events(ctx, st, "run") {
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
		loaded, err := result.Load(ctx, "run", result.LoadOptions{Store: st})
		require.NoError(t, err)
		require.Len(t, loaded.Warnings, len(res.Warnings))
		requireSameNumbers(t, res.Stats(), loaded.Stats())
		_, ok := loaded.Stats().Lookup("itl-p99")
		require.True(t, ok)
	})
}
