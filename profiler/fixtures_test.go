package profiler

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var fixtures = []string{"single-call", "sequential-nested", "concurrent-requests", "prefixes-patterns", "edge-empty", "synthetic-30x12"}

// fixture reads a file of a fixture, gzipped or not.
func fixture(t testing.TB, name, file string) []byte {
	path := filepath.Join("testdata", "nat", name, file)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		z, err := os.Open(path + ".gz")
		require.NoError(t, err)
		defer z.Close()
		r, err := gzip.NewReader(z)
		require.NoError(t, err)
		b, err = io.ReadAll(r)
		require.NoError(t, err)
		return b
	}
	require.NoError(t, err)
	return b
}

func fixtureJSON(t testing.TB, name, file string) map[string]any {
	var v map[string]any
	require.NoError(t, json.Unmarshal(fixture(t, name, file), &v))
	return v
}

func readAll(t testing.TB, text []byte) []*Trace {
	var traces []*Trace
	for trace, err := range Read(bytes.NewReader(text), "input.json") {
		require.NoError(t, err)
		require.Empty(t, trace.Problems)
		traces = append(traces, trace)
	}
	return traces
}

func resolveAll(traces []*Trace) []*Request {
	requests := make([]*Request, len(traces))
	for i, trace := range traces {
		trace.Number = i
		requests[i] = Resolve(trace)
	}
	return requests
}

func fixtureRequests(t testing.TB, name string) []*Request {
	return resolveAll(readAll(t, fixture(t, name, "input.json")))
}

// profileFixture runs the profiler as NAT ran.
func profileFixture(t *testing.T, name string) (*Results, string) {
	var c Config
	require.NoError(t, json.Unmarshal(fixture(t, name, "config.json"), &c))
	dir := t.TempDir()
	results, err := Runner{Config: c, OutputDir: dir}.Run(t.Context(), Read(bytes.NewReader(fixture(t, name, "input.json")), name))
	require.NoError(t, err)
	return results, dir
}

func jsonOf(t testing.TB, v any) any {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(b, &plain))
	return plain
}

func jsonFile(t testing.TB, dir, name string) any {
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	var v any
	require.NoError(t, json.Unmarshal(b, &v))
	return v
}

// requireHolds requires that got has every key of want, with the same values, numbers within 1e-6.
func requireHolds(t testing.TB, want, got any, path string) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		require.IsType(t, w, got, path)
		for key, value := range w {
			require.Contains(t, got, key, path)
			requireHolds(t, value, got.(map[string]any)[key], path+"."+key)
		}
	case []any:
		require.IsType(t, w, got, path)
		require.Len(t, got, len(w), path)
		for i, value := range w {
			requireHolds(t, value, got.([]any)[i], fmt.Sprintf("%s[%d]", path, i))
		}
	case float64:
		require.IsType(t, w, got, path)
		require.InDelta(t, w, got, 1e-6, path)
	default:
		require.Equal(t, want, got, path)
	}
}

// without is a copy of an object without some members.
func without(object any, keys ...string) map[string]any {
	rest := map[string]any{}
	for key, v := range object.(map[string]any) {
		if !slices.Contains(keys, key) {
			rest[key] = v
		}
	}
	return rest
}

