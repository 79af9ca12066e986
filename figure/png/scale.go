package png

import (
	"math"

	"gonum.org/v1/plot/vg"

	"github.com/llmeter-go/llmeter/figure"
)

// A scale maps the values of an axis to places on the paper.
type scale struct {
	axis     figure.Axis
	log      bool
	lo, hi   float64 // the ends, logarithms if log is set
	from, to vg.Length
}

// at gives the place of a value, or of the i-th category.
func (s scale) at(v float64) vg.Length {
	if s.log {
		v = math.Log10(v)
	}
	return s.from + vg.Length((v-s.lo)/(s.hi-s.lo))*(s.to-s.from)
}

// band is the width of a category.
func (s scale) band() vg.Length { return vg.Length(math.Abs(float64(s.to-s.from)) / (s.hi - s.lo)) }

// A fit says where an axis begins and ends.
type fit int

const (
	tight  fit = iota // at the values themselves
	loose             // a little beyond them
	rooted            // at zero and at a round number: heights would deceive if they did not start at zero
)

// extent is the reach of values; it is empty, lo above hi, at first.
type extent struct{ lo, hi float64 }

func nothing() extent { return extent{math.Inf(1), math.Inf(-1)} }

func (e *extent) add(values ...float64) {
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			e.lo, e.hi = math.Min(e.lo, v), math.Max(e.hi, v)
		}
	}
}

// newScale fits an axis to the values that it shows. A logarithmic one needs them above 0 and is linear otherwise.
func newScale(a figure.Axis, e extent, how fit, ticks int) scale {
	s := scale{axis: a, log: a.Log && !a.Time && e.lo > 0}
	switch {
	case a.Categories != nil:
		s.lo, s.hi, s.log = -0.5, float64(max(len(a.Categories), 1))-0.5, false
		return s
	case e.lo > e.hi:
		s.lo, s.hi, s.log = 0, 1, false
		return s
	case s.log:
		lo, hi := math.Log10(e.lo), math.Log10(e.hi)
		margin := math.Max((hi-lo)*0.04, 0.02)
		if how == tight && hi > lo {
			margin = 0
		}
		s.lo, s.hi = lo-margin, hi+margin
		return s
	}
	s.lo, s.hi = e.lo, e.hi
	if how == rooted {
		s.root(ticks)
		return s
	}
	margin := 0.0
	switch {
	case e.lo == e.hi:
		margin = math.Max(math.Abs(e.lo)*0.1, 1e-9)
	case how == loose:
		margin = (e.hi - e.lo) * 0.015
	}
	s.lo, s.hi = e.lo-margin, e.hi+margin
	if e.lo >= 0 && e.lo < (e.hi-e.lo)*0.5 {
		s.lo = 0
	}
	return s
}

func (s *scale) root(ticks int) {
	s.lo, s.hi = math.Min(s.lo, 0), math.Max(s.hi, 0)
	if s.lo == s.hi {
		s.hi = 1
	}
	step := s.step(ticks)
	s.lo, s.hi = math.Floor(s.lo/step+1e-9)*step, math.Ceil(s.hi/step-1e-9)*step
}

// step is a round distance of about n ticks, round as it is written in the axis' unit.
func (s scale) step(n int) float64 {
	size := s.axis.Unit.Multiple(math.Max(math.Abs(s.lo), math.Abs(s.hi)))
	step := figure.Nice((s.hi - s.lo) / size / float64(max(n, 1)))
	if step < 1 && (s.axis.Whole || s.axis.Unit == figure.None && s.hi-s.lo >= float64(n)) {
		step = 1
	}
	return step * size
}

// A tick is a place on an axis and what is written there.
type tick struct {
	value float64
	label string
}

func (s scale) ticks(n int) (all []tick) {
	switch {
	case s.axis.Categories != nil:
		for i, name := range s.axis.Categories {
			all = append(all, tick{float64(i), name})
		}
	case s.log && s.hi-s.lo >= 0.7:
		for _, v := range decades(s.lo, s.hi, n) {
			all = append(all, tick{v, s.axis.Unit.Tick(v, v)})
		}
	case s.log:
		linear := scale{axis: s.axis, lo: math.Pow(10, s.lo), hi: math.Pow(10, s.hi)}
		for _, t := range linear.ticks(n) {
			if t.value > 0 {
				all = append(all, t)
			}
		}
	default:
		span, step := math.Max(math.Abs(s.lo), math.Abs(s.hi)), s.step(n)
		for i := math.Ceil(s.lo/step - 1e-9); i*step <= s.hi+1e-9*step; i++ {
			all = append(all, tick{i * step, s.axis.Unit.Tick(i*step, span)})
		}
	}
	return all
}

// decades gives about n round numbers from 10^lo to 10^hi.
func decades(lo, hi float64, n int) (values []float64) {
	factors := []float64{1}
	for _, f := range [][]float64{{1, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}} {
		if float64(len(f))*(hi-lo) <= float64(n+1) {
			factors = f
			break
		}
	}
	every := max(1, int(math.Ceil((hi-lo)/float64(max(n, 1)))))
	for d := int(math.Floor(lo)); float64(d) <= hi; d++ {
		if d%every != 0 {
			continue
		}
		for _, f := range factors {
			if at := float64(d) + math.Log10(f); at >= lo-1e-9 && at <= hi+1e-9 {
				values = append(values, f*math.Pow10(d))
			}
		}
	}
	return values
}
