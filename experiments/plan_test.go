package experiments_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

func fiveLevels(st *watched, calls *atomic.Int64) experiments.LoadTest {
	return experiments.LoadTest{
		Runner:            llmeter.Runner{Endpoint: slow(time.Second, calls), Payloads: payloads, Store: st, Folder: "test"},
		SequenceOfClients: []int{1, 2, 3, 4, 5},
	}
}

func TestAnExperimentKilledInItsThirdOfFiveRunsFinishesWithTheFirstTwoUntouched(t *testing.T) {
	for name, kill := range map[string]func(t *testing.T, st *watched){
		"cancelled": func(*testing.T, *watched) {},
		"killed": func(t *testing.T, st *watched) { // what a run writes at its end is not there
			for _, file := range []string{"summary.json", "stats.json", "llmeter.json"} {
				require.NoError(t, st.Remove(t.Context(), "test/00003-clients/"+file))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st, calls := new(watched), new(atomic.Int64)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(17500*time.Millisecond, cancel) // 10 s and 5 s for the first two
				res, err := fiveLevels(st, calls).Run(ctx)
				require.ErrorIs(t, err, context.Canceled)
				require.Len(t, res.Levels, 3)
				kill(t, st)
				require.Equal(t, []string{"00001-clients", "00002-clients", "00003-clients"}, st.folders("test"))

				calls.Store(0)
				test := fiveLevels(st, calls)
				var last experiments.Progress
				test.Progress = func(p experiments.Progress) { last = p }
				res, err = test.Run(t.Context())
				require.NoError(t, err)
				require.Len(t, res.Levels, 5)
				for _, level := range res.Levels {
					require.False(t, level.Result.Interrupted)
					require.GreaterOrEqual(t, level.Result.TotalRequests, 10)
					require.Len(t, responses(t, level.Result), level.Result.TotalRequests)
				}
				require.Equal(t, []string{"00003-clients", "00004-clients", "00005-clients"}, st.folders("test"))
				require.EqualValues(t, 12+12+10, calls.Load())
				require.Equal(t, experiments.Progress{Run: "00005-clients", Done: 5, Found: 2, Runs: 5, Elapsed: 9 * time.Second}, last)

				calls.Store(0)
				_, err = fiveLevels(st, calls).Run(t.Context())
				require.NoError(t, err)
				require.Zero(t, calls.Load())
				require.Empty(t, st.folders("test"))
			})
		})
	}
}

func TestAnExperimentGrowsByTheRunsThatItsFolderDoesNotHave(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		_, err := fiveLevels(st, calls).Run(t.Context())
		require.NoError(t, err)
		calls.Store(0)
		test := fiveLevels(st, calls)
		test.SequenceOfClients = []int{1, 6}
		res, err := test.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, res.Levels, 2)
		require.EqualValues(t, 12, calls.Load())
	})
}

func TestAFolderOfAnotherExperimentIsRefusedUnlessToldToOverwrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		_, err := fiveLevels(st, calls).Run(t.Context())
		require.NoError(t, err)
		st.folders("test")
		calls.Store(0)

		other := fiveLevels(st, calls)
		other.MinRequestsPerRun = 20
		other.Runner.Payloads = []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "three"})}
		_, err = other.Run(t.Context())
		require.ErrorIs(t, err, experiments.ErrOther)
		require.ErrorContains(t, err, "other values of min_requests_per_run, payloads")
		_, err = experiments.Soak{Runner: llmeter.Runner{
			Endpoint: slow(0, calls), Payloads: payloads, Store: st, Folder: "test", Duration: time.Second,
		}}.Run(t.Context())
		require.ErrorIs(t, err, experiments.ErrOther)
		require.ErrorContains(t, err, "a load test, not a soak")
		require.Zero(t, calls.Load())
		require.Empty(t, st.folders("test"))

		other.Runner.Overwrite = true
		res, err := other.Run(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 20, res.Levels[0].Result.TotalRequests)
		kind, err := experiments.Kind(t.Context(), st, "test")
		require.NoError(t, err)
		require.Equal(t, experiments.KindLoadTest, kind)
	})
}

