package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

func calibration(t *testing.T, levels ...experiments.CalibrationLevel) string {
	var b strings.Builder
	require.NoError(t, report.Calibration(&b, &experiments.Calibration{
		Levels: levels, Clock: "kernel", CPUAvailable: 2, Gap: 10 * time.Millisecond, Ended: experiments.EndedUntrusted,
	}))
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
	}
	return b.String()
}

func TestACalibrationNamesTheHighestLoadThatWasTrusted(t *testing.T) {
	got := calibration(t,
		experiments.CalibrationLevel{
			Streams: 500, EventsPerSecond: 49812.3, StampError: result.Lag{P50: 5.1e-6, P99: 41e-6}, SendLag: result.Lag{P99: 3.3e-3},
			CPUUsed: 0.92, Verdict: result.Trusted,
		},
		experiments.CalibrationLevel{
			Streams: 1000, EventsPerSecond: 88000, StampError: result.Lag{P50: 8e-6, P99: 11.4e-3}, SendLag: result.Lag{P99: 60e-3},
			CPUUsed: 1.97, Verdict: result.Degraded, Reasons: []result.Reason{{Metric: "client_cpu", Error: 0.98, Unit: "of the CPU"}},
		})
	require.Equal(t, `kernel clock, client and server on 2 processors, an event every 10.0 ms

streams  events/s  stamp p50  stamp p99  send p99   CPU  verdict
    500    49,812    5.10 µs    41.0 µs   3.30 ms  0.92  trusted
  1,000    88,000    8.00 µs    11.4 ms   60.0 ms  1.97  degraded: client_cpu

stamp: how late the stamps of events were, against the server's own record
send: how long requests waited in this process until they were written

Trusted up to 500 streams, 49,812 events/s.
Two levels in a row were not trusted.
The server shared these processors: with a server elsewhere it can be more.
`, got)
}

func TestACalibrationWithoutATrustedLevelSaysSo(t *testing.T) {
	require.Contains(t, calibration(t, experiments.CalibrationLevel{Streams: 10, Verdict: result.Invalid}), "No load was trusted")
}
