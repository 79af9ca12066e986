package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// under is a run of n streams of three tokens by so many clients, whose first token takes about ttft.
func under(name string, clients, n int, ttft time.Duration, failing int) *result.Result {
	var all []*endpoint.Response
	each := ttft + 60*time.Millisecond
	for i := range n {
		r := streamed(i, time.Duration(i/max(clients, 1))*each, ttft+time.Duration(i%9)*ttft/20, []time.Duration{20 * time.Millisecond, 30 * time.Millisecond}, "ab")
		if i < failing {
			fails(r, endpoint.KindServerStatus, "status 503: | try *later* |\n<b>overloaded</b>")
		}
		all = append(all, r)
	}
	return complete(result.Result{
		RunName: name, ModelID: "llama-3.3", EndpointName: "openai", Clients: clients, Clock: "kernel", StartTime: start,
		TotalTestTime: time.Duration(n/max(clients, 1)) * each,
		Verdict:       result.Verdict{Level: result.Trusted}, Objectives: []slo.Objective{slo.MustParse("ttft-p90 < 300ms"), slo.MustParse("failed_requests_rate < 1%")},
	}, all...)
}

func aLoadTest() *experiments.LoadTestResult {
	r := &experiments.LoadTestResult{TestName: "nightly", OutputPath: "tests/nightly", Warnings: []result.Warning{
		{Code: experiments.WarnSkipped, Text: "left out: tests/nightly/00032-clients: no run"},
	}}
	for _, l := range []struct {
		clients int
		ttft    time.Duration
		failing int
	}{{1, 100 * time.Millisecond, 0}, {4, 120 * time.Millisecond, 0}, {8, 200 * time.Millisecond, 0}, {16, 600 * time.Millisecond, 12}} {
		res := under(fmt.Sprintf("%05d-clients", l.clients), l.clients, 400, l.ttft, l.failing)
		if l.clients == 16 {
			res.Verdict = result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "itl-p99", Error: 0.004, Unit: "s"}}}
		}
		r.Levels = append(r.Levels, experiments.Level{Load: experiments.Load{Clients: l.clients}, Result: res})
	}
	return r
}

func aHeatmap() *experiments.HeatmapResult {
	res := under("lengths", 4, 120, 150*time.Millisecond, 0)
	i := 0
	for r, err := range res.Responses() {
		if err != nil {
			panic(err)
		}
		r.Payload.Labels = map[string]string{prompt.LabelInputLength: []string{"10", "200"}[i%2], prompt.LabelOutputLength: []string{"64", "256", "1024"}[i%3]}
		if i == 6 {
			fails(r, endpoint.KindReset, "gone")
		}
		i++
	}
	return &experiments.HeatmapResult{Name: "lengths", OutputPath: "tests/lengths", Runs: []*result.Result{res}}
}

func aCapacity() *experiments.CapacityResult {
	objective := slo.MustParse("ttft-p90 < 300ms")
	r := &experiments.CapacityResult{
		Name: "one replica", OutputPath: "tests/replica", Load: experiments.Load{Clients: 9}, Interval: stats.Interval{Lo: 8, Hi: 16},
		Warnings: []result.Warning{{Code: experiments.WarnImprecise, Text: "the interval is wider than was asked for"}},
	}
	for i, l := range aLoadTest().Levels[1:] {
		r.Levels = append(r.Levels, experiments.CapacityLevel{
			Load: l.Load, Result: l.Result, Saturated: i == 2, Decision: []experiments.Decision{experiments.Met, experiments.Unclear, experiments.Missed}[i],
			Checks: []experiments.Check{{
				Objective: objective, Decision: []experiments.Decision{experiments.Met, experiments.Unclear, experiments.Missed}[i], N: 400,
				Value: []float64{0, 0.09, 1}[i], Limit: 0.1, Interval: []stats.Interval{{Lo: 0, Hi: 0.01}, {Lo: 0.06, Hi: 0.12}, {Lo: math.NaN(), Hi: math.NaN()}}[i],
			}},
		})
	}
	return r
}

func aComparison() *experiments.Comparison {
	nan := math.NaN()
	return &experiments.Comparison{
		A: []*result.Result{under("before", 4, 400, 120*time.Millisecond, 0)}, B: []*result.Result{under("after", 4, 400, 132*time.Millisecond, 2)}, Level: 0.95,
		Warnings: []result.Warning{{Code: experiments.WarnPayloads, Text: "the payloads of A and B are not the same"}},
		Differences: []experiments.Difference{
			{Key: "ttft-p50", Change: experiments.Worse, A: 0.144, B: 0.1584, NA: 400, NB: 398, Delta: 0.0144, Interval: stats.Interval{Lo: 0.012, Hi: 0.017}, P: 1e-9, Adjusted: 3e-9, Detectable: 0.004},
			{Key: "ttlt-p90", Change: experiments.Better, A: 0.3, B: 0.25, NA: 400, NB: 398, Delta: -0.05, Interval: stats.Interval{Lo: -0.06, Hi: -0.04}, P: 0.0021, Adjusted: 0.0063, Detectable: 0.02},
			{Key: "tpot-p50", Change: experiments.NoDifference, A: 0.025, B: 0.0251, NA: 400, NB: 398, Delta: 0.0001, Interval: stats.Interval{Lo: -0.001, Hi: 0.0012}, P: 0.4, Adjusted: 0.8, Detectable: 0.003},
			{Key: "response-p99", Change: experiments.TooFew, A: nan, B: nan, Delta: nan, Interval: stats.Interval{Lo: nan, Hi: nan}, P: nan, Adjusted: nan, Detectable: nan},
			{Key: experiments.KeyFailedRate, Change: experiments.NoDifference, A: 0, B: 0.005, NA: 400, NB: 400, Delta: 0.005, Interval: stats.Interval{Lo: -0.005, Hi: 0.018}, P: 0.16, Adjusted: 0.48, Detectable: 0.016},
		},
	}
}

