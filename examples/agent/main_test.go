package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/profiler"
)

func TestTheAgentIsRecordedAsItRuns(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, run(t.Context(), folder))
	failed := 0
	for trace, err := range profiler.ReadFiles(filepath.Join(folder, "all_requests_profiler_traces.json")) {
		require.NoError(t, err)
		request := profiler.Resolve(trace)
		parents := map[string]string{}
		for _, s := range request.Spans {
			name := string(s.Category) + " " + s.Name
			if s.Parent >= 0 {
				parents[name] = request.Spans[s.Parent].Name
			} else {
				parents[name] = ""
			}
			if s.State == profiler.Failed {
				failed++
				require.Equal(t, "TOOL distance", name)
				require.Equal(t, questions[1], questions[request.Number])
			}
			if s.Category == profiler.LLM {
				require.Positive(t, s.Tokens.CompletionTokens)
				require.Contains(t, s.Input, questions[request.Number])
			}
		}
		require.Equal(t, map[string]string{
			"WORKFLOW workflow": "", "FUNCTION plan": "workflow", "LLM planner": "plan", "LLM writer": "workflow",
			"TOOL search": "workflow", "TOOL weather": "workflow", "TOOL distance": "workflow", "LLM reader": "search",
		}, parents)
	}
	require.Equal(t, 1, failed)
}
