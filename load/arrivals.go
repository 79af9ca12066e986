package load

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
)

// Arrivals say when requests start, as offsets from the start of the run, non-decreasing.
// They are values: the same seed gives the same schedule on every machine.
//
// The types of this package also have Validate and Length (see the functions of those names). An Arrivals of another
// package has them if it wants to be checked before the run, or to stand before another part in a Sequence.
type Arrivals interface {
	// Offsets yields the offset of each request in turn; it may be endless. It can be ranged over again and gives the
	// same offsets again. Arrivals that are not valid have no offsets.
	Offsets(seed uint64) iter.Seq[time.Duration]
	// String is the text that Parse reads.
	String() string
}

// Validate reports all problems of a at once, joined; nil if there is none or a does not say.
func Validate(a Arrivals) error {
	if a == nil {
		return errors.New("load: no arrivals")
	}
	if v, ok := a.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// Length reports how long a lasts, which is not when its last request starts: "const 1/s for 10s then pause 5s" lasts 15 s.
// It reports false if a has no end or does not say.
func Length(a Arrivals) (time.Duration, bool) {
	if l, ok := a.(interface{ Length() (time.Duration, bool) }); ok {
		return l.Length()
	}
	return 0, false
}

// A Rate is a number of events per second.
type Rate float64

// Rates above one in a nanosecond have no meaning for offsets that are whole nanoseconds.
const maxRate Rate = 1e9

// String prints the rate as Parse reads it: "50/s".
func (r Rate) String() string { return number(float64(r)) + "/s" }

// problem says what is wrong with the rate, or "".
func (r Rate) problem() string {
	if r > 0 && r <= maxRate {
		return ""
	}
	return fmt.Sprintf("the rate %v must be more than 0 and at most 1e9/s", r)
}

// endOf is the exclusive limit of offsets for a field in which 0 means no end.
func endOf(length time.Duration) time.Duration {
	if length == 0 {
		return math.MaxInt64
	}
	return length
}

// problems collects what Validate finds, each with the name of the type that has it.
type problems struct {
	of   string
	errs []error
}

func (p *problems) add(msg string) {
	if msg != "" {
		p.errs = append(p.errs, fmt.Errorf("load.%s: %s", p.of, msg))
	}
}

func (p *problems) err() error { return errors.Join(p.errs...) }

func positive(name string, d time.Duration) string {
	if d > 0 {
		return ""
	}
	return fmt.Sprintf("the %s %v must be more than 0", name, d)
}

func notNegative(name string, d time.Duration) string {
	if d >= 0 {
		return ""
	}
	return fmt.Sprintf("the %s %v must not be negative", name, d)
}

// number prints the shortest text that reads back as f, without an exponent where people would not write one.
func number(f float64) string {
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// short prints d as time.Duration does, without the zero units at its end: "2m", not "2m0s".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// limit prints " for 2m", or nothing for a part without an end.
func limit(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " for " + short(d)
}
