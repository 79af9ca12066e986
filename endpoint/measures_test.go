package endpoint_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
)

// at gives the instant d after an arbitrary origin.
func at(d time.Duration) time.Time { return time.Unix(1_800_000_000, 0).Add(d) }

func TestMetrics(t *testing.T) {
	r := &endpoint.Response{
		Intended: at(0), Dispatched: at(100 * ms), FirstToken: at(300 * ms), FirstText: at(400 * ms), LastToken: at(1200 * ms),
		InputTokens: endpoint.Counted(5), OutputTokens: endpoint.Counted(10), CachedTokens: endpoint.Counted(0),
		Events: []endpoint.Event{{At: 1}, {At: 200 * ms, Tokens: 1}, {At: 250 * ms}, {At: 400 * ms, Tokens: 2}, {At: 1100 * ms, Tokens: 1}},
	}
	want := map[string]float64{
		"ttft": 0.2, "ttfct": 0.3, "ttlt": 1.1, "response": 1.2, "tpot": 0.1, "stall": 0.7,
		"input_tokens": 5, "output_tokens": 10, "cached_tokens": 0,
	}
	for _, key := range endpoint.MetricKeys() {
		v, ok := r.Metric(key)
		expected, known := want[key]
		require.Equal(t, known, ok, key)
		require.Equal(t, expected, v, key)
		_, ok = new(endpoint.Response).Metric(key)
		require.False(t, ok, "%s of an empty response is not zero but unknown", key)
	}
	_, ok := r.Metric("nonsense")
	require.False(t, ok)
}

func TestTPOTNeedsTwoTokens(t *testing.T) {
	r := &endpoint.Response{Dispatched: at(0), FirstToken: at(ms), LastToken: at(2 * ms), OutputTokens: endpoint.Counted(1)}
	_, ok := r.TPOT()
	require.False(t, ok)
	r.OutputTokens = endpoint.Count{N: 7}
	_, ok = r.TPOT()
	require.False(t, ok, "a number that nobody counted")
}

func TestStatusAndRetries(t *testing.T) {
	r := &endpoint.Response{}
	_, ok := r.Retries()
	require.False(t, ok)
	require.Zero(t, r.Status())
	r.Error = &endpoint.Error{Status: 503}
	require.Equal(t, 503, r.Status())
	r.Attempts = []endpoint.Attempt{{Status: 500}, {Status: 200}}
	n, ok := r.Retries()
	require.True(t, ok)
	require.Equal(t, 1, n)
	require.Equal(t, 200, r.Status())
	require.True(t, r.Failed())
	require.False(t, r.Cancelled())
	r.Error.Kind = endpoint.KindCancelled
	require.True(t, r.Cancelled())
}

func TestTokensPerEvent(t *testing.T) {
	check := func(want []int, total, reasoning int, events ...endpoint.Event) {
		t.Helper()
		r := &endpoint.Response{Events: events}
		if total > 0 {
			r.OutputTokens = endpoint.Counted(total)
		}
		if reasoning > 0 {
			r.ReasoningTokens = endpoint.Counted(reasoning)
		}
		require.Equal(t, want, r.TokensPerEvent())
	}
	text := func(n int32) endpoint.Event { return endpoint.Event{Text: n, Tokens: 1} }
	check(nil, 0, 0)
	check(nil, 9, 0, endpoint.Event{})
	check([]int{1, 1}, 0, 0, text(1), endpoint.Event{}, text(9))                                               // total unknown
	check([]int{1, 1}, 2, 0, text(1), text(9))                                                                 // one each
	check([]int{1, 1, 1}, 2, 0, text(1), text(1), text(1))                                                     // fewer tokens than events
	check([]int{1, 3}, 4, 0, text(1), text(9))                                                                 // by bytes
	check([]int{3, 4, 3}, 10, 0, text(5), text(5), text(5))                                                    // the rest goes somewhere, once
	check([]int{2, 5}, 70, 0, endpoint.Event{Tokens: 2, Text: 1}, endpoint.Event{Tokens: 5})                   // as the endpoint said
	check([]int{1, 1}, 9, 0, endpoint.Event{Tokens: 1}, endpoint.Event{Tokens: 1})                             // nothing to go by
	check([]int{2, 2}, 104, 100, text(5), text(5))                                                             // reasoning that is not shown
	check([]int{102, 2}, 104, 100, endpoint.Event{Tokens: 1, Text: 505, Channel: endpoint.Reasoning}, text(5)) // … and that is
}

func TestTokensPerEventAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.Int32Range(1, 50), 1, 100).Draw(t, "texts")
		total := len(texts) + rapid.IntRange(0, 500).Draw(t, "extra")
		r := &endpoint.Response{OutputTokens: endpoint.Counted(total)}
		for _, n := range texts {
			r.Events = append(r.Events, endpoint.Event{Text: n, Tokens: 1}, endpoint.Event{})
		}
		counts := r.TokensPerEvent()
		require.Len(t, counts, len(texts))
		sum, bytes := 0, 0
		for i, n := range counts {
			require.GreaterOrEqual(t, n, 1)
			sum += n
			bytes += int(texts[i])
		}
		require.Equal(t, total, sum)
		for i, n := range counts { // no event is off by a whole token from its share
			share := float64(total-len(texts)) * float64(texts[i]) / float64(bytes)
			require.InDelta(t, share, float64(n-1), 1)
		}
	})
}

func TestNames(t *testing.T) {
	for s := range endpoint.Source(4) {
		require.Equal(t, s, endpoint.ParseSource(s.String()))
	}
	require.Equal(t, endpoint.Unknown, endpoint.ParseSource("nonsense"))
	require.Equal(t, "tool_call", endpoint.ToolCallArguments.String())
	require.Equal(t, "unknown", endpoint.Channel(99).String())
	require.Empty(t, endpoint.Source(99).String())
}

func TestLatenessRoundsAndSaturates(t *testing.T) {
	check := func(want, d time.Duration) {
		t.Helper()
		require.Equal(t, want, endpoint.LatenessOf(d).Duration())
	}
	check(0, 0)
	check(0, -time.Second)
	check(0, 4*time.Microsecond)
	check(10*time.Microsecond, 5*time.Microsecond)
	check(120*ms, 120*ms)
	check(65535*10*time.Microsecond, time.Hour)
}
