package load

import (
	"fmt"
	"math"
	"time"
)

// ThinkTime is how long a user of a closed loop waits between an answer and the next request: the pauses of people who
// read. A pause is a function of its arguments, so that it does not depend on which client is ready first.
type ThinkTime interface {
	// Pause is the wait of a client before its turn, both counted from 0.
	Pause(seed uint64, client, turn int) time.Duration
	// Validate reports all problems at once.
	Validate() error
	// String is the text that ParseThinkTime reads.
	String() string
}

// Fixed is a pause that is always the same.
type Fixed struct {
	For time.Duration // 0 = no pause
}

// Pause is For.
func (f Fixed) Pause(uint64, int, int) time.Duration { return f.For }

// Validate reports a negative length.
func (f Fixed) Validate() error {
	p := problems{of: "Fixed"}
	p.add(notNegative("pause", f.For))
	return p.err()
}

// String prints "2s".
func (f Fixed) String() string { return short(f.For) }

// Between is a pause from Min to Max, all equally likely.
type Between struct {
	Min, Max time.Duration // 0 ≤ Min ≤ Max
}

// Pause is more than Min and at most Max, or both if they are the same.
func (b Between) Pause(seed uint64, client, turn int) time.Duration {
	u := turnDraws(seed, client, turn).uniform()
	return min(b.Min+time.Duration(math.Ceil(u*float64(b.Max-b.Min))), b.Max)
}

// Validate reports all problems at once.
func (b Between) Validate() error {
	p := problems{of: "Between"}
	p.add(notNegative("shortest pause", b.Min))
	p.add(b.orderProblem())
	return p.err()
}

func (b Between) orderProblem() string {
	if b.Min <= b.Max {
		return ""
	}
	return fmt.Sprintf("the shortest pause %v must not be longer than the longest, %v", b.Min, b.Max)
}

// String prints "1s to 5s".
func (b Between) String() string { return short(b.Min) + " to " + short(b.Max) }

// Exponential is a pause with an exponential distribution: often short, sometimes long.
type Exponential struct {
	Mean time.Duration // 0 = no pause
}

// Pause has the mean Mean, and as standard deviation too.
func (e Exponential) Pause(seed uint64, client, turn int) time.Duration {
	d, ok := nanoseconds(turnDraws(seed, client, turn).exponential() * e.Mean.Seconds())
	if !ok {
		return math.MaxInt64
	}
	return d
}

// Validate reports a negative mean.
func (e Exponential) Validate() error {
	p := problems{of: "Exponential"}
	p.add(notNegative("mean pause", e.Mean))
	return p.err()
}

// String prints "exponential 2s".
func (e Exponential) String() string { return "exponential " + short(e.Mean) }

func turnDraws(seed uint64, client, turn int) *draws {
	return newDraws(derive(derive(seed, uint64(client)), uint64(turn)))
}

// ParseThinkTime reads "2s" (always), "1s to 5s" (uniform) or "exponential 2s" (the mean).
// Its errors are *SyntaxError; impossible values at several places are joined.
func ParseThinkTime(text string) (ThinkTime, error) {
	p := newParser(text)
	t := p.thinkTime()
	p.end()
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (p *parser) thinkTime() ThinkTime {
	if p.accept("exponential") {
		return Exponential{Mean: p.pause()}
	}
	pos := p.pos()
	first := p.pause()
	if !p.accept("to") {
		return Fixed{For: first}
	}
	b := Between{Min: first, Max: p.pause()}
	p.problem(pos, b.orderProblem())
	return b
}

func (p *parser) pause() time.Duration {
	pos := p.pos()
	d := p.duration()
	p.problem(pos, notNegative("pause", d))
	return d
}
