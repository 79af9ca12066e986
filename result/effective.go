package result

import "github.com/llmeter-go/llmeter/stats"

const (
	leastMean   = 30 // effective values below which the interval of a mean would say more than they know
	leastSeries = 50 // values below which nothing can be said of their autocorrelation
	leastGroups = 10 // answers below which nothing can be said of how alike their gaps are
)

// A dependence tells how many independent values the values of a metric are worth.
type dependence struct {
	sample *stats.Sample
	series stats.Series // of a metric with one value a request: the values in the order of sending, nil if that is not known

	many    bool     // a request has many values,
	tokens  bool     // which count by token
	groups  []traced // the requests that have some, in the order of sending
	answers uint64   // how many such requests there are in all
}

func (a *Accumulator) dependence(metric int) dependence {
	d := dependence{sample: &a.own[metric]}
	if metric == itl || metric == icl {
		d.many, d.tokens, d.answers = true, metric == itl, a.own[stall].N()
		for _, r := range a.trace.all() {
			if len(r.gaps) > 0 {
				d.groups = append(d.groups, r)
			}
		}
		return d
	}
	for i, m := range single {
		if m == metric {
			d.series = a.trace.series(i)
		}
	}
	return d
}

// mean is the effective n of the mean.
func (d *dependence) mean() float64 {
	if d.many {
		deviation := d.sample.StdDev()
		return d.grouped(deviation*deviation, func(g gap) (part, count float64) {
			event, token, tokens := g.seconds()
			if d.tokens {
				return token * tokens, tokens
			}
			return event, 1
		})
	}
	return d.scaled(d.series)
}

// at is the effective n of the q-quantile. A quantile depends on which values are above it alone.
func (d *dependence) at(q float64) float64 {
	bound := d.sample.Quantile(q)
	if d.many {
		return d.grouped(q*(1-q), func(g gap) (part, count float64) {
			event, token, tokens := g.seconds()
			if d.tokens {
				return above(token, bound) * tokens, tokens
			}
			return above(event, bound), 1
		})
	}
	indicator := make(stats.Series, len(d.series))
	for i, v := range d.series {
		indicator[i] = above(v, bound)
	}
	return d.scaled(indicator)
}

func above(v, bound float64) float64 {
	if v > bound {
		return 1
	}
	return 0
}

// scaled gives the sample's n less what the autocorrelation of a series of it takes away.
func (d *dependence) scaled(s stats.Series) float64 {
	n := float64(d.sample.N())
	if len(s) < leastSeries {
		return n
	}
	return n * s.EffectiveN() / float64(len(s))
}

// grouped gives the effective n from the variance of one value and that of the mean over groups.
func (d *dependence) grouped(variance float64, of func(gap) (part, count float64)) float64 {
	n := float64(d.sample.N())
	if len(d.groups) < leastGroups {
		return min(n, float64(d.answers))
	}
	sums, counts, kept := make(stats.Series, len(d.groups)), make(stats.Series, len(d.groups)), 0.0
	for i, r := range d.groups {
		for _, g := range r.gaps {
			part, count := of(g)
			sums[i] += part
			counts[i] += count
		}
		kept += counts[i]
	}
	effective := variance / stats.RatioVariance(sums, counts) / kept * n
	if !(effective > 0) { // nothing varies
		return n
	}
	return min(effective, n)
}

// meanInterval is the interval of the mean, if the values are worth enough independent ones.
func (d *dependence) meanInterval() (i stats.Interval, ok bool) {
	n := d.mean()
	return d.sample.MeanIntervalFor(level, n), n >= leastMean
}

// interval is that of the q-quantile: exact where the values are independent as far as can be seen.
func (d *dependence) interval(q float64) stats.Interval {
	n := d.at(q)
	if n >= float64(d.sample.N()) {
		return d.sample.QuantileInterval(q, level)
	}
	return d.sample.QuantileIntervalFor(q, level, n)
}
