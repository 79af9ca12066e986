package live

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// statsOf are statistics with these values.
func statsOf(t testing.TB, text string) (st llmeter.Stats) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &st))
	return st
}

// golden compares what was drawn, without its looks unless they are wanted, with a file.
func golden(t *testing.T, name, drawn string, looks bool) {
	t.Helper()
	if !looks {
		drawn = regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(drawn, "")
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(drawn+"\n"), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), drawn+"\n")
}

// streamed is an answer of as many tokens, one each 10 ms after a first one.
func streamed(seq int, first time.Duration, tokens int) *llmeter.Response {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seq) * 10 * time.Millisecond)
	r := &llmeter.Response{
		Seq: seq, RequestTime: at, Intended: at, Dispatched: at, Streamed: true, OutputTokens: endpoint.Counted(tokens),
	}
	for i := range tokens {
		r.Events = append(r.Events, endpoint.Event{At: first + time.Duration(i)*10*time.Millisecond, Tokens: 1})
	}
	r.FirstToken, r.LastToken = at.Add(first), at.Add(r.Events[tokens-1].At)
	r.FirstText, r.End = r.FirstToken, r.LastToken
	return r
}

// wave are n values around a level.
func wave(n int, level, swing float64) (values []float64) {
	for i := range n {
		values = append(values, level+swing*math.Sin(float64(i)/3))
	}
	return values
}

// shown is a frame from the middle of a run.
func shown(t testing.TB) *frame {
	f := &frame{
		name: "evening", target: target("llama-3.1-8b", "openai", "openai"), load: "20 clients × 100 requests",
		progress: llmeter.Progress{Elapsed: 31 * time.Second, Sent: 1260, InFlight: 20, Finished: 1240, Failed: 3, Planned: 2000},
		share:    0.62, left: 19 * time.Second,
		stats: statsOf(t, `{"requests_per_second": 41.2, "output_tokens_per_second": 2110.4, "ttft-p50": 0.0412, "ttft-p99": 0.1204,
			"ttlt-p50": 0.98, "ttlt-p99": 1.73, "itl-p50": 0.0098, "itl-p99": 0.0312, "errors-timeout": 2, "errors-rate_limited": 1,
			"requests_per_minute": 2472.5, "output_tps": 2110.4, "time_to_first_token-p50": 0.0412, "time_to_first_token-p90": 0.0933,
			"time_to_last_token-p50": 0.98, "time_to_last_token-p90": 1.5, "time_per_output_token-p50": 0.01, "total_input_tokens": 4960,
			"total_output_tokens": 65422, "failed_requests": 3}`),
		past:   past{requests: wave(30, 40, 10), tokens: wave(30, 2000, 100)},
		judged: true,
	}
	for l := range latencies {
		f.past.p50[l], f.past.p99[l] = wave(31, 0.04, 0.01), append(wave(30, 0.1, 0.05), math.NaN())
	}
	f.verdict.Level = "trusted"
	return f
}
