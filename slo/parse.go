package slo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A SyntaxError says where a text is not an objective, and why.
type SyntaxError struct {
	Text string // the whole text
	Pos  int    // the byte of Text, counted from 1; one more than its length where something is missing at the end
	Msg  string
}

// Error shows the text and the position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("slo: %q, position %d: %s", e.Text, e.Pos, e.Msg)
}

const goodput = "goodput"

// Parse reads one objective in the language of the package comment. If names are given, they are all that a look-up will
// know, and a name that is not among them is an error that lists them; a condition of goodput must then be a metric of which
// they have percentiles. The error is a *SyntaxError.
func Parse(text string, names ...string) (Objective, error) {
	p := &parser{text: text, names: names}
	o, err := p.objective()
	if err != nil {
		return Objective{}, err
	}
	return o, nil
}

// MustParse is Parse for objectives in code: it panics on errors.
func MustParse(text string) Objective {
	o, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return o
}

// ParseAll parses several objectives and reports the errors of all, joined.
func ParseAll(texts []string, names ...string) ([]Objective, error) {
	var all []Objective
	var errs []error
	for _, text := range texts {
		o, err := Parse(text, names...)
		all, errs = append(all, o), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// A parser walks over a text; at is the byte it has reached.
type parser struct {
	text  string
	names []string
	at    int
}

func (p *parser) objective() (Objective, error) {
	var o Objective
	pos, name := p.word()
	o.Name = name
	var err error
	if p.accept("(") {
		o.Conditions, err = p.conditions(pos, name)
	} else {
		err = p.checkName(pos, name)
	}
	if err != nil {
		return o, err
	}
	if o.Op, o.Bound, err = p.comparison(name); err != nil {
		return o, err
	}
	if p.space(); p.at < len(p.text) {
		return o, p.fail(p.at, fmt.Sprintf("found %q, want the end", p.text[p.at:]))
	}
	return o, nil
}

// conditions reads what stands in the parentheses of goodput, and the closing one.
func (p *parser) conditions(pos int, name string) ([]Condition, error) {
	if name != goodput {
		return nil, p.fail(pos, fmt.Sprintf("only goodput has parentheses, not %q", name))
	}
	var all []Condition
	for {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if p.accept(")") {
			return all, nil
		}
		if !p.accept(",") {
			return nil, p.want(`"," or ")"`)
		}
	}
}

func (p *parser) condition() (Condition, error) {
	pos, name := p.word()
	c := Condition{Name: name}
	err := p.checkConditionName(pos, name)
	if err == nil {
		c.Op, c.Bound, err = p.comparison(name)
	}
	return c, err
}

func (p *parser) checkName(pos int, name string) error {
	metric, statistic := split(name)
	bare := statistic == "" && perRequest(metric)
	switch {
	case name == "":
		return p.want("a name, such as ttft-p99")
	case name == goodput:
		return p.fail(pos, "goodput needs conditions, such as goodput(ttft<300ms,tpot<40ms)")
	case slices.Contains(p.names, name):
		return nil
	case slices.Contains(metricsOf(p.names), name), len(p.names) == 0 && bare:
		return p.fail(pos, fmt.Sprintf("%s needs a statistic, such as %[1]s-p99", name))
	case len(p.names) > 0:
		return p.fail(pos, unknown(name, p.names))
	}
	return nil
}

func (p *parser) checkConditionName(pos int, name string) error {
	metric, statistic := split(name)
	switch {
	case name == "":
		return p.want("a name, such as ttft")
	case name == goodput:
		return p.fail(pos, "goodput is not a number of one request")
	case statistic != "":
		return p.fail(pos, fmt.Sprintf("a condition is about one request: %s, not %s", metric, name))
	}
	if metrics := conditionsOf(p.names); len(p.names) > 0 && !slices.Contains(metrics, name) {
		return p.fail(pos, unknown(name, metrics))
	}
	return nil
}

// comparison reads an operator and the bound of the name before it.
func (p *parser) comparison(name string) (Op, Bound, error) {
	op := p.operator()
	if op == "" {
		return "", Bound{}, p.want("<, <=, > or >=")
	}
	bound, err := p.bound(name)
	return op, bound, err
}

func (p *parser) operator() Op {
	switch {
	case p.accept("<="), p.accept("≤"):
		return AtMost
	case p.accept(">="), p.accept("≥"):
		return AtLeast
	case p.accept("<"):
		return Less
	case p.accept(">"):
		return More
	}
	return ""
}

func (p *parser) bound(name string) (Bound, error) {
	p.space()
	pos := p.at
	f, err := strconv.ParseFloat(p.digits(), 64)
	if err != nil {
		p.at = pos
		return Bound{}, p.want("a number")
	}
	p.space()
	at := p.at
	written := p.run(func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune("(),<>=", r) })
	unit, ok := canonical(written)
	k := kindOf(name)
	switch {
	case written == "" && !k.allows(""):
		return Bound{}, p.fail(at, fmt.Sprintf("%s needs a unit: %s", name, k.units()))
	case !ok || !k.allows(unit):
		return Bound{}, p.fail(at, fmt.Sprintf("%q is not a unit of %s, which has %s", written, name, k.units()))
	case f < 0 && k != anything:
		return Bound{}, p.fail(pos, name+" is never negative")
	case f > 100 && k == fraction:
		return Bound{}, p.fail(pos, name+" is never more than 100%")
	}
	return Bound{f, unit}, nil
}

// digits reads what can be a decimal number: ParseFloat alone would also take hexadecimal ones, infinities and NaN.
func (p *parser) digits() string {
	start := p.at
	sign := func() string { return p.run(func(r rune) bool { return r == '-' || r == '+' }) }
	digit := func(r rune) bool { return '0' <= r && r <= '9' || r == '.' }
	sign()
	p.run(digit)
	mantissa := p.at
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		p.at++
		sign()
		if p.run(digit) == "" {
			p.at = mantissa // the letter belongs to what follows
		}
	}
	return p.text[start:p.at]
}

// word reads a name and returns where it starts.
func (p *parser) word() (pos int, name string) {
	p.space()
	pos = p.at
	return pos, p.run(func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune("<>=≤≥(),%", r) })
}

// run reads the characters that belong.
func (p *parser) run(belongs func(rune) bool) string {
	rest := p.text[p.at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !belongs(r) })
	if n < 0 {
		n = len(rest)
	}
	p.at += n
	return rest[:n]
}

func (p *parser) space() { p.run(unicode.IsSpace) }

// accept reads the symbol if it is next, and reports whether it was.
func (p *parser) accept(symbol string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], symbol) {
		return false
	}
	p.at += len(symbol)
	return true
}

// want is the error that something else stands at the next place.
func (p *parser) want(what string) error {
	p.space()
	found := "the end"
	if r, n := utf8.DecodeRuneInString(p.text[p.at:]); n > 0 {
		found = strconv.Quote(string(r))
	}
	return p.fail(p.at, "found "+found+", want "+what)
}

func (p *parser) fail(at int, msg string) error { return &SyntaxError{p.text, at + 1, msg} }
