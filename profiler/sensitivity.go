package profiler

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sensitivity says how to rate the latency sensitivity of LLM calls, which is
//
//	Critical·share of the request's time + Fanout·share of the steps that follow
//	+ Position·nearness to the beginning or the end - Parallel·slack beside longer calls
//
// A step is a set of calls that overlap. The weights of the first three add up to 1.
type Sensitivity struct {
	Scale                                int // the levels go from 1 to this
	Critical, Fanout, Position, Parallel float64
}

// DefaultSensitivity is that of NAT.
func DefaultSensitivity() Sensitivity { return Sensitivity{5, 0.5, 0.3, 0.2, 0} }

// Validate reports all problems at once.
func (s Sensitivity) Validate() error {
	var errs []error
	if s.Scale < 1 {
		errs = append(errs, fmt.Errorf("sensitivity_scale %d must be at least 1", s.Scale))
	}
	for _, w := range []struct {
		name  string
		value float64
	}{{"w_critical", s.Critical}, {"w_fanout", s.Fanout}, {"w_position", s.Position}, {"w_parallel", s.Parallel}} {
		if !(w.value >= 0) || math.IsInf(w.value, 1) {
			errs = append(errs, fmt.Errorf("%s %v must not be negative", w.name, w.value))
		}
	}
	if sum := s.Critical + s.Fanout + s.Position; !(math.Abs(sum-1) < 1e-9) {
		errs = append(errs, fmt.Errorf("w_critical + w_fanout + w_position is %v and must be 1", sum))
	}
	return errors.Join(errs...)
}

// A step is calls that overlap, directly or through others.
type step struct {
	calls   []int
	end     float64
	longest float64 // duration
}

// rate sets the score of each call, and the score relative to the others of the request: 0 for the lowest, 1 for the highest, 0.5 for
// all if they are equal.
func (s *Sensitivity) rate(r *Request, spans []*Span, calls []trieCall) {
	steps := stepsOf(spans)
	lowest, highest := math.Inf(1), math.Inf(-1)
	for pos, st := range steps {
		for _, i := range st.calls {
			calls[i].score = s.score(r, spans[i], st, pos, len(steps))
			lowest, highest = min(lowest, calls[i].score), max(highest, calls[i].score)
		}
	}
	for i := range calls {
		calls[i].relative = 0.5
		if highest > lowest {
			calls[i].relative = (calls[i].score - lowest) / (highest - lowest)
		}
	}
}

func (s *Sensitivity) score(r *Request, span *Span, st step, pos, steps int) float64 {
	critical, fanout, position := 1.0, 0.0, 1.0
	if r.Runtime() > 0 {
		critical = min(span.Duration()/r.Runtime(), 1)
	}
	if last := float64(steps - 1); steps > 1 {
		fanout = (last - float64(pos)) / last
		p := float64(pos) / last
		position = max(1-p, p)
	}
	return s.Critical*critical + s.Fanout*fanout + s.Position*position - s.Parallel*st.penalty(span)
}

// penalty grows with the time for which a call could be slower without anyone noticing, beside a longer one.
func (st step) penalty(span *Span) float64 {
	slack := 0.0
	if st.longest > 0 {
		slack = 1 - span.Duration()/st.longest
	}
	if n := float64(len(st.calls)); n > 1 {
		return (slack + (n-1)/n) / 2
	}
	return slack
}

// stepsOf parts calls, in the order in which they began, into sets that overlap.
func stepsOf(spans []*Span) []step {
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(spans[a].Start, spans[b].Start) })
	var steps []step
	for _, i := range order {
		span := spans[i]
		if len(steps) == 0 || span.Start >= steps[len(steps)-1].end {
			steps = append(steps, step{end: span.End})
		}
		st := &steps[len(steps)-1]
		st.calls = append(st.calls, i)
		st.end = max(st.end, span.End)
		st.longest = max(st.longest, span.Duration())
	}
	return steps
}

// sensitivityLevel turns a mean relative score into a level; half a level is rounded to the even one, as Python does.
func sensitivityLevel(mean float64, scale int) int {
	return min(max(int(math.RoundToEven(mean*float64(scale-1)))+1, 1), scale)
}
