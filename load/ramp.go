package load

import (
	"iter"
	"math"
	"time"
)

// A Ramp changes the rate steadily from From to To. It is not random: request i starts when the expected number of
// requests, the integral of the rate, reaches i, so the first starts at 0.
type Ramp struct {
	From, To    Rate          // required; To may be the lower one
	Over        time.Duration // required
	Exponential bool          // false = the rate changes by equal amounts in equal times, true = by equal factors
}

// Offsets yields the instants at which the integral of the rate reaches 0, 1, 2, …. The seed is not used.
func (r Ramp) Offsets(uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if r.Validate() != nil {
			return
		}
		reach, last := r.inverse(), time.Duration(0)
		for i := 0.0; ; i++ {
			at, ok := nanoseconds(reach(i))
			at = max(at, last) // the last bit of a float must not turn two requests round
			if !ok || at >= r.Over || !yield(at) {
				return
			}
			last = at
		}
	}
}

// inverse is the function from a number of requests to the seconds after which it is reached: NaN or +Inf for never.
func (r Ramp) inverse() func(n float64) float64 {
	from, over := float64(r.From), r.Over.Seconds()
	if !r.Exponential || r.From == r.To {
		// from·t + slope·t²/2 = n, solved in the form that does not subtract near-equal numbers.
		slope := float64(r.To-r.From) / over
		return func(n float64) float64 {
			return 2 * n / (from + math.Sqrt(float64(from*from)+float64(2*slope*n)))
		}
	}
	// The rate is from·e^(growth·t), its integral from/growth·(e^(growth·t) − 1).
	growth := ln1p(float64(r.To-r.From)/from) / over
	return func(n float64) float64 {
		x := n * growth / from
		if x <= -1 {
			return math.Inf(1)
		}
		return ln1p(x) / growth
	}
}

// Validate reports all problems at once.
func (r Ramp) Validate() error {
	p := problems{of: "Ramp"}
	p.add(r.From.problem())
	p.add(r.To.problem())
	p.add(positive("length", r.Over))
	return p.err()
}

// Length reports Over.
func (r Ramp) Length() (time.Duration, bool) { return r.Over, true }

// String prints "ramp 1/s to 200/s over 5m" or "exponential ramp 1/s to 200/s over 5m".
func (r Ramp) String() string {
	text := "ramp "
	if r.Exponential {
		text = "exponential ramp "
	}
	return text + r.From.String() + " to " + r.To.String() + " over " + short(r.Over)
}
