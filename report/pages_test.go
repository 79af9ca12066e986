package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure/figuretest"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// busy is a server of few slots whose answers take about half a second.
func busy() mock.Options {
	return mock.Options{
		Slots: 8, TTFT: mock.LogNormal(180*time.Millisecond, 0.35), ITL: mock.LogNormal(20*time.Millisecond, 0.4), Tokens: mock.Fixed(12), Seed: 3,
		Faults: []mock.Fault{{Kind: mock.FaultStatus, Status: 503, Rate: 0.015}},
	}
}

// inMemory runs f with a runner against a mock server, where times are exact.
func inMemory(t testing.TB, o mock.Options, f func(ctx context.Context, r llmeter.Runner)) {
	t.Helper()
	synctest.Test(t.(*testing.T), func(t *testing.T) {
		server, err := mock.New(o)
		require.NoError(t, err)
		ep := &openai.CompletionStreamEndpoint{Model: "llama-3.3-70b", BaseURL: server.URL + "/v1", Client: server.Client()}
		defer func() {
			require.NoError(t, ep.Close())
			require.NoError(t, server.Close())
		}()
		payload, err := ep.CreatePayload(64, endpoint.Text("Tell me a story."))
		require.NoError(t, err)
		f(t.Context(), llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Seed: 1})
	})
}

func measuredLoadTest(t testing.TB, clients []int, rates []load.Rate, perRun int) (res *experiments.LoadTestResult) {
	inMemory(t, busy(), func(ctx context.Context, r llmeter.Runner) {
		r.Objectives = []slo.Objective{slo.MustParse("ttft-p99 < 700ms")}
		var err error
		res, err = experiments.LoadTest{Runner: r, SequenceOfClients: clients, SequenceOfRates: rates, MinRequestsPerRun: perRun, TestName: "nightly load test"}.Run(ctx)
		require.NoError(t, err)
	})
	return res
}

func measuredHeatmap(t testing.TB) (res *experiments.HeatmapResult) {
	o := busy()
	o.Tokens = mock.Count{}
	inMemory(t, o, func(ctx context.Context, r llmeter.Runner) {
		r.Payloads, r.RunName = nil, "lengths"
		var err error
		res, err = experiments.LatencyHeatmap{Runner: r, InputLengths: []int{10, 100, 400}, OutputLengths: []int{4, 16, 64}, RequestsPerCombination: 20}.Run(ctx)
		require.NoError(t, err)
	})
	return res
}

func measuredCapacity(t testing.TB) (res *experiments.CapacityResult) {
	o := busy()
	o.Faults = nil
	inMemory(t, o, func(ctx context.Context, r llmeter.Runner) {
		r.RunName = "capacity of one replica"
		var err error
		res, err = experiments.Capacity{Runner: r, Max: 64, Objectives: []slo.Objective{slo.MustParse("ttft-p90 < 400ms"), slo.MustParse("failed_requests_rate < 5%"), slo.MustParse("tpot-mean < 100ms")}}.Run(ctx)
		require.NoError(t, err)
	})
	return res
}

func measuredComparison(t testing.TB) (res *experiments.Comparison) {
	var runs [2]*llmeter.Result
	for i := range runs {
		o := busy()
		o.TTFT, o.Seed = mock.LogNormal(time.Duration(180+30*i)*time.Millisecond, 0.35), uint64(i)
		if i == 0 {
			o.ITL = mock.LogNormal(22*time.Millisecond, 0.4)
		}
		inMemory(t, o, func(ctx context.Context, r llmeter.Runner) {
			if i == 1 {
				require.NoError(t, r.Payloads[0].Set(0.5, "temperature"))
			}
			r.Clients, r.Requests, r.RunName = 4, 100, fmt.Sprintf("release %d", i+1)
			var err error
			runs[i], err = r.Run(ctx)
			require.NoError(t, err)
		})
	}
	res, err := experiments.Compare{Resamples: 200}.Results(runs[0], runs[1])
	require.NoError(t, err)
	return res
}

func measuredSweep(t testing.TB) (res *experiments.SweepResult) {
	o := busy()
	o.Tokens = mock.Count{}
	inMemory(t, o, func(ctx context.Context, r llmeter.Runner) {
		r.Payloads, r.RunName, r.Requests = nil, "clients and lengths", 12
		var err error
		res, err = experiments.Sweep{Runner: r, Prompts: prompt.Collection{InputLengths: []int{20}}, Axes: []experiments.Axis{experiments.Clients(1, 4, 16), experiments.OutputLengths(8, 32)}}.Run(ctx)
		require.NoError(t, err)
	})
	return res
}

