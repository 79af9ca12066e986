package slo

import (
	"fmt"
	"math"
)

// A Lookup gives the value of a name in SI base units, or false if there is none. NaN counts as none.
type Lookup func(name string) (float64, bool)

// A Status is how a check came out.
type Status int

// The ways in which a check comes out.
const (
	Undefined    Status = iota // the look-up does not have the number
	Missed                     // the bound is not kept
	Inconclusive               // the client's own lag could be the reason that it is not kept, or that it is
	Met                        // the bound is kept
)

// String prints "undefined", "missed", "inconclusive" or "met".
func (s Status) String() string {
	switch s {
	case Undefined:
		return "undefined"
	case Missed:
		return "missed"
	case Inconclusive:
		return "inconclusive"
	case Met:
		return "met"
	}
	return fmt.Sprintf("slo.Status(%d)", int(s))
}

// MarshalText is String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// An Interval is a 95 % confidence interval, in SI base units.
type Interval struct{ Lo, Hi float64 }

// An Outcome is what the check of an objective found.
type Outcome struct {
	Objective Objective
	Status    Status
	Value     float64   // in SI base units; 0 if Undefined
	Margin    float64   // how far Value is from the bound on the right side; negative on the wrong side
	Interval  *Interval // of Value, if the look-up has both ends; nil otherwise
	N         int       // how many values Value was computed from, if the look-up has it; 0 otherwise
	Missing   []string  // names that the look-up does not have and the check needs
}

// Check compares the value of o with its bound.
func (o Objective) Check(lookup Lookup) Outcome { return o.CheckWithLag(lookup, 0) }

// CheckWithLag is Check where the client itself was late by up to lag seconds. That only lengthens times: the true value lies
// between the measured one and lag less. A time that is on the same side of its bound at both ends is Met or Missed; else it
// is Inconclusive, so an upper bound that is met is met in spite of the lag. Numbers that are not times are taken as they
// are, goodput too.
func (o Objective) CheckWithLag(lookup Lookup, lag float64) Outcome {
	out := Outcome{Objective: o}
	value, ok := defined(lookup, o.Key())
	if !ok {
		out.Missing = []string{o.Key()}
		return out
	}
	bound := o.Bound.Value()
	out.Value, out.Margin = value, value-bound
	if o.Op.upper() {
		out.Margin = bound - value
	}
	out.Status = Missed
	if o.holds(value) {
		out.Status = Met
	}
	if lag > 0 && kindOf(o.Name) == seconds && o.holds(value) != o.holds(value-lag) {
		out.Status = Inconclusive
	}
	lo, hasLo := defined(lookup, o.Key()+"-ci95-lo")
	hi, hasHi := defined(lookup, o.Key()+"-ci95-hi")
	if hasLo && hasHi {
		out.Interval = &Interval{lo, hi}
	}
	metric, _ := split(o.Key())
	if n, ok := defined(lookup, metric+"-n"); ok {
		out.N = int(n)
	}
	return out
}

func (o Objective) holds(value float64) bool { return o.Op.holds(value, o.Bound.Value()) }

func defined(lookup Lookup, name string) (float64, bool) {
	value, ok := lookup(name)
	return value, ok && !math.IsNaN(value)
}

// Sure reports whether the whole interval is on the same side of the bound as the value: Met and Sure is met over the whole
// interval. It is false without an interval.
func (o Outcome) Sure() bool {
	if o.Interval == nil || o.Status != Met && o.Status != Missed {
		return false
	}
	met := o.Status == Met
	return o.Objective.holds(o.Interval.Lo) == met && o.Objective.holds(o.Interval.Hi) == met
}

// String prints one line: "ttft-p99 < 500ms: missed, 612ms, off by 112ms, 95% interval 580ms to 640ms".
func (o Outcome) String() string {
	text := fmt.Sprintf("%v: %v", o.Objective, o.Status)
	if o.Status == Undefined {
		return text + ", there is no " + o.Objective.Key()
	}
	bound := o.Objective.Bound
	text += ", " + bound.like(o.Value)
	if o.Margin < 0 {
		text += ", off by " + bound.like(-o.Margin)
	}
	if o.Interval != nil {
		text += ", 95% interval " + bound.like(o.Interval.Lo) + " to " + bound.like(o.Interval.Hi)
	}
	return text
}
