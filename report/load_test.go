package report

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// steady answers with one token after 100 ms.
func steady() llmeter.Endpoint {
	return endpoint.NewStream(endpoint.Info{Name: "fake", Model: "m"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			select {
			case <-time.After(100 * time.Millisecond):
				yield(endpoint.Chunk{Text: "yes"}, nil)
			case <-ctx.Done():
				yield(endpoint.Chunk{}, ctx.Err())
			}
		}
	})
}

// schemaOf loads a folder, writes all formats of its report and gives the JSON's schema.
func schemaOf(t *testing.T, folder string, o result.LoadOptions) string {
	t.Helper()
	r, err := Load(t.Context(), folder, o)
	require.NoError(t, err)
	for format := range formats {
		require.NotEmpty(t, written(t, r, format), format)
	}
	require.NoError(t, r.HTML(io.Discard))
	var head struct{ Schema string }
	require.NoError(t, json.Unmarshal([]byte(written(t, r, FormatJSON)), &head))
	return head.Schema
}

func TestFoldersTellWhatTheyHold(t *testing.T) {
	payload := endpoint.JSON(map[string]any{"prompt": "?"})
	create := func(int, string) (llmeter.Payload, error) { return payload, nil }
	for want, f := range map[string]func(ctx context.Context, r llmeter.Runner) (any, error){
		"llmeter.run/1": func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads, r.Requests = []llmeter.Payload{payload}, 5
			return r.Run(ctx)
		},
		schemaLoadTest: func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads = []llmeter.Payload{payload}
			return experiments.LoadTest{Runner: r, SequenceOfClients: []int{1, 2}}.Run(ctx)
		},
		schemaHeatmap: func(ctx context.Context, r llmeter.Runner) (any, error) {
			return experiments.LatencyHeatmap{Runner: r, InputLengths: []int{5, 9}, OutputLengths: []int{1}, CreatePayload: create}.Run(ctx)
		},
		schemaCapacity: func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads = []llmeter.Payload{payload}
			return experiments.Capacity{Runner: r, Max: 2, Objectives: []slo.Objective{slo.MustParse("ttft-p50 < 1s")}}.Run(ctx)
		},
		schemaComparison: func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads, r.Requests = []llmeter.Payload{payload}, 10
			return experiments.Compare{Rounds: 1}.Run(ctx, r, r)
		},
		schemaSweep: func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads, r.Requests = []llmeter.Payload{payload}, 5
			return experiments.Sweep{Runner: r, Axes: []experiments.Axis{experiments.Clients(1, 2)}}.Run(ctx)
		},
		schemaSoak: func(ctx context.Context, r llmeter.Runner) (any, error) {
			r.Payloads, r.Duration = []llmeter.Payload{payload}, 3*time.Second
			return experiments.Soak{Runner: r, Segment: time.Second}.Run(ctx)
		},
	} {
		t.Run(want, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "it")
			synctest.Test(t, func(t *testing.T) {
				_, err := f(t.Context(), llmeter.Runner{Endpoint: steady(), Folder: folder})
				require.NoError(t, err)
			})
			require.Equal(t, want, schemaOf(t, folder, result.LoadOptions{}))
			require.Equal(t, want, schemaOf(t, folder, result.LoadOptions{LowMemory: true}))
			require.Equal(t, want, schemaOf(t, folder, result.LoadOptions{WithoutResponses: true}))
		})
	}
}

