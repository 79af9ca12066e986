package experiments_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// inMemory is a streaming endpoint of a mock server in the bubble.
func inMemory(t *testing.T, o mock.Options) (llmeter.Endpoint, *mock.Server) {
	server, err := mock.New(o)
	require.NoError(t, err)
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1", Client: server.Client()}
	t.Cleanup(func() {
		require.NoError(t, ep.Close())
		require.NoError(t, server.Close())
	})
	return ep, server
}

func create(maxTokens int, text string) (llmeter.Payload, error) {
	return endpoint.JSON(map[string]any{"prompt": text, "max_tokens": maxTokens}), nil
}

// shape gives the lengths that a payload was made for, by its text and its limit.
func shape(t *testing.T, p llmeter.Payload) string {
	text, ok := p.Get("prompt")
	require.True(t, ok)
	most, _ := p.Get("max_tokens")
	return fmt.Sprintf("%dx%v", (&tokenizer.Words{}).Count(text.(string)), most)
}

func TestEveryCombinationIsSentExactlyAsOftenAsAskedWhateverTheClients(t *testing.T) {
	for _, isolated := range []bool{false, true} {
		for _, clients := range []int{0, 1, 3, 5, 16, 40} {
			bubble(t, func(t *testing.T) {
				calls := new(atomic.Int64)
				res, err := experiments.LatencyHeatmap{
					Runner:       llmeter.Runner{Endpoint: slow(time.Second, calls), Clients: clients, Seed: 7},
					InputLengths: []int{3, 11}, OutputLengths: []int{5, 20, 40}, RequestsPerCombination: 2,
					CreatePayload: create, Isolated: isolated,
				}.Run(t.Context())
				require.NoError(t, err)
				seen := map[string]int{}
				for r, err := range res.Responses() {
					require.NoError(t, err)
					seen[shape(t, r.Payload)]++
				}
				require.Equal(t, map[string]int{"3x5": 2, "3x20": 2, "3x40": 2, "11x5": 2, "11x20": 2, "11x40": 2}, seen)
				require.EqualValues(t, 12, calls.Load())
			})
		}
	}
}

func TestIsolatedCombinationsRunAloneInSeededRandomOrder(t *testing.T) {
	order := func(seed uint64) (names []string) {
		bubble(t, func(t *testing.T) {
			res, err := experiments.LatencyHeatmap{
				Runner:       llmeter.Runner{Endpoint: slow(time.Second, new(atomic.Int64)), Seed: seed},
				InputLengths: []int{1, 2, 3}, OutputLengths: []int{5, 6}, RequestsPerCombination: 8, CreatePayload: create, Isolated: true,
			}.Run(t.Context())
			require.NoError(t, err)
			require.Len(t, res.Runs, 6)
			var end time.Time
			for _, run := range res.Runs {
				names = append(names, run.RunName)
				require.False(t, run.StartTime.Before(end))
				require.Equal(t, 2*time.Second, run.TotalTestTime) // eight requests by four clients
				end = run.EndTime
			}
		})
		return names
	}
	require.Equal(t, order(1), order(1))
	require.NotEqual(t, order(1), order(2))
	require.ElementsMatch(t, []string{"1-in-5-out", "1-in-6-out", "2-in-5-out", "2-in-6-out", "3-in-5-out", "3-in-6-out"}, order(3))
}

func TestCellsHoldTheLatenciesOfTheirLengthsExactly(t *testing.T) {
	for _, isolated := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			ep, server := inMemory(t, mock.Options{TTFT: mock.Fixed(200 * time.Millisecond), ITL: mock.Fixed(10 * time.Millisecond)})
			st := new(watched)
			heatmap := experiments.LatencyHeatmap{
				Runner:       llmeter.Runner{Endpoint: ep, Store: st, Folder: "heat"},
				InputLengths: []int{10, 50}, OutputLengths: []int{4, 16}, RequestsPerCombination: 3, Isolated: isolated,
			}
			res, err := heatmap.Run(t.Context())
			require.NoError(t, err)
			for _, rec := range server.Records() {
				require.Contains(t, []int{10, 50}, rec.PromptTokens)
			}
			loaded, err := experiments.LoadHeatmap(t.Context(), "heat", result.LoadOptions{Store: st})
			require.NoError(t, err)
			for _, res := range []*experiments.HeatmapResult{res, loaded} {
				grid, err := res.Cells()
				require.NoError(t, err)
				require.Equal(t, []experiments.Bin{{10, 11}, {50, 51}}, grid.Inputs)
				require.Equal(t, []experiments.Bin{{4, 5}, {16, 17}}, grid.Outputs)
				require.Len(t, grid.Cells, 4)
				for _, cell := range grid.Cells {
					require.Equal(t, 3, cell.Requests)
					ttft, _ := cell.Stats.Lookup("ttft-p50")
					require.Equal(t, 0.2, ttft)
					ttlt, _ := cell.Stats.Lookup("ttlt-mean")
					require.Equal(t, (200*time.Millisecond + time.Duration(cell.Output.Lo-1)*10*time.Millisecond).Seconds(), ttlt)
				}
				binned, err := res.Binned(2, 2)
				require.NoError(t, err)
				require.Len(t, binned.Cells, 4)
				cell, ok := binned.Cell(experiments.Bin{Lo: 10, Hi: 30}, experiments.Bin{Lo: 10, Hi: 17})
				require.True(t, ok)
				require.Equal(t, 3, cell.Requests)
			}
			again, err := heatmap.Run(t.Context())
			require.NoError(t, err)
			require.Len(t, again.Runs, len(res.Runs))
			require.Len(t, server.Records(), 12) // nothing was sent again
		})
	}
}