// measuredSoak is a soak whose answers slow down in the middle.
func measuredSoak(t testing.TB) *experiments.SoakResult {
	r := rand.New(rand.NewPCG(1, 2))
	res := &experiments.SoakResult{Name: "overnight"}
	for i := range 60 {
		at := start.Add(time.Duration(i) * 5 * time.Minute)
		n := 100
		slow := 1.0
		if i >= 35 {
			slow = 1.4
		}
		var all []*endpoint.Response
		for j := range n {
			q := streamed(j, time.Duration(j)*time.Second, time.Duration(180e6*slow*(0.8+0.4*r.Float64())), []time.Duration{20e6, 25e6, 18e6, 30e6}, "word ")
			if i > 50 && j%10 == 3 {
				fails(q, endpoint.KindTimeout, "no byte came")
			}
			all = append(all, q)
		}
		run := complete(llmeter.Result{StartTime: at, TotalTestTime: 4 * time.Minute, Clients: 8}, all...)
		require.NoError(t, run.Contribute(experiments.KeyClientMemory, 20e6*(1+0.1*r.Float64())))
		level := llmeter.Result{}.Verdict
		level.Level = "trusted"
		if i == 17 {
			level.Level = "degraded"
			level.Reasons = append(level.Reasons, run.Verdict.Reasons...)
		}
		res.Segments = append(res.Segments, experiments.Segment{Start: at, Length: 4 * time.Minute, Requests: n, Stats: run.Stats(), Verdict: level})
	}
	res.Drifts = []experiments.Drift{
		{Key: "ttft-p50", Segment: 35, Time: res.Segments[35].Start, Before: 0.18, After: 0.252, P: 1e-9},
		{Key: "failed_requests_rate", Segment: 51, Time: res.Segments[51].Start, Before: 0, After: 0.1, P: 1e-6},
	}
	return res
}

// measuredExperiments are reports on all kinds of experiments.
func measuredExperiments(t testing.TB) map[string]*Report {
	return map[string]*Report{
		"load test": LoadTest(measuredLoadTest(t, []int{1, 4, 8, 16}, []load.Rate{5, 20}, 200)), "heatmap": Heatmap(measuredHeatmap(t)), "capacity": Capacity(measuredCapacity(t)),
		"comparison": Comparison(measuredComparison(t)), "sweep": Sweep(measuredSweep(t)), "soak": Soak(measuredSoak(t)),
	}
}

func html(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b))
	return b.String()
}

// own is the part of a page that is written by this module: without scripts and data.
func own(text string) string {
	before, _, _ := strings.Cut(text, "<script>")
	return before
}

func TestThePageOfAnExperimentHasEverythingInIt(t *testing.T) {
	curves := []string{"Time to first token", "Time between tokens", "Time to last token", "Throughput", "Output", "Failed requests"}
	tradeOffs := []string{"Throughput against time to first token", "Throughput against time to last token"}
	along := []string{"Time to first token, median", "Time per output token, median", "Time to last token, median", "Throughput", "Output", "Failed requests"}
	latencies := []string{"Time to first token", "Time between tokens", "Time to last token"}
	wantTitles := map[string][]string{
		"load test":  slices.Concat(tradeOffs, curves, tradeOffs, curves, latencies),
		"heatmap":    {"Time to first token, median", "Time to first token, p99", "Time to last token, median", "Time to last token, p99", "Time per output token, median", "Failed requests"},
		"capacity":   slices.Concat([]string{"ttft-p90 < 400ms", "failed_requests_rate < 5%", "tpot-mean < 100ms"}, curves, tradeOffs),
		"comparison": {"Relative differences", "Time to first token", "Time between tokens", "Time per output token", "Time to last token"},
		"sweep":      slices.Concat(along, along),
		"soak": {"Time to first token, p50", "Time to first token, p99", "Time to last token, p50", "Time to last token, p99", "Time per output token, p50", "Time per output token, p99",
			"Throughput", "Output", "Failed requests", "The client&#39;s memory"},
	}
	wantTexts := map[string][]string{
		"load test":  {"nightly load test", "load test, 6 levels", "Verdict: ", "most requests", ">knee<", "16 clients", "20/s", "missed: ttft-p99 &lt; 700ms", "http_5xx", "scheduled"},
		"heatmap":    {"latency heatmap, 3 × 3 lengths in 1 run · 180 requests", "hardly more than the largest value", "TTFT p50, highest"},
		"capacity":   {"Capacity: 9 clients", "It lies between 9 clients, which meets the objectives for sure, and 10 clients", "at most 10.0 %", "&lt; 100 ms", "search for capacity"},
		"comparison": {"the payloads differ", "B is worse in", "release 1 (llama-3.3-70b)", "adjusted p", "detectable", "no difference seen"},
		"sweep":      {"sweep over clients, output, 6 combinations", "Along output", "clients 16, output 32"},
		"soak":       {"soak, 60 segments", "2 changes", "In ttft-p50, failed_requests_rate.", "180 ms", "252 ms", "+40.0 %", "1 of 60 segments not trusted"},
	}
	for name, r := range measuredExperiments(t) {
		t.Run(name, func(t *testing.T) {
			p := r.subject.page()
			got := titles(p)
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "'", "&#39;")
			}
			require.Equal(t, wantTitles[name], got)
			for _, f := range figuretest.Figures(p) {
				require.False(t, f.IsEmpty(), f.Title)
			}
			text := html(t, r)
			for _, want := range wantTexts[name] {
				contains(t, text, want)
			}
			require.NotContains(t, own(text), "NaN")
			require.NotContains(t, own(text), "Inf")
		})
	}
}

