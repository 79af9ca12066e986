package load

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads the text of a schedule in the language of the package comment: "poisson 50/s for 2m".
// Its errors are *SyntaxError; if values are impossible at several places (a rate of 0, a length below 0), all are joined.
func Parse(text string) (Arrivals, error) {
	p := newParser(text)
	a := p.schedule(0)
	p.end()
	if len(p.errs) == 0 { // what concerns the whole, such as its length, has no position of its own
		if err := Validate(a); err != nil {
			p.problem(1, strings.TrimPrefix(err.Error(), "load."))
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return a, nil
}

// maxDepth bounds parentheses and shards within each other, for the sake of the stack.
const maxDepth = 100

func (p *parser) schedule(depth int) Arrivals {
	var parts Sequence
	for {
		pos, before := p.pos(), len(p.errs)
		part := p.part(depth)
		parts = append(parts, part)
		if !p.accept("then") {
			break
		}
		if _, ends := Length(part); !ends && len(p.errs) == before {
			p.problem(pos, `this part has no end ("for") and is not the last`)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return parts
}

// part reads one part. Go evaluates the calls in a literal from left to right, so the literals read as the grammar does.
func (p *parser) part(depth int) Arrivals {
	switch {
	case depth > maxDepth:
		p.stop("too many parentheses or shards within each other")
		return nil
	case p.accept("const"):
		return Constant{Rate: p.rate(), For: p.limit()}
	case p.accept("poisson"):
		return Poisson{Rate: p.rate(), For: p.limit()}
	case p.accept("gamma"):
		return Gamma{Rate: p.rate(), Burstiness: p.option("burstiness", burstinessProblem), For: p.limit()}
	case p.accept("uniform"):
		return Uniform{Rate: p.rate(), For: p.limit()}
	case p.accept("ramp"):
		return p.ramp(false)
	case p.accept("exponential"):
		p.expect("ramp")
		return p.ramp(true)
	case p.accept("steps"):
		return Steps{Rates: p.rates(), Each: p.after("each")}
	case p.accept("pause"):
		return Pause{For: p.positive()}
	case p.accept("trace"):
		return p.trace()
	case p.accept("shard"):
		return p.stripe(depth)
	case p.accept("("):
		a := p.schedule(depth + 1)
		p.expect(")")
		return a
	}
	p.unexpected("const, poisson, gamma, uniform, ramp, exponential ramp, steps, pause, trace, shard or (")
	return nil
}

func (p *parser) ramp(exponential bool) Arrivals {
	from := p.rate()
	p.expect("to")
	return Ramp{From: from, To: p.rate(), Over: p.after("over"), Exponential: exponential}
}

func (p *parser) rates() []Rate {
	rates := []Rate{p.rate()}
	for p.accept(",") {
		rates = append(rates, p.rate())
	}
	return rates
}

func (p *parser) trace() Arrivals {
	t := Trace{Entries: []Entry{p.entry()}}
	for p.accept(",") {
		pos := p.pos()
		e := p.entry()
		if e.Offset < t.Entries[len(t.Entries)-1].Offset {
			p.problem(pos, "this offset is less than the one before it")
		}
		t.Entries = append(t.Entries, e)
	}
	t.Speed = p.option("speed", speedProblem)
	return t
}

func (p *parser) entry() Entry {
	pos := p.pos()
	e := Entry{Offset: p.duration()}
	p.problem(pos, notNegative("offset", e.Offset))
	if p.digitNext() {
		e.Input = p.integer()
		p.expect("/")
		e.Output = p.integer()
	}
	return e
}

func (p *parser) stripe(depth int) Arrivals {
	pos := p.pos()
	s := Stripe{Rank: p.integer()}
	p.expect("/")
	s.World = p.integer()
	p.problem(pos, stripeProblem(s.Rank, s.World))
	p.expect("of")
	s.Of = p.part(depth + 1)
	return s
}

// limit reads an optional "for TIME".
func (p *parser) limit() time.Duration {
	if !p.accept("for") {
		return 0
	}
	return p.positive()
}

// after reads a word and a TIME.
func (p *parser) after(word string) time.Duration {
	p.expect(word)
	return p.positive()
}

// option reads an optional word with a number, which problem judges.
func (p *parser) option(word string, problem func(float64) string) float64 {
	if !p.accept(word) {
		return 0
	}
	pos := p.pos()
	f := p.number()
	p.problem(pos, problem(f))
	return f
}

func (p *parser) rate() Rate {
	pos := p.pos()
	n := p.number()
	p.expect("/")
	per := secondsIn(p.peek())
	if per == 0 {
		p.unexpected("s, m or h: a rate is a number per time, such as 50/s")
		return 0
	}
	p.next()
	r := Rate(n / per)
	p.problem(pos, r.problem())
	return r
}

// secondsIn is the length of a unit of time, or 0.
func secondsIn(unit string) float64 {
	switch unit {
	case "s":
		return 1
	case "m":
		return 60
	case "h":
		return 3600
	}
	return 0
}

func (p *parser) positive() time.Duration {
	pos := p.pos()
	d := p.duration()
	p.problem(pos, positive("time", d))
	return d
}

func (p *parser) duration() time.Duration {
	d, err := time.ParseDuration(p.peek())
	if err != nil {
		p.unexpected("a time with its unit, such as 90s or 1m30s")
		return 0
	}
	p.next()
	return d
}

func (p *parser) number() float64 {
	f, err := strconv.ParseFloat(p.peek(), 64)
	if err != nil && !math.IsInf(f, 0) {
		p.unexpected("a number")
		return 0
	}
	p.next()
	return f
}

func (p *parser) integer() int {
	n, err := strconv.Atoi(p.peek())
	if err != nil || n < 0 {
		p.unexpected("a whole number from 0 on")
		return 0
	}
	p.next()
	return n
}

func (p *parser) digitNext() bool {
	t := p.peek()
	return t != "" && slices.Contains([]byte("0123456789+-"), t[0])
}

func (p *parser) unexpected(want string) {
	found := fmt.Sprintf("%q", p.peek())
	if p.peek() == "" {
		found = "the end"
	}
	p.stop("found " + found + ", want " + want)
}
