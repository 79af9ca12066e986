package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
)

const fixtures = "../experiments/testdata/llmeter/"

func llmetersLoadTest(t *testing.T) *experiments.LoadTestResult {
	r, err := experiments.LoadLoadTest(t.Context(), fixtures+"loadtest-levels-1-2-4/test", experiments.LoadTestOptions{})
	require.NoError(t, err)
	return r
}

// drawn is a Drawer that remembers.
type drawn map[string]figure.Figure

func (d drawn) Extension() string { return ".fig" }

func (d drawn) Draw(w io.Writer, f figure.Figure) error {
	d[f.Title] = f
	_, err := io.WriteString(w, f.Title)
	return err
}

func files(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestThePlotsOfALoadTestShowWhatLLMetersDo(t *testing.T) {
	var python struct {
		Figures map[string]struct {
			Title        struct{ Text string }
			XAxis, YAxis struct {
				Title struct{ Text string }
				Type  string
			}
			Data []struct {
				Name string
				X, Y []float64
			}
		} `json:"log_scale"`
	}
	text, err := os.ReadFile("testdata/llmeter/loadtest-figures.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &python))
	dir, ours := t.TempDir(), drawn{}
	require.NoError(t, PlotLoadTest(dir, llmetersLoadTest(t), ours))
	var want []string
	for name, p := range python.Figures {
		want = append(want, name+".fig")
		f, ok := ours[p.Title.Text]
		require.True(t, ok, p.Title.Text)
		require.Equal(t, p.XAxis.Title.Text, f.X.Label)
		require.Equal(t, p.YAxis.Type == "log", f.Y.Log, name)
		require.Contains(t, p.YAxis.Title.Text, f.Y.Label) // ours has its unit on the ticks
		switch s := f.Series[0].(type) {
		case figure.Line:
			require.Equal(t, p.Data[0].Name, s.Name)
			require.Equal(t, p.Data[0].X, s.X)
			require.InEpsilonSlice(t, addOne(p.Data[0].Y), addOne(s.Y), 1e-9)
		case figure.Box:
			require.Equal(t, p.Data[0].Name, s.Name)
			for i, category := range f.X.Categories {
				var theirs []float64
				for j, x := range p.Data[0].X {
					if strconv.Itoa(int(x)) == category {
						theirs = append(theirs, p.Data[0].Y[j])
					}
				}
				require.InDeltaSlice(t, theirs, s.Samples[i], 1e-9) // ours are whole nanoseconds
			}
		}
	}
	slices.Sort(want)
	require.Len(t, want, 6)
	require.Equal(t, want, files(t, dir))
}

// addOne makes relative errors of zeros possible.
func addOne(values []float64) (sums []float64) {
	for _, v := range values {
		sums = append(sums, v+1)
	}
	return sums
}

func TestThePlotsOfRatesAreAgainstRates(t *testing.T) {
	ours := drawn{}
	require.NoError(t, PlotLoadTest(t.TempDir(), measuredLoadTest(t, nil, []load.Rate{2.5, 10}, 20), ours))
	require.Equal(t, []string{"2.5", "10"}, ours["Time to first token vs requests per second"].X.Categories)
	require.Equal(t, []float64{2.5, 10}, ours["Error rate vs requests per second"].Series[0].(figure.Line).X)
}

func TestThePlotsOfAHeatmapHaveTheMeanOfEachCell(t *testing.T) {
	h, err := experiments.LoadHeatmap(t.Context(), fixtures+"heatmap-2x2/run", result.LoadOptions{})
	require.NoError(t, err)
	dir, ours := t.TempDir(), drawn{}
	require.NoError(t, PlotHeatmaps(dir, h, ours))
	require.Equal(t, []string{"time_to_first_token.fig", "time_to_last_token.fig"}, files(t, dir))
	f := ours["Average time to last token"]
	grid, err := h.Binned(bins, bins)
	require.NoError(t, err)
	mean, _ := grid.Cells[0].Stats.Lookup("ttlt-mean")
	require.Equal(t, mean, f.Series[0].(figure.Heatmap).Values[slices.Index(grid.Outputs, grid.Cells[0].Output)][slices.Index(grid.Inputs, grid.Cells[0].Input)])
}

func TestPlotsArePagesUnlessADrawerSaysOtherwise(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	require.NoError(t, PlotLoadTest(dir, llmetersLoadTest(t), nil))
	require.Len(t, files(t, dir), 6)
	text, err := os.ReadFile(filepath.Join(dir, "error_rate.html"))
	require.NoError(t, err)
	require.True(t, bytes.Contains(text, []byte("<h1>Error rate vs number of clients</h1>")))
}

func TestTheFiguresOfAReportAreFilesNamedAfterThem(t *testing.T) {
	dir := t.TempDir()
	res := run(60, "x")
	r := Sweep(&experiments.SweepResult{Axes: []string{"a/b", "../c"}, Rows: []experiments.Row{{Labels: []string{"1", "2"}, Result: res}, {Labels: []string{"2", "2"}, Result: res}}})
	paths, err := r.Draw(dir, drawn{})
	require.NoError(t, err)
	var names []string
	for _, path := range paths {
		require.Equal(t, dir, filepath.Dir(path))
		names = append(names, filepath.Base(path))
	}
	require.Equal(t, []string{
		"along-a-b-time-to-first-token-median.fig", "along-a-b-time-per-output-token-median.fig", "along-a-b-time-to-last-token-median.fig",
		"along-a-b-throughput.fig", "along-a-b-output.fig", "along-a-b-failed-requests.fig",
	}, names)
	require.ElementsMatch(t, names, files(t, dir))

	paths, err = Run(res).Draw(dir, drawn{})
	require.NoError(t, err)
	require.Contains(t, paths, filepath.Join(dir, "requests-gaps-between-events-with-tokens-2.fig"))
}

var errPen = errors.New("the pen is broken")

type broken struct{}

func (broken) Extension() string                       { return ".x" }
func (broken) Draw(w io.Writer, f figure.Figure) error { return errPen }

func TestTheErrorOfADrawingNamesItsFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Run(run(20, "x")).Draw(dir, broken{})
	require.ErrorIs(t, err, errPen)
	require.ErrorContains(t, err, filepath.Join(dir, "latency-time-to-first-token.x"))
	require.ErrorIs(t, PlotLoadTest(dir, llmetersLoadTest(t), broken{}), errPen)
	require.Empty(t, files(t, dir))
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	require.ErrorContains(t, PlotLoadTest(file, llmetersLoadTest(t), nil), file)
	require.ErrorIs(t, PlotLoadTest(dir, &experiments.LoadTestResult{}, nil), result.ErrNoRun)
}
