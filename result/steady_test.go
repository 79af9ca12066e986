package result_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
	"github.com/llmeter-go/llmeter/store"
)

// completed is the Result of responses in memory.
func completed(warmup, cooldown result.Cut, all ...*endpoint.Response) *result.Result {
	res := &result.Result{Warmup: warmup, Cooldown: cooldown, TotalTestTime: time.Minute}
	accumulate(all...).Complete(res, all)
	return res
}

// everySecond are n answers of two tokens, one 0.5 s and one 1.5 s after they were sent, which is every second.
func everySecond(n int) (all []*endpoint.Response) {
	for i := range n {
		r := at(time.Duration(i)*time.Second, 2, 500*time.Millisecond, 1500*time.Millisecond)
		r.Seq = i
		all = append(all, r)
	}
	return all
}

func requireNumbers(t *testing.T, s result.Stats, want map[string]float64) {
	t.Helper()
	for key, value := range want {
		require.InDelta(t, value, lookup(t, s, key), 1e-12, key)
	}
}

func TestTheSteadyStateIsWhatWasSentAndWhatCameWithinItsWindow(t *testing.T) {
	all := everySecond(7)
	all[4].Error = &endpoint.Error{Kind: endpoint.KindTruncated}
	s := completed(result.Cut{Requests: 2}, result.Cut{Requests: 1}, all...).Stats()
	// Requests 2 to 5 were sent from 2 s to 5 s, of which 4 failed. After 2 s and until 5 s came both tokens of 2 and 3, the
	// last one of 1 and none of 5; 1, 2 and 3 ended.
	requireNumbers(t, s, map[string]float64{
		"steady-from": 2, "steady-to": 5, "steady-requests": 4, "steady-ttlt-n": 3, "steady-ttft-mean": 0.5, "steady-tpot-p99": 1,
		"steady-itl-n": 3, "steady-requests_per_second": 1, "steady-output_tokens_per_second": 5.0 / 3,
	})
	requireInterval(t, stats.Poisson(3, 3, 0.95), s, "steady-requests_per_second")
	require.Equal(t, 6.0, lookup(t, s, "ttlt-n"), "the whole run stays the headline")
}

func TestAWarmupMayBeATime(t *testing.T) {
	s := completed(result.Cut{Time: 2500 * time.Millisecond}, result.Cut{Time: time.Second}, everySecond(7)...).Stats()
	requireNumbers(t, s, map[string]float64{
		"steady-from": 2.5, "steady-to": 5, "steady-requests": 3, // sent at 3, 4 and 5 s
		"steady-requests_per_second": 2 / 2.5, "steady-output_tokens_per_second": 4 / 2.5, // 3.5, 3.5, 4.5, 4.5
	})
	for _, none := range [][2]result.Cut{
		{{None: true}, {None: true}}, {{}, {}}, {{None: true}, {}}, {{Time: time.Hour}, {}}, {{Requests: 7}, {}}, {{}, {Requests: 6}},
	} {
		_, ok := completed(none[0], none[1], everySecond(7)...).Stats().Lookup("steady-from")
		require.False(t, ok, "%v", none)
	}
	s = completed(result.Cut{Requests: 1}, result.Cut{}, everySecond(7)...).Stats()
	requireNumbers(t, s, map[string]float64{"steady-from": 1, "steady-to": 6, "steady-requests": 6}) // too few to decide on the end
}

func TestTokensThatNoEventShowsCountWithTheFirstOneOrAtTheEnd(t *testing.T) {
	all := everySecond(4)
	all[1].OutputTokens, all[1].ReasoningTokens = endpoint.Counted(12), endpoint.Counted(10) // hidden, by 1.5 s
	whole := at(2*time.Second, 30)                                                           // not streamed, by 3 s
	whole.Seq, whole.Streamed = 4, false
	whole.LastToken = whole.Dispatched.Add(time.Second)
	s := completed(result.Cut{Requests: 1}, result.Cut{None: true}, append(all, whole)...).Stats()
	// After 1 s and until 3 s: 1 of request 0, all 12 of request 1, 1 of request 2, 30 of the whole answer.
	requireNumbers(t, s, map[string]float64{"steady-from": 1, "steady-to": 3, "steady-output_tokens_per_second": 44.0 / 2})
}

// settling are latencies around one second, but ten times that before from and after to.
func settling(n, from, to int) (values []float64) {
	for i := range n {
		v := 1 + float64(i%4)/10
		if i < from || i >= to {
			v *= 10
		}
		values = append(values, v)
	}
	return values
}

func TestLatenciesDecideWhatIsSteady(t *testing.T) {
	s := completed(result.Cut{}, result.Cut{}, numberedRun(settling(400, 50, 380))...).Stats()
	requireNumbers(t, s, map[string]float64{"steady-from": 0.5, "steady-to": 3.79, "steady-requests": 330, "steady-ttft-mean": 379.7 / 330})
	s = completed(result.Cut{None: true}, result.Cut{}, numberedRun(settling(400, 0, 380))...).Stats()
	requireNumbers(t, s, map[string]float64{"steady-from": 0, "steady-to": 3.79, "steady-requests": 380})
	s = completed(result.Cut{}, result.Cut{None: true}, numberedRun(settling(400, 50, 400))...).Stats()
	requireNumbers(t, s, map[string]float64{"steady-from": 0.5, "steady-to": 3.99, "steady-requests": 350})
	s = completed(result.Cut{}, result.Cut{}, numberedRun(settling(400, 0, 400))...).Stats()
	requireNumbers(t, s, map[string]float64{"steady-from": 0, "steady-to": 3.99, "steady-requests": 400})

	res := completed(result.Cut{}, result.Cut{}, numberedRun(settling(249, 50, 249))...)
	_, ok := res.Stats().Lookup("steady-from")
	require.False(t, ok, "too few to decide")
	require.Empty(t, warnings(res, result.WarnUnsettled))
}

