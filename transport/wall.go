package transport

import "time"

// A wallClock sets instants of the wall clock, which the kernel stamps with, beside the monotonic clock, which
// everything else is measured with. The two run alike except that the wall clock is now and then set; an
// instant from before it was set must not be compared with one from after.
type wallClock struct {
	base reading // the last one
}

// A reading is one look at both clocks, in nanoseconds since whatever epoch each has.
type reading struct{ wall, mono int64 }

const (
	readingError = 50 * time.Microsecond // how far apart the two clocks of one reading may be looked at
	slewShift    = 10                    // the kernel slews the wall clock by at most 1/2000; 1/1024 is allowed
)

// stepped reports whether the wall clock was set between the last reading that was accepted and r.
func (w *wallClock) stepped(r reading) bool {
	elapsed := r.mono - w.base.mono
	apart := r.wall - w.base.wall - elapsed
	return max(apart, -apart) > int64(readingError)+elapsed>>slewShift
}

// accept makes r the last reading.
func (w *wallClock) accept(r reading) { w.base = r }