// TestProfilesEqualNATWhereItIsRight runs each fixture once, and compares all that came out.
func TestProfilesEqualNATWhereItIsRight(t *testing.T) {
	for _, name := range fixtures {
		results, dir := profileFixture(t, name)
		metrics := fixtureJSON(t, name, "workflow_profiling_metrics.json")
		t.Run(name+"/traces", func(t *testing.T) {
			var want any
			require.NoError(t, json.Unmarshal(fixture(t, name, "all_requests_profiler_traces.json"), &want))
			require.Equal(t, want, jsonFile(t, dir, "all_requests_profiler_traces.json"))
		})
		t.Run(name+"/rows", func(t *testing.T) { requireSameCSV(t, name, dir) })
		t.Run(name+"/optimization", func(t *testing.T) {
			want := fixtureJSON(t, name, "inference_optimization.json")
			requireHolds(t, without(want, "common_prefixes"), jsonFile(t, dir, "inference_optimization.json"), "")
		})
		t.Run(name+"/result", func(t *testing.T) { requireSameResult(t, name, dir, results) })
		t.Run(name+"/metrics", func(t *testing.T) {
			got := jsonFile(t, dir, "workflow_profiling_metrics.json").(map[string]any)
			requireHolds(t, metrics["simple_stack_analysis"], got["simple_stack_analysis"], "")
			requireHolds(t, metrics["nested_stack_analysis"], got["nested_stack_analysis"], "")
			requireHolds(t, without(metrics["concurrency_spike_analysis"], "spike_intervals"), got["concurrency_spike_analysis"], "")
		})
		t.Run(name+"/trie", func(t *testing.T) {
			requireHolds(t, without(fixtureJSON(t, name, "prediction_trie.json"), "generated_at"), jsonFile(t, dir, "prediction_trie.json"), "")
		})
		t.Run(name+"/corrected", func(t *testing.T) { requireRight(t, name, results) })
	}
}

func TestTracesWrittenByNATReadTheSame(t *testing.T) {
	for _, name := range fixtures {
		ours := fixtureRequests(t, name)
		theirs := resolveAll(readAll(t, fixture(t, name, "all_requests_profiler_traces.json")))
		require.Equal(t, ours, theirs, name)
	}
}

func requireSameCSV(t *testing.T, name, dir string) {
	want, err := csv.NewReader(bytes.NewReader(fixture(t, name, "standardized_data_all.csv"))).ReadAll()
	require.NoError(t, err)
	f, err := os.Open(filepath.Join(dir, "standardized_data_all.csv"))
	require.NoError(t, err)
	defer f.Close()
	got, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, want[0], got[0], name)
	require.Len(t, got, len(want), name)
	for i := range want[1:] {
		for j, cell := range want[i+1] {
			requireCell(t, cell, got[i+1][j], fmt.Sprintf("%s: row %d, %s", name, i, want[0][j]))
		}
	}
}

// requireCell compares numbers as numbers, and prompts that are no strings not at all: NAT prints them as Python.
func requireCell(t *testing.T, want, got, where string) {
	t.Helper()
	if strings.HasPrefix(want, "[{") || want == got {
		return
	}
	w, err := strconv.ParseFloat(want, 64)
	require.NoError(t, err, "%s: want %q, got %q", where, want, got)
	g, err := strconv.ParseFloat(got, 64)
	require.NoError(t, err, where)
	require.InDelta(t, w, g, 1e-6, where)
}

func requireSameResult(t *testing.T, name, dir string, results *Results) {
	want := fixtureJSON(t, name, "run_result.json")
	requireHolds(t, want["ProfilerResults_without_token_usage_forecast"], jsonOf(t, results), name)
	for _, file := range want["files_written"].([]any) {
		if file == "fitted_model.pkl" {
			file = "fitted_model.json"
		}
		require.FileExists(t, filepath.Join(dir, file.(string)), name)
	}
}

func TestSpikesOfOtherThresholdsEqualNAT(t *testing.T) {
	for _, name := range fixtures {
		requests := fixtureRequests(t, name)
		functions := fixtureJSON(t, name, "functions.json")["concurrency_spike_analysis"].(map[string]any)
		for setting, want := range functions {
			threshold := 0
			if setting != "threshold=None" {
				_, err := fmt.Sscanf(setting, "threshold=%d", &threshold)
				require.NoError(t, err)
			}
			spikes := AnalyzeSpikes(requests, threshold)
			requireHolds(t, without(want, "spike_intervals", "spike_count"), jsonOf(t, spikes), name+" "+setting)
			requireSameSpikes(t, want.(map[string]any)["spike_intervals"], spikes.Intervals)
		}
	}
}

