package profiler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
)

type chromeFile struct {
	Unit   string `json:"displayTimeUnit"`
	Events []struct {
		Name string         `json:"name"`
		Cat  string         `json:"cat"`
		Ph   string         `json:"ph"`
		Ts   float64        `json:"ts"`
		Dur  float64        `json:"dur"`
		Pid  int            `json:"pid"`
		Tid  int            `json:"tid"`
		Args map[string]any `json:"args"`
	} `json:"traceEvents"`
}

func chromeOf(t require.TestingT, requests []*Request) (f chromeFile) {
	var b bytes.Buffer
	require.NoError(t, WriteChromeTrace(&b, requests))
	require.NoError(t, json.Unmarshal(b.Bytes(), &f))
	return f
}

func TestChromeTracesHoldEverySpan(t *testing.T) {
	f := chromeOf(t, requests(nil, []call{function("f", 10, 20).below(RootID), llm("a", 11, 13).below("f").using(4), tool("b", 12, 14).below("f"), tool("c", 15, -1).below("f")}))
	require.Equal(t, "ms", f.Unit)
	require.Len(t, f.Events, 5)
	require.Equal(t, []any{"process_name", "M", 2}, []any{f.Events[0].Name, f.Events[0].Ph, f.Events[0].Pid})
	a, b, c := f.Events[2], f.Events[3], f.Events[4]
	require.Equal(t, []any{"m", "LLM", "X", 1e6, 2e6, 2}, []any{a.Name, a.Cat, a.Ph, a.Ts, a.Dur, a.Pid})
	require.Equal(t, f.Events[1].Tid, a.Tid)
	require.NotEqual(t, a.Tid, b.Tid) // they run side by side
	require.Equal(t, "i", c.Ph)
	require.Equal(t, map[string]any{"uuid": "a", "state": "complete", "function": "", "prompt_tokens": 8.0, "completion_tokens": 4.0}, a.Args)
	require.Empty(t, chromeOf(t, nil).Events)
}

func TestSpansOfOneLaneNestOrFollowOneAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range resolveAll(drawTraces(t)) {
			lanes := r.lanes()
			for i := range r.Spans {
				for j := range i {
					a, b := &r.Spans[j], &r.Spans[i]
					if lanes[i] != lanes[j] || !a.Timed() || !b.Timed() {
						continue
					}
					require.True(t, a.encloses(b) || a.End <= b.Start, "%v %v", a, b)
				}
			}
		}
	})
}

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

func TestFoldersThatAreNoRunsAreRefused(t *testing.T) {
	_, err := ReadRun(context.Background(), t.TempDir())
	require.Error(t, err)
}

func TestRunFoldersAreRead(t *testing.T) {
	const folder = "../result/testdata/python-0.2.0"
	traces, err := ReadRun(t.Context(), folder)
	if err != nil {
		t.Skip(err)
	}
	n := 0
	for trace, err := range traces {
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(trace.Steps, func(s IntermediateStep) bool { return s.Payload.EventType == LLMEnd }))
		n++
	}
	require.Positive(t, n)
}