func TestRunsOfUnknownOriginAreNotOverwritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		_, err := llmeter.Runner{Endpoint: slow(0, calls), Payloads: payloads, Store: st, Folder: "test/00002-clients"}.Run(t.Context())
		require.NoError(t, err)
		_, err = fiveLevels(st, calls).Run(t.Context())
		require.ErrorIs(t, err, result.ErrExists)
		kind, err := experiments.Kind(t.Context(), st, "elsewhere")
		require.NoError(t, err)
		require.Empty(t, kind)
	})
}

func TestARunThatReachedNothingIsMadeAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := new(watched)
		down := endpoint.New(endpoint.Info{Name: "fake", Model: "m"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			return nil, &endpoint.Error{Kind: endpoint.KindConnect, Message: "refused"}
		})
		test := fiveLevels(st, new(atomic.Int64))
		up := test.Runner.Endpoint
		test.Runner.Endpoint = down
		_, err := test.Run(t.Context())
		require.ErrorIs(t, err, llmeter.ErrUnreachable)
		test.Runner.Endpoint = up
		res, err := test.Run(t.Context())
		require.NoError(t, err)
		require.Zero(t, res.Levels[0].Result.FailedRequests())
	})
}

func TestProgressTellsOfTheWholeExperiment(t *testing.T) {
	bubble(t, func(t *testing.T) {
		test := fiveLevels(new(watched), new(atomic.Int64))
		var all []experiments.Progress
		test.Progress = func(p experiments.Progress) { all = append(all, p) }
		_, err := test.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, "00001-clients", all[0].Run)
		require.Equal(t, 5, all[0].Runs)
		require.Equal(t, 10, all[0].Current.Planned)
		for i, p := range all[1:] {
			require.GreaterOrEqual(t, p.Done, all[i].Done)
			require.GreaterOrEqual(t, p.Elapsed, all[i].Elapsed)
			require.LessOrEqual(t, p.Elapsed-all[i].Elapsed, 250*time.Millisecond)
		}
		require.Equal(t, 5, all[len(all)-1].Done)
		require.Equal(t, 24*time.Second, all[len(all)-1].Elapsed)
	})
}

func TestAnExperimentWhoseDescriptionIsBrokenIsNotGoneOnWith(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for text, why := range map[string]string{"{": "unexpected end", `{"schema":"other/1"}`: `schema "other/1"`} {
			st, calls := new(watched), new(atomic.Int64)
			require.NoError(t, st.WriteFile(t.Context(), "test/experiment.json", []byte(text)))
			test := fiveLevels(st, calls)
			_, err := test.Run(t.Context())
			require.ErrorContains(t, err, "test/experiment.json")
			require.ErrorContains(t, err, why)
			require.Zero(t, calls.Load())
			test.Runner.Overwrite = true
			_, err = test.Run(t.Context())
			require.NoError(t, err)
		}
		_, err := experiments.Plan{Kind: "own", Runner: llmeter.Runner{Folder: t.TempDir()}, Settings: func() {}}.Open(t.Context())
		require.ErrorContains(t, err, "settings of the own")
	})
}

func TestWithoutAFolderEverythingIsKeptInMemory(t *testing.T) {
	series, err := experiments.Plan{Kind: "own", Runner: llmeter.Runner{RunName: "mine"}}.Open(t.Context())
	require.NoError(t, err)
	require.Equal(t, "mine", series.Name())
	require.Empty(t, series.Folder())
	res, err := series.Run(t.Context(), "first", llmeter.Runner{Endpoint: slow(0, new(atomic.Int64)), Payloads: payloads})
	require.NoError(t, err)
	require.Equal(t, "first", res.RunName)
	require.Len(t, responses(t, res), 2)
}