// requireSameSpikes merges NAT's intervals and compares.
func requireSameSpikes(t *testing.T, intervals any, got []Spike) {
	t.Helper()
	if intervals == nil {
		return
	}
	var merged []Spike
	for _, v := range intervals.([]any) {
		var s Spike
		b, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &s))
		if last := len(merged) - 1; last >= 0 && merged[last].End == s.Start {
			merged[last].End, merged[last].Concurrency = s.End, max(merged[last].Concurrency, s.Concurrency)
			merged[last].ActiveUUIDs = append(merged[last].ActiveUUIDs, s.ActiveUUIDs...)
			continue
		}
		merged = append(merged, s)
	}
	require.Len(t, got, len(merged))
	for i, s := range merged {
		slices.Sort(s.ActiveUUIDs)
		s.ActiveUUIDs = slices.Compact(s.ActiveUUIDs)
		s.ActiveCalls = len(s.ActiveUUIDs)
		require.Equal(t, s, got[i])
	}
}

func TestTriesWithOtherSettingsEqualNAT(t *testing.T) {
	for _, name := range fixtures {
		want := fixtureJSON(t, name, "functions.json")["PredictionTrieBuilder (root node only)"].(map[string]any)
		requests := fixtureRequests(t, name)
		parallel := Sensitivity{10, 0.5, 0.3, 0.2, 0.3}
		for setting, s := range map[string]*Sensitivity{"no sensitivity": nil, "w_parallel=0.3, scale=10": &parallel} {
			trie := BuildTrie(requests, s, epoch)
			root := want[setting].(map[string]any)
			requireHolds(t, root["any"], jsonOf(t, trie.Root.AnyIndex), name)
			for index, level := range root["by_index"].(map[string]any) {
				n, err := strconv.Atoi(index)
				require.NoError(t, err)
				requireHolds(t, level, jsonOf(t, trie.Root.ByIndex[n].LatencySensitivity), name+" "+index)
			}
		}
	}
}

func TestForecastRowsEqualNAT(t *testing.T) {
	for _, name := range fixtures {
		forest := fixtureJSON(t, name, "functions.json")["forecasting"].(map[string]any)["randomforest"].(map[string]any)
		if forest["x"] == nil {
			continue // a request without LLM calls, at which NAT fails
		}
		var x, y [][]float64
		usage := Usage(fixtureRequests(t, name))
		f := FitForecast(usage)
		require.InDelta(t, forest["matrix_length"], f.MatrixLength, 0)
		for _, rows := range natUsage(readAll(t, fixture(t, name, "input.json"))) {
			before, after := ForecastRows(rows, f.MatrixLength)
			x, y = append(x, before...), append(y, after...)
		}
		requireHolds(t, forest["x"], jsonOf(t, x), name)
		requireHolds(t, forest["y"], jsonOf(t, y), name)
	}
}

// natUsage is Usage with the whole seconds between calls that NAT notes.
func natUsage(traces []*Trace) [][]UsageRow {
	var all [][]UsageRow
	for _, trace := range traces {
		var rows []UsageRow
		for _, s := range trace.Steps {
			if p := &s.Payload; p.EventType == LLMEnd {
				u := p.UsageInfo.TokenUsage
				rows = append(rows, UsageRow{p.UsageInfo.SecondsBetweenCalls, float64(u.PromptTokens), float64(u.CompletionTokens)})
			}
		}
		all = append(all, rows)
	}
	return all
}

