package live

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

func TestAHistoryTellsOfEachSecond(t *testing.T) {
	var h history
	for second := range 3 {
		for i := range second {
			h.add(time.Duration(second)*time.Second+time.Duration(i)*time.Millisecond, streamed(i, time.Duration(second)*100*time.Millisecond, 5))
		}
	}
	h.add(2500*time.Millisecond, &llmeter.Response{Error: &endpoint.Error{Kind: endpoint.KindTimeout}})
	p := h.past(3 * time.Second)
	require.Equal(t, []float64{0, 1, 2}, p.requests)
	require.Equal(t, []float64{0, 5, 10}, p.tokens)
	require.Equal(t, []float64{0.1, 0.2}, p.p50[ttft][1:3])
	require.InDelta(t, 0.24, p.p99[ttlt][2], 1e-12)
	require.Equal(t, []float64{0.01, 0.01}, p.p50[itl][1:3])
	require.True(t, math.IsNaN(p.p50[ttft][0]))
	require.True(t, math.IsNaN(p.p50[ttft][3]), "the present second, in which nothing came")
}

func TestAHistoryDoesNotGrowAndForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		var all stats.Sample
		var last time.Duration
		n := rapid.IntRange(1, 200).Draw(t, "n")
		for i := range n {
			last = max(last, time.Duration(rapid.Int64Range(0, int64(20*time.Hour)).Draw(t, "at")))
			first := time.Duration(rapid.IntRange(1, 1000).Draw(t, "first")) * time.Millisecond
			h.add(last, streamed(i, first, 3))
			all.Add(first.Seconds())
		}
		p := h.past(last)
		require.LessOrEqual(t, len(h.windows), mostWindows)
		require.Less(t, int(last/h.width), mostWindows)
		require.True(t, h.width == firstWindow || int(last/(h.width/2)) >= mostWindows, "no wider than needed")
		requests, tokens := 0, 0
		merged := newWindow()
		for _, w := range h.windows {
			requests, tokens = requests+w.requests, tokens+w.tokens
			merged.merge(w)
		}
		require.Equal(t, n, requests)
		require.Equal(t, 3*n, tokens)
		require.Equal(t, all.Min(), merged.samples[ttft].Min())
		require.Equal(t, all.Max(), merged.samples[ttft].Max())
		require.Equal(t, all.N(), merged.samples[ttft].N())
		require.Len(t, p.requests, len(h.windows)-1)
		require.Len(t, p.p99[itl], len(h.windows))
	})
}

func TestAHistoryLooksAtSoManyGapsASecondOnly(t *testing.T) {
	var h history
	for i := range 20 {
		h.add(0, streamed(i, time.Millisecond, 1001))
	}
	require.Equal(t, uint64(9000), h.windows[0].samples[itl].N(), "the last of them was begun before there were enough")
	h.add(time.Second, streamed(20, time.Millisecond, 1001))
	require.Equal(t, uint64(1000), h.windows[1].samples[itl].N())
	require.Equal(t, 20, h.windows[0].requests)
}
