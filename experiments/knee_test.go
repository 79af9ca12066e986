package experiments_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
)

// levelOf is a level of so many requests per second, which all take as long.
func levelOf(l experiments.Load, perSecond int, latency time.Duration) experiments.Level {
	var acc result.Accumulator
	var all []*endpoint.Response
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range perSecond {
		r := &endpoint.Response{Seq: i, Intended: start, Dispatched: start, RequestTime: start, LastToken: start.Add(latency), End: start.Add(latency)}
		acc.Add(r)
		all = append(all, r)
	}
	res := &llmeter.Result{Clients: l.Clients, TotalTestTime: time.Second}
	acc.Complete(res, all)
	return experiments.Level{Load: l, Result: res}
}

func TestTheKneeOfOneServerWithAQueueIsAtHalfItsRate(t *testing.T) {
	const served = 100 // per second, of an M/M/1 queue: requests take 1/(served-rate) seconds
	var test experiments.LoadTestResult
	for rate := 10; rate < served; rate += 10 {
		test.Levels = append(test.Levels, levelOf(experiments.Load{Rate: load.Rate(rate)}, rate, time.Second/time.Duration(served-rate)))
	}
	knee, ok := test.Knee()
	require.True(t, ok)
	require.Equal(t, experiments.Load{Rate: served / 2}, knee.Load)
}

func TestTheKneeOfSlotsIsWhereTheyAreAllTaken(t *testing.T) {
	const slots = 8 // each request takes 100 ms of one
	var test experiments.LoadTestResult
	for _, clients := range []int{32, 1, 16, 4, 8, 2} {
		busy := min(clients, slots)
		test.Levels = append(test.Levels, levelOf(experiments.Load{Clients: clients}, 10*busy, 100*time.Millisecond*time.Duration(clients)/time.Duration(busy)))
	}
	knee, ok := test.Knee()
	require.True(t, ok)
	require.Equal(t, slots, knee.Clients)
}

func TestRatesDoNotHideTheKneeOfClients(t *testing.T) {
	const slots = 8
	test := experiments.LoadTestResult{Levels: []experiments.Level{
		levelOf(experiments.Load{Rate: 20}, 20, 100*time.Millisecond), levelOf(experiments.Load{Rate: 90}, 90, 100*time.Millisecond),
	}}
	for _, clients := range []int{2, 4, 8, 16} {
		busy := min(clients, slots)
		test.Levels = append(test.Levels, levelOf(experiments.Load{Clients: clients}, 10*busy, 100*time.Millisecond*time.Duration(clients)/time.Duration(busy)))
	}
	knee, ok := test.Knee()
	require.True(t, ok)
	require.Equal(t, slots, knee.Clients)
}

func TestLevelsThatDoNotShowAKneeHaveNone(t *testing.T) {
	rising := func(clients int) experiments.Level {
		return levelOf(experiments.Load{Clients: clients}, 10*clients, 100*time.Millisecond)
	}
	for name, levels := range map[string][]experiments.Level{
		"no level":                    nil,
		"two levels":                  {rising(1), levelOf(experiments.Load{Clients: 2}, 10, 200*time.Millisecond)},
		"greatest at the highest":     {rising(4), rising(1), rising(2)},
		"nothing succeeded in others": {rising(1), levelOf(experiments.Load{Clients: 2}, 0, 0), levelOf(experiments.Load{Clients: 4}, 0, 0)},
	} {
		_, ok := (&experiments.LoadTestResult{Levels: levels}).Knee()
		require.False(t, ok, name)
	}
}
