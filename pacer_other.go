//go:build !linux

package llmeter

import (
	"context"
	"runtime"
	"time"
)

// precisePacer sleeps until shortly before the instant and spins the rest.
func precisePacer(ctx context.Context, _ bool) (pacer, func()) {
	const spun = 1500 * time.Microsecond
	return func(at time.Time) bool {
		if time.Until(at) > spun && !waitUntil(ctx, at.Add(-spun)) {
			return false
		}
		for time.Until(at) > 0 {
			runtime.Gosched()
		}
		return ctx.Err() == nil
	}, func() {}
}
