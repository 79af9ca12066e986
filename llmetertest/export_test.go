package llmetertest

import "github.com/llmeter-go/llmeter/stats"

// What tests look into.
var (
	First         = first
	ParseBaseline = parseBaseline
	MeasureRun    = measure
)

// Regressions are the statistics that have regressed between two runs with these times to the first token, in order of time.
func Regressions(old, now stats.Series, oldFailed, nowFailed int, tolerance float64) (names []string) {
	run := func(s stats.Series, failed int) *baseline {
		return &baseline{Requests: len(s) + failed, Failed: failed, Latencies: map[string]latency{"ttft": latencyOf(s)}}
	}
	names = nil
	for i, f := range test(run(old, oldFailed), run(now, nowFailed), tolerance, func(string) float64 { return 0 }) {
		if f.regressed {
			names = append(names, []string{"whole", "tail", "failed"}[i])
		}
	}
	return names
}
