package profiler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each test of this file is about a flaw of NAT's profiler 1.9, which its first lines describe.

// NAT takes z and the deviation of a population for any number of values: for 1, 2, 3 its 95 % interval is 2.7 times too narrow.
func TestIntervalsOfFewValuesAreWideEnough(t *testing.T) {
	m := ConfidenceIntervals(requests([]call{llm("a", 0, 1)}, []call{llm("b", 0, 2)}, []call{llm("c", 0, 3)})).WorkflowRuntime
	want := InferenceMetrics{3, 2, Bounds{1.2245, 2.7755}, Bounds{1.0760, 2.9240}, Bounds{0.7857, 3.2143}, 2.8, 2.9, 2.98, nil}
	require.InDelta(t, want.NinetyFifth[0], m.NinetyFifth[0], 5e-5)
	require.InDeltaSlice(t, want.Ninetieth[:], m.Ninetieth[:], 5e-5)
	require.InDeltaSlice(t, want.NinetyFifth[:], m.NinetyFifth[:], 5e-5)
	require.InDeltaSlice(t, want.NinetyNinth[:], m.NinetyNinth[:], 5e-5)
	require.InDeltaSlice(t, []float64{want.P90, want.P95, want.P99}, []float64{m.P90, m.P95, m.P99}, 1e-12)
	require.InDeltaSlice(t, []float64{2 - 2.4841, 2 + 2.4841}, m.Corrected.NinetyFifth[:], 1e-4)
}

// Calls of one request share a server and a workflow. NAT takes them for independent.
func TestCallsOfOneRequestAreNotTakenForIndependent(t *testing.T) {
	var all [][]call
	for i := range 6 {
		var calls []call
		for k := range 50 { // fifty calls that take what the request takes
			calls = append(calls, llm(fmt.Sprint(i, " ", k), float64(10*k), float64(10*k+1+i)))
		}
		all = append(all, calls)
	}
	c := ConfidenceIntervals(requests(all...)).LLMLatency.Corrected
	require.Greater(t, c.ByRequest[1]-c.ByRequest[0], 5*(c.NinetyFifth[1]-c.NinetyFifth[0]))
}

// NAT says that a single value is known exactly.
func TestOneValueHasNoInterval(t *testing.T) {
	ci := ConfidenceIntervals(requests([]call{llm("a", 0, 10)}))
	for _, m := range []InferenceMetrics{ci.LLMLatency, ci.WorkflowRuntime} {
		require.Equal(t, Bounds{10, 10}, m.NinetyFifth)
		require.Equal(t, 10.0, *m.Corrected.Mean)
		require.Nil(t, m.Corrected.NinetyFifth)
		require.Contains(t, m.Corrected.Notes, "one value has no interval")
	}
}

// NAT's interval of a throughput is symmetric and cut off at 0.
func TestThroughputIntervalIsPoissonExact(t *testing.T) {
	m := ConfidenceIntervals(requests([]call{llm("a", 0, 1)}, []call{llm("b", 1, 2)}, []call{llm("c", 2, 3)}, []call{llm("d", 3, 4)}, nil)).Throughput
	require.Equal(t, 5, m.N) // an empty request counts, too
	require.Equal(t, 4, m.Corrected.N)
	require.Equal(t, 1.0, *m.Corrected.Mean)
	require.InDeltaSlice(t, []float64{0.2725, 2.5604}, m.Corrected.NinetyFifth[:], 1e-4)

	m = ConfidenceIntervals(requests([]call{llm("a", 0, 1)}, []call{llm("b", 1, 2)}, []call{llm("c", 2, 3)}, []call{llm("d", 3, 4)})).Throughput
	require.Equal(t, 1.0, m.Mean)
	require.InDeltaSlice(t, []float64{0.1775, 1.8225}, m.Ninetieth[:], 1e-12)
	require.InDeltaSlice(t, []float64{0.02, 1.98}, m.NinetyFifth[:], 1e-12)
	require.InDeltaSlice(t, []float64{0, 2.288}, m.NinetyNinth[:], 1e-12)
}