// The right values where NAT has none or wrong ones.
var right = map[string]struct {
	runtime, runtime99, latency, latency99 *Bounds
	rate                                   float64
	rateInterval                           *Bounds
	leaf, busy                             LevelPercentiles
	spikes                                 int
	spikeSeconds                           float64
	prefixes                               map[string]int // calls of each model
}{
	"concurrent-requests": {
		&Bounds{6.7199, 7.0341}, &Bounds{6.6166, 7.1374}, &Bounds{2.2442, 2.8758}, &Bounds{2.1063, 3.0137}, 0.351000, &Bounds{0.113969, 0.819118},
		LevelPercentiles{2, 4, 4, 4}, LevelPercentiles{2, 4, 4, 4}, 6, 10.012, map[string]int{"model-a": 5, "model-b": 5},
	},
	"edge-empty": {
		&Bounds{-2.3268, 5.1601}, &Bounds{-7.2182, 10.0515}, nil, nil, 0.141176, nil,
		LevelPercentiles{0, 1, 1, 1}, LevelPercentiles{1, 1, 1, 1}, 0, 0, map[string]int{"model-a": 1},
	},
	"prefixes-patterns": {
		&Bounds{4.1944, 6.0389}, &Bounds{3.6701, 6.5633}, &Bounds{1.0449, 1.4774}, &Bounds{0.9640, 1.5582}, 0.038860, &Bounds{0.014261, 0.084582},
		LevelPercentiles{0, 1, 1, 1}, LevelPercentiles{1, 1, 1, 1}, 0, 0, map[string]int{"model-a": 11, "model-b": 7},
	},
	"sequential-nested": {
		&Bounds{6.7588, 24.7287}, &Bounds{-0.7468, 32.2343}, &Bounds{2.0810, 2.5773}, &Bounds{1.9882, 2.6701}, 0.026700, &Bounds{0.007275, 0.068362},
		LevelPercentiles{0, 1, 1, 1}, LevelPercentiles{1, 1, 1, 1}, 0, 0, map[string]int{"model-a": 8, "model-b": 10},
	},
	"single-call": {
		nil, nil, nil, nil, 0.370370, &Bounds{0.009377, 2.063572},
		LevelPercentiles{1, 1, 1, 1}, LevelPercentiles{1, 1, 1, 1}, 0, 0, map[string]int{"model-a": 1},
	},
	"synthetic-30x12": {
		&Bounds{13.9207, 15.8972}, &Bounds{13.5770, 16.2408}, &Bounds{1.3778, 1.6247}, &Bounds{1.3385, 1.6640}, 0.210015, &Bounds{0.141696, 0.299810},
		LevelPercentiles{3, 6, 6, 8}, LevelPercentiles{3, 6, 6, 8}, 42, 14.352557, map[string]int{"model-a": 74, "model-b": 72, "model-c": 80},
	},
}

func requireBounds(t *testing.T, want, got *Bounds, digits float64, where string) {
	t.Helper()
	if want == nil {
		require.Nil(t, got, where)
		return
	}
	require.NotNil(t, got, where)
	require.InDelta(t, want[0], got[0], digits, where)
	require.InDelta(t, want[1], got[1], digits, where)
}

func requireRight(t *testing.T, name string, r *Results) {
	want := right[name]
	ci := r.InferenceOptimization.ConfidenceIntervals
	requireBounds(t, want.runtime, ci.WorkflowRuntime.Corrected.NinetyFifth, 5e-5, name)
	requireBounds(t, want.runtime99, ci.WorkflowRuntime.Corrected.NinetyNinth, 5e-5, name)
	requireBounds(t, want.latency, ci.LLMLatency.Corrected.NinetyFifth, 5e-5, name)
	requireBounds(t, want.latency99, ci.LLMLatency.Corrected.NinetyNinth, 5e-5, name)
	require.InDelta(t, want.rate, *ci.Throughput.Corrected.Mean, 5e-7, name)
	if want.rateInterval != nil {
		requireBounds(t, want.rateInterval, ci.Throughput.Corrected.NinetyFifth, 5e-7, name)
	}
	require.Equal(t, want.leaf, r.NestedStack.LeafConcurrency, name)
	require.Equal(t, want.busy, r.NestedStack.BusyConcurrency, name)
	require.Len(t, r.Spikes.Intervals, want.spikes, name)
	total := 0.0
	for _, s := range r.Spikes.Intervals {
		total += s.End - s.Start
	}
	require.InDelta(t, want.spikeSeconds, total, 1e-6, name)
	calls := map[string]int{}
	for model, p := range r.InferenceOptimization.CommonPrefixes {
		calls[model] = p.TotalCalls
	}
	require.Equal(t, want.prefixes, calls, name)
}

