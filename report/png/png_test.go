package png_test

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
	reportpng "github.com/llmeter-go/llmeter/report/png"
)

func loadTest(t *testing.T) *experiments.LoadTestResult {
	r, err := experiments.LoadLoadTest(t.Context(), "../../experiments/testdata/llmeter/loadtest-levels-1-2-4/test", experiments.LoadTestOptions{})
	require.NoError(t, err)
	return r
}

func TestAReportIsDrawnAsPicturesOfItsFigures(t *testing.T) {
	dir := t.TempDir()
	paths, err := reportpng.Write(dir, report.LoadTest(loadTest(t)), reportpng.Options{Width: 600, Scale: 1})
	require.NoError(t, err)
	require.Contains(t, paths, filepath.Join(dir, "by-clients-throughput.png"))
	require.Greater(t, len(paths), 8)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		img, err := png.Decode(bytes.NewReader(text))
		require.NoError(t, err, path)
		require.Equal(t, 600, img.Bounds().Dx())
	}
}

func TestLLMetersFiguresAreDrawnInBothFormats(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []report.Drawer{reportpng.PNG{}, reportpng.SVG{}} {
		require.NoError(t, report.PlotLoadTest(dir, loadTest(t), d))
		for _, name := range []string{"time_to_first_token", "time_to_last_token", "requests_per_minute", "error_rate", "average_input_tokens_clients", "average_output_tokens_clients"} {
			text, err := os.ReadFile(filepath.Join(dir, name+d.Extension()))
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(text, []byte("\x89PNG")) || bytes.Contains(text, []byte("<svg")))
		}
	}
}
