package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/llmeter-go/llmeter/experiments"
)

// whyEnded says why a calibration has no higher level.
var whyEnded = map[string]string{
	experiments.EndedUntrusted: "Two levels in a row were not trusted.",
	experiments.EndedTime:      "There was no time for a higher level.",
	experiments.EndedFiles:     "A higher level needs more open files or ports than this process may have.",
	experiments.EndedLevels:    "There is no higher level.",
}

// Calibration writes what a machine can measure as a table that fits into 80 columns, and the highest load that was trusted.
func Calibration(w io.Writer, c *experiments.Calibration) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s clock, client and server on %s processors, an event every %s\n\n", c.Clock, Number(c.CPUAvailable), Seconds(c.Gap.Seconds()))
	fmt.Fprintf(b, "%7s%10s%11s%11s%10s%6s  %s\n", "streams", "events/s", "stamp p50", "stamp p99", "send p99", "CPU", "verdict")
	for _, l := range c.Levels {
		verdict := l.Verdict
		if len(l.Reasons) > 0 {
			verdict += ": " + l.Reasons[0].Metric
		}
		fmt.Fprintf(b, "%7s%10s%s%s%s%6s  %s\n", Number(float64(l.Streams)), Number(l.EventsPerSecond), right(Seconds(l.StampError.P50), 11),
			right(Seconds(l.StampError.P99), 11), right(Seconds(l.SendLag.P99), 10), fmt.Sprintf("%.2f", l.CPUUsed), verdict)
	}
	fmt.Fprintln(b, "\nstamp: how late the stamps of events were, against the server's own record")
	fmt.Fprintln(b, "send: how long requests waited in this process until they were written")
	highest, ok := c.Highest()
	if ok {
		fmt.Fprintf(b, "\nTrusted up to %s streams, %s events/s.\n", Number(float64(highest.Streams)), Number(highest.EventsPerSecond))
	} else {
		fmt.Fprintln(b, "\nNo load was trusted: this machine is too busy to measure with.")
	}
	fmt.Fprintln(b, whyEnded[c.Ended])
	fmt.Fprintln(b, "The server shared these processors: with a server elsewhere it can be more.")
	return b.Flush()
}