// NAT pairs the end of a call with the latest start, whosever it is: of two calls of 10 s it makes one of 9 s.
func TestOverlappingCallsAreNotMispaired(t *testing.T) {
	m := ConfidenceIntervals(requests([]call{llm("a", 0, 10), llm("b", 1, 11)})).LLMLatency
	require.Equal(t, 1, m.N)
	require.Equal(t, 9.0, m.Mean)
	require.Equal(t, 2, m.Corrected.N)
	require.Equal(t, 10.0, *m.Corrected.Mean)
}

// NAT's stack is popped in order alone: what overlaps stays on it, and later calls become its children.
func TestOverlappingCallsDoNotNest(t *testing.T) {
	n := AnalyzeNestedStack(requests([]call{llm("a", 0, 10), llm("b", 1, 11), llm("c", 12, 13)}))
	for uuid, seconds := range map[string]float64{"a": 10, "b": 10, "c": 1} {
		m := nodeOf(t, n, uuid)
		require.Equal(t, 0, m.Depth)
		require.Equal(t, seconds, m.SelfTime)
		require.Equal(t, seconds, m.SubtreeTime)
	}
}

// A failed call leaves a start without an end. In NAT all later calls become its children, and it ranks first with duration 0.
func TestCallWithoutEndIsMarkedAndIsNobodysParent(t *testing.T) {
	r := requests([]call{function("f", 0, 10).below(RootID), tool("lost", 1, -1).below("f"), llm("next", 2, 9).below("lost")})
	require.Equal(t, map[string]string{"f": "", "lost": "f", "next": "f"}, parents(r[0]))
	n := AnalyzeNestedStack(r)
	require.Len(t, n.Nodes, 2)
	require.Equal(t, []IncompleteNode{{"lost", 0, Tool, "t", 1, Unfinished}}, n.Incomplete)
	require.Equal(t, "next", n.TopCritical()[0].UUID)
	require.Equal(t, 1, AnalyzeSimpleStack(r).Operations["TOOL:t"].Unfinished)
	var report strings.Builder
	require.NoError(t, n.WriteReport(&report))
	require.Contains(t, report.String(), "- TOOL 't' (uuid=lost, time=1.00, unfinished)")
}

// The same for a call that ended with an error.
func TestFailedCallIsMarkedAndIsNobodysParent(t *testing.T) {
	failed := function("failed", 1, 9).below("f")
	failed.failed = true
	r := requests([]call{function("f", 0, 10).below(RootID), failed, llm("within", 2, 3).below("failed")})
	require.Equal(t, map[string]string{"f": "", "failed": "f", "within": "f"}, parents(r[0]))
	require.Equal(t, Failed, nodeOf(t, AnalyzeNestedStack(r), "failed").State)
}

// In NAT a call that began while another ran is its child.
func TestParallelSiblingsAreSiblings(t *testing.T) {
	calls := []call{function("f", 0, 10), llm("a", 1, 9), llm("b", 2, 8), tool("c", 3, 7), tool("d", 4, 6)}
	siblings := map[string]string{"f": "", "a": "f", "b": "f", "c": "f", "d": "f"}
	require.Equal(t, siblings, parents(request(calls...)), "nothing recorded")

	for i := range calls {
		calls[i].function = InvocationNode{"f", "f", "", ""}
	}
	require.Equal(t, siblings, parents(request(calls...)), "only the function is known")

	// As its callback handler records: the parent is what was open last.
	calls[0].parent, calls[1].parent, calls[2].parent, calls[3].parent = RootID, "f", "a", "b"
	calls[4] = tool("d", 4, 7.5).below("c") // outlives c
	require.Equal(t, siblings, parents(request(calls...)), "a wrong parent is recorded")
}