func TestAnExperimentOfOnesOwnIsItsRunsSideBySide(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "own")
	synctest.Test(t, func(t *testing.T) {
		r := llmeter.Runner{Endpoint: steady(), Folder: folder, Payloads: []llmeter.Payload{endpoint.JSON(map[string]any{"prompt": "?"})}, Requests: 3}
		series, err := experiments.Plan{Kind: "prompt cache", Runner: r}.Open(t.Context())
		require.NoError(t, err)
		for _, name := range []string{"cold", "warm"} {
			_, err = series.Run(t.Context(), name, r)
			require.NoError(t, err)
		}
	})
	require.Equal(t, "llmeter.runs/1", schemaOf(t, folder, result.LoadOptions{}))

	require.NoError(t, os.Mkdir(filepath.Join(folder, "broken"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken", "summary.json"), []byte("{"), 0o666))
	r, err := Load(t.Context(), folder, result.LoadOptions{})
	require.NoError(t, err)
	text := written(t, r, FormatText)
	for _, want := range []string{"2 runs side by side", "cold", "warm", "left out:", "broken"} {
		require.Contains(t, text, want)
	}
	require.Contains(t, written(t, r, FormatJSON), `"code": "skipped"`)
}

func TestFoldersOfLLMeterHaveEveryFormat(t *testing.T) {
	root := "../result/testdata/llmeter"
	for name, want := range map[string]string{
		"stream-3x4/run": "llmeter.run/1", "stream-errors-4x6/run": "llmeter.run/1", "stream-all-failed-2x2/run": "llmeter.run/1", "heatmap-2x2": "",
		"loadtest-levels-1-2-4": schemaLoadTest,
	} {
		folder := filepath.Join(root, name)
		if want == "" || want == schemaLoadTest { // the folder lies below
			entries, err := os.ReadDir(folder)
			require.NoError(t, err)
			for _, e := range entries {
				if e.IsDir() {
					folder = filepath.Join(folder, e.Name())
				}
			}
		}
		t.Run(name, func(t *testing.T) {
			got := schemaOf(t, folder, result.LoadOptions{})
			if want != "" {
				require.Equal(t, want, got)
			}
		})
	}
}

func TestAHeatmapOfLLMeterHasBinsOfWhatCame(t *testing.T) {
	h, err := experiments.LoadHeatmap(t.Context(), "../experiments/testdata/llmeter/heatmap-2x2/run", result.LoadOptions{})
	require.NoError(t, err)
	text := written(t, Heatmap(h), FormatText)
	require.Contains(t, text, "TTLT, median (n)")
}

func TestAFolderThatHoldsNoRunIsNamed(t *testing.T) {
	folder := t.TempDir()
	for _, content := range []string{"", "notes.txt", "inner/notes.txt"} {
		if content != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, content)), 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(folder, content), []byte("x"), 0o666))
		}
		_, err := Load(t.Context(), folder, result.LoadOptions{})
		require.ErrorIs(t, err, result.ErrNoRun)
		require.ErrorContains(t, err, folder)
	}
	_, err := Load(t.Context(), filepath.Join(folder, "gone"), result.LoadOptions{})
	require.ErrorContains(t, err, "gone")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "experiment.json"), []byte(`{"schema": "llmeter.experiment/1", "kind": "sweep"}`), 0o666))
	_, err = Load(t.Context(), folder, result.LoadOptions{})
	require.ErrorContains(t, err, folder)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "experiment.json"), []byte(`{`), 0o666))
	_, err = Load(t.Context(), folder, result.LoadOptions{})
	require.ErrorContains(t, err, filepath.Join(folder, "experiment.json"))
}

func TestABrokenLevelIsReportedBesideTheOthers(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "test")
	for _, l := range aLoadTest().Levels {
		require.NoError(t, l.Result.Save(t.Context(), filepath.Join(folder, l.Result.RunName)))
	}
	broken := filepath.Join(folder, "00008-clients")
	for _, file := range []string{"summary.json", "responses.jsonl", "events.bin", "stats.json"} {
		require.NoError(t, os.RemoveAll(filepath.Join(broken, file)))
	}
	r, err := Load(t.Context(), folder, result.LoadOptions{})
	require.NoError(t, err)
	text := written(t, r, FormatText)
	for _, want := range []string{"load test, 3 levels", "16 clients", "left out:", broken} {
		require.Contains(t, text, want)
	}
	require.Contains(t, written(t, r, FormatMarkdown), broken)
	require.Contains(t, written(t, r, FormatJSON), `"code": "skipped"`)
}
