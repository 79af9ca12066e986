package profiler

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/price"
)

func prices(t *testing.T, text string) price.Table {
	var table price.Table
	require.NoError(t, json.Unmarshal([]byte(text), &table))
	require.NoError(t, table.Validate())
	return table
}

func TestCostsAreBySteps(t *testing.T) {
	table := prices(t, `{"currency":"USD","models":[{"model":"big","input":3,"output":15},{"model":"small*","input":0.1,"output":0.4}]}`)
	c := AnalyzeCosts(requests(
		[]call{llm("a", 0, 1).named("big").in("plan", "w").using(100), llm("b", 2, 3).named("small-2").in("work", "w").using(10), tool("t", 0, 1)},
		[]call{llm("c", 0, 1).named("small-2").in("work", "w").using(10), llm("d", 2, 3).named("own").using(7), llm("e", 4, 5).named("big").in("plan", "w")},
	), table)
	require.Equal(t, "0.002112", c.Total.String()) // 200·3 + 100·15 + 2·(20·0.1 + 10·0.4) millionths
	require.Equal(t, ModelCost{"small*", 2, price.Cost{Input: 4e6, Output: 8e6}, 12e6, 0}, c.ByModel["small-2"])
	require.Equal(t, []StepCost{{"plan", "big", 2, 2_100_000_000, 2100.0 / 2112}, {"work", "small-2", 2, 12e6, 12.0 / 2112}}, c.BySteps)
	require.Equal(t, []RequestCost{{0, 2, 2_106_000_000}, {1, 2, 6e6}}, c.TopRequests)
	require.Equal(t, CallCost{0, "a", "plan", "big", 2_100_000_000}, c.TopCalls[0])
	require.Equal(t, map[string]Unpriced{"own": {1, 14, 7}}, c.Unpriced)
	require.Equal(t, 1, c.WithoutUsage)
	require.Equal(t, 1, c.ByRequest.N, "a request with a call that has no price has no cost")
	require.Equal(t, 0.002106, *c.ByRequest.Mean)
}

func TestModelsWithoutAPriceAreNotFree(t *testing.T) {
	c := AnalyzeCosts(requests([]call{llm("a", 0, 1).using(5)}), price.Table{})
	require.Nil(t, c.Total)
	require.Equal(t, map[string]Unpriced{"m": {1, 10, 5}}, c.Unpriced)
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.Contains(t, string(b), `"total":null`)
	require.Contains(t, string(b), `"top_calls":[]`)
}

func TestHoursOfComputeAreFromTheFirstCallToTheLast(t *testing.T) {
	c := AnalyzeCosts(requests([]call{llm("a", 100, 200), llm("b", 1000, 1900)}), prices(t, `{"models":[{"model":"m","hour":4}]}`))
	require.Equal(t, 0.5, c.ByModel["m"].ComputeHours)
	require.Equal(t, "2", c.Total.String())
	require.Zero(t, c.BySteps[0].Cost)
}

func TestCostsOfModelsStepsAndRequestsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := price.Table{Models: []price.Rates{{Model: "*", Input: price.Amount(rapid.Int64Range(0, 1e13).Draw(t, "input")), Output: price.Amount(rapid.Int64Range(0, 1e13).Draw(t, "output"))}}}
		requests := resolveAll(drawTraces(t))
		c := AnalyzeCosts(requests, table)
		var models, steps, single price.Amount
		for _, m := range c.ByModel {
			models += m.Total
		}
		for _, s := range c.BySteps {
			steps += s.Cost
		}
		for _, r := range requests {
			one := AnalyzeCosts([]*Request{r}, table)
			if one.Total != nil {
				single += *one.Total
			}
		}
		require.Equal(t, []price.Amount{models, models}, []price.Amount{steps, single})
	})
}