// NAT ranks by the time of the subtree, so that the outermost call is always first.
func TestRankingIsBySelfTimeOnTheCriticalPath(t *testing.T) {
	n := AnalyzeNestedStack(requests([]call{
		function("outer", 0, 10).below(RootID), tool("long", 1, 9).below("outer"), tool("hidden", 1, 8).below("outer"), llm("last", 9, 10).below("outer"),
	}))
	require.Equal(t, "outer", n.TopBottlenecks()[0].UUID)
	var order []string
	var seconds []float64
	for _, m := range n.TopCritical() {
		order, seconds = append(order, m.UUID), append(seconds, m.CriticalTime)
	}
	require.Equal(t, []string{"long", "outer", "last", "hidden"}, order)
	require.Equal(t, []float64{8, 1, 1, 0}, seconds)
}

// NAT sorts events of one time by UUID: the same run has a score of 5.5 or 11.
func TestSimpleStackDoesNotDependOnUUIDs(t *testing.T) {
	for _, ids := range [][2]string{{"a", "b"}, {"b", "a"}} {
		o := AnalyzeSimpleStack(requests([]call{llm(ids[0], 0, 10), llm(ids[1], 10, 11)})).Operations["LLM:m"]
		require.Equal(t, 2, o.UsageCount)
		require.Equal(t, 5.5, o.AvgDuration)
		require.InDelta(t, 9.55, o.P95Duration, 1e-12)
		require.InDelta(t, 9.91, o.P99Duration, 1e-12)
		require.Equal(t, 1, o.MaxConcurrency)
		require.Equal(t, 5.5, o.BottleneckScore)
		require.Equal(t, 11.0, o.CriticalTime)
		require.Equal(t, 1.0, o.CriticalShare)
	}
}

// NAT counts the concurrency of a name, so that a model and a tool of one name mix.
func TestModelAndToolOfOneNameDoNotMix(t *testing.T) {
	s := AnalyzeSimpleStack(requests([]call{llm("a", 0, 10).named("x"), tool("b", 0, 10).named("x")}))
	require.Equal(t, 1, s.Operations["LLM:x"].MaxConcurrency)
	require.Equal(t, 1, s.Operations["TOOL:x"].MaxConcurrency)
	require.Equal(t, 2, s.MaxOverall)
}

// NAT counts the end of each call as an empty prompt, so no prefix has more than half of the calls.
func TestOnlyRealPromptsCount(t *testing.T) {
	p := FindCommonPrefixes(requests([]call{llm("a", 0, 1).saying("shared one"), llm("b", 1, 2).saying("shared two")}), 0.9, nil)
	require.Equal(t, 2, p["m"].TotalCalls)
	require.Equal(t, "shared ", p["m"].PrefixInfo[0].Prefix)
	require.Equal(t, 1.0, p["m"].PrefixInfo[0].CallsPercentage)
}

// NAT has a model without a name that all other events are calls of.
func TestOtherStepsAreNoModel(t *testing.T) {
	p := FindCommonPrefixes(requests([]call{function("f", 0, 3), tool("t", 0, 1), llm("a", 1, 2).saying("hi")}), 0, nil)
	require.Len(t, p, 1)
	require.Contains(t, p, "m")
}

// NAT drops a prefix that stands anywhere within a longer one.
func TestPrefixWithinAnotherIsKept(t *testing.T) {
	p := FindCommonPrefixes(requests([]call{
		llm("a", 0, 1).saying("do it 1"), llm("b", 1, 2).saying("do it 2"), llm("c", 2, 3).saying("please do it 1"), llm("d", 3, 4).saying("please do it 2"),
	}), 0.5, nil)
	var prefixes []string
	for _, info := range p["m"].PrefixInfo {
		prefixes = append(prefixes, info.Prefix)
	}
	require.Equal(t, []string{"please do it ", "do it "}, prefixes)
}

// NAT copies each prefix of each prompt: ten thousand of 8 kB take it gigabytes. Here a long prompt is one node.
func TestLongPromptsAreOneNodeEach(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	require.Len(t, sharedPrefixes([]string{long + "a", long + "b", long + "b"}), 3)
}

