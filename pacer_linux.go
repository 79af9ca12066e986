package llmeter

import (
	"context"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// The last part of a wait is spun. It is a tenth of the time between two instants, so that spinning takes a tenth of a
// processor at most: at least what it takes to come back from the kernel, and no more than other goroutines hold a processor
// for, because those that come first would make the request late. What these then do a little later, reading answers, has the kernel's
// stamps and is no later for it.
const (
	leastSpin = 15 * time.Microsecond
	mostSpin  = 200 * time.Microsecond
)

const clockMonotonic = 1 // from linux/time.h

// precisePacer waits for a timer of the kernel's through Go's poller: a wait holds neither a thread nor a processor of the
// scheduler, and ends when the timer fires and not at the millisecond after. Only its last part is spun.
//
// Note: a wait in nanosleep is as precise, but holds a processor of the scheduler until that takes it away. With only one,
// everything else stands still meanwhile.
func precisePacer(ctx context.Context, early bool) (pacer, func()) {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if errno != 0 {
		return timerPacer(ctx)
	}
	timer := os.NewFile(fd, "timerfd")
	// A deadline in the past ends a wait at once.
	unregister := context.AfterFunc(ctx, func() { _ = timer.SetReadDeadline(time.Unix(1, 0)) })
	release := func() {
		unregister()
		_ = timer.Close()
	}
	expirations := make([]byte, 8)
	var before time.Time
	return func(at time.Time) bool {
		spin := min(max(at.Sub(before)/10, leastSpin), mostSpin)
		before = at
		if early {
			spin = 0
		}
		for {
			rest := time.Until(at)
			switch {
			case ctx.Err() != nil:
				return false
			case rest <= 0:
				return true
			case rest > spin:
				arm(fd, rest-spin)
				_, _ = timer.Read(expirations) // whatever ends it, the loop looks at the clock again
			}
		}
	}, release
}

// arm makes a timer fire once, after d.
func arm(fd uintptr, d time.Duration) {
	setting := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(d))}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0)
}