func TestWhatWaitedForItsTurnIsShownFromWhenItWasDue(t *testing.T) {
	r := streamed(0, time.Second, time.Second, nil, "x")
	r.Intended, r.Client = start, -1
	p := loadTest{&experiments.LoadTestResult{Levels: []experiments.Level{{Load: experiments.Load{Rate: 1}, Result: complete(result.Result{}, r)}}}}.page()
	require.Contains(t, titles(p), "Response")
}

var errBroken = errors.New("the endpoint is gone")

// lost is a run of which every request failed.
func lost(name string) *result.Result {
	return complete(result.Result{RunName: name, Clients: 2, StartTime: start, TotalTestTime: time.Second}, fails(streamed(0, 0, time.Second, []time.Duration{1e6}, "x"), endpoint.KindReset, "gone"))
}

func TestExperimentsWithoutNumbersHaveAPageThatSaysSo(t *testing.T) {
	empty := complete(result.Result{RunName: "empty", Clients: 1})
	test := func(runs ...*result.Result) *Report {
		r := &experiments.LoadTestResult{TestName: "t"}
		for i, run := range runs {
			r.Levels = append(r.Levels, experiments.Level{Load: experiments.Load{Clients: i + 1}, Result: run})
		}
		return LoadTest(r)
	}
	compared, err := experiments.Compare{}.Results(lost("a"), lost("b"))
	require.NoError(t, err)
	missed := experiments.CapacityLevel{Load: experiments.Load{Clients: 1}, Decision: experiments.Missed, Result: lost("1"),
		Checks: []experiments.Check{{Objective: slo.MustParse("ttft-p50 < 500ms"), Decision: experiments.Missed, N: 1, Value: 1, Limit: 0.5, Interval: stats.Interval{Lo: math.NaN(), Hi: math.NaN()}}}}
	for name, c := range map[string]struct {
		r    *Report
		says []string
	}{
		"no level":         {LoadTest(&experiments.LoadTestResult{}), []string{"<h1>Load test</h1>", "No level was run"}},
		"all failed":       {test(lost("a"), lost("b")), []string{"Every request failed", "there are no latencies", "gone"}},
		"one level failed": {test(run(50, "x"), lost("b")), []string{"2 clients: every request failed"}},
		"an empty level":   {test(empty, run(50, "x")), []string{"1 client: no request finished"}},
		"one run broken": {LoadTest(&experiments.LoadTestResult{Levels: []experiments.Level{{Load: experiments.Load{Clients: 1}, Result: run(50, "x")}},
			Warnings: []result.Warning{{Code: experiments.WarnSkipped, Text: "left out: 00002-clients: there is no run"}}}), []string{"left out: 00002-clients"}},
		"a level without a result": {LoadTest(&experiments.LoadTestResult{Levels: []experiments.Level{{}}}), []string{"No level was run"}},
		"no cells":                 {Heatmap(&experiments.HeatmapResult{}), []string{"<h1>Latency heatmap</h1>", "There are no cells"}},
		"cells without latencies":  {Heatmap(&experiments.HeatmapResult{Runs: []*result.Result{lost("a")}}), []string{"Every request failed"}},
		"unreadable":               {Heatmap(&experiments.HeatmapResult{Runs: []*result.Result{{TotalRequests: 5, OutputPath: filepath.Join(t.TempDir(), "gone")}}}), []string{"Not all responses could be read"}},
		"unfinished":               {Capacity(&experiments.CapacityResult{Levels: []experiments.CapacityLevel{missed}}), []string{"There is no answer", "missed", "at most 50 %"}},
		"nothing searched":         {Capacity(&experiments.CapacityResult{}), []string{"There is no answer"}},
		"none meets":               {Capacity(&experiments.CapacityResult{Levels: []experiments.CapacityLevel{missed}, Interval: stats.Interval{Hi: 1}}), []string{"Even the lowest load misses", "below 1 client"}},
		"all meet":                 {Capacity(&experiments.CapacityResult{Load: experiments.Load{Rate: 8}, Levels: []experiments.CapacityLevel{{Load: experiments.Load{Rate: 8}, Decision: experiments.Met, Result: run(50, "x")}}, Interval: stats.Interval{Lo: 8, Hi: math.Inf(1)}}), []string{"at least 8/s"}},
		"failed sides":             {Comparison(compared), []string{"Too few values", "Every request failed"}},
		"nothing compared":         {Comparison(&experiments.Comparison{}), []string{"Too few values"}},
		"a broken row":             {Sweep(&experiments.SweepResult{Axes: []string{"clients"}, Rows: []experiments.Row{{Labels: []string{"1"}, Result: run(50, "x")}, {Labels: []string{"2"}, Err: errBroken}}}), []string{"1 of 2 runs failed", "clients 2: the endpoint is gone"}},
		"broken rows":              {Sweep(&experiments.SweepResult{Axes: []string{"clients"}, Rows: []experiments.Row{{Labels: []string{"1"}, Err: errBroken}}}), []string{"There is no run"}},
		"no row":                   {Sweep(&experiments.SweepResult{}), []string{"There is no run"}},
		"no segment":               {Soak(&experiments.SoakResult{}), []string{"No segment was run"}},
		"failed segments":          {Soak(&experiments.SoakResult{Segments: []experiments.Segment{{Start: start, Length: time.Minute, Requests: 1, Stats: lost("a").Stats()}}}), []string{"Every request failed", "No drift"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := html(t, c.r)
			for _, want := range c.says {
				contains(t, text, want)
			}
			require.NotContains(t, own(text), "NaN")
			require.NotContains(t, own(text), "+Inf")
		})
	}
}

