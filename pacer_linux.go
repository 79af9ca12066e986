package llmeter

import (
	"context"
	"runtime"
	"syscall"
	"time"
)

const (
	prSetTimerSlack = 29
	// coarse is how long before the instant the wait goes over from Go's timer to the kernel's.
	coarse = 3 * time.Millisecond
	// fine is the last part, which is spun: about what it takes to come back from the kernel.
	fine = 15 * time.Microsecond
)

// precisePacer keeps a thread for itself, whose sleeps the kernel does not round. Its thread is asleep while it waits; only
// the last few microseconds are spun.
func precisePacer() (pacer, func()) {
	runtime.LockOSThread()
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 1, 0) // an error leaves the kernel's default of 50 µs
	release := func() {
		syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 0, 0)
		runtime.UnlockOSThread()
	}
	return func(ctx context.Context, at time.Time) bool {
		if time.Until(at) > coarse && !waitUntil(ctx, at.Add(-coarse)) {
			return false
		}
		for {
			rest := time.Until(at)
			if rest <= 0 {
				return ctx.Err() == nil
			}
			if rest > fine {
				ts := syscall.NsecToTimespec(int64(rest - fine))
				_ = syscall.Nanosleep(&ts, nil) // a signal may end it early: the loop looks at the clock again
			}
		}
	}, release
}
