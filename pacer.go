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

// A pacer waits like waitUntil, but to within microseconds. It serves one goroutine.
type pacer func(at time.Time) bool

// newPacer gives the best pacer that there is here, whose waits end with ctx, and a function that gives back what it took. One
// that is early may be late by some ten microseconds: what comes after it waits for the instant itself.
//
// Go's timers are late by up to a millisecond, because the poller that they wake from counts in milliseconds. So on a real
// clock a wait is left to something better. In a bubble of testing/synctest time stands still while anything runs, so that
// only a timer ever ends there: it is recognised by a clock that does not advance over many readings.
func newPacer(ctx context.Context, early bool) (wait pacer, release func()) {
	if timeStandsStill() {
		return timerPacer(ctx)
	}
	return precisePacer(ctx, early)
}

// timeStandsStill reports whether this is a bubble of testing/synctest.
func timeStandsStill() bool {
	start := time.Now()
	for range 1000 {
		if !time.Now().Equal(start) {
			return false
		}
	}
	return true
}

func timerPacer(ctx context.Context) (pacer, func()) {
	return func(at time.Time) bool { return waitUntil(ctx, at) }, func() {}
}
