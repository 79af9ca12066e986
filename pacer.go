package llmeter

import (
	"context"
	"time"
)

// waitUntil waits for an instant and reports whether it came before ctx was done.
func waitUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A pacer waits like waitUntil, but to within microseconds. It belongs to the goroutine that made it.
type pacer func(ctx context.Context, at time.Time) bool

// newPacer gives the best pacer that there is here, and a function that gives back what it took.
//
// Go's timers are late by up to a millisecond, because the poller that they wake from counts in milliseconds. So on a real
// clock the last part of a wait is slept in the kernel. In a bubble of testing/synctest time stands still while anything
// runs, so that only a timer ever ends there: it is recognised by a clock that does not advance over many readings.
func newPacer() (wait pacer, release func()) {
	start := time.Now()
	for range 1000 {
		if !time.Now().Equal(start) {
			return precisePacer()
		}
	}
	return waitUntil, func() {}
}
