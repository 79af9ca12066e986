package experiments_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

func objectives(texts ...string) (all []slo.Objective) {
	for _, text := range texts {
		all = append(all, slo.MustParse(text))
	}
	return all
}

func TestTheCapacityOfAServerIsItsSlots(t *testing.T) {
	for _, slots := range []int{1, 6, 16} {
		bubble(t, func(t *testing.T) {
			ep, _ := inMemory(t, mock.Options{
				Slots: slots, TTFT: mock.Fixed(200 * time.Millisecond), ITL: mock.Fixed(20 * time.Millisecond), Tokens: mock.Fixed(6),
			})
			res, err := experiments.Capacity{
				Runner: llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{chat(t, ep)}, Objectives: objectives("ttft-p98 < 210ms")},
			}.Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, experiments.Load{Clients: slots}, res.Load)
			require.Equal(t, float64(slots), res.Interval.Lo)
			require.Equal(t, float64(slots+1), res.Interval.Hi)
			require.True(t, slices.IsSortedFunc(res.Levels, func(a, b experiments.CapacityLevel) int { return a.Clients - b.Clients }))
			for _, level := range res.Levels {
				require.Equal(t, level.Clients <= slots, level.Decision == experiments.Met, level)
			}
		})
	}
}

func TestTheRateThatAServerKeepsUpWithIsItsSlotsPerTimeOfWork(t *testing.T) {
	for seed := range uint64(2) {
		bubble(t, func(t *testing.T) {
			random, mu := rand.New(rand.NewPCG(seed, 0)), sync.Mutex{}
			ep := slotted(8, func() time.Duration { // half a second in the mean
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(250+random.IntN(501)) * time.Millisecond
			})
			res, err := experiments.Capacity{
				Runner:     llmeter.Runner{Endpoint: ep, Payloads: payloads, Seed: seed},
				Objectives: objectives("goodput(ttft<2s) > 50%"), Rates: true,
				Arrivals: func(r load.Rate) load.Arrivals { return load.Constant{Rate: r} },
			}.Run(t.Context())
			require.NoError(t, err)
			require.InEpsilon(t, 16, float64(res.Load.Rate), 0.05)
			require.True(t, res.Interval.Contains(16), res.Interval)
			last := res.Levels[len(res.Levels)-1]
			require.Equal(t, experiments.Missed, last.Decision)
			require.Equal(t, load.Rate(32), last.Rate)
			require.Less(t, last.Result.TotalRequests, 700) // twice the capacity: seen long before the 3,072 requests that were planned
		})
	}
}

func TestASearchIsGoneOnWithWithoutSendingAnythingTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := new(watched)
		search := experiments.Capacity{
			Runner:     llmeter.Runner{Endpoint: slotted(5, func() time.Duration { return time.Second }), Payloads: payloads, Store: st, Folder: "cap"},
			Objectives: objectives("ttft-p90 < 1100ms", "ttft-mean < 1150ms"),
		}
		ctx, cancel := context.WithCancel(t.Context())
		runs := map[string]bool{}
		search.Progress = func(p experiments.Progress) {
			if runs[p.Run] = true; len(runs) == 3 {
				cancel()
			}
		}
		res, err := search.Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, res.Levels, 2)
		require.Zero(t, res.Load)
		require.Equal(t, []string{"00001-clients", "00002-clients", "00004-clients"}, st.folders("cap"))

		search.Progress = nil
		res, err = search.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, experiments.Load{Clients: 5}, res.Load)
		require.Equal(t, []string{"00004-clients", "00005-clients", "00006-clients", "00008-clients"}, st.folders("cap"))

		again, err := search.Run(t.Context())
		require.NoError(t, err)
		require.Empty(t, st.folders("cap"))
		require.Equal(t, res.Interval, again.Interval)
		for i, level := range res.Levels {
			require.Equal(t, level.Checks, again.Levels[i].Checks)
			require.Equal(t, level.Decision, again.Levels[i].Decision)
		}
		curve, err := experiments.LoadLoadTest(t.Context(), "cap", experiments.LoadTestOptions{LoadOptions: result.LoadOptions{Store: st}})
		require.NoError(t, err)
		require.Len(t, curve.Levels, 6)
		loaded, err := experiments.LoadCapacity(t.Context(), "cap", result.LoadOptions{Store: st})
		require.NoError(t, err)
		require.Equal(t, res.Load, loaded.Load)
		require.Equal(t, res.Interval, loaded.Interval)
		for _, file := range []string{"summary.json", "stats.json", "responses.jsonl"} {
			require.NoError(t, st.Remove(t.Context(), "cap/00008-clients/"+file))
		}
		_, err = experiments.LoadCapacity(t.Context(), "cap", result.LoadOptions{Store: st})
		require.ErrorIs(t, err, result.ErrNoRun)
		require.ErrorContains(t, err, "cap/00008-clients")
	})
}

func TestACapacityBeyondTheLoadsThatAreTriedIsSaidToBe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		search := experiments.Capacity{
			Runner:     llmeter.Runner{Endpoint: slotted(100, func() time.Duration { return time.Second }), Payloads: payloads},
			Objectives: objectives("ttft-p80 < 1100ms"), Max: 6,
		}
		res, err := search.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, experiments.Load{Clients: 6}, res.Load)
		require.Equal(t, experiments.WarnBound, res.Warnings[0].Code)
		require.Len(t, res.Levels, 4) // 1, 2, 4, 6

		search.Objectives = objectives("ttft-p80 < 100ms")
		res, err = search.Run(t.Context())
		require.NoError(t, err)
		require.Zero(t, res.Load)
		require.Equal(t, experiments.WarnBound, res.Warnings[0].Code)
		require.Len(t, res.Levels, 1)
	})
}

func TestASearchThatCannotRunSaysAllThatIsWrong(t *testing.T) {
	_, err := experiments.Capacity{
		Runner: llmeter.Runner{Clients: 3}, Start: 1.5, Max: 1, Precision: -1, Level: 7,
	}.Run(t.Context())
	for _, problem := range []string{
		"Objectives are missing", "Precision: -1", "must be whole", "Max is below Start", "Level: 7", "Runner.Clients is set by the search",
		"Endpoint is missing",
	} {
		require.ErrorContains(t, err, problem)
	}
	_, err = experiments.Capacity{
		Runner: llmeter.Runner{Endpoint: slotted(1, nil), Payloads: payloads, Duration: time.Second}, Rates: true,
		Objectives: objectives("ttft-p50 < 1s", "goodput(cost<1) > 5%"),
	}.Run(t.Context())
	require.ErrorContains(t, err, "Objectives[1]")
	_, err = experiments.Capacity{
		Runner: llmeter.Runner{Endpoint: slotted(1, nil), Payloads: payloads, Duration: time.Second}, Rates: true,
		Objectives: objectives("ttft-p50 < 1s"),
	}.Run(t.Context())
	require.ErrorContains(t, err, "at least 40s")
}
