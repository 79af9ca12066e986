package otlp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/profiler"
)

// fixture reads a file of testdata and gives its spans by the first letter of their ids.
func fixture(t *testing.T, name string) (*profiler.Request, map[string]*profiler.Span) {
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	var request *profiler.Request
	for trace, err := range Read(f, name) {
		require.NoError(t, err)
		require.Empty(t, trace.Problems)
		require.Nil(t, request)
		request = profiler.Resolve(trace)
	}
	spans := map[string]*profiler.Span{}
	for i := range request.Spans {
		spans[request.Spans[i].UUID[:1]] = &request.Spans[i]
	}
	return request, spans
}

// facts are what is told of a span.
type facts struct {
	kind   profiler.Category
	name   string
	input  string
	tokens profiler.TokenUsage
}

func requireFacts(t *testing.T, spans map[string]*profiler.Span, want map[string]facts) {
	got := map[string]facts{}
	for id, s := range spans {
		got[id] = facts{s.Category, s.Name, s.Input, s.Tokens}
	}
	require.Equal(t, want, got)
}

func TestSpansOfOpenTelemetryAreUnderstood(t *testing.T) {
	request, spans := fixture(t, "opentelemetry.json")
	const input = `[{"type": "text", "content": "Answer in one sentence."},{"role": "user", "parts": [{"type": "text", "content": "Weather in Graz?"}]}]`
	requireFacts(t, spans, map[string]facts{
		"a": {kind: profiler.Function, name: "trip"},
		"b": {kind: profiler.Function, name: "weather"},
		"c": {profiler.LLM, "gpt-4o-mini", input, profiler.TokenUsage{}},
		"d": {profiler.LLM, "gpt-4o-mini", input, profiler.TokenUsage{PromptTokens: 120, CompletionTokens: 40, CachedTokens: 64, ReasoningTokens: 16, TotalTokens: 160}},
		"e": {kind: profiler.Tool, name: "get_weather"},
		"f": {kind: profiler.Tool, name: "search_memory"},
	})
	require.Equal(t, profiler.Failed, spans["c"].State)
	require.True(t, spans["c"].Throttled())
	streaming := profiler.AnalyzeStreaming([]*profiler.Request{request})
	require.InDelta(t, 0.5, *streaming.All.TTFT.Mean, 1e-6)
	waiting := profiler.AnalyzeWaiting([]*profiler.Request{request})
	require.InDelta(t, 2.3, waiting.Critical, 1e-6, "0.3 s of an attempt and 2 s until the next")
}

func TestSpansOfOpenInferenceAreUnderstood(t *testing.T) {
	_, spans := fixture(t, "openinference.json")
	requireFacts(t, spans, map[string]facts{
		"a": {kind: profiler.Function, name: "RetrieverQueryEngine.query"},
		"b": {kind: profiler.Tool, name: "VectorIndexRetriever.retrieve"},
		"c": {kind: profiler.Tool, name: "OpenAIEmbedding.get_query_embedding"},
		"d": {kind: profiler.Tool, name: "Rerank.postprocess_nodes"},
		"e": {kind: profiler.UserSpan, name: "ChatPromptTemplate"},
		"f": {profiler.LLM, "gpt-4o-2024-08-06", `[{"role":"system","content":"Use the context."},{"role":"user","content":"Who wrote it?"}]`,
			profiler.TokenUsage{PromptTokens: 210, CompletionTokens: 30, CachedTokens: 128, ReasoningTokens: 12, TotalTokens: 240}},
		"1": {profiler.LLM, "gpt-3.5-turbo-instruct", `[{"content":"Name it:"}]`, profiler.TokenUsage{PromptTokens: 3, CompletionTokens: 2, TotalTokens: 5}},
	})
	require.Len(t, spans["f"].Chunks, 1)
	require.InDelta(t, 0.75, spans["f"].Chunks[0]-spans["f"].Start, 1e-6)
}

func TestSpansOfOpenLLMetryAreUnderstood(t *testing.T) {
	request, spans := fixture(t, "openllmetry.json")
	requireFacts(t, spans, map[string]facts{
		"a": {kind: profiler.Workflow, name: "helpdesk"},
		"b": {kind: profiler.Task, name: "answer"},
		"c": {profiler.LLM, "gpt-4o", `[{"role":"user","content":"Where is it?"}]`,
			profiler.TokenUsage{PromptTokens: 90, CompletionTokens: 6, CachedTokens: 32, ReasoningTokens: 2, TotalTokens: 96}},
		"d": {kind: profiler.Tool, name: "lookup"},
		"e": {profiler.LLM, "claude-sonnet", `[{"role": "user", "parts": [{"type": "text", "content": "Say it nicely."}]}]`,
			profiler.TokenUsage{PromptTokens: 300, CompletionTokens: 20, CachedTokens: 256, ReasoningTokens: 5, TotalTokens: 320}},
		"f": {kind: profiler.UserSpan, name: "POST"},
		"1": {kind: profiler.UserSpan, name: "POST"},
	})
	require.Len(t, spans["c"].Chunks, 3)
	require.Len(t, spans["e"].Chunks, 1)
	require.Equal(t, []any{529, 1.0, profiler.Failed}, []any{spans["f"].HTTPStatus, spans["f"].RetryAfter, spans["f"].State})
	waiting := profiler.AnalyzeWaiting([]*profiler.Request{request})
	require.InDelta(t, 0.5, waiting.Waiting, 1e-6)
	require.InDelta(t, (3+3-0.5)/2, *waiting.WorkLatency.Mean, 1e-6, "of two calls of 3 s, one waited")
}
