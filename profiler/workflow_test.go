package profiler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/profiler"
)

// answer is a workflow: a call of a model that takes 100 ms to its first token and 200 ms in all.
func answer(ctx context.Context, prompt string) (string, error) {
	_, call := profiler.Start(ctx, profiler.LLM, "model", prompt)
	time.Sleep(100 * time.Millisecond)
	call.NewToken("an")
	time.Sleep(100 * time.Millisecond)
	if prompt == "bad" {
		err := errors.New("no answer")
		call.End(profiler.Outcome{Err: err})
		return "", err
	}
	call.End(profiler.Outcome{Output: "answer", Tokens: profiler.TokenUsage{PromptTokens: 5, CompletionTokens: 2}})
	return "answer to " + prompt, nil
}

func TestRunPromptsProfilesWorkflows(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := filepath.Join(t.TempDir(), "[profile]")
	stale := filepath.Join(dir, "usage_statistics", "request_9.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(stale), 0o700))
	require.NoError(t, os.WriteFile(stale, nil, 0o600))
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var running, most atomic.Int32
		prompts := []string{"one", "bad", "three", "four", "five"}
		results, err := profiler.Runner{OutputDir: dir, Concurrency: 2}.RunPrompts(t.Context(), prompts, func(ctx context.Context, prompt string) (string, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			return answer(ctx, prompt)
		})
		require.NoError(t, err)
		require.Equal(t, 600*time.Millisecond, time.Since(began), "two at once")
		require.EqualValues(t, 2, most.Load())
		require.Len(t, results.Requests, 5)
		require.InDelta(t, 0.2, results.LLMLatency.Mean, 1e-6)
		require.Len(t, results.Usage, 5)
		for i, u := range results.Usage {
			require.Equal(t, i, u.RequestNumber)
			require.Equal(t, prompts[i], u.Prompt)
			require.InDelta(t, 0.2, u.Runtime, 1e-6)
			require.Len(t, u.UsageStats, 1)
			call := u.UsageStats[0]
			require.Equal(t, "model", call.LLMName)
			require.Equal(t, "workflow", call.FunctionName)
			require.InDelta(t, 0.2, *call.Duration, 1e-6)
			require.InDelta(t, 0.1, *call.TimeToFirstToken, 1e-6)
			if prompts[i] == "bad" {
				require.Equal(t, "no answer", u.Error)
				require.Equal(t, profiler.Failed, call.State)
				require.Zero(t, u.TotalTokens)
			} else {
				require.Equal(t, "answer to "+prompts[i], u.Output)
				require.Equal(t, profiler.Complete, call.State)
				require.Equal(t, 7, u.TotalTokens)
			}
		}
		var all []profiler.RequestUsage
		readJSON(t, filepath.Join(dir, "all_requests_usage_statistics.json"), &all)
		require.Len(t, all, 5)
		for i := range all {
			var one profiler.RequestUsage
			readJSON(t, filepath.Join(dir, "usage_statistics", fmt.Sprintf("request_%d.json", i)), &one)
			require.Equal(t, all[i].UsageStats[0].UUID, one.UsageStats[0].UUID)
		}
		require.NoFileExists(t, stale)
		require.NoFileExists(t, filepath.Join(dir, "recording.jsonl"))
		n := 0
		for trace, err := range profiler.ReadFiles(filepath.Join(dir, "all_requests_profiler_traces.json")) {
			require.NoError(t, err)
			require.Len(t, trace.Steps, 5)
			n++
		}
		require.Equal(t, 5, n)
	})
}

func readJSON(t *testing.T, path string, v any) {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if err := json.Unmarshal(b, v); err != nil { // states are written, and not read
		require.ErrorContains(t, err, "SpanState")
	}
}

func TestRunPromptsKeepsWhatWasRecordedWhenItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		results, err := profiler.Runner{NoOutput: true, Concurrency: 1}.RunPrompts(ctx, []string{"one", "two", "three"}, func(ctx context.Context, prompt string) (string, error) {
			if prompt == "two" {
				cancel(stop)
			}
			return answer(ctx, prompt)
		})
		require.ErrorIs(t, err, stop)
		require.Len(t, results.Requests, 2)
		require.Len(t, results.Usage, 2)
	})
}

func TestRunPromptsReportsAllThatIsWrong(t *testing.T) {
	_, err := profiler.Runner{Concurrency: -1}.RunPrompts(t.Context(), nil, answer)
	require.ErrorContains(t, err, "OutputDir is required")
	require.ErrorContains(t, err, "no prompts")
	require.ErrorContains(t, err, "Concurrency -1")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = profiler.Runner{OutputDir: file}.RunPrompts(t.Context(), []string{"one"}, answer)
	require.Error(t, err)
}