// With a low min_frequency each prompt of NAT is its own prefix and hides what it shares.
func TestSharedPrefixIsFoundAtAnyFrequency(t *testing.T) {
	for _, frequency := range []float64{0, 0.1, 0.5, 1} {
		p := FindCommonPrefixes(requests([]call{
			llm("a", 0, 1).saying("Q: one"), llm("b", 1, 2).saying("Q: two"), llm("c", 2, 3).saying("Q: three"),
		}), frequency, nil)
		require.Contains(t, p["m"].PrefixInfo, PrefixInfo{"Q: ", 3, 3, 1, 2, 0.75, 0})
		for _, info := range p["m"].PrefixInfo {
			require.Greater(t, info.CallsCount, 1)
		}
	}
}

// chain_with_common_prefixes has no effect in NAT.
func TestChainingWithCommonPrefixesWorks(t *testing.T) {
	const system = "You are a careful assistant. Question: "
	conversation := func(question string) []call {
		return []call{llm("a", 0, 1).saying(system + question), tool("b", 1, 2)}
	}
	r := requests(conversation("route"), conversation("explain"), conversation("route"), conversation("explain"))
	p, err := FindPatterns(r, PatternOptions{MaxTextLen: 25, ChainWithCommonPrefixes: true, MinFrequency: 0.5})
	require.NoError(t, err)
	var found [][]string
	for _, f := range p.Patterns {
		found = append(found, f.Pattern)
	}
	require.Equal(t, [][]string{{"TOOL:t"}, {"LLM:m|<common_prefix>explain", "TOOL:t"}, {"LLM:m|<common_prefix>route", "TOOL:t"}}, found)
}

// If it had one, a prefix of one character would be replaced wherever that stands.
func TestPrefixIsCutFromTheBeginningAlone(t *testing.T) {
	r := requests([]call{
		llm("a", 0, 1).saying("System prompt: be nice to A"), llm("b", 1, 2).saying("System prompt: be nice to B"), llm("c", 2, 3).saying("Say hello to Sam. Say it"),
	})
	cutter := newPrefixCutter(r, 0.5)
	require.Equal(t, "LLM:m|Say hello to Sam. Say it", callToken(&r[0].Spans[2], 1000, cutter))
	require.Equal(t, "LLM:m|<common_prefix>A", callToken(&r[0].Spans[0], 1000, cutter))
}

// NAT's setting is a float: 2 in a file means twice all requests, so that its default, once written, finds nothing.
func TestWholeMinSupportIsANumberOfRequests(t *testing.T) {
	r := requests([]call{tool("a", 0, 1)}, []call{tool("b", 0, 1)}, []call{tool("c", 0, 1).named("u")}, []call{tool("d", 0, 1).named("u")})
	for setting, want := range map[string]int{"2": 2, "2.0": 2, "1": 1, "0.5": 2, "3": 0, "0.75": 0} {
		var c Config
		require.NoError(t, json.Unmarshal([]byte(`{"prefix_span_analysis":{"min_support":`+setting+`}}`), &c))
		p, err := FindPatterns(r, c.patterns())
		require.NoError(t, err)
		require.Equal(t, want > 0, len(p.Patterns) > 0, setting)
	}
	var c Config
	require.NoError(t, json.Unmarshal([]byte(`{"prefix_span_analysis":{"min_support":2.5}}`), &c))
	require.ErrorContains(t, c.Validate(), "min_support 2.5 must be a whole number of requests")
}

