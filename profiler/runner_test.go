package profiler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"image"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/tokenizer"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestOnlyTheFilesOfWhatIsEnabledAreWritten(t *testing.T) {
	always := []string{"all_requests_profiler_traces.json", "inference_optimization.json", "standardized_data_all.csv"}
	metrics := []string{"workflow_profiling_metrics.json", "workflow_profiling_report.txt"}
	for name, test := range map[string]struct {
		config Config
		files  []string
	}{
		"nothing":  {Config{}, nil},
		"simple":   {Config{BottleneckAnalysis: BottleneckConfig{SimpleStack: true}}, metrics},
		"nested":   {Config{BottleneckAnalysis: BottleneckConfig{NestedStack: true}}, append([]string{"gantt_chart.png"}, metrics...)},
		"spikes":   {Config{ConcurrencySpikes: SpikeConfig{Enable: true}}, metrics},
		"patterns": {Config{PrefixSpan: PrefixSpanConfig{Enable: true}}, metrics},
		"trie":     {Config{PredictionTrie: TrieConfig{Enable: true, OutputFilename: "t.json"}}, []string{"t.json"}},
		"forecast": {Config{TokenUsageForecast: true}, []string{"fitted_model.json"}},
		"critical": {Config{CriticalPath: true}, []string{"llmeter_profile.json", "workflow_profiling_report.txt"}},
	} {
		dir := filepath.Join(t.TempDir(), "deep", "er")
		_, err := Runner{Config: test.config, OutputDir: dir}.Run(t.Context(), Traces(&Trace{Steps: llm("a", 0, 1).steps()}))
		require.NoError(t, err, name)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		require.ElementsMatch(t, append(slices.Clone(always), test.files...), got, name)
	}
}

