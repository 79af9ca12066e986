package experiments

import (
	"errors"
	"fmt"
	"math"

	"github.com/llmeter-go/llmeter"
)

// problems are all that keeps an experiment from running.
type problems []error

func (p *problems) complain(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// also adds an error, if there is one.
func (p *problems) also(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}

// negative complains of a number that is below 0, or not finite.
func (p *problems) negative(name string, value float64) {
	if !(value >= 0) || math.IsInf(value, 1) {
		p.complain("%s: %v is negative or no number", name, value)
	}
}

// level complains of what is no level of confidence.
func (p *problems) level(value float64) {
	if !(value > 0 && value < 1) {
		p.complain("Level: %v is not between 0 and 1", value)
	}
}

// alreadySet complains of fields of a Runner that an experiment sets itself.
func (p *problems) alreadySet(r llmeter.Runner, by string) {
	for _, f := range []struct {
		name string
		set  bool
	}{{"Clients", r.Clients != 0}, {"Arrivals", r.Arrivals != nil}, {"Requests", r.Requests != 0}} {
		if f.set {
			p.complain("Runner.%s is set by %s and must be left out", f.name, by)
		}
	}
}

func (p problems) join() error { return errors.Join(p...) }

// orDefault is what a zero field means.
func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}

// without leaves the fields out that an experiment sets itself, to check the others.
func without(r llmeter.Runner) llmeter.Runner {
	r.Clients, r.Arrivals, r.Requests = 0, nil, 0
	return r
}