// NAT's frequency allows gaps and its coverage does not; it lists all parts of each pattern; its tokens have lost the prompts.
func TestPatternsHaveOneDefinitionAndAreClosed(t *testing.T) {
	with := []call{llm("a", 0, 1).saying("go"), tool("b", 2, 4), llm("c", 5, 8).saying("stop")}
	between := []call{llm("a", 0, 1).saying("go\n"), tool("x", 1, 2).named("other"), tool("b", 2, 4), llm("c", 5, 8).saying("stop")}
	p, err := FindPatterns(requests(with, between), PatternOptions{MaxTextLen: 100})
	require.NoError(t, err)
	require.Equal(t, []Pattern{{[]string{"LLM:m|go", "TOOL:t", "LLM:m|stop"}, 2, 1, 6, []int{0, 1}}}, p.Patterns)

	p, err = FindPatterns(requests(with, between), PatternOptions{MaxTextLen: 100, Contiguous: true})
	require.NoError(t, err)
	require.Equal(t, []Pattern{
		{[]string{"TOOL:t", "LLM:m|stop"}, 2, 1, 5, []int{0, 1}}, {[]string{"LLM:m|go"}, 2, 1, 1, []int{0, 1}},
	}, p.Patterns)
}

// NAT's default threshold of 1 makes a spike of everything, of which it merges nothing.
func TestSpikesAreMergedAndDefaultToTheNinetiethPercentile(t *testing.T) {
	r := requests([]call{llm("a", 0, 100).using(1), llm("b", 40, 44), llm("c", 42, 50), llm("d", 50, 51).using(5)})
	s := AnalyzeSpikes(r, 0)
	require.Equal(t, 2, s.Threshold)
	require.Equal(t, []Spike{{40, 51, 3, 4, []string{"a", "b", "c", "d"}}}, s.Intervals)
	require.Equal(t, TokenMeans{(2 + 10) / 2.0, (3 + 15) / 2.0}, s.PerCall)
	require.Equal(t, TokenMeans{(4*2 + 10) / 5.0, (4*3 + 15) / 5.0}, s.PerSegment) // a is in four segments
	var c Config
	require.NoError(t, json.Unmarshal([]byte(`{"concurrency_spike_analysis":{"spike_threshold":null}}`), &c))
	require.Zero(t, c.ConcurrencySpikes.Threshold)
}

// NAT counts calls without an end as calls of no duration, at level 0.
func TestCallsWithoutDurationAreAtNoLevel(t *testing.T) {
	s := AnalyzeSpikes(requests([]call{llm("a", 0, 10), llm("lost", 3, -1), llm("instant", 20, 20), tool("b", 30, 32)}), 1)
	require.Equal(t, map[int]float64{1: 6}, s.Latency)
	require.Equal(t, map[int]float64{0: 20, 1: 12}, s.Distribution)
}

// NAT counts a function and the call within it as two at once.
func TestLeafConcurrencyCountsCallsAlone(t *testing.T) {
	n := AnalyzeNestedStack(requests([]call{function("f", 0, 10).below(RootID), llm("a", 0, 10).below("f")}))
	require.Equal(t, LevelPercentiles{2, 2, 2, 2}, n.Concurrency)
	require.Equal(t, LevelPercentiles{1, 1, 1, 1}, n.LeafConcurrency)
}

// NAT's forecasts fail, and are not evaluated where they do not; a request without LLM calls empties all results.
func TestForecastKnowsItsErrorAndBearsRequestsWithoutCalls(t *testing.T) {
	all := [][]call{nil, {tool("t", 0, 1)}}
	for i := range 20 {
		at := float64(i % 3)
		all = append(all, []call{llm("a", 0, 1).using(10), llm("b", 2+at, 3+at).using(100), llm("c", 5+2*at, 6+2*at).using(10)})
	}
	f := FitForecast(Usage(requests(all...)))
	require.Equal(t, 20, f.Requests)
	require.Equal(t, 60, f.Calls)
	require.Equal(t, 3, f.MatrixLength)
	for _, target := range f.Targets {
		require.Positive(t, target.Model.N, target.Name)
		require.Positive(t, target.Naive.N, target.Name)
	}
	completion := f.Targets[0]
	require.Equal(t, "model", completion.Use) // 10, 100, 10 is easily learnt, and not by repeating
	require.Greater(t, *completion.Skill, 0.9)
	require.Positive(t, completion.Saved[0])
	value, spread, ok := f.Predict(ThisCompletion, []UsageRow{{0, 20, 10}, {3, 200, 0}})
	require.True(t, ok)
	require.InDelta(t, 100, value, 5)
	require.Less(t, spread, 10.0)

	var saved bytes.Buffer
	require.NoError(t, json.NewEncoder(&saved).Encode(f))
	loaded, err := LoadForecast(&saved)
	require.NoError(t, err)
	require.Equal(t, f, loaded)
	require.Nil(t, FitForecast(nil))
}

