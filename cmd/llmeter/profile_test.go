package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/profiler"
)

const natTraces = "../../profiler/testdata/nat"

// fixtureFile reads a file of a fixture, gzipped or not.
func fixtureFile(t *testing.T, name, file string) []byte {
	path := filepath.Join(natTraces, name, file)
	if _, err := os.Stat(path); err != nil {
		path += ".gz"
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	text, err := decompressed(f)
	require.NoError(t, err)
	all, err := io.ReadAll(text)
	require.NoError(t, err)
	return all
}

// requireKeys requires that got has all keys of want, down to where they are numbers and texts. Of lists the first elements stand for all.
func requireKeys(t *testing.T, want, got any, path string) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		if id, _, _ := strings.Cut(path, "common_prefixes"); id != path { // those of what is no model are not there, as they should not
			delete(want, "")
		}
		got, ok := got.(map[string]any)
		require.True(t, ok, path)
		for key, value := range want {
			require.Contains(t, got, key, path)
			requireKeys(t, value, got[key], path+"."+key)
		}
	case []any:
		got, ok := got.([]any)
		require.True(t, ok, path)
		if len(want) > 0 && len(got) > 0 {
			requireKeys(t, want[0], got[0], path+"[0]")
		}
	}
}

func TestTheFilesAndKeysOfAProfileAreThoseOfNAT(t *testing.T) {
	for _, name := range []string{"single-call", "sequential-nested", "concurrent-requests", "prefixes-patterns", "synthetic-30x12"} {
		dir := t.TempDir()
		config := filepath.Join(dir, "config.json")
		require.NoError(t, os.WriteFile(config, fixtureFile(t, name, "config.json"), 0o644))
		out := filepath.Join(dir, "out")
		var stdout, stderr bytes.Buffer
		require.Zero(t, command(t.Context(), []string{"profile", filepath.Join(natTraces, name), "--config", config, "--output", out}, &stdout, &stderr), stderr.String())

		var run struct {
			Files []string `json:"files_written"`
		}
		require.NoError(t, json.Unmarshal(fixtureFile(t, name, "run_result.json"), &run))
		for _, file := range run.Files {
			if file == "fitted_model.pkl" { // the model of this module is another one
				file = "fitted_model.json"
			}
			require.FileExists(t, filepath.Join(out, file), name)
		}
		for _, file := range []string{"all_requests_profiler_traces.json", "inference_optimization.json", "workflow_profiling_metrics.json", "prediction_trie.json"} {
			text, err := os.ReadFile(filepath.Join(out, file))
			require.NoError(t, err)
			var want, got any
			require.NoError(t, json.Unmarshal(fixtureFile(t, name, file), &want))
			require.NoError(t, json.Unmarshal(text, &got))
			requireKeys(t, want, got, name+"/"+file)
		}
		rows, err := os.ReadFile(filepath.Join(out, "standardized_data_all.csv"))
		require.NoError(t, err)
		columns, _, _ := strings.Cut(string(fixtureFile(t, name, "standardized_data_all.csv")), "\n")
		require.True(t, strings.HasPrefix(string(rows), strings.TrimSpace(columns)), name)
	}
}

func TestFormsOfTracesAreToldByTheirFirstKeys(t *testing.T) {
	for text, want := range map[string]string{
		`[{"request_number":0}]`: "nat", `{"part_of":"1"}`: "nat", `[[{"payload":{}}]]`: "nat", "\xef\xbb\xbf {\"intermediate_steps\":[]}": "nat", `{"note":{"resourceSpans":1},"payload":{}}`: "nat",
		`{"resourceSpans":[]}`: "otlp", "[\n{\"resourceSpans\":[]}]": "otlp", "\n\x12\n\x10": "otlp", "\n{\"resourceSpans\":[]}": "otlp",
		`{"agent":{"name":"resourceSpans"}}`: "atif", `{"extra":[{"payload":1}],"schema_version":"ATIF-v1.7"}`: "atif",
		"": "", "hello": "", `{"a":1}`: "", `["payload"]`: "nat", `[1]`: "", `{"a":`: "", `[]`: "",
	} {
		require.Equal(t, want, traceForm([]byte(text)), "%q", text)
	}
}

func FuzzTraceForm(f *testing.F) {
	for _, text := range []string{`[{"request_number":0}]`, `{"resourceSpans":[]}`, "\n\x12", `{"agent":{`, "\xef\xbb"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		require.Contains(t, []string{"", "nat", "otlp", "atif"}, traceForm(text))
	})
}

func TestEveryAnalysisOfTheConfigurationHasAFlag(t *testing.T) {
	var c profiler.Config
	enableAll(&c)
	full := profiler.FullConfig()
	full.PromptCachingPrefixes.MinFrequency, full.PrefixSpan, full.PredictionTrie = 0, profiler.PrefixSpanConfig{Enable: true}, profiler.TrieConfig{Enable: true}
	full.Dynamo = profiler.DynamoConfig{}
	full.CSVExcludeIOText = c.CSVExcludeIOText
	require.Equal(t, full, c)
}

func TestAProfileThatIsWorseThanItsBaselineFails(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, seconds float64) string {
		var b bytes.Buffer
		w := profiler.NewTraceWriter(&b)
		for n := range 40 {
			trace := &profiler.Trace{Number: n}
			for _, e := range []struct {
				kind profiler.EventType
				at   float64
			}{{profiler.ToolStart, 0}, {profiler.ToolEnd, seconds + float64(n%7)/100}} {
				trace.Steps = append(trace.Steps, profiler.IntermediateStep{ParentID: "root", Payload: profiler.StepPayload{
					EventType: e.kind, EventTimestamp: 1.75e9 + float64(10*n) + e.at, Name: "t", UUID: "u",
				}})
			}
			require.NoError(t, w.Write(trace))
		}
		require.NoError(t, w.Close())
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
		return path
	}
	fast, slow := write("fast.json", 1), write("slow.json", 1.2)
	run := func(args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		code := command(t.Context(), append([]string{"profile", "--output", filepath.Join(dir, "out")}, args...), &stdout, &stderr)
		return code, stderr.String()
	}
	code, said := run(slow, "--baseline", fast)
	require.Equal(t, exitFailed, code)
	require.Contains(t, said, "worse than the baseline: ")
	require.Contains(t, said, "workflow_runtime-p50")
	code, _ = run(fast, "--baseline", slow)
	require.Zero(t, code, "faster is not worse")
	code, _ = run(slow, "--baseline", fast, "--tolerance", "0.5")
	require.Zero(t, code, "a fifth does not matter")
}

func TestGzippedTracesOfEveryFormAreRead(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	run := func(args ...string) string {
		stdout.Reset()
		require.Zero(t, command(t.Context(), append([]string{"profile", "--quiet"}, args...), &stdout, &stderr), stderr.String())
		first, _, _ := strings.Cut(stdout.String(), ",")
		return first
	}
	require.Equal(t, "5 requests", run(filepath.Join(natTraces, "concurrent-requests"), "--output", dir, "--export", "otlp,atif"))
	for _, name := range []string{"all_requests_profiler_traces.json", "traces.otlp.jsonl", "trajectories.atif.jsonl"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err = z.Write(text)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		folder := filepath.Join(dir, "in-"+name)
		require.NoError(t, os.Mkdir(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "some."+name+".gz"), b.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "package.json"), []byte(`{"name":"not a trace"}`), 0o644))
		require.Equal(t, "5 requests", run(folder, "--output", filepath.Join(dir, "out")), name)
	}
	require.True(t, slices.Contains([]string{""}, stderr.String()), "a file that holds no traces is passed over in a folder")
}
