package profiler

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func responses(list ...*endpoint.Response) iter.Seq2[*endpoint.Response, error] {
	return func(yield func(*endpoint.Response, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
		yield(nil, errors.New("torn"))
	}
}

func TestResponsesAreTracesOfOneCall(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)
	good := &endpoint.Response{
		ID: "x", Prompt: "hi \"you\"", Text: "hello", RequestTime: at, Dispatched: at, End: at.Add(3 * time.Second), Streamed: true,
		InputTokens: endpoint.Count{N: 5}, OutputTokens: endpoint.Count{N: 2}, CachedTokens: endpoint.Count{N: 1},
		Events: []endpoint.Event{{At: time.Second}, {At: 1500 * time.Millisecond, Tokens: 1}, {At: 2 * time.Second, Tokens: 1}},
	}
	bad := &endpoint.Response{ID: "x", RequestTime: at, Dispatched: at, End: at.Add(time.Second), Error: &endpoint.Error{Status: 500, Message: "oh no"}}
	var traces []*Trace
	var failed error
	for trace, err := range FromResponses("m", responses(good, bad)) {
		if err != nil {
			failed = err
			continue
		}
		traces = append(traces, trace)
	}
	require.EqualError(t, failed, "torn")
	require.Len(t, traces, 2)
	start := Seconds(at)
	var got []any
	for _, s := range traces[0].Steps {
		got = append(got, s.Payload.EventType, s.Payload.EventTimestamp-start)
	}
	require.Equal(t, []any{LLMStart, 0.0, LLMNewToken, 1.5, LLMNewToken, 2.0, LLMEnd, 3.0}, got)
	r := Resolve(traces[0])
	require.Equal(t, TokenUsage{5, 2, 1, 0, 7}, r.Spans[0].Tokens)
	require.Equal(t, `hi "you"`, r.Spans[0].Input)
	require.Equal(t, "hello", traces[0].Steps[3].Payload.Output())
	require.Equal(t, Failed, Resolve(traces[1]).Spans[0].State)
	require.NotEqual(t, traces[0].Steps[0].Payload.UUID, traces[1].Steps[0].Payload.UUID)
}

func TestAttemptsOfAResponseAreWaitingWithinItsCall(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 250_000_000, time.UTC)
	after := func(ms time.Duration) time.Time { return at.Add(ms * time.Millisecond) }
	refused := &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429, Message: "slow down", RetryAfter: 2 * time.Second}
	r := &endpoint.Response{ID: "x", RequestTime: at, Dispatched: at, End: after(5000), Attempts: []endpoint.Attempt{
		{Start: at, End: after(250), Status: 429, Error: refused}, {Start: after(2250), End: after(2500), Status: 429, Error: refused}, {Start: after(4000), End: after(5000), Status: 200},
	}}
	for trace, err := range FromResponses("m", responses(r)) {
		if err != nil {
			continue
		}
		w := AnalyzeWaiting([]*Request{Resolve(trace)})
		require.Equal(t, []float64{5, 4, 4, 1}, []float64{w.Runtime, w.Waiting, w.Critical, w.Work})
		require.Equal(t, 1.0, *w.WorkLatency.Mean)
		require.Equal(t, 4.0, w.Operations[0].AskedTime)
	}
}

func TestFoldersThatAreNoRunsAreRefused(t *testing.T) {
	_, err := ReadRun(context.Background(), t.TempDir())
	require.Error(t, err)
}

func TestRunFoldersAreRead(t *testing.T) {
	const folder = "../result/testdata/llmeter/stream-3x4/run"
	traces, err := ReadRun(t.Context(), folder)
	require.NoError(t, err)
	n := 0
	for trace, err := range traces {
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(trace.Steps, func(s IntermediateStep) bool { return s.Payload.EventType == LLMEnd }))
		n++
	}
	require.Positive(t, n)
}