// What is predicted must not have been learnt from, which tells nothing about what is to come.
func TestBackTestLeavesOutWhatItPredicts(t *testing.T) {
	f := FitForecast([][]UsageRow{{{0, 1, 0}}, {{0, 1, 100}}})
	require.Equal(t, ForecastError{2, 100, 100, 100, 0}, f.Targets[0].Naive)
	require.Equal(t, ForecastError{2, 100, 100, 100, 0}, f.Targets[0].Model)
}

// A forecast that is no better than repeating the call before is not used, whatever the number of trees.
func TestForecastThatIsNoBetterIsNotUsed(t *testing.T) {
	var all [][]call
	for range 10 {
		all = append(all, []call{llm("a", 0, 1).using(10), llm("b", 2, 3).using(10)})
	}
	f := FitForecast(Usage(requests(all...)))
	for _, target := range f.Targets[:4] { // what remains is better learnt than taken for the mean
		require.Equal(t, "naive", target.Use, target.Name)
	}
	value, _, ok := f.Predict(NextCompletion, []UsageRow{{0, 20, 10}, {2, 20, 0}})
	require.True(t, ok)
	require.Equal(t, 10.0, value)
}

// NAT cuts the seconds between calls to whole ones, and counts on from one request to the next.
func TestSecondsBetweenCallsAreExactAndOfOneRequest(t *testing.T) {
	usage := Usage(requests([]call{llm("a", 0, 0.5), llm("b", 1.75, 2)}, []call{llm("c", 100, 101)}))
	require.Equal(t, [][]UsageRow{{{0, 0, 0}, {1.75, 0, 0}}, {{0, 0, 0}}}, usage)
}

// NAT's "tokens" are words that the prompt before did not have anywhere.
func TestNewTokensAreThoseBehindTheCommonBeginning(t *testing.T) {
	u := TokenUniqueness(requests([]call{llm("a", 0, 1).saying("alpha beta"), llm("b", 1, 2).saying("alpha beta gamma gamma delta")}), nil)["m"]
	require.Equal(t, []float64{2, 2, 2}, []float64{u.P90, u.P95, u.P99})
	require.Equal(t, float64(len(" gamma gamma delta"))/4, u.NewTokens.P50)

	u = TokenUniqueness(requests([]call{llm("a", 0, 1).saying("alpha beta"), llm("b", 1, 2).saying("beta alpha")}), nil)["m"]
	require.Zero(t, u.P99) // the same words, but a cache is of no use
	require.Equal(t, float64(len("beta alpha"))/4, u.NewTokens.P50)
	require.Equal(t, 1.0, u.NewTokens.Share)
}

// One bad step empties NAT's table, at which all that follows fails.
func TestOneBadStepDoesNotSpoilTheProfile(t *testing.T) {
	const text = `[{"request_number":0,"intermediate_steps":[
		{"payload":{"event_type":"LLM_START","event_timestamp":1,"UUID":"a","name":"m","data":{"input":"hi"}}},
		{"payload":{"event_type":"LLM_START","event_timestamp":"soon","UUID":"b","name":"m"}},
		{"payload":{"event_type":"LLM_END","event_timestamp":3,"UUID":"a","name":"m"}}]}]`
	results, err := Runner{Config: FullConfig(), NoOutput: true}.Run(t.Context(), Read(strings.NewReader(text), "t.json"))
	require.NoError(t, err)
	input := results.InferenceOptimization.Input
	require.Equal(t, 1, input.Unreadable)
	at := strings.LastIndex(text[:strings.Index(text, "soon")], `{"payload"`)
	require.Equal(t, []string{fmt.Sprintf(`t.json: request 0 (the 1st of the file), step 1, byte %d: payload.event_timestamp "soon" is no time`, at)}, input.Problems)
	require.Equal(t, 2.0, results.LLMLatency.Mean)
}