func TestPrefixesOfNATAreFoundWithTwiceTheShare(t *testing.T) {
	for _, name := range fixtures {
		requests := fixtureRequests(t, name)
		for threshold, models := range fixtureJSON(t, name, "functions.json")["get_common_prefixes"].(map[string]any) {
			if threshold == "0.0" {
				continue // whole prompts, which hide what they share
			}
			frequency, err := strconv.ParseFloat(threshold, 64)
			require.NoError(t, err)
			found := FindCommonPrefixes(requests, 2*frequency, nil)
			require.NotContains(t, found, "")
			for model, v := range without(models, "") {
				shares := map[string]PrefixInfo{}
				for _, p := range found[model].PrefixInfo {
					shares[p.Prefix] = p
				}
				for _, p := range v.(map[string]any)["prefix_info"].([]any) {
					want := p.(map[string]any)
					if want["calls_count"] == 1.0 && found[model].TotalCalls > 1 {
						continue // a prompt that one call has is no common prefix
					}
					got, ok := shares[want["prefix"].(string)]
					require.True(t, ok, "%s %s %s: %q", name, threshold, model, want["prefix"])
					require.InDelta(t, 2*want["calls_percentage"].(float64), got.CallsPercentage, 1e-9)
					require.InDelta(t, want["calls_count"], got.CallsCount, 0)
					require.InDelta(t, want["prefix_length"], got.PrefixLength, 0)
				}
			}
		}
	}
}

func TestPatternsOfNATAreCoveredByClosedOnes(t *testing.T) {
	for _, name := range fixtures {
		requests := fixtureRequests(t, name)
		all := fixtureJSON(t, name, "functions.json")["prefixspan_subworkflow_with_text"].(map[string]any)
		want := all["min_support=2 (int)"].(map[string]any)["patterns"].([]any)
		withGaps, err := FindPatterns(requests, PatternOptions{TopK: math.MaxInt})
		require.NoError(t, err)
		contiguous, err := FindPatterns(requests, PatternOptions{TopK: math.MaxInt, Contiguous: true, MinSupport: 1e-9})
		require.NoError(t, err)
		require.False(t, withGaps.Truncated || contiguous.Truncated)
		for _, v := range want {
			var p Pattern
			b, err := json.Marshal(v)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(b, &p))
			// NAT's frequency is of patterns with gaps: the longest closed one that contains it has the same.
			require.Equal(t, p.Frequency, supportOf(withGaps, p.Pattern, true), "%s %v", name, p.Pattern)
			// Its other numbers are of patterns without.
			require.InDelta(t, p.Coverage, float64(supportOf(contiguous, p.Pattern, false))/float64(contiguous.Requests), 1e-9)
			for _, c := range contiguous.Patterns {
				if slices.Equal(c.Pattern, p.Pattern) {
					require.InDelta(t, p.AverageDuration, c.AverageDuration, 1e-6)
					require.Equal(t, p.ExamplesContaining, c.ExamplesContaining)
				}
			}
		}
	}
}

// supportOf is the highest frequency of the closed patterns that contain a pattern.
func supportOf(closed *Patterns, pattern []string, gaps bool) int {
	highest := 0
	for _, p := range closed.Patterns {
		if containsPattern(p.Pattern, pattern, gaps) {
			highest = max(highest, p.Frequency)
		}
	}
	return highest
}

func containsPattern[T comparable](list, pattern []T, gaps bool) bool {
	if gaps {
		for _, v := range list {
			if len(pattern) > 0 && v == pattern[0] {
				pattern = pattern[1:]
			}
		}
		return len(pattern) == 0
	}
	for i := 0; i+len(pattern) <= len(list); i++ {
		if slices.Equal(list[i:i+len(pattern)], pattern) {
			return true
		}
	}
	return false
}

func TestUniquenessOfSingleFunctionsEqualsNAT(t *testing.T) {
	for _, name := range fixtures {
		functions := fixtureJSON(t, name, "functions.json")
		requests := fixtureRequests(t, name)
		requireHolds(t, functions["compute_inter_query_token_uniqueness_by_llm"], jsonOf(t, TokenUniqueness(requests, nil)), name)
		requireHolds(t, functions["compute_workflow_runtime_metrics"], jsonOf(t, WorkflowRuntimes(requests)), name)
	}
}
