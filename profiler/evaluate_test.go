package profiler

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvaluatorsAndUsageAreThoseOfNAT(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			var functions struct {
				Usage      []any            `json:"usage_stats_per_item"`
				Evaluators []map[string]any `json:"runtime_evaluators_per_item"`
			}
			require.NoError(t, json.Unmarshal(fixture(t, name, "functions.json"), &functions))
			traces := readAll(t, fixture(t, name, "input.json"))
			require.Len(t, functions.Usage, len(traces))
			for i, trace := range traces {
				requireHolds(t, functions.Usage[i], jsonOf(t, UsageOf(trace)), "usage")
				for _, e := range Evaluators() {
					want := functions.Evaluators[i][e.Name].(map[string]any)
					got := jsonOf(t, e.Item(trace)).(map[string]any)
					require.Equal(t, want["score"], got["score"], e.Name)
					requireHolds(t, want["reasoning"], got["reasoning"], e.Name)
					require.Len(t, got["reasoning"], len(want["reasoning"].(map[string]any)), "no further keys")
				}
			}
		})
	}
}

func TestAnEvaluatorKeepsTheOrderOfItsItems(t *testing.T) {
	traces := generate(2000)
	for _, e := range Evaluators() {
		e.MaxConcurrency = 3
		o := e.Evaluate(traces...)
		require.Len(t, o.Items, len(traces))
		sum := 0.0
		for i, item := range o.Items {
			require.Equal(t, e.Item(traces[i]), item)
			sum += item.Score
		}
		require.Equal(t, Round(sum/float64(len(traces)), 2), *o.AverageScore)
	}
	require.Equal(t, EvaluationOutput{Items: []Evaluation{}}, Evaluators()[0].Evaluate())
}

func TestRoundIsPythons(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     float64
	}{{0.00005, 4, 0.0001}, {2.5, 0, 2}, {0.125, 2, 0.12}, {2.675, 2, 2.67}, {-1.00005, 4, -1.0001}, {537.25, 2, 537.25}, {1e300, 4, 1e300}} {
		require.Equal(t, c.want, Round(c.v, c.decimals), "%v", c.v)
	}
}

func TestUsagePairsByUUIDBesideNATsByAdjacency(t *testing.T) {
	overlapping := new(Trace)
	for _, c := range []call{llm("a", 0, 10).using(1), llm("b", 1, 11).using(1)} {
		overlapping.Steps = append(overlapping.Steps, c.steps()...)
	}
	steps := overlapping.Steps
	overlapping.Steps = []IntermediateStep{steps[0], steps[2], steps[1], steps[3]}
	u := UsageOf(overlapping)
	require.Equal(t, 9.0, u.LLMLatency, "NAT's: the end of a with the start of b, and b is lost")
	require.Equal(t, 10.0, *u.LLMLatencyByCall)
}

func TestRunUsageSpansItsItems(t *testing.T) {
	u := NewRunUsage(map[int]ItemUsage{0: {MinTimestamp: 5, MaxTimestamp: 7}, 1: {}, 2: {MinTimestamp: 6, MaxTimestamp: 11}})
	require.Equal(t, 5.0, u.MinTimestamp)
	require.Equal(t, 6.0, u.TotalRuntime)
	require.Len(t, u.Items, 3)
	require.Zero(t, NewRunUsage(nil).TotalRuntime)
}