// Without any step NAT fails in most analyses, and writes no file after the first two.
func TestEmptyTracesHaveAProfile(t *testing.T) {
	for name, text := range map[string]string{"no requests": "[]", "nothing": "", "empty requests": `[{"intermediate_steps":[]},{"intermediate_steps":[]}]`} {
		dir := t.TempDir()
		results, err := Runner{Config: FullConfig(), OutputDir: dir}.Run(t.Context(), Read(strings.NewReader(text), ""))
		require.NoError(t, err, name)
		require.Nil(t, results.WorkflowRuntimeMetrics)
		require.Nil(t, results.Forecast)
		require.Empty(t, results.Patterns.Patterns)
		require.NotNil(t, results.Trie.Root)
		optimization := jsonFile(t, dir, "inference_optimization.json").(map[string]any)
		require.Equal(t, map[string]any{}, optimization["common_prefixes"])
		rows, err := os.ReadFile(dir + "/standardized_data_all.csv")
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(rows, []byte("\n")))
	}
}

// NAT takes the next start anywhere for the successor of a call, and numbers calls as they end.
func TestParallelBranchesDoNotMixInTheTrie(t *testing.T) {
	r := requests([]call{
		llm("a1", 0, 4).in("f1", "w"), llm("a2", 10, 11).in("f1", "w"), // one branch
		llm("b1", 1, 2).in("f2", "w"), llm("b2", 5, 6).in("f2", "w"), // another
	})
	root := BuildTrie(r, nil, epoch).Root
	one := root.Children["w"].Children["f1"].ByIndex[1]
	require.Equal(t, 1000.0, one.InterarrivalMS.Mean) // as NAT: b2 begins 1 s after a1 ends
	require.Equal(t, 6000.0, one.BranchInterarrivalMS.Mean)
	require.Equal(t, 3.0, one.RemainingCalls.Mean)
	require.Equal(t, 1.0, one.BranchRemainingCalls.Mean)
	require.Equal(t, 1, one.BranchInterarrivalMS.SampleCount)
}

// In one request NAT's sensitivities always reach from the lowest level to the highest, by weights that it does not check.
func TestSensitivityIsGivenWithItsScoreAndWeightsAreChecked(t *testing.T) {
	s := DefaultSensitivity()
	trie := BuildTrie(requests([]call{llm("a", 0, 2).using(10), llm("b", 3, 4).using(20), llm("c", 5, 9).using(30)}), &s, epoch)
	var levels, remaining, tokens []int
	var scores, next []float64
	for i := 1; i <= 3; i++ {
		p := trie.Root.ByIndex[i]
		levels, scores = append(levels, *p.LatencySensitivity), append(scores, *p.SensitivityScore)
		remaining, tokens = append(remaining, int(p.RemainingCalls.Mean)), append(tokens, int(p.OutputTokens.Mean))
		next = append(next, p.InterarrivalMS.Mean)
	}
	require.Equal(t, []int{5, 1, 3}, levels)
	require.InDeltaSlice(t, []float64{0.6111, 0.3056, 0.4222}, scores, 1e-4)
	require.Equal(t, []int{2, 1, 0}, remaining)
	require.Equal(t, []int{10, 20, 30}, tokens)
	require.Equal(t, []float64{1000, 1000, 0}, next)
	require.Equal(t, 3, *trie.Root.AnyIndex.LatencySensitivity)

	s.Critical = 0.9
	require.ErrorContains(t, s.Validate(), "w_critical + w_fanout + w_position is 1.4 and must be 1")
	require.Error(t, Config{PredictionTrie: TrieConfig{AutoSensitivity: true, Critical: 2}}.Validate())
}

