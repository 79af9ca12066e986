package experiments_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
)

func TestIndependentRunsGoSideBySideEachToItsOwnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		down := endpoint.New(endpoint.Info{Name: "down"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			return nil, &endpoint.Error{Kind: endpoint.KindConnect, Message: "refused"}
		})
		calls := new(atomic.Int64)
		run := llmeter.Runner{Endpoint: slow(time.Second, calls), Payloads: payloads, Requests: 10}
		broken := run
		broken.Endpoint = down
		start := time.Now()
		results, err := experiments.All(t.Context(), run, broken, run)
		require.Equal(t, 10*time.Second, time.Since(start))
		require.ErrorIs(t, err, llmeter.ErrUnreachable)
		require.ErrorContains(t, err, "run 1: ")
		require.Len(t, results, 3)
		require.Equal(t, 10, results[0].TotalRequests)
		require.Equal(t, 10, results[2].TotalRequests)
		require.EqualValues(t, 20, calls.Load())
	})
}

func TestTheContextEndsAllRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(2500*time.Millisecond, func() { cancel(why) })
		run := llmeter.Runner{Endpoint: slow(time.Second, new(atomic.Int64)), Payloads: payloads, Requests: 10}
		results, err := experiments.All(ctx, run, run)
		require.ErrorIs(t, err, why)
		for _, res := range results {
			require.Equal(t, 2, res.TotalRequests)
		}
	})
}

func TestRunsWithFoldersAreNotMadeTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		named := llmeter.Runner{Endpoint: slow(time.Second, calls), Payloads: payloads, Store: st, OutputPath: "runs", RunName: "a"}
		folder := named
		folder.Folder = "b"
		for range 2 {
			results, err := experiments.All(t.Context(), named, folder)
			require.NoError(t, err)
			require.Equal(t, "runs/a", results[0].OutputPath)
		}
		require.EqualValues(t, 4, calls.Load())
		named.Overwrite = true
		_, err := experiments.All(t.Context(), named)
		require.NoError(t, err)
		require.EqualValues(t, 6, calls.Load())
	})
}

func TestNothingRunsIfAnyRunCannot(t *testing.T) {
	calls := new(atomic.Int64)
	run := llmeter.Runner{Endpoint: slow(0, calls), Payloads: payloads}
	_, err := experiments.All(t.Context(), run, llmeter.Runner{}, llmeter.Runner{Endpoint: run.Endpoint})
	require.ErrorContains(t, err, "run 1: ")
	require.ErrorContains(t, err, "run 2: ")
	require.Zero(t, calls.Load())
}