func aSweep() *experiments.SweepResult {
	return &experiments.SweepResult{
		Name: "clients and models", OutputPath: "tests/sweep", Axes: []string{"clients", "model"},
		Rows: []experiments.Row{
			{Labels: []string{"1", "llama-3.3"}, Result: under("1-llama", 1, 40, 100*time.Millisecond, 0)},
			{Labels: []string{"1", "org/qwen 3|4"}, Err: errors.New("nothing answers at http://127.0.0.1:1")},
			{Labels: []string{"8", "llama-3.3"}, Result: under("8-llama", 8, 40, 200*time.Millisecond, 40)},
			{Labels: []string{"8", "org/qwen 3|4"}, Result: complete(result.Result{RunName: "8-qwen", Clients: 8, Interrupted: true})},
		},
	}
}

func aSoak() *experiments.SoakResult {
	r := &experiments.SoakResult{Name: "overnight", OutputPath: "tests/overnight"}
	for i := range 10 {
		res := under("segment", 4, 200, 100*time.Millisecond+time.Duration(i/5)*40*time.Millisecond, i/9)
		r.Segments = append(r.Segments, experiments.Segment{
			Start: start.Add(time.Duration(i) * 10 * time.Minute), Length: 10 * time.Minute, Requests: 200, Stats: res.Stats(), Verdict: res.Verdict,
		})
	}
	r.Drifts = []experiments.Drift{{Key: "ttft-p50", Segment: 5, Time: r.Segments[5].Start, Before: 0.12, After: 0.168, P: 0.00042}}
	return r
}

// reports are one of each kind.
func reports() map[string]*Report {
	return map[string]*Report{
		"run":        Run(under("first", 4, 400, 120*time.Millisecond, 3)),
		"runs":       Run(under("first", 4, 400, 120*time.Millisecond, 3), under("second", 0, 100, 150*time.Millisecond, 0), complete(result.Result{RunName: "empty"})),
		"failed":     Run(under("failed", 2, 10, 120*time.Millisecond, 10)),
		"empty":      Run(complete(result.Result{RunName: "empty", Clients: 1})),
		"loadtest":   LoadTest(aLoadTest()),
		"heatmap":    Heatmap(aHeatmap()),
		"capacity":   Capacity(aCapacity()),
		"comparison": Comparison(aComparison()),
		"sweep":      Sweep(aSweep()),
		"soak":       Soak(aSoak()),
	}
}

// formats are those with golden files, with the ends of their names.
var formats = map[Format]string{FormatText: ".txt", FormatMarkdown: ".md", FormatCSV: ".csv", FormatJSON: ".json", FormatBenchfmt: ".bench"}

func written(t testing.TB, r *Report, f Format) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b, f))
	return b.String()
}

// golden compares with a file, or with -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestEveryKindHasEveryFormat(t *testing.T) {
	for name, r := range reports() {
		for format, end := range formats {
			t.Run(name+end, func(t *testing.T) {
				got := written(t, r, format)
				golden(t, name+end, got)
				require.NotContains(t, got, "NaN")
				require.NotContains(t, got, "Inf")
				require.True(t, strings.HasSuffix(got, "\n"))
			})
		}
	}
}

func TestTextFitsIntoEightyColumns(t *testing.T) {
	for name, r := range reports() {
		for line := range strings.Lines(written(t, r, FormatText)) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), lineWidth, "%s: %s", name, line)
			require.Equal(t, strings.TrimRight(line, " \n"), strings.TrimRight(line, "\n"), "%s: blanks at the end", name)
		}
	}
}

func TestColoursAddNothingButThemselves(t *testing.T) {
	strip := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[0m", "")
	for name, r := range reports() {
		plain := written(t, r, FormatText)
		require.NotContains(t, plain, "\x1b", name)
		r.Color = true
		colored := written(t, r, FormatText)
		require.Equal(t, plain, strip.Replace(colored), name)
		if name != "empty" && name != "heatmap" {
			require.NotEqual(t, plain, colored, name)
		}
	}
}

func TestAnUnknownFormatIsAnError(t *testing.T) {
	require.EqualError(t, Run().Write(new(bytes.Buffer), "pdf"), `"pdf" is no format of a report`)
}

func TestAReportReportsWhatTheWriterReports(t *testing.T) {
	for name, r := range reports() {
		for format := range formats {
			require.ErrorIs(t, r.Write(full{}, format), errFull, "%s as %s", name, format)
		}
	}
}
