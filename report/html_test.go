package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/figuretest"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// streamed is an answer of words, the first after ttft and each further one after a gap.
func streamed(seq int, sent, ttft time.Duration, gaps []time.Duration, word string) *endpoint.Response {
	at := start.Add(sent)
	r := &endpoint.Response{
		Seq: seq, Client: seq % 8, ID: fmt.Sprint(seq), Prompt: word, Streamed: true, FinishReason: "stop",
		RequestTime: at, Intended: at, Dispatched: at,
		InputTokens: endpoint.Counted(9), OutputTokens: endpoint.Counted(len(gaps) + 1), Text: strings.Repeat(word, len(gaps)+1),
	}
	e := endpoint.Event{At: ttft, Tokens: 1, Text: int32(len(word)), Late: 3}
	r.Events = append(make([]endpoint.Event, 0, len(gaps)+1), e)
	for _, g := range gaps {
		e.At += g
		r.Events = append(r.Events, e)
	}
	r.FirstToken, r.FirstText, r.LastToken = at.Add(ttft), at.Add(ttft), at.Add(e.At)
	r.End = r.LastToken.Add(time.Millisecond)
	r.Attempts = []endpoint.Attempt{{
		Status: 200, Start: at.Add(10 * time.Microsecond), Ready: at.Add(20 * time.Microsecond), Written: at.Add(80 * time.Microsecond),
		FirstByte: at.Add(ttft - time.Millisecond), End: r.End,
	}}
	return r
}

// fails makes r a request that failed after its second token.
func fails(r *endpoint.Response, kind endpoint.ErrorKind, message string) *endpoint.Response {
	r.Error = &endpoint.Error{Kind: kind, Message: message}
	r.Attempts[0].Error = r.Error
	return r
}

// whole makes r an answer that was not streamed.
func whole(r *endpoint.Response) *endpoint.Response {
	r.Streamed, r.Events, r.FirstToken, r.FirstText = false, nil, time.Time{}, time.Time{}
	return r
}

// complete makes a result of responses.
func complete(res result.Result, responses ...*endpoint.Response) *result.Result {
	acc := result.Accumulator{Objectives: res.Objectives}
	for _, r := range responses {
		acc.Add(r)
	}
	acc.Complete(&res, append([]*endpoint.Response{}, responses...))
	return &res
}

// run is one of n requests over a minute, of which some fail. Word is what is asked and answered.
func run(n int, word string) *result.Result { return runOf(n, 20, word) }

// runOf is a run whose answers have at least so many words and a few more.
func runOf(n, words int, word string) *result.Result {
	r := rand.New(rand.NewPCG(1, 2))
	gaps := make([][]time.Duration, 64)
	for i := range gaps {
		gaps[i] = make([]time.Duration, words+r.IntN(20))
		for j := range gaps[i] {
			gaps[i][j] = time.Duration(8e6 * math.Exp(0.3*r.NormFloat64()))
		}
		gaps[i][3] = 0
	}
	var all []*endpoint.Response
	for i := range n {
		sent := time.Duration(i) * time.Minute / time.Duration(n)
		q := streamed(i, sent, time.Duration(180e6*math.Exp(0.4*r.NormFloat64())), gaps[i%len(gaps)], word)
		switch {
		case i%29 == 7:
			fails(q, endpoint.KindTruncated, "the stream ended "+word)
		case i%31 == 9:
			fails(q, endpoint.KindServerStatus, word)
		}
		all = append(all, q)
	}
	return complete(result.Result{
		RunName: "nightly", ModelID: "m", EndpointName: "openai", Clients: 8, TotalTestTime: 61 * time.Second, StartTime: start, Clock: "kernel",
		Verdict:    result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "itl-p99", Error: 0.005, Unit: "s"}}},
		Health:     result.Health{SendLag: result.Lag{N: 9, P50: 1e-5, P99: 1e-4, Max: 1e-3}, InFlight: 7.8, MaxInFlight: 8, AskedInFlight: 8},
		Objectives: []slo.Objective{slo.MustParse("ttft-p99 < 300ms"), slo.MustParse("ttlt-p50 < 10s")},
		Config:     json.RawMessage(`{"clients":8,"duration":"1m0s"}`),
	}, all...)
}

func rendered(t testing.TB, results ...*result.Result) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, results...))
	return b.String()
}

// contains says in short what is missing: pages are long.
func contains(t testing.TB, text, want string) {
	t.Helper()
	require.True(t, strings.Contains(text, want), "the page does not contain %q", want)
}

func titles(p figure.Page) (all []string) {
	for _, f := range figuretest.Figures(p) {
		all = append(all, f.Title)
	}
	return all
}

func TestThePageOfARunHasEverythingInIt(t *testing.T) {
	p := page(gather(run(300, "word ")))
	require.Equal(t, []string{
		"Time to first token", "Time to first token, cumulated", "Time between tokens", "Time between tokens, cumulated", "Time to last token", "Time to last token, cumulated",
		"Time to first token", "Time to last token", "Output", "Requests", "In flight", "Time per output token", "Failed requests", "The client's own lag",
		"The slowest requests", "Gaps between events with tokens", "Gaps between events with tokens",
	}, titles(p))
	for _, f := range figuretest.Figures(p) {
		require.False(t, f.IsEmpty(), f.Title)
	}
	text := rendered(t, run(300, "word "))
	for _, want := range []string{
		"nightly", "300 requests in 61.0 s, 8 clients", "1 January 2026, 00:00:00 UTC", "Verdict: degraded", "itl-p99: up to 5.00 ms of it may be the client&#39;s own",
		"ttft-p99 &lt; 300ms", ">missed<", ">met<", "truncated", "the stream ended word", "http_5xx", "&#34;duration&#34;: &#34;1m0s&#34;", "steady-ttft-p99", "requests written late",
	} {
		contains(t, text, want)
	}
}