// Where an end does not say when the call began, NAT takes it to have begun at 0, and all such calls to overlap.
func TestStartsComeFromTheStartEvents(t *testing.T) {
	s := DefaultSensitivity()
	r := requests([]call{llm("a", 100, 110), llm("b", 120, 121), llm("c", 130, 131)})
	trie := BuildTrie(r, &s, epoch)
	require.NotEqual(t, *trie.Root.ByIndex[1].LatencySensitivity, *trie.Root.ByIndex[2].LatencySensitivity)
}

// NAT records when each piece of an answer came, and which tokens were cached or reasoning, and makes nothing of either.
func TestStreamingTokensAndCostAreComputed(t *testing.T) {
	trace := &Trace{Steps: llm("a", 0, 5).streaming(1, 1.5, 3).using(50).steps()}
	usage := &trace.Steps[len(trace.Steps)-1].Payload.UsageInfo.TokenUsage
	usage.CachedTokens, usage.ReasoningTokens = 80, 10
	c := FullConfig()
	c.Costs.Prices = prices(t, `{"models":[{"model":"m","input":2,"cached_input":0.5,"output":8,"reasoning":9}]}`)
	results, err := Runner{Config: c, NoOutput: true}.Run(t.Context(), Traces(trace))
	require.NoError(t, err)
	all := results.Profile.Streaming.All
	require.Equal(t, []float64{1, 1, 2.0 / 49}, []float64{*all.TTFT.Mean, *all.ITL.Mean, *all.TPOT.Mean})
	require.Equal(t, []float64{0.8, 0.2}, []float64{*all.Tokens.CachedShare, *all.Tokens.ReasoningShare})
	require.Equal(t, "0.00049", results.Profile.Costs.Total.String()) // (20·2 + 80·0.5 + 40·8 + 10·9) millionths
}

// In NAT failures and the wait before the next attempt are latency and run time like any other.
func TestFailuresAndBackoffAreApartFromWork(t *testing.T) {
	r := requests([]call{
		function("f", 0, 40).below(RootID), llm("a", 0, 1).saying("hi").failing(429).below("f"), llm("b", 31, 32).saying("hi").failing(500).below("f"),
		llm("c", 34, 40).saying("hi").below("f"),
	})
	require.Equal(t, 6.0, *ConfidenceIntervals(r).LLMLatency.Corrected.Mean, "of calls that did not fail")
	w := AnalyzeWaiting(r)
	require.Equal(t, 40.0, w.Runtime)
	require.Equal(t, 1.0+30+2, w.Waiting)
	require.Equal(t, 7.0, w.Work)
	require.Equal(t, 1.0, w.Operations[0].FailedTime)
	require.Equal(t, 7.0, *w.WorkRuntime.Mean)
}

// NAT writes the table and the chart even if told to write nothing.
func TestNoOutputWritesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Runner{Config: FullConfig(), NoOutput: true}.Run(t.Context(), Traces(&Trace{Steps: llm("a", 0, 1).steps()}))
	require.NoError(t, err)
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, files)
}

// A UUID that two requests use has one node in NAT.
func TestUUIDThatComesAgainHasTwoNodes(t *testing.T) {
	b, err := json.Marshal(AnalyzeNestedStack(requests([]call{llm("a", 0, 1)}, []call{llm("a", 5, 8)})))
	require.NoError(t, err)
	var n struct {
		Nodes map[string]nodeDuration `json:"node_metrics"`
	}
	require.NoError(t, json.Unmarshal(b, &n))
	require.Equal(t, map[string]nodeDuration{"a": {1}, "a#2": {3}}, n.Nodes)
}

type nodeDuration struct {
	Duration float64 `json:"duration"`
}
