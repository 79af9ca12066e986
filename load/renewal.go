package load

import (
	"fmt"
	"iter"
	"math"
	"time"
)

// Poisson arrivals have independent, exponentially distributed gaps with mean 1/Rate: what many independent users make.
// The number of arrivals in any time is random, with a variance equal to its mean; gaps are not rescaled to hit a count.
type Poisson struct {
	Rate Rate          // required
	For  time.Duration // 0 = no end
}

// Offsets yields the running sum of the gaps; the first request starts after the first gap.
func (p Poisson) Offsets(seed uint64) iter.Seq[time.Duration] {
	return renewal(p.Validate(), seed, p.Rate, p.For, (*draws).exponential)
}

// Validate reports all problems at once.
func (p Poisson) Validate() error { return validRenewal("Poisson", p.Rate, p.For).err() }

// Length reports For, or false for a schedule without an end.
func (p Poisson) Length() (time.Duration, bool) { return p.For, p.For > 0 }

// String prints "poisson 50/s for 2m".
func (p Poisson) String() string { return "poisson " + p.Rate.String() + limit(p.For) }

// Gamma arrivals have independent gaps of a gamma distribution with mean 1/Rate and shape Burstiness, so that their
// coefficient of variation is 1/√Burstiness: below 1 they come in bursts, 1 is Poisson, above 1 they are more even.
type Gamma struct {
	Rate       Rate          // required
	Burstiness float64       // the shape, from 0.001 to 1e6; 0 = 1
	For        time.Duration // 0 = no end
}

// Outside these shapes a float64 cannot hold the gaps (they would all be 0) or the test of the rejection method.
const minBurstiness, maxBurstiness = 0.001, 1e6

// Offsets yields the running sum of the gaps; the first request starts after the first gap.
func (g Gamma) Offsets(seed uint64) iter.Seq[time.Duration] {
	shape := g.Burstiness
	if shape == 0 {
		shape = 1
	}
	return renewal(g.Validate(), seed, g.Rate, g.For, func(d *draws) float64 { return d.gamma(shape) / shape })
}

// Validate reports all problems at once.
func (g Gamma) Validate() error {
	p := validRenewal("Gamma", g.Rate, g.For)
	if g.Burstiness != 0 {
		p.add(burstinessProblem(g.Burstiness))
	}
	return p.err()
}

func burstinessProblem(b float64) string {
	if b >= minBurstiness && b <= maxBurstiness {
		return ""
	}
	return fmt.Sprintf("the burstiness %v must be from 0.001 to 1e6", b)
}

// Length reports For, or false for a schedule without an end.
func (g Gamma) Length() (time.Duration, bool) { return g.For, g.For > 0 }

// String prints "gamma 50/s burstiness 0.5 for 1m".
func (g Gamma) String() string {
	text := "gamma " + g.Rate.String()
	if g.Burstiness != 0 {
		text += " burstiness " + number(g.Burstiness)
	}
	return text + limit(g.For)
}

// Uniform arrivals have independent gaps between 0 and 2/Rate, all equally likely: mean 1/Rate, coefficient of variation 1/√3.
type Uniform struct {
	Rate Rate          // required
	For  time.Duration // 0 = no end
}

// Offsets yields the running sum of the gaps; the first request starts after the first gap.
func (u Uniform) Offsets(seed uint64) iter.Seq[time.Duration] {
	return renewal(u.Validate(), seed, u.Rate, u.For, func(d *draws) float64 { return 2 * d.uniform() })
}

// Validate reports all problems at once.
func (u Uniform) Validate() error { return validRenewal("Uniform", u.Rate, u.For).err() }

// Length reports For, or false for a schedule without an end.
func (u Uniform) Length() (time.Duration, bool) { return u.For, u.For > 0 }

// String prints "uniform 50/s for 2m".
func (u Uniform) String() string { return "uniform " + u.Rate.String() + limit(u.For) }

func validRenewal(of string, rate Rate, length time.Duration) *problems {
	p := &problems{of: of}
	p.add(rate.problem())
	p.add(notNegative("length", length))
	return p
}

// renewal yields the running sum of gaps with mean 1, divided by rate. The sum is kept in units of the mean gap and each
// offset rounded once, so that rounding does not add up.
func renewal(invalid error, seed uint64, rate Rate, length time.Duration, gap func(*draws) float64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if invalid != nil {
			return
		}
		d, sum, end := newDraws(seed), 0.0, endOf(length)
		for {
			sum += gap(d)
			at, ok := nanoseconds(sum / float64(rate))
			if !ok || at >= end || !yield(at) {
				return
			}
		}
	}
}

// nanoseconds rounds s seconds to a Duration, and reports false where it does not fit.
func nanoseconds(s float64) (time.Duration, bool) {
	ns := math.Round(s * 1e9)
	return time.Duration(ns), ns < math.MaxInt64
}
