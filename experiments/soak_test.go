package experiments_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
)

// wearing answers within 100 ms for two hours, then within 150 ms, and fails each fourth request in the last hour of four.
func wearing() llmeter.Endpoint {
	start, calls := time.Now(), new(atomic.Int64)
	return endpoint.New(endpoint.Info{Name: "wearing"}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
		delay := 100 * time.Millisecond
		if time.Since(start) > 2*time.Hour {
			delay = 150 * time.Millisecond
		}
		if err := pause(ctx, delay); err != nil {
			return nil, err
		}
		if calls.Add(1)%4 == 0 && time.Since(start) > 3*time.Hour {
			return nil, &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 500}
		}
		return &endpoint.Response{Text: "ok"}, nil
	})
}

func TestASoakTellsWhatDriftsAndWhen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := new(watched)
		start := time.Now()
		runtime.GC() // before the first one nobody knows what is live
		soak := experiments.Soak{
			Runner: llmeter.Runner{
				Endpoint: wearing(), Payloads: payloads, Duration: 4 * time.Hour, Arrivals: load.Constant{Rate: 0.1},
				LowMemory: true, Store: st, Folder: "soak",
			},
			Keys:      []string{"ttlt-p50", experiments.KeyFailedRate, "requests_per_second"},
			Tolerance: 0.01,
		}
		res, err := soak.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, res.Segments, 60)
		total := 0
		for _, segment := range res.Segments {
			total += segment.Requests
			memory, ok := segment.Stats.Lookup(experiments.KeyClientMemory)
			require.True(t, ok)
			require.Positive(t, memory)
		}
		require.Equal(t, 1440, total)
		byKey := map[string]experiments.Drift{}
		for _, d := range res.Drifts {
			require.NotContains(t, byKey, d.Key)
			byKey[d.Key] = d
		}
		slower, failing := byKey["ttlt-p50"], byKey[experiments.KeyFailedRate]
		require.Equal(t, 31, slower.Segment)
		require.InDelta(t, 2*time.Hour, slower.Time.Sub(start), float64(4*time.Minute))
		require.Equal(t, []float64{0.1, 0.15}, []float64{slower.Before, slower.After})
		require.Equal(t, 46, failing.Segment)
		require.Equal(t, []float64{0, 0.25}, []float64{failing.Before, failing.After})
		require.Less(t, failing.P, 0.01)

		loaded, err := experiments.Soak{}.Load(t.Context(), "soak", result.LoadOptions{Store: st, WithoutResponses: true})
		require.NoError(t, err)
		require.Equal(t, res.Drifts, loaded.Drifts)
		require.Len(t, loaded.Segments, 60)
		require.Empty(t, loaded.Warnings)

		require.NoError(t, st.WriteFile(t.Context(), "soak/00061/responses.jsonl.part", nil))
		loaded, err = soak.Load(t.Context(), "soak", result.LoadOptions{Store: st, WithoutResponses: true})
		require.NoError(t, err)
		require.Len(t, loaded.Segments, 60)
		require.Len(t, loaded.Warnings, 1)
		require.Equal(t, experiments.WarnSkipped, loaded.Warnings[0].Code)
		require.Contains(t, loaded.Warnings[0].Text, "00061")
	})
}

func TestASoakGoesOnWithTheSegmentInWhichItEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		soak := experiments.Soak{
			Runner: llmeter.Runner{
				Endpoint: slow(time.Second, calls), Payloads: payloads, Duration: 95 * time.Second, Store: st, Folder: "soak",
			},
			Segment: 20 * time.Second,
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		res, err := soak.Run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, res.Segments, 3)
		calls.Store(0)
		res, err = soak.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, res.Segments, 5)
		require.EqualValues(t, 20+20+15, calls.Load())
		require.Equal(t, 15, res.Segments[4].Requests)
		require.Empty(t, res.Drifts)
	})
}

func TestASoakThatCannotRunSaysAllThatIsWrong(t *testing.T) {
	_, err := experiments.Soak{Runner: llmeter.Runner{Requests: 1}, Segment: -1, Level: 1, Tolerance: -1}.Run(t.Context())
	for _, problem := range []string{
		"Runner.Duration is missing", "Runner.Requests must be left out", "Segment: -1", "Level: 1", "Tolerance: -1", "Endpoint is missing",
	} {
		require.ErrorContains(t, err, problem)
	}
}
