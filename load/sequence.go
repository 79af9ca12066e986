package load

import (
	"fmt"
	"iter"
	"math"
	"strings"
	"time"
)

// A Pause is a time in which no request starts.
type Pause struct {
	For time.Duration // required
}

// Offsets yields nothing.
func (p Pause) Offsets(uint64) iter.Seq[time.Duration] { return func(func(time.Duration) bool) {} }

// Validate reports a length that is not positive.
func (p Pause) Validate() error {
	ps := problems{of: "Pause"}
	ps.add(positive("length", p.For))
	return ps.err()
}

// Length reports For.
func (p Pause) Length() (time.Duration, bool) { return p.For, true }

// String prints "pause 10s".
func (p Pause) String() string { return "pause " + short(p.For) }

// A Sequence is one schedule after another: each part starts where the length of the one before ends.
// Only the last may be without an end. A sequence of one is that one, and prints as it does.
type Sequence []Arrivals

// Offsets yields the offsets of each part, moved by the lengths of those before it. The first part gets the seed itself,
// the others seeds derived from it, so that equal parts do not repeat each other.
func (s Sequence) Offsets(seed uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if s.Validate() != nil {
			return
		}
		base := time.Duration(0)
		for k, part := range s {
			own := seed
			if k > 0 {
				own = derive(seed, uint64(k)+1) // 0 and 1 are the halves of the first part's own state
			}
			for at := range part.Offsets(own) {
				if at > math.MaxInt64-base || !yield(base+at) {
					return
				}
			}
			length, _ := Length(part)
			base += length
		}
	}
}

// Validate reports all problems of all parts at once, and parts without an end that are not the last.
func (s Sequence) Validate() error {
	p := problems{of: "Sequence"}
	if len(s) == 0 {
		p.add("there must be at least one part")
	}
	total := time.Duration(0)
	for k, part := range s {
		if err := Validate(part); err != nil {
			p.errs = append(p.errs, fmt.Errorf("part %d: %w", k+1, err))
			continue
		}
		length, ends := Length(part)
		if !ends && k < len(s)-1 {
			p.add(fmt.Sprintf("part %d, %v, has no end and is not the last", k+1, part))
		}
		if length > math.MaxInt64-total {
			p.add(fmt.Sprintf("the first %d parts together last too long", k+1))
			break
		}
		total += length
	}
	return p.err()
}

// Length reports the lengths of the parts together, or false if the last has no end.
func (s Sequence) Length() (time.Duration, bool) {
	total := time.Duration(0)
	for _, part := range s {
		length, ends := Length(part)
		if !ends {
			return 0, false
		}
		total += length
	}
	return total, true
}

// String prints the parts with "then" between them, and a sequence within in parentheses.
func (s Sequence) String() string {
	if len(s) == 1 {
		return nested(s[0])
	}
	parts := make([]string, len(s))
	for k, part := range s {
		parts[k] = nested(part)
	}
	return strings.Join(parts, " then ")
}

// nested prints a schedule as a part of another.
func nested(a Arrivals) string {
	switch s, ok := a.(Sequence); {
	case a == nil:
		return "nothing"
	case ok && len(s) > 1:
		return "(" + s.String() + ")"
	}
	return a.String()
}