func TestAHeatmapThatCannotRunSaysAllThatIsWrong(t *testing.T) {
	_, err := experiments.LatencyHeatmap{
		Runner:                 llmeter.Runner{Endpoint: slow(0, new(atomic.Int64)), Payloads: payloads, Requests: 3, Timeout: -1},
		RequestsPerCombination: -1,
	}.Run(t.Context())
	for _, problem := range []string{
		"the heatmap makes its own", "Runner.Requests", "RequestsPerCombination: -1 is negative", "Timeout is negative", "no CreatePayload",
	} {
		require.ErrorContains(t, err, problem)
	}
	_, err = experiments.LatencyHeatmap{
		Runner: llmeter.Runner{Endpoint: slow(0, new(atomic.Int64))}, CreatePayload: create, InputLengths: []int{0, 100}, Source: "too short",
	}.Run(t.Context())
	require.ErrorContains(t, err, "0 is not a length")
}

func TestBinsAreThoseOfLLMeter(t *testing.T) {
	edges := func(values []int, k int) (edges []int) {
		for i, b := range experiments.Bins(values, k) {
			if i == 0 {
				edges = append(edges, b.Lo)
			}
			require.Equal(t, edges[len(edges)-1], b.Lo)
			edges = append(edges, b.Hi)
		}
		return edges
	}
	require.Equal(t, []int{1, 3, 5}, edges([]int{1, 2, 3, 4}, 2))
	require.Equal(t, []int{10, 59, 108, 157, 206, 255, 304, 353, 402, 451, 501}, edges([]int{10, 50, 200, 500}, 10))
	require.Equal(t, []int{128, 352, 576, 800, 1025}, edges([]int{128, 256, 512, 1024}, 4))
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11}, edges([]int{0, 10}, 10))
	require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, edges([]int{1, 2, 3}, 10))
	require.Equal(t, []int{7, 8}, edges([]int{7, 7}, 10))
	require.Equal(t, []int{1, 5}, edges([]int{1, 4}, 0))
	require.Nil(t, experiments.Bins(nil, 3))
	require.Equal(t, "[1, 3)", experiments.Bin{Lo: 1, Hi: 3}.String())
	require.Equal(t, "7", experiments.Bin{Lo: 7, Hi: 8}.String())
}

func TestEveryValueLiesInExactlyOneBin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 5000), 1, 50).Draw(t, "values")
		k := rapid.IntRange(1, 40).Draw(t, "k")
		bins := experiments.Bins(values, k)
		require.LessOrEqual(t, len(bins), k)
		for _, v := range values {
			in := 0
			for _, b := range bins {
				if b.Contains(v) {
					in++
				}
			}
			require.Equal(t, 1, in)
		}
	})
}

func TestFailedRequestsStayInTheirCellAndWithoutCountsInNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := new(atomic.Int64)
		flaky := endpoint.New(endpoint.Info{Name: "flaky"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			if calls.Add(1)%2 == 0 {
				return nil, errors.New("broken")
			}
			return &endpoint.Response{Text: "a b", InputTokens: endpoint.Counted(3), OutputTokens: endpoint.Counted(2)}, nil
		})
		res, err := experiments.LatencyHeatmap{
			Runner:       llmeter.Runner{Endpoint: flaky, Clients: 1},
			InputLengths: []int{3}, OutputLengths: []int{5}, RequestsPerCombination: 6, CreatePayload: create,
		}.Run(t.Context())
		require.NoError(t, err)
		grid, err := res.Cells()
		require.NoError(t, err)
		require.Equal(t, 6, grid.Cells[0].Requests)
		require.Equal(t, 3, grid.Cells[0].Failed)
		require.Zero(t, grid.Unplaced)
		grid, err = res.Binned(4, 4)
		require.NoError(t, err)
		require.Equal(t, 3, grid.Unplaced)
		require.Equal(t, 3, grid.Cells[0].Requests)
	})
}

func TestAHeatmapOfLLMeterLoadsWithoutLabels(t *testing.T) {
	res, err := experiments.LoadHeatmap(t.Context(), "testdata/llmeter/heatmap-2x2/run", result.LoadOptions{})
	require.NoError(t, err)
	grid, err := res.Cells()
	require.NoError(t, err)
	require.Equal(t, 8, grid.Unplaced)
	grid, err = res.Binned(3, 2)
	require.NoError(t, err)
	require.Equal(t, []experiments.Bin{{5, 13}, {13, 21}}, grid.Outputs)
	counts := map[int]int{}
	for _, cell := range grid.Cells {
		counts[cell.Output.Lo] += cell.Requests
	}
	require.Equal(t, map[int]int{5: 4, 13: 4}, counts) // asked for 4 and 4, measured 18x20 four times and 6x20 never
	_, err = experiments.LoadHeatmap(t.Context(), "testdata", result.LoadOptions{})
	require.ErrorIs(t, err, result.ErrNoRun)
}
