package page_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure/figuretest"
	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/page"
)

// shots is a folder for the pages of these tests and for screenshots of them, for people who look; "" = none are kept.
var shots = os.Getenv("FIGURE_SHOTS")

func profile(t *testing.T, traces func(func(*profiler.Trace, error) bool)) *profiler.Results {
	r, err := profiler.Runner{Config: profiler.FullConfig(), NoOutput: true}.Run(t.Context(), traces)
	require.NoError(t, err)
	return r
}

func fixture(t *testing.T, name string) *profiler.Results {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "nat", name, "all_requests_profiler_traces.json*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return profile(t, profiler.ReadFiles(paths...))
}

func write(t *testing.T, r *profiler.Results, name string) (path string, size int) {
	var b bytes.Buffer
	require.NoError(t, page.HTML(&b, r))
	dir := shots
	if dir == "" {
		dir = t.TempDir()
	}
	path = filepath.Join(dir, name+".html")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	return path, b.Len()
}

func TestPagesOfRealTracesAreDrawnInChromium(t *testing.T) {
	for _, name := range []string{"sequential-nested", "synthetic-30x12"} {
		path, _ := write(t, fixture(t, name), name)
		figuretest.Check(t, path, shots)
	}
}