func TestWhatAModelWritesIsShownAsText(t *testing.T) {
	plain, hostile := rendered(t, run(60, "x")), rendered(t, run(60, figuretest.Hostile))
	for _, tag := range []string{"<script", "</script", "<!--", "<img"} {
		require.Equal(t, strings.Count(plain, tag), strings.Count(hostile, tag), tag)
	}
	contains(t, hostile, "&lt;img src=x onerror=alert(1)&gt;")
}

func TestRunsWithoutNumbersHaveAPageThatSaysSo(t *testing.T) {
	gap := []time.Duration{time.Millisecond}
	for name, c := range map[string]struct {
		res  *result.Result
		says []string
	}{
		"empty":        {complete(result.Result{RunName: "empty"}), []string{"No request finished", "there are no latencies", "There was no request."}},
		"literal":      {&result.Result{}, []string{"<h1>Run</h1>", "No request finished"}},
		"all failed":   {complete(result.Result{}, fails(streamed(0, 0, time.Second, gap, "x"), endpoint.KindReset, "gone")), []string{"Every request failed", "gone", "The slowest requests"}},
		"never sent":   {complete(result.Result{}, &endpoint.Response{Error: &endpoint.Error{Kind: endpoint.KindCallback, Message: "no"}}), []string{"Every request failed", "callback"}},
		"not streamed": {complete(result.Result{}, whole(streamed(0, 0, time.Second, gap, "x"))), []string{"Answers were not streamed", "Time to last token"}},
		"one instant":  {complete(result.Result{}, streamed(0, 0, 0, nil, "x")), []string{"Time to first token"}},
		"interrupted":  {complete(result.Result{Interrupted: true, CancelledRequests: 3}, streamed(0, 0, time.Second, gap, "x")), []string{"3 requests in flight were aborted"}},
		"no responses": {&result.Result{TotalRequests: 5, TotalTestTime: time.Second}, []string{"The responses of this run are not there"}},
		"unreadable":   {&result.Result{TotalRequests: 5, OutputPath: filepath.Join(t.TempDir(), "gone")}, []string{"Not all responses could be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, c.res)
			for _, want := range c.says {
				contains(t, text, want)
			}
			for _, text := range []string{text, rendered(t, c.res, run(20, "x"))} {
				own, _, _ := strings.Cut(text, "<script>")
				require.NotContains(t, own, "NaN")
			}
		})
	}
}

func TestAPageFromAFolderIsThatFromMemory(t *testing.T) {
	res, folder := run(200, "word "), filepath.Join(t.TempDir(), "run")
	require.NoError(t, res.Save(t.Context(), folder))
	loaded, err := result.Load(t.Context(), folder, result.LoadOptions{LowMemory: true})
	require.NoError(t, err)
	loaded.OutputPath, loaded.Warnings = res.OutputPath, res.Warnings
	want := page(gather(res))
	loaded.OutputPath = folder // the responses are read from there
	got := page(gather(loaded))
	require.Equal(t, titles(want), titles(got))
	for i, f := range figuretest.Figures(want) {
		require.Equal(t, fmt.Sprintf("%+v", f), fmt.Sprintf("%+v", figuretest.Figures(got)[i])) // NaN equals itself so
	}
}

func TestSeveralRunsStandSideBySide(t *testing.T) {
	results := []*result.Result{run(100, "a"), run(100, "b"), complete(result.Result{RunName: "empty"})}
	p := sideBySide(results)
	require.Equal(t, []string{"nightly", "nightly (2)", "empty"}, namesOf(results))
	require.Equal(t, []string{
		"Time to first token", "Time to first token, cumulated", "Time between tokens", "Time between tokens, cumulated", "Time to last token", "Time to last token, cumulated",
		"Time to first token", "Time to last token", "Output", "In flight",
	}, titles(p))
	require.Len(t, figuretest.Figures(p)[1].Series, 2)
	contains(t, rendered(t, results...), "empty: No request finished")
}

func TestWithoutAResultThereIsNoPage(t *testing.T) { require.Error(t, HTML(&bytes.Buffer{})) }

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestThePageReportsWhatTheWriterReports(t *testing.T) {
	require.ErrorIs(t, HTML(full{}, run(10, "x")), errFull)
}

func TestAHundredThousandRequestsGiveAPageOfLessThan5MB(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	require.Less(t, len(rendered(t, runOf(100_000, 4, "word "))), 5_000_000)
}

func TestPagesAreDrawnInABrowser(t *testing.T) {
	b := figuretest.Start(t)
	hostile := run(120, figuretest.Hostile)
	hostile.RunName = figuretest.Hostile
	for name, results := range map[string][]*result.Result{
		"run": {run(900, "word ")}, "hostile": {hostile}, "side": {run(300, "a "), run(200, "b ")},
		"failed": {complete(result.Result{}, fails(streamed(0, 0, time.Second, []time.Duration{1e6}, "x"), endpoint.KindReset, "gone"))},
	} {
		path := filepath.Join(t.TempDir(), name+".html")
		require.NoError(t, os.WriteFile(path, []byte(rendered(t, results...)), 0o644))
		b.Check(path, "")
	}
}

func BenchmarkHTML100000(b *testing.B) {
	res := runOf(100_000, 30, "word ")
	var size int
	b.ReportAllocs()
	for b.Loop() {
		size = len(rendered(b, res))
	}
	b.ReportMetric(float64(size), "B/page")
}