func TestWhatStrangersWroteIsShownAsTextInExperimentsToo(t *testing.T) {
	of := func(word string) map[string]*Report {
		res := run(60, word)
		res.RunName = word
		load := experiments.Load{Clients: 1}
		return map[string]*Report{
			"load test": LoadTest(&experiments.LoadTestResult{TestName: word, Levels: []experiments.Level{{Load: load, Result: res}}, Warnings: []result.Warning{{Text: word}}}),
			"heatmap":   Heatmap(&experiments.HeatmapResult{Name: word, Runs: []*result.Result{res}}),
			"capacity":  Capacity(&experiments.CapacityResult{Name: word, Load: load, Levels: []experiments.CapacityLevel{{Load: load, Result: res}}}),
			"sweep":     Sweep(&experiments.SweepResult{Name: word, Axes: []string{word}, Rows: []experiments.Row{{Labels: []string{word}, Result: res}, {Labels: []string{word + word}, Result: res, Err: errors.New(word)}}}),
			"soak":      Soak(&experiments.SoakResult{Name: word, Segments: []experiments.Segment{{Start: start, Stats: res.Stats()}}, Drifts: []experiments.Drift{{Key: word}}}),
		}
	}
	hostile := of(figuretest.Hostile)
	for name, r := range of("x") {
		plain, text := html(t, r), html(t, hostile[name])
		for _, tag := range []string{"<script", "</script", "<!--", "<img"} {
			require.Equal(t, strings.Count(plain, tag), strings.Count(text, tag), "%s in %s", tag, name)
		}
	}
}

func TestPagesOfExperimentsAreDrawnInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds for each page")
	}
	b := figuretest.Start(t)
	pages := measuredExperiments(t)
	pages["failed levels"] = LoadTest(&experiments.LoadTestResult{TestName: figuretest.Hostile, Levels: []experiments.Level{{Load: experiments.Load{Clients: 1}, Result: lost(figuretest.Hostile)}}})
	for name, r := range pages {
		path := filepath.Join(t.TempDir(), strings.ReplaceAll(name, " ", "-")+".html")
		require.NoError(t, os.WriteFile(path, []byte(html(t, r)), 0o644))
		b.Check(path, os.Getenv("REPORT_SHOTS"))
	}
}
