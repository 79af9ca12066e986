package llmeter

import (
	"time"

	"github.com/llmeter-go/llmeter/result"
)

// The codes of the warnings in the Result of a run with [Runner.Until].
const (
	WarnPrecise   = "stopped-when-precise" // it ended because its numbers were known precisely enough
	WarnImprecise = "not-precise"          // it ended before they were
)

// When the collector looks whether the numbers are known precisely enough. An interval that is looked at again and again until
// it is narrow enough is narrow by chance at times. Few looks, each after a tenth more responses, and two in a row that must
// agree keep that small: docs/statistics.md says how small.
const (
	firstLook = 100
	lookAfter = 10 // the next look is after a tenth more
)

// A patience says when to look at [Runner.Until].
type patience struct {
	next    int  // responses at the next look
	precise bool // at the last look
}

// checkUntil ends the run if its numbers are known precisely enough. The collector calls it.
func (run *Run) checkUntil(finished int) {
	p := &run.patience
	if len(run.cfg.Until) == 0 || run.stopped != nil || finished < max(p.next, firstLook) {
		return
	}
	p.next = finished + finished/lookAfter
	precise, known := run.precision(time.Since(run.start))
	if precise && p.precise {
		run.stopped = &result.Warning{Code: WarnPrecise, Text: "stopped when the numbers were precise enough, " + known +
			"; intervals that were waited for are a little too narrow"}
		run.Stop()
	}
	p.precise = precise
}

func (run *Run) precision(took time.Duration) (precise bool, known string) {
	run.mu.Lock()
	defer run.mu.Unlock()
	return run.acc.Precise(run.cfg.Until, took)
}

// imprecise warns of a run that ended at its limits before its numbers were known precisely enough, nil if it did not.
func (run *Run) imprecise(took time.Duration) []result.Warning {
	if len(run.cfg.Until) == 0 || run.stopped != nil {
		return nil
	}
	_, known := run.precision(took)
	return []result.Warning{{Code: WarnImprecise, Text: "the run ended before its numbers were as precise as asked (" +
		run.cfg.Until.String() + "): " + known}}
}
