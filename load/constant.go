package load

import (
	"iter"
	"math"
	"math/bits"
	"time"
)

// Constant arrivals are evenly spaced, the first at 0.
type Constant struct {
	Rate Rate          // required
	For  time.Duration // 0 = no end
}

// Offsets yields i/Rate for i = 0, 1, 2, …, each computed from i and rounded to the nearest nanosecond: there is no drift.
// The seed is not used.
func (c Constant) Offsets(uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if c.Validate() == nil {
			c.deal(0, endOf(c.For), yield)
		}
	}
}

// deal yields the offsets before end, each moved by base, and reports whether more are wanted.
func (c Constant) deal(base, end time.Duration, yield func(time.Duration) bool) bool {
	for i := uint64(0); ; i++ {
		hi, lo := bits.Mul64(i, uint64(time.Second))
		at, ok := quotient(hi, lo, float64(c.Rate))
		if !ok || at >= end || at > math.MaxInt64-base {
			return true
		}
		if !yield(base + at) {
			return false
		}
	}
}

// Validate reports all problems at once.
func (c Constant) Validate() error {
	p := problems{of: "Constant"}
	p.add(c.Rate.problem())
	p.add(notNegative("length", c.For))
	return p.err()
}

// Length reports For, or false for a schedule without an end.
func (c Constant) Length() (time.Duration, bool) { return c.For, c.For > 0 }

// String prints "const 20/s for 1m".
func (c Constant) String() string { return "const " + c.Rate.String() + limit(c.For) }

// Steps are levels of constant rate, one after another, each lasting Each.
type Steps struct {
	Rates []Rate        // required, at least one
	Each  time.Duration // required
}

// Offsets yields evenly spaced arrivals in each level, the first at the level's start. The seed is not used.
func (s Steps) Offsets(uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if s.Validate() != nil {
			return
		}
		for k, r := range s.Rates {
			base := time.Duration(k) * s.Each
			if !(Constant{Rate: r}).deal(base, s.Each, yield) {
				return
			}
		}
	}
}

// Validate reports all problems at once.
func (s Steps) Validate() error {
	p := problems{of: "Steps"}
	if len(s.Rates) == 0 {
		p.add("there must be at least one rate")
	}
	for _, r := range s.Rates {
		p.add(r.problem())
	}
	p.add(positive("length of a step", s.Each))
	if s.Each > 0 && time.Duration(len(s.Rates)) > math.MaxInt64/s.Each {
		p.add("the steps together last too long")
	}
	return p.err()
}

// Length reports the length of all levels together.
func (s Steps) Length() (time.Duration, bool) { return time.Duration(len(s.Rates)) * s.Each, true }

// String prints "steps 10/s, 20/s, 40/s each 30s".
func (s Steps) String() string {
	text := "steps "
	for i, r := range s.Rates {
		if i > 0 {
			text += ", "
		}
		text += r.String()
	}
	return text + " each " + short(s.Each)
}

// quotient is the 128-bit integer hi:lo divided by d > 0, rounded to the nearest integer, halves up. It reports false where
// that is not a Duration.
//
// A float64 is an integer of 53 bits times a power of two, so the division is done in integers and is exact on every
// machine: floats would lose the last nanosecond after some days.
func quotient(hi, lo uint64, d float64) (time.Duration, bool) {
	frac, exp := math.Frexp(d)
	m := uint64(math.Ldexp(frac, 53)) // d = m·2^exp
	exp -= 53
	zeros := bits.TrailingZeros64(m)
	m, exp = m>>zeros, exp+zeros
	if exp > 0 {
		if bits.Len64(m)+exp > 64 {
			return 0, hi == 0 // only a trace with an absurd speed comes here
		}
		m, exp = m<<exp, 0
	}
	hi, lo, ok := shiftLeft(hi, lo, -exp)
	if !ok || hi >= m {
		return 0, false
	}
	q, rest := bits.Div64(hi, lo, m)
	if rest >= m-rest {
		q++
	}
	return time.Duration(q), q <= math.MaxInt64
}

// shiftLeft shifts a 128-bit integer and reports whether no bit was lost.
func shiftLeft(hi, lo uint64, by int) (uint64, uint64, bool) {
	length := bits.Len64(lo)
	if hi != 0 {
		length = 64 + bits.Len64(hi)
	}
	switch {
	case length == 0:
		return 0, 0, true
	case length+by > 128:
		return 0, 0, false
	case by >= 64:
		return lo << (by - 64), 0, true
	}
	return hi<<by | lo>>(64-by), lo << by, true
}