func TestLatenciesThatNeverSettleHaveNoSteadyState(t *testing.T) {
	var growing []float64
	for i := range 300 {
		growing = append(growing, 1+float64(i)/100)
	}
	res := completed(result.Cut{}, result.Cut{}, numberedRun(growing)...)
	_, ok := res.Stats().Lookup("steady-from")
	require.False(t, ok)
	require.Equal(t, "latencies were still changing in the middle of the run: it has no steady state", warnings(res, result.WarnUnsettled)[0].Text)
}

func TestRequestsWithoutNumbersHaveNoSteadyState(t *testing.T) {
	all := everySecond(10)
	for _, r := range all {
		r.Seq = 0
	}
	_, ok := completed(result.Cut{Requests: 2}, result.Cut{}, all...).Stats().Lookup("steady-from")
	require.False(t, ok)
}

// steadyKeys are the keys of the steady state in s, which has some.
func steadyKeys(t *testing.T, s result.Stats) (keys []string) {
	for key := range s.All() {
		if strings.HasPrefix(key, "steady-") {
			keys = append(keys, key)
		}
	}
	require.NotEmpty(t, keys)
	return keys
}

func TestUnderLowMemoryTheSteadyStateComesFromTheFolder(t *testing.T) {
	for _, o := range []result.WriterOptions{{}, {NoEvents: true}} {
		s, st := newSynthetic(8, 400), new(store.Memory)
		w, err := result.NewWriter(t.Context(), st, "run", o)
		require.NoError(t, err)
		require.NoError(t, w.Begin(nil, nil))
		w.Start(s.start)
		for _, r := range s.responses {
			w.Add(r)
		}
		w.Flush()
		low := s.meta("run")
		low.Store = st
		accumulateGoals(s.responses...).Complete(low, nil)
		want := s.result(t, "").Stats()
		require.Equal(t, o.NoEvents, len(warnings(low, result.WarnSteadyGaps)) == 1)
		for _, key := range steadyKeys(t, want) {
			switch {
			case o.NoEvents && (strings.HasPrefix(key, "steady-itl-") || strings.HasPrefix(key, "steady-output_tokens_per_second")):
				continue // nothing tells of the gaps then, nor of when tokens came
			case o.NoEvents:
				require.InDelta(t, lookup(t, want, key), lookup(t, low.Stats(), key), 2e-6, "instants in whole microseconds: %s", key)
			default:
				require.Equal(t, lookup(t, want, key), lookup(t, low.Stats(), key), key)
			}
		}
	}
}

func TestTheEventLogAloneGivesTheSteadyState(t *testing.T) {
	s := newSynthetic(9, 400)
	for _, r := range s.responses {
		r.Payload.Labels = nil
	}
	st := new(store.Memory)
	res := s.meta("run")
	res.Warmup, res.Store = result.Cut{}, st // what no file tells is left to the latencies
	accumulate(s.responses...).Complete(res, s.responses)
	w, err := result.NewWriter(t.Context(), st, "run", result.WriterOptions{})
	require.NoError(t, err)
	require.NoError(t, w.Begin(nil, nil))
	w.Start(s.start)
	for _, r := range s.responses {
		w.Add(r)
	}
	require.NoError(t, w.Close(res))
	log := read(t, st, "events.bin")
	require.NoError(t, st.WriteFile(t.Context(), "log/events.bin", []byte(log)))
	for _, o := range []result.LoadOptions{{Store: st}, {Store: st, LowMemory: true}} {
		alone := load(t, "log", o)
		for _, key := range steadyKeys(t, res.Stats()) {
			require.Equal(t, lookup(t, res.Stats(), key), lookup(t, alone.Stats(), key), key)
		}
	}
}

func TestASteadyStateThatWasSavedStaysWhenTheEventLogIsLost(t *testing.T) {
	s := newSynthetic(10, 100)
	live := s.save(t, store.Local{}, t.TempDir())
	require.NoError(t, os.Remove(filepath.Join(live.OutputPath, "events.bin")))
	loaded := load(t, live.OutputPath, result.LoadOptions{})
	require.NoError(t, loaded.Save(context.Background(), filepath.Join(t.TempDir(), "again")))
	for _, key := range steadyKeys(t, live.Stats()) {
		require.Equal(t, lookup(t, live.Stats(), key), lookup(t, loaded.Stats(), key), key)
	}
	require.Equal(t, live.Warmup, loaded.Warmup)
	require.Equal(t, live.Objectives, loaded.Objectives)
	require.Equal(t, live.Check(live.Objectives), loaded.Check(loaded.Objectives))
}