func TestWhatOutlivesItsWorkflowIsNumberedBehindThePrompts(t *testing.T) {
	results, err := profiler.Runner{NoOutput: true}.RunPrompts(t.Context(), []string{"one"}, func(ctx context.Context, _ string) (string, error) {
		_, late := profiler.Start(context.WithoutCancel(ctx), profiler.Tool, "in time")
		late.End()
		_, other := profiler.FromContext(ctx).Start(context.Background(), profiler.Tool, "elsewhere")
		other.End()
		return "", nil
	})
	require.NoError(t, err)
	require.Len(t, results.Usage, 1)
	numbers := map[int]int{}
	for _, r := range results.Requests {
		numbers[r.Number] = len(r.Spans)
	}
	require.Equal(t, map[int]int{0: 2, 1: 1}, numbers)
}

func TestTrackedFunctionsAreSpans(t *testing.T) {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	double := profiler.TrackFunction(rec, "double", func(ctx context.Context, n int) (int, error) {
		require.Same(t, rec, profiler.FromContext(ctx))
		if n < 0 {
			return 0, errors.New("negative")
		}
		return 2 * n, nil
	})
	got, err := double(t.Context(), 21)
	require.NoError(t, err)
	require.Equal(t, 42, got)
	_, err = double(t.Context(), -1)
	require.ErrorContains(t, err, "negative")

	count := profiler.TrackSeq(nil, "count", func(_ context.Context, n int) iter.Seq[string] {
		return func(yield func(string) bool) {
			for i := range n {
				if !yield(fmt.Sprint(i)) {
					return
				}
			}
		}
	})
	for s := range count(profiler.NewContext(t.Context(), rec), 5) {
		if s == "2" {
			break
		}
	}
	for range count(t.Context(), 5) { // without a recorder
	}

	fail := profiler.TrackStream(rec, "fail", func(context.Context, int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, errors.New("broken")) }
	})
	for range fail(t.Context(), 0) {
	}
	require.Panics(t, func() {
		_, _ = profiler.TrackFunction(rec, "panics", func(context.Context, any) (any, error) { panic("!") })(t.Context(), nil)
	})
	require.Panics(t, func() {
		for range fail(t.Context(), 0) {
			panic("!")
		}
	})
	require.NoError(t, rec.Close())

	var names []string
	failed := map[string]int{}
	chunks := map[string][]string{}
	for _, trace := range recorded(t, file.Bytes()) {
		for i := range trace.Steps {
			switch p := &trace.Steps[i].Payload; p.EventType {
			case profiler.SpanStart:
				names = append(names, p.Name)
			case profiler.SpanChunk:
				chunks[p.Name] = append(chunks[p.Name], p.Chunk())
			case profiler.SpanEnd:
				failed[p.Name+": "+p.FailedWith()]++
				if p.Name == "double" && p.FailedWith() == "" {
					require.Equal(t, "42", p.Output())
				}
			}
		}
	}
	require.ElementsMatch(t, []string{"double", "double", "count", "fail", "fail", "panics"}, names)
	require.Equal(t, map[string]int{"double: ": 1, "double: negative": 1, "count: ": 1, "fail: broken": 1, "fail: panic": 1, "panics: panic": 1}, failed)
	require.Equal(t, map[string][]string{"count": {"0", "1", "2"}, "fail": {"1", "1"}}, chunks)
}

func TestTheRequestsOfARunAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		at := func(ms int) float64 { return profiler.Seconds(began.Add(time.Duration(ms) * time.Millisecond)) }
		ep := endpoint.NewStream(endpoint.Info{Model: "m"}, func(ctx context.Context, p endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
			return func(yield func(endpoint.Chunk, error) bool) {
				for range 2 {
					time.Sleep(100 * time.Millisecond)
					if !yield(endpoint.Chunk{Text: "a"}, nil) {
						return
					}
				}
				if n, _ := p.Get("n"); fmt.Sprint(n) == "1" {
					yield(endpoint.Chunk{}, &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429, Message: "slow down", RetryAfter: 1500 * time.Millisecond})
				}
			}
		})
		var file bytes.Buffer
		rec := profiler.NewRecorder(&file)
		ctx, load := rec.Start(t.Context(), profiler.Workflow, "load test")
		_, err := llmeter.Runner{
			Endpoint: ep, Payloads: []llmeter.Payload{endpoint.JSON(map[string]int{"n": 0}), endpoint.JSON(map[string]int{"n": 1})},
			Callbacks: []llmeter.Callback{rec.Callback()},
		}.Run(ctx)
		require.NoError(t, err)
		load.End()
		require.NoError(t, rec.Close())
		traces := recorded(t, file.Bytes())
		require.Len(t, traces, 1)
		request := profiler.Resolve(traces[0])
		require.Len(t, request.Spans, 3)
		for i, s := range request.Spans[1:] {
			require.Equal(t, "load test", parentName(request, &s))
			require.Equal(t, "m", s.Name)
			require.Equal(t, at(200*i), s.Start)
			require.Equal(t, at(200*i+200), s.End)
			require.Equal(t, []float64{at(200*i + 100), at(200*i + 200)}, s.Chunks)
		}
		require.Equal(t, profiler.Complete, request.Spans[1].State)
		require.Equal(t, profiler.Failed, request.Spans[2].State)
		require.Equal(t, 429, request.Spans[2].HTTPStatus)
		require.Equal(t, 1.5, request.Spans[2].RetryAfter)
	})
}