func TestReportIsAsBefore(t *testing.T) {
	calls := []call{
		function("f", 0, 10).below(RootID), llm("a", 1, 5).below("f").saying("hello there").using(10), tool("t", 2, 4).below("f"), llm("lost", 6, -1).below("f"),
	}
	var c Config
	c.BottleneckAnalysis, c.ConcurrencySpikes = BottleneckConfig{true, true}, SpikeConfig{Enable: true, Threshold: 2}
	c.PrefixSpan = PrefixSpanConfig{Enable: true, MinSupport: 1, MaxTextLen: 5}
	dir := t.TempDir()
	var trace Trace
	for _, c := range calls {
		trace.Steps = append(trace.Steps, c.steps()...)
	}
	_, err := Runner{Config: c, OutputDir: dir}.Run(t.Context(), Traces(&trace))
	require.NoError(t, err)
	for _, name := range []string{"workflow_profiling_report.txt", "workflow_profiling_metrics.json"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		golden := filepath.Join("testdata", "golden", name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			require.NoError(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestInvalidRunnersNameAllProblems(t *testing.T) {
	var c Config
	c.PromptCachingPrefixes.MinFrequency, c.ConcurrencySpikes.Threshold, c.PrefixSpan.TopK, c.PredictionTrie.OutputFilename = 2, -1, -1, "../x"
	_, err := Runner{Config: c}.Run(t.Context(), Traces())
	for _, want := range []string{"OutputDir is required", "min_frequency 2", "spike_threshold -1", "top_k -1", `output_filename "../x"`} {
		require.ErrorContains(t, err, want)
	}
}

func TestRunStopsWhenTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	n := 0
	results, err := Runner{NoOutput: true}.Run(ctx, func(yield func(*Trace, error) bool) {
		for yield(new(Trace), nil) {
			if n++; n == 3 {
				cancel(enough)
			}
		}
	})
	require.ErrorIs(t, err, enough)
	require.Nil(t, results)
	require.Equal(t, 3, n)
}

func TestErrorsOfTracesComeWithTheResultsOfTheRest(t *testing.T) {
	results, err := Runner{Config: FullConfig(), NoOutput: true}.Run(t.Context(), Read(strings.NewReader("[["+stepText("a")+"],["+stepText("b")), ""))
	require.Error(t, err)
	require.Equal(t, 2, results.InferenceOptimization.Input.Requests)
}

func TestFilesThatCannotBeWrittenDoNotSpoilTheRest(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"all_requests_profiler_traces.json", "workflow_profiling_report.txt"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	results, err := Runner{Config: FullConfig(), OutputDir: dir}.Run(t.Context(), Traces(&Trace{Steps: llm("a", 0, 1).steps()}))
	require.ErrorContains(t, err, "all_requests_profiler_traces.json")
	require.ErrorContains(t, err, "workflow_profiling_report.txt")
	require.Equal(t, 1.0, results.LLMLatency.Mean)
	require.FileExists(t, filepath.Join(dir, "standardized_data_all.csv"))
	require.FileExists(t, filepath.Join(dir, "gantt_chart.png"))
}

func TestTheLoggerIsToldWhatWasLeftOut(t *testing.T) {
	var log bytes.Buffer
	r := Runner{NoOutput: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	_, err := r.Run(t.Context(), Read(strings.NewReader(`[[17,`+stepText("a")+`,{"payload":{"event_type":"X","event_timestamp":1}}]]`), "f.json"))
	require.NoError(t, err)
	for _, want := range []string{"requests=1 steps=2", "count=1 first=\"f.json: request 0 (the 1st of the file), step 0", "types=map[X:1]", "by_state=map[unfinished:1]"} {
		require.Contains(t, log.String(), want)
	}
}

func TestATokenizerCountsPromptTokens(t *testing.T) {
	prompt := strings.Repeat("word ", 40)
	r := Runner{Config: FullConfig(), NoOutput: true, Tokenizer: new(tokenizer.Words)}
	results, err := r.Run(t.Context(), Traces(&Trace{Steps: slices.Concat(llm("a", 0, 1).saying(prompt+"x").steps(), llm("b", 2, 3).saying(prompt+"y").steps())}))
	require.NoError(t, err)
	b := results.InferenceOptimization.CommonPrefixes["m"].Blocks
	require.Equal(t, TokenBlocks{16, "counted by a tokenizer", 82, 32, 32.0 / 82}, b)
	require.Equal(t, 1.0, results.InferenceOptimization.TokenUniqueness["m"].NewTokens.P50)
}

func TestBytesPerTokenAreTakenFromTheCalls(t *testing.T) {
	calls := func(size, tokens int) []*Span {
		return requests([]call{llm("a", 0, 1).saying(strings.Repeat("x", size)).using(tokens)})[0].spans()
	}
	require.Equal(t, 5.0, measureOf(calls(100, 10), nil).bytesPerToken) // the call reports 20 prompt tokens
	m := measureOf(calls(10, 100), nil)
	require.Equal(t, 4.0, m.bytesPerToken)
	require.Contains(t, m.method, "the calls report 0.1")
	require.Equal(t, "estimated at 4 bytes a token", measureOf(nil, nil).method)
}

func (r *Request) spans() []*Span {
	var all []*Span
	for i := range r.Spans {
		all = append(all, &r.Spans[i])
	}
	return all
}

func TestConfigHasTheDefaultsOfNATWhereNothingIsSaid(t *testing.T) {
	var c Config
	require.NoError(t, json.Unmarshal([]byte(`{"prefix_span_analysis":{"enable":true},"dynamo_metrics":{"enable":false,"query_range":"30s"}}`), &c))
	want := NATConfig()
	want.PrefixSpan.Enable = true
	require.Equal(t, want, c)
	require.NoError(t, c.Validate())
	require.NoError(t, FullConfig().Validate())
	require.NoError(t, Config{}.Validate())
	require.ErrorContains(t, json.Unmarshal([]byte(`{"prefix_spam":{}}`), &c), "prefix_spam")
}

func TestCSVLeavesTextsOutIfToldTo(t *testing.T) {
	var b bytes.Buffer
	w := NewCSVWriter(&b)
	w.ExcludeIOText = true
	trace := &Trace{Steps: llm("a", 1, 2.5).saying("secret").steps()}
	require.NoError(t, w.Write(trace.Rows()))
	require.NoError(t, w.Close())
	require.Equal(t, "event_type,event_timestamp,example_number,prompt_tokens,completion_tokens,total_tokens,llm_name,tool_name,function_name,"+
		"function_id,parent_function_name,parent_function_id,UUID,framework\n"+
		"LLM_START,1.0,0,0,0,0,m,,,,,,a,\nLLM_END,2.5,0,0,0,0,m,,,,,,a,\n", b.String())
}

func TestNumbersArePrintedAsPythonDoes(t *testing.T) {
	for v, want := range map[float64]string{
		1: "1.0", -1: "-1.0", 0: "0.0", 2700.000047683716: "2700.000047683716", 1750000000: "1750000000.0", 1e15: "1000000000000000.0", 1e16: "1e+16",
		0.0001: "0.0001", 0.00001: "1e-05", 1.5e-7: "1.5e-07", 123456789.125: "123456789.125",
	} {
		require.Equal(t, want, float(v))
	}
}

func TestGanttIsAPictureOfAnySize(t *testing.T) {
	for _, calls := range []int{1, 3000} {
		var list []call
		for i := range calls {
			list = append(list, llm(string(rune(i)), float64(i), float64(i+2)))
		}
		var b bytes.Buffer
		require.NoError(t, AnalyzeNestedStack(requests(list)).WriteGantt(&b))
		c, err := png.DecodeConfig(&b)
		require.NoError(t, err)
		require.Equal(t, [2]int{3000, 2250}, [2]int{c.Width, c.Height})
	}
}

func TestGanttMarksCallsThatFailedOrDidNotEnd(t *testing.T) {
	red := func(calls ...call) bool {
		var b bytes.Buffer
		require.NoError(t, AnalyzeNestedStack(requests(calls)).WriteGantt(&b))
		img, err := png.Decode(&b)
		require.NoError(t, err)
		return bytes.Contains(img.(*image.RGBA).Pix, []byte{0xd6, 0x27, 0x28, 0xff})
	}
	a := tool("a", 0, 2)
	require.False(t, red(a))
	require.True(t, red(a, tool("failed", 0, 0.3).failing(500)))
	require.True(t, red(a, tool("lost", 1, -1)))
}

func TestTrieIsFoundAsDeepAsThePathIsKnown(t *testing.T) {
	saved, err := json.Marshal(BuildTrie(requests([]call{
		llm("a", 0, 1).in("plan", "agent").using(1), llm("b", 2, 3).in("plan", "agent").using(2), llm("c", 4, 5).in("work", "agent").using(9),
	}), nil, epoch))
	require.NoError(t, err)
	trie, err := LoadTrie(bytes.NewReader(saved))
	require.NoError(t, err)
	for _, test := range []struct {
		path  []string
		index int
		want  float64
	}{
		{[]string{"agent", "plan"}, 2, 2}, {[]string{"agent", "plan"}, 7, 1.5}, {[]string{"agent", "work"}, 1, 9}, {[]string{"agent", "other"}, 2, 2},
		{[]string{"other"}, 9, 4}, {nil, 1, 5}, {[]string{"agent", "plan", "deeper"}, 1, 1},
	} {
		p, ok := trie.Find(test.path, test.index)
		require.True(t, ok)
		require.Equal(t, test.want, p.OutputTokens.Mean, "%v %d", test.path, test.index)
	}
	_, ok := BuildTrie(nil, nil, epoch).Find(nil, 1)
	require.False(t, ok)
	_, err = LoadTrie(strings.NewReader("["))
	require.ErrorContains(t, err, "prediction trie")
}

func TestForecastsThatDoNotFitAreRefused(t *testing.T) {
	_, err := LoadForecast(strings.NewReader(`{"window":2,"targets":[{"name":"x","coefficients":[1]}]}`))
	require.ErrorContains(t, err, "x has 1 coefficients for a window of 2 calls")
	f := FitForecast([][]UsageRow{{{0, 1, 1}}})
	_, _, ok := f.Predict("nothing", []UsageRow{{}})
	require.False(t, ok)
	_, spread, ok := f.Predict(ThisCompletion, []UsageRow{{}})
	require.True(t, ok)
	require.NotEqual(t, spread, spread, "one request cannot be tested on")
}

func TestRidgeFindsALine(t *testing.T) {
	m := newMoments(2)
	for i := range 100 {
		x := []float64{float64(i % 10), float64(i / 10)}
		m.add(x, 3+2*x[0]-x[1])
	}
	c, intercept := m.ridge()
	require.InDeltaSlice(t, []float64{2, -1}, c, 0.03)
	require.InDelta(t, 3, intercept, 0.1)
}

func TestPatternSearchIsBounded(t *testing.T) {
	m := miner{tokens: 3, gaps: true, minSupport: 1, top: 1 << 30, budget: 10_000}
	for i := range 10 {
		s := sequence{request: i}
		for k := range 100 {
			s.tokens, s.durations = append(s.tokens, int32((i*k*7+k)%3)), append(s.durations, 1)
		}
		m.sequences = append(m.sequences, s)
	}
	m.mine()
	require.True(t, m.truncated)
}
