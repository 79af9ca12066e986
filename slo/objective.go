package slo

import (
	"math"
	"strconv"
	"strings"
)

// An Op compares a value, on its left, with a bound.
type Op string

// The operators. An upper bound is Less or AtMost.
const (
	Less    Op = "<"
	AtMost  Op = "<="
	More    Op = ">"
	AtLeast Op = ">="
)

// upper reports whether the operator makes its bound an upper one.
func (op Op) upper() bool { return op == Less || op == AtMost }

func (op Op) holds(value, bound float64) bool {
	switch op {
	case Less:
		return value < bound
	case AtMost:
		return value <= bound
	case More:
		return value > bound
	case AtLeast:
		return value >= bound
	}
	return false
}

// A Bound is a number with its unit, as written.
type Bound struct {
	Number float64
	Unit   string // "ns", "us", "ms", "s", "m", "%", a rate such as "tok/s", or "" for a plain number
}

// Value is the bound in SI base units: seconds for times, a fraction for percentages; rates and numbers as they are.
func (b Bound) Value() float64 {
	if b.Unit == "m" {
		return b.Number * 60
	}
	return b.Number / perBase(b.Unit) // dividing, so that 300ms is the float64 nearest to 0.3
}

// perBase is how many of the unit make one of its base unit.
func perBase(unit string) float64 {
	switch unit {
	case "ns":
		return 1e9
	case "us":
		return 1e6
	case "ms":
		return 1e3
	case "m":
		return 1.0 / 60
	case "%":
		return 100
	}
	return 1
}

// String prints "500ms", "95%", "100 tok/s".
func (b Bound) String() string {
	if strings.Contains(b.Unit, "/") && b.Unit[0] != '/' {
		return number(b.Number) + " " + b.Unit
	}
	return number(b.Number) + b.Unit
}

// like writes a value in SI base units as b is written, a broken number with four digits.
func (b Bound) like(value float64) string {
	value *= perBase(b.Unit)
	if value != math.Trunc(value) {
		value, _ = strconv.ParseFloat(strconv.FormatFloat(value, 'g', 4, 64), 64)
	}
	return Bound{value, b.Unit}.String()
}

// number prints the shortest text that reads back as f, without an exponent where people would not write one.
func number(f float64) string {
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// A Condition is what one request must be like to be a good one.
type Condition struct {
	Name  string // a number of one request: "ttft"
	Op    Op
	Bound Bound
}

// Good reports whether a request meets the condition, given its numbers. What is undefined for a request, such as the time
// per output token of a single token, is not good.
func (c Condition) Good(request Lookup) bool {
	value, ok := request(c.Name)
	return ok && c.Op.holds(value, c.Bound.Value())
}

// String prints "ttft<300ms".
func (c Condition) String() string { return c.Name + string(c.Op) + c.Bound.String() }

// An Objective is a number of a run and the bound it must keep. Parse makes one; the zero Objective is never met.
type Objective struct {
	Name       string      // "ttft-p99"; "goodput" if there are conditions
	Conditions []Condition // for goodput: what makes a request a good one
	Op         Op
	Bound      Bound
}

// Goodput returns the conditions of a goodput objective, and false for others. A request is good if it meets them all;
// who checks the objective counts them and answers the look-up of Key with good ÷ attempted.
func (o Objective) Goodput() ([]Condition, bool) { return o.Conditions, len(o.Conditions) > 0 }

// Key is the name under which the value is looked up: Name, with the conditions of goodput: "goodput(ttft<300ms,tpot<40ms)".
func (o Objective) Key() string {
	if len(o.Conditions) == 0 {
		return o.Name
	}
	parts := make([]string, len(o.Conditions))
	for i, c := range o.Conditions {
		parts[i] = c.String()
	}
	return o.Name + "(" + strings.Join(parts, ",") + ")"
}

// String prints the objective as Parse reads it.
func (o Objective) String() string {
	return o.Key() + " " + string(o.Op) + " " + o.Bound.String()
}

// MarshalText is String, so that JSON holds objectives as people write them.
func (o Objective) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText is Parse without a list of names.
func (o *Objective) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*o = parsed
	}
	return err
}
