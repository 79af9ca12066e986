package llmeter_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
)

// A watcher keeps what it is told.
type watcher struct {
	llmeter.NopCallback
	run   *llmeter.Run
	state any // that BeforeRun left in the context
	order []string
	watch func(*llmeter.Run)
}

func (w *watcher) BeforeRun(ctx context.Context, _ *llmeter.RunConfig) (context.Context, error) {
	return context.WithValue(ctx, key("state"), "mine"), nil
}

func (w *watcher) Watch(ctx context.Context, run *llmeter.Run) {
	w.run, w.state, w.order = run, ctx.Value(key("state")), append(w.order, "watch")
	if w.watch != nil {
		w.watch(run)
	}
}

func (w *watcher) AfterInvoke(context.Context, *llmeter.Response) error {
	w.order = append(w.order, "response")
	return nil
}

func (w *watcher) AfterRun(context.Context, *llmeter.Result) error {
	w.order = append(w.order, "end")
	return nil
}

func TestAWatcherIsGivenTheRunBeforeAnythingIsProcessed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := new(watcher)
		run(t, llmeter.Runner{
			Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, RunName: "seen", Callbacks: []llmeter.Callback{w},
		})
		require.Equal(t, []string{"watch", "response", "response", "end"}, w.order)
		require.Equal(t, "mine", w.state)
		require.Equal(t, "seen", w.run.Config().RunName)
		require.Equal(t, llmeter.DefaultTimeout, w.run.Config().Timeout)
	})
}

func TestAWatcherMayStopTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := &watcher{watch: (*llmeter.Run).Stop}
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Requests: 5, Callbacks: []llmeter.Callback{w}})
		require.LessOrEqual(t, res.TotalRequests, 1)
	})
}

func TestPointsAreTheStatisticsWithoutIntervals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 8, Duration: time.Minute}.Start(t.Context())
		require.NoError(t, err)
		time.Sleep(59*time.Second + time.Millisecond)
		all, points := maps.Collect(r.Stats().All()), maps.Collect(r.Points().All())
		require.Equal(t, 472, points["ttlt-n"])
		require.NotContains(t, points, "ttlt-p50-ci95-lo")
		for key, value := range all {
			if strings.Contains(key, "-ci95-") {
				require.NotContains(t, points, key)
				continue
			}
			require.Equal(t, value, points[key], key)
		}
		res, err := r.Wait()
		require.NoError(t, err)
		require.Equal(t, res.Stats(), r.Points(), "at the end they are those of the Result")
	})
}

func TestHealthTellsOfTheLoadWhenTheRunHasEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 8, Duration: time.Minute}.Start(t.Context())
		require.NoError(t, err)
		time.Sleep(30*time.Second + time.Millisecond)
		h := r.Health()
		require.Equal(t, 8, h.AskedInFlight)
		require.Zero(t, h.InFlight)
		require.Equal(t, result.Trusted, result.Judge(h, r.Points().Lookup).Level)
		res, err := r.Wait()
		require.NoError(t, err)
		require.Equal(t, 8.0, r.Health().InFlight)
		require.Equal(t, res.Health.MaxInFlight, r.Health().MaxInFlight)
	})
}

func TestARunMayBeWatchedWhileItEnds(t *testing.T) {
	r, err := llmeter.Runner{Endpoint: slow(0), Payloads: numbered(1), Clients: 4, Requests: 500}.Start(t.Context())
	require.NoError(t, err)
	for ended := false; !ended; {
		select {
		case <-r.Done():
			ended = true
		default:
		}
		r.Points()
		r.Progress()
		r.Health()
	}
	require.Equal(t, 2000, r.Progress().Finished)
}
