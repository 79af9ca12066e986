package live

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
)

// lineEvery is the pause between two lines.
const lineEvery = 2 * time.Second

// lines writes a line now and then until ctx is done.
func (v *View) lines(ctx context.Context, of *llmeter.Run) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintln(v.Out, line(of.Progress(), of.Points(), v.Specs))
		}
	}
}

func line(p llmeter.Progress, st llmeter.Stats, specs Specs) string {
	parts := []string{report.Line(p.Elapsed, p.Finished, p.Planned, p.Failed, p.InFlight, st)}
	for _, s := range specs {
		parts = append(parts, s.Label+"="+s.format(st))
	}
	return strings.Join(parts, "  ")
}
