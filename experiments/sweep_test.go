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
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
)

func TestASweepRunsEveryCombinationAndIsOneTable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st, calls := new(watched), new(atomic.Int64)
		sweep := experiments.Sweep{
			Runner: llmeter.Runner{Endpoint: slow(time.Second, calls), Payloads: payloads, Store: st, Folder: "sweep"},
			Axes: []experiments.Axis{
				experiments.Vary("requests", func(t *experiments.Trial, n int) { t.Runner.Requests = n }, 2, 3),
				experiments.Clients(1, 4),
			},
		}
		res, err := sweep.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"requests", "clients"}, res.Axes)
		var table [][]string
		for i, row := range res.Rows {
			require.NoError(t, row.Err)
			table = append(table, row.Labels)
			require.Equal(t, []int{2, 8, 3, 12}[i], row.Result.TotalRequests)
		}
		require.Equal(t, [][]string{{"2", "1"}, {"2", "4"}, {"3", "1"}, {"3", "4"}}, table)
		require.Contains(t, st.folders("sweep"), "requests=3,clients=4")

		calls.Store(0)
		sweep.Axes[1] = experiments.Clients(1, 4, 5)
		res, err = sweep.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, res.Rows, 6)
		require.EqualValues(t, 10+15, calls.Load()) // what the folder did not have

		loaded, err := experiments.LoadSweep(t.Context(), "sweep", result.LoadOptions{Store: st})
		require.NoError(t, err)
		require.Equal(t, res.Axes, loaded.Axes)
		for i, row := range loaded.Rows {
			require.NoError(t, row.Err)
			require.Equal(t, res.Rows[i].Labels, row.Labels)
			require.Equal(t, res.Rows[i].Result.TotalRequests, row.Result.TotalRequests)
		}
		_, err = experiments.LoadSweep(t.Context(), "sweep/requests=2,clients=1", result.LoadOptions{Store: st})
		require.Error(t, err)
	})
}

func TestASweepOverRatesAndLengthsMakesThePromptsOfEachRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ep, server := inMemory(t, mock.Options{TTFT: mock.Fixed(time.Second), ITL: mock.Fixed(time.Second)})
		res, err := experiments.Sweep{
			Runner:  llmeter.Runner{Endpoint: ep, Requests: 2},
			Prompts: prompt.Collection{Seed: 3},
			Axes: []experiments.Axis{
				experiments.InputLengths(7, 40), experiments.OutputLengths(2, 5), experiments.Rates(0.5), experiments.Models(ep),
			},
		}.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"input", "output", "rate", "model"}, res.Axes)
		require.Len(t, res.Rows, 4)
		records := server.Records()
		for i, row := range res.Rows {
			require.Equal(t, []string{"7", "7", "40", "40"}[i], row.Labels[0])
			require.Equal(t, "0.5/s", row.Labels[2])
			require.Equal(t, "mock", row.Labels[3])
			require.Equal(t, []int{7, 7, 40, 40}[i], records[2*i].PromptTokens)
			ttlt, _ := row.Result.Stats().Lookup("ttlt-mean")
			require.Equal(t, []float64{2, 5, 2, 5}[i], ttlt)
		}
	})
}

func TestARunThatFailsLeavesTheOtherRowsOfTheSweep(t *testing.T) {
	bubble(t, func(t *testing.T) {
		down := endpoint.New(endpoint.Info{Name: "down", Model: "down"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			return nil, &endpoint.Error{Kind: endpoint.KindConnect, Message: "refused"}
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sweep := experiments.Sweep{
			Runner: llmeter.Runner{Payloads: payloads},
			Axes:   []experiments.Axis{experiments.Models(down, slow(time.Second, new(atomic.Int64)))},
		}
		res, err := sweep.Run(ctx)
		require.NoError(t, err)
		require.ErrorIs(t, res.Rows[0].Err, llmeter.ErrUnreachable)
		require.NoError(t, res.Rows[1].Err)

		time.AfterFunc(1500*time.Millisecond, cancel)
		res, err = sweep.Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, res.Rows, 2)
		require.Equal(t, 1, res.Rows[1].Result.TotalRequests)
	})
}

func TestASweepThatCannotRunSaysAllThatIsWrong(t *testing.T) {
	_, err := experiments.Sweep{}.Run(t.Context())
	require.ErrorContains(t, err, "Axes are missing")
	_, err = experiments.Sweep{Axes: []experiments.Axis{
		experiments.Clients(), {Name: "clients", Values: []experiments.Value{{Label: "a"}, {Label: "a"}}}, {},
	}}.Run(t.Context())
	for _, problem := range []string{
		"Axes[0]: clients has no values", `Axes[1]: the name "clients"`, `Axes[1]: the label "a"`, "Axes[1]: a sets nothing", "Axes[2]",
	} {
		require.ErrorContains(t, err, problem)
	}
	_, err = experiments.Sweep{
		Runner: llmeter.Runner{Endpoint: slow(0, new(atomic.Int64)), Payloads: payloads},
		Axes: []experiments.Axis{
			experiments.Clients(-1), experiments.Vary("a", func(*experiments.Trial, string) {}, "x/y", "x-y"), experiments.InputLengths(1),
			experiments.Rates(load.Rate(1)),
		},
	}.Run(t.Context())
	for _, problem := range []string{"clients=-1,a=x-y", "two combinations would have this name", "the endpoint has no CreatePayload"} {
		require.ErrorContains(t, err, problem)
	}
}
