package llmeter

import (
	"fmt"

	"github.com/llmeter-go/llmeter/result"
)

// StopWhen ends a run early, so that a dead endpoint costs seconds and not the hour that was planned. What is in flight
// finishes, all that was measured is kept, and a warning in the Result says why it ended. The zero value never ends a run.
type StopWhen struct {
	// FirstError ends the run at the first failed request.
	FirstError bool
	// ErrorRate ends the run when this share of the finished requests has failed (0.2 = 20 %). 0 = never.
	ErrorRate float64
	// MinRequests is how many requests must have finished before ErrorRate counts. 0 = 20.
	MinRequests int
}

const defaultMinRequests = 20

// WarnStoppedEarly is the code of the warning in the Result of a run that [StopWhen] has ended.
const WarnStoppedEarly = "stopped-early"

// reason says why a run with these counts is to end, "" if it is not.
func (s StopWhen) reason(finished, failed int) string {
	least := s.MinRequests
	if least == 0 {
		least = defaultMinRequests
	}
	switch {
	case failed == 0:
		return ""
	case s.FirstError:
		return fmt.Sprintf("stopped at the first error, after %d requests", finished)
	case s.ErrorRate > 0 && finished >= least && float64(failed) >= s.ErrorRate*float64(finished):
		return fmt.Sprintf("stopped early: %d of %d requests had failed, the limit was %g %%", failed, finished, s.ErrorRate*100)
	}
	return ""
}

// checkStop ends the run if its counts say so. The collector calls it.
func (run *Run) checkStop(finished, failed int) {
	if run.stopped != nil {
		return
	}
	if why := run.cfg.StopWhen.reason(finished, failed); why != "" {
		run.stopped = &result.Warning{Code: WarnStoppedEarly, Text: why}
		run.Stop()
	}
}
