package figure

import (
	"math"
	"strconv"
)

// A Unit says what a number counts and so how it is read. Any text is a unit: Unit("tokens/s") reads 1234 as
// "1,234 tokens/s". The units named here choose their own scale.
type Unit string

// The units that are more than a word after the number.
const (
	None     Unit = ""  // a plain number: "1,234"
	Seconds  Unit = "s" // from nanoseconds to hours: 0.0123 is "12.3 ms"
	Fraction Unit = "%" // of one: 0.0123 is "1.23 %"
	Bytes    Unit = "B" // powers of 1,000: 12300 is "12.3 kB"
)

// A scale is a name for a multiple of a unit, used for numbers whose size is less than below.
type scale struct {
	below, size float64
	name        string
}

// The limits are where three digits round up to the next scale.
var (
	times = []scale{{999.5e-9, 1e-9, "ns"}, {999.5e-6, 1e-6, "µs"}, {999.5e-3, 1e-3, "ms"}, {5999.5, 1, "s"}, {math.Inf(1), 3600, "h"}}
	sizes = []scale{{999.5, 1, "B"}, {999.5e3, 1e3, "kB"}, {999.5e6, 1e6, "MB"}, {999.5e9, 1e9, "GB"}, {math.Inf(1), 1e12, "TB"}}
)

// scaleOf chooses how numbers up to the size of v are read.
func (u Unit) scaleOf(v float64) scale {
	var all []scale
	switch u {
	case Fraction:
		return scale{size: 0.01, name: "%"}
	case Seconds:
		all = times
	case Bytes:
		all = sizes
	default:
		return scale{size: 1, name: string(u)}
	}
	if v == 0 {
		return scale{size: 1, name: string(u)}
	}
	for _, s := range all {
		if math.Abs(v) < s.below {
			return s
		}
	}
	return all[len(all)-1]
}

// Format writes v for reading: three significant digits, thousands grouped, in the multiple of the unit that suits it. What
// is counted, and bytes, are whole where they are. NaN, a value that is not known, is "–".
func (u Unit) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	s := u.scaleOf(v)
	text := number(v/s.size, u != Seconds && u != Fraction)
	if s.name == "" {
		return text
	}
	return text + " " + s.name
}

// Tick writes a round number v of an axis that reaches to span: all digits that it has, in one multiple for the whole axis.
func (u Unit) Tick(v, span float64) string {
	s := u.scaleOf(span)
	x, _ := strconv.ParseFloat(strconv.FormatFloat(v/s.size, 'g', 10, 64), 64) // 0.30000000000000004 is 0.3
	text := strconv.FormatFloat(math.Abs(x), 'f', -1, 64)
	if math.Abs(x) >= 1e15 {
		text = strconv.FormatFloat(math.Abs(x), 'g', -1, 64)
	} else if math.Abs(x) >= 1000 {
		whole := math.Trunc(math.Abs(x))
		text = grouped(strconv.FormatFloat(whole, 'f', 0, 64)) + text[len(strconv.FormatFloat(whole, 'f', 0, 64)):]
	}
	if x < 0 {
		text = "−" + text
	}
	if s.name == "" {
		return text
	}
	return text + " " + s.name
}

// Multiple is the size of the multiple in which an axis up to span is read: its ticks are round numbers of it.
func (u Unit) Multiple(span float64) float64 { return u.scaleOf(span).size }

// number writes three significant digits, or all of a large number or, with whole, of a whole one.
func number(v float64, whole bool) string {
	a := math.Abs(v)
	var text string
	if a >= 999.5 || a == 0 || whole && a == math.Trunc(a) {
		text = grouped(strconv.FormatFloat(math.Round(a), 'f', 0, 64))
	} else {
		text = significant(a)
	}
	if v < 0 {
		return "−" + text
	}
	return text
}

// significant gives three significant digits without an exponent; what rounding carries over changes the decimals: 9.999 is 10.0.
func significant(a float64) string {
	rounded := strconv.FormatFloat(a, 'e', 2, 64)
	exponent, _ := strconv.Atoi(rounded[len("1.00e"):])
	value, _ := strconv.ParseFloat(rounded, 64)
	return strconv.FormatFloat(value, 'f', max(0, 2-exponent), 64)
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
