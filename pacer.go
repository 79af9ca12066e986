package llmeter

import (
	"context"
	"time"

	"github.com/llmeter-go/llmeter/internal/bubble"
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
	if bubble.Inside() {
		return timerPacer(ctx)
	}
	return precisePacer(ctx, early)
}

func timerPacer(ctx context.Context) (pacer, func()) {
	return func(at time.Time) bool { return waitUntil(ctx, at) }, func() {}
}
