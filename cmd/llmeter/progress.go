package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
)

// watch shows the progress of run on w until it has ended: one line that is rewritten on a terminal, or a line each time.
func watch(run *llmeter.Run, w io.Writer, how string) {
	rewrite := false
	if f, ok := w.(*os.File); ok && how == "auto" {
		rewrite = term.IsTerminal(int(f.Fd()))
	}
	if how == "none" || how == "auto" && !rewrite {
		return
	}
	every := 2 * time.Second
	if rewrite {
		every = 500 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-run.Done():
			if rewrite {
				fmt.Fprint(w, "\r\x1b[K")
			}
			return
		case <-tick.C:
			p := run.Progress()
			line := report.Line(p.Elapsed, p.Finished, p.Planned, p.Failed, p.InFlight, run.Stats())
			if rewrite {
				fmt.Fprint(w, "\r\x1b[K"+line)
			} else {
				fmt.Fprintln(w, line)
			}
		}
	}
}
