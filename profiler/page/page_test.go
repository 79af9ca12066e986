package page_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure/figuretest"
	"github.com/llmeter-go/llmeter/price"
	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/page"
	"github.com/llmeter-go/llmeter/stats"
)

// shots is a folder for the pages of these tests and for screenshots of them, for people who look; "" = none are kept.
var shots = os.Getenv("FIGURE_SHOTS")

func profile(t testing.TB, traces func(func(*profiler.Trace, error) bool)) *profiler.Results {
	c := profiler.FullConfig()
	c.Costs.Prices = price.Table{Currency: "USD", Models: []price.Rates{{Model: "model-a", Input: price.Unit / 2, Output: 2 * price.Unit}}}
	r, err := profiler.Runner{Config: c, NoOutput: true}.Run(t.Context(), traces)
	require.NoError(t, err)
	return r
}

func fixture(t testing.TB, name string) *profiler.Results {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "nat", name, "all_requests_profiler_traces.json*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return profile(t, profiler.ReadFiles(paths...))
}

func render(t testing.TB, r *profiler.Results) string {
	var b bytes.Buffer
	require.NoError(t, page.HTML(&b, r))
	return b.String()
}

func write(t *testing.T, r *profiler.Results, name string) (path string, size int) {
	text := render(t, r)
	dir := shots
	if dir == "" {
		dir = t.TempDir()
	}
	path = filepath.Join(dir, name+".html")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path, len(text)
}

// A recording makes traces.
type recording struct {
	random *rand.Rand
	trace  *profiler.Trace
	ids    int
}

func (g *recording) step(kind string, phase string, id, parent, name string, at float64) *profiler.StepPayload {
	function := profiler.InvocationNode{FunctionID: "f", FunctionName: "agent", ParentID: "root", ParentName: "root"}
	g.trace.Steps = append(g.trace.Steps, profiler.IntermediateStep{ParentID: parent, FunctionAncestry: function, Payload: profiler.StepPayload{
		EventType: profiler.EventType(kind + "_" + phase), EventTimestamp: at, UUID: id, Name: name,
	}})
	return &g.trace.Steps[len(g.trace.Steps)-1].Payload
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}

// call adds a span. A failure is an error with a status; "open" leaves it without an end.
func (g *recording) call(kind, name, parent string, start, length float64, failure string) (id string, end float64) {
	g.ids++
	id, end = fmt.Sprintf("id-%d", g.ids), start+length
	g.step(kind, "START", id, parent, name, start).Data = &profiler.StreamEventData{Input: quoted(fmt.Sprintf("You are a careful assistant. %s Task %d.", strings.Repeat("Think. ", 20), g.ids%7))}
	if kind == "LLM" && failure == "" {
		for i := range 4 {
			g.step(kind, "NEW_TOKEN", id, parent, name, start+length*float64(i+1)/5).Data = &profiler.StreamEventData{Chunk: quoted("tok")}
		}
	}
	if failure == "open" {
		return id, start
	}
	p := g.step(kind, "END", id, parent, name, end)
	if failure != "" {
		p.Metadata = json.RawMessage(fmt.Sprintf(`{"error": %q, "http_status": %s}`, failure, strings.Fields(failure)[0]))
		return id, end
	}
	if kind == "LLM" {
		n := 20 + g.random.IntN(100)
		p.UsageInfo = &profiler.UsageInfo{NumLLMCalls: 1, TokenUsage: profiler.TokenUsage{PromptTokens: 400, CompletionTokens: n, CachedTokens: 128, ReasoningTokens: n / 4, TotalTokens: 400 + n}}
	}
	return id, end
}

// agents are requests with parallel tools, nested functions, throttled calls, failures and calls that do not end.
func agents(spans int, names ...string) (traces []*profiler.Trace) {
	g := &recording{random: rand.New(rand.NewPCG(3, 4))}
	name := func(i int, otherwise string) string {
		if len(names) > 0 {
			return names[i%len(names)]
		}
		return otherwise
	}
	for n := 0; g.ids < spans; n++ {
		g.trace = &profiler.Trace{Number: n}
		length := func() float64 { return 0.1 + g.random.ExpFloat64()*0.4 }
		at := 1.75e9 + 0.8*float64(n) + g.random.Float64()
		g.ids++
		root := fmt.Sprintf("w-%d", n)
		g.step("WORKFLOW", "START", root, "root", "agent", at)
		plan, planned := g.call("FUNCTION", name(0, "plan"), root, at+0.01, 1.2, "")
		if n%9 == 4 {
			g.call("LLM", name(1, "model-a"), plan, at+0.02, 0.05, "429 too many requests")
		}
		g.call("LLM", name(1, "model-a"), plan, at+0.2, 0.8, "")
		ends := planned
		for i, tool := range []string{"search", "fetch", "calculate"} {
			failure := ""
			if n%11 == 3 && i == 1 {
				failure = "500 broken pipe"
			}
			if n%17 == 5 && i == 2 {
				failure = "open"
			}
			took := length()
			if n%40 == 7 && i == 0 {
				took = 12
			}
			_, end := g.call("TOOL", name(2+i, tool), root, planned+0.01, took, failure)
			ends = max(ends, end)
		}
		answer, _ := g.call("FUNCTION", name(5, "answer"), root, ends+0.01, 1, "")
		_, last := g.call("LLM", name(6, "model-b"), answer, ends+0.05, 0.9, "")
		g.step("WORKFLOW", "END", root, "root", "agent", last+0.1)
		traces = append(traces, g.trace)
	}
	return traces
}

func TestPagesAreDrawnInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes seconds")
	}
	path, size := write(t, profile(t, profiler.Traces(agents(5000)...)), "agents-5000")
	t.Logf("%d bytes", size)
	figuretest.Check(t, path, shots)
	if shots == "" { // those of NAT's traces are for people who look
		return
	}
	for _, name := range []string{"sequential-nested", "synthetic-30x12", "concurrent-requests", "prefixes-patterns", "single-call", "edge-empty"} {
		path, _ := write(t, fixture(t, name), name)
		figuretest.Check(t, path, shots)
	}
}

func TestAPageOfTenThousandSpansIsSmall(t *testing.T) {
	r := profile(t, profiler.Traces(agents(10_000)...))
	text := render(t, r)
	t.Logf("%d bytes", len(text))
	require.Less(t, len(text), 5_000_000)
}

func TestEverythingThatThereIsHasASection(t *testing.T) {
	text := render(t, profile(t, profiler.Traces(agents(600)...)))
	for _, title := range []string{
		"Where the time went", "Bottlenecks", "Critical paths", "What if an operation were faster", "Timeline", "All calls", "Concurrency", "Durations", "Streaming",
		"Waiting", "Cost", "No price, and so in no cost", "Anomalies", "Prompts", "What a cache could save", "Patterns", "What will follow", "Forecasts of token use", "Incomplete and failed", "Input",
	} {
		require.Contains(t, text, ">"+title+"<", title)
	}
}

func TestABaselineAndTheServerHaveTheirSections(t *testing.T) {
	a, b := agents(400), agents(400)
	for _, trace := range b {
		for i := range trace.Steps {
			if p := &trace.Steps[i].Payload; p.EventType.Phase() != profiler.StartPhase && p.Name == "model-b" {
				p.EventTimestamp += 0.5
			}
		}
	}
	r := profile(t, profiler.Traces(b...))
	r.InferenceOptimization.DynamoMetrics = map[string]any{"ttft_p95": 0.25, "errors": []any{"<b>no</b>"}, "over_run": map[string]any{"requests": 12}, "text": "x", "none": nil}
	c := profiler.Compare(profile(t, profiler.Traces(a...)).Requests, r.Requests, stats.Comparer{})
	var out bytes.Buffer
	require.NoError(t, page.HTML(&out, r, page.Comparison(c)))
	for _, text := range []string{">Against the baseline<", "LLM:model-b-p50", ">worse<", ">Server<", "ttft p95", "over run: requests", "&lt;b&gt;no"} {
		require.Contains(t, out.String(), text)
	}
	path := filepath.Join(t.TempDir(), "compared.html")
	if shots != "" {
		path = filepath.Join(shots, "compared.html")
	}
	require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
	if shots != "" {
		figuretest.Check(t, path, shots)
	}
	require.NotPanics(t, func() { page.Comparison(profiler.Compare(nil, nil, stats.Comparer{})) })
}

func TestWhatWasNotAskedForHasNoSection(t *testing.T) {
	r, err := profiler.Runner{NoOutput: true}.Run(t.Context(), profiler.Traces(agents(100)...))
	require.NoError(t, err)
	text := render(t, r)
	for _, title := range []string{"Patterns", "Cost", "Streaming", "Prompts", "Anomalies", "Waiting", "What will follow"} {
		require.NotContains(t, text, ">"+title+"<", title)
	}
	require.Contains(t, text, ">Where the time went<", "the page would say nothing without")
	require.Nil(t, r.NestedStack, "and the results are as they were")
}

func TestTextsOfStrangersAreShownAsText(t *testing.T) {
	traces := agents(60, figuretest.Hostile, "</script><script>alert(1)</script>", "a\x00b\nc")
	traces[0].Steps[2].Payload.EventType = "<b>odd</b>"
	traces[1].Problems = []*profiler.ReadError{{File: figuretest.Hostile, Err: os.ErrInvalid}}
	r := profile(t, profiler.Traces(traces...))
	text := render(t, r)
	require.NotContains(t, text, "<script>alert")
	require.NotContains(t, text, figuretest.Hostile)
	path, _ := write(t, r, "hostile")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	require.Empty(t, b.Problems())
}

func TestTracesOfAnyKindMakeAPage(t *testing.T) {
	alone := &recording{random: rand.New(rand.NewPCG(1, 1)), trace: new(profiler.Trace)}
	alone.call("LLM", "m", "root", 5, 0, "open")
	reversed := &recording{trace: new(profiler.Trace)}
	reversed.call("TOOL", "t", "root", 5, -3, "")
	instant := &recording{trace: new(profiler.Trace)}
	instant.call("TOOL", "t", "root", 0, 0, "")
	for name, traces := range map[string][]*profiler.Trace{
		"none": nil, "empty": {{}, {}}, "open": {alone.trace}, "reversed": {reversed.trace}, "instant": {instant.trace},
	} {
		require.NotPanics(t, func() { render(t, profile(t, profiler.Traces(traces...))) }, name)
	}
	require.Error(t, page.HTML(new(bytes.Buffer), nil))
}
