package report

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// measured is a run of 400 streams of three tokens, the first 50 of which are slow.
func measured() *result.Result {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var acc result.Accumulator
	var all []*endpoint.Response
	res := &result.Result{
		RunName: "warm", ModelID: "m", EndpointName: "openai", Provider: "openai", Clients: 4, TotalTestTime: 6 * time.Second, Clock: "kernel",
		Verdict: result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "ttft-p99", Error: 0.05, Unit: "s"}}},
	}
	for _, text := range []string{
		"ttft-p99 < 280ms", "ttlt-mean < 500ms", "goodput(ttft<200ms,stall<30ms) > 95%", "steady-ttft-p99 < 150ms", "time_to_first_token-p50 < 1s", "cost_total < 1",
	} {
		res.Objectives = append(res.Objectives, slo.MustParse(text))
	}
	acc.Objectives = res.Objectives
	for i := range 400 {
		first := 100*time.Millisecond + time.Duration(i%7)*5*time.Millisecond
		if i < 50 {
			first += 170 * time.Millisecond
		}
		r := &endpoint.Response{Seq: i, Streamed: true, OutputTokens: endpoint.Counted(3), InputTokens: endpoint.Counted(9)}
		r.Dispatched = start.Add(time.Duration(i) * 13 * time.Millisecond)
		r.Intended, r.RequestTime = r.Dispatched, r.Dispatched
		for j := range 3 {
			r.Events = append(r.Events, endpoint.Event{At: first + time.Duration(j*(10+i%5))*time.Millisecond, Tokens: 1, Text: 4, SameRead: j == 2 && i%4 == 0})
		}
		r.FirstToken, r.FirstText, r.LastToken = r.Dispatched.Add(r.Events[0].At), r.Dispatched.Add(r.Events[0].At), r.Dispatched.Add(r.Events[2].At)
		r.End = r.LastToken
		if i%100 == 99 {
			r.Error = &endpoint.Error{Kind: endpoint.KindTruncated, Message: "the stream ended in mid-answer"}
		}
		acc.Add(r)
		all = append(all, r)
	}
	acc.Complete(res, all)
	return res
}

func TestTheTableShowsTheSteadyStateObjectivesAndDoubts(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Text(&b, measured()))
	const name = "testdata/warm.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(name, b.Bytes(), 0o666))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
	for line := range bytes.Lines(b.Bytes()) {
		require.LessOrEqual(t, utf8.RuneCount(bytes.TrimRight(line, "\n")), 80, "%s", line)
	}
}
