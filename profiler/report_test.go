package profiler

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReportOfWhatNATLacksIsAsBefore(t *testing.T) {
	first := llm("a", 1, 2).below("f").saying("hi").failing(429)
	first.retryAfter = 2
	calls := []call{
		function("f", 0, 12).below(RootID), first, llm("b", 5, 8).below("f").saying("hi").using(40).streaming(5.5, 6, 7, 8),
		tool("slow", 8, 11).below("f").named("slow"), tool("fast", 8, 10).below("f").named("fast"),
	}
	var trace Trace
	for _, c := range calls {
		trace.Steps = append(trace.Steps, c.steps()...)
	}
	c := FullConfig()
	c.Costs.Prices = prices(t, `{"currency":"USD","models":[{"model":"m","input":2,"output":8}]}`)
	results, err := Runner{Config: c, NoOutput: true}.Run(t.Context(), Traces(&trace))
	require.NoError(t, err)
	var report bytes.Buffer
	for _, write := range results.Profile.reports() {
		require.NoError(t, write(&report))
		report.WriteString("\n\n")
	}
	golden := filepath.Join("testdata", "golden", "profile_report.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, report.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), report.String())
}
