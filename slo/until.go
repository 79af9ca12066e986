package slo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Precision is how surely a number of a run is to be known: half the width of its 95 % confidence interval, as a share
// of the number, is to be below Within.
type Precision struct {
	Name   string  // "ttft-p99"
	Within float64 // 0.05 = ± 5 %
}

// Reached gives the precision that the look-up has, and reports whether it is enough. A number without an interval, or of
// which the value is 0, is known to no precision: NaN and false.
func (p Precision) Reached(lookup Lookup) (precision float64, enough bool) {
	value, ok := defined(lookup, p.Name)
	lo, okLo := defined(lookup, p.Name+"-ci95-lo")
	hi, okHi := defined(lookup, p.Name+"-ci95-hi")
	if !ok || !okLo || !okHi || value == 0 {
		return math.NaN(), false
	}
	precision = (hi - lo) / 2 / math.Abs(value)
	return precision, precision < p.Within
}

// String prints "ttft-p99 ci < 5%".
func (p Precision) String() string {
	return p.Name + " ci < " + number(p.percent()) + "%"
}

// percent is Within as it was written: dividing it by 100 gives Within again.
func (p Precision) percent() float64 {
	percent, _ := strconv.ParseFloat(strconv.FormatFloat(p.Within*100, 'g', 15, 64), 64)
	return percent
}

// An Until says when a run has measured enough: when all of its numbers are known precisely enough. The zero Until says
// nothing.
type Until []Precision

// ParseUntil reads "ttft-p99 ci < 5%", or several of these joined by "," or "and". If names are given, they are all that a
// look-up will know: a name that is not among them, or that has no interval there, is an error that lists those that have
// one. The error is a *[SyntaxError].
func ParseUntil(text string, names ...string) (Until, error) {
	p := &parser{text: text, names: names}
	var all Until
	for {
		one, err := p.precision()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		if p.space(); p.at == len(p.text) {
			return all, nil
		}
		if !p.accept(",") && !p.accept("and") {
			return nil, p.want(`",", "and" or the end`)
		}
	}
}

// MustParseUntil is ParseUntil for texts in code: it panics on errors.
func MustParseUntil(text string) Until {
	u, err := ParseUntil(text)
	if err != nil {
		panic(err)
	}
	return u
}

// String prints what ParseUntil reads: "ttft-p99 ci < 5%, itl-mean ci < 1%".
func (u Until) String() string {
	parts := make([]string, len(u))
	for i, p := range u {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

func (p *parser) precision() (Precision, error) {
	pos, name := p.word()
	if err := p.checkPreciseName(pos, name); err != nil {
		return Precision{}, err
	}
	if !p.accept("ci") {
		return Precision{}, p.want(`"ci", as in "ttft-p99 ci < 5%"`)
	}
	if !p.accept("<") {
		return Precision{}, p.want("<")
	}
	p.space()
	pos = p.at
	percent, err := strconv.ParseFloat(p.digits(), 64)
	switch {
	case err != nil:
		p.at = pos
		return Precision{}, p.want("a number")
	case !p.accept("%"):
		return Precision{}, p.want("%")
	case !(percent > 0 && percent <= 100):
		return Precision{}, p.fail(pos, "a precision is above 0% and at most 100%")
	}
	return Precision{name, percent / 100}, nil
}

// checkPreciseName reports names that have no interval.
func (p *parser) checkPreciseName(pos int, name string) error {
	if name == "" {
		return p.want("a name, such as ttft-p99")
	}
	if len(p.names) == 0 || slices.Contains(p.names, name+"-ci95-lo") {
		return nil
	}
	var known []string
	for _, n := range p.names {
		if slices.Contains(p.names, n+"-ci95-lo") {
			known = append(known, n)
		}
	}
	if slices.Contains(p.names, name) {
		return p.fail(pos, fmt.Sprintf("%s has no interval; these have: %s", name, list(known)))
	}
	return p.fail(pos, unknown(name, known))
}
