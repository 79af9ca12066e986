package result

import "github.com/llmeter-go/llmeter/stats"

const (
	leastMean   = 30 // effective values below which the interval of a mean would say more than they know
	leastSeries = 50 // values below which nothing can be said of their autocorrelation
	leastGroups = 10 // answers below which nothing can be said of how alike their gaps are
)

// An effectiveN tells how many independent values the values of a metric are worth: for its mean and for each quantile.
type effectiveN struct {
	mean float64
	at   [len(quantiles)]float64
}

// effective finds the effective n of a metric from the requests that the trace keeps, in the order in which they were sent.
func (a *Accumulator) effective(metric int) effectiveN {
	metric = a.keptAs(metric)
	if a.worth[metric] == nil {
		e := a.findEffective(metric)
		a.worth[metric] = &e
	}
	return *a.worth[metric]
}

func (a *Accumulator) findEffective(metric int) effectiveN {
	sample := &a.own[metric]
	var bounds [len(quantiles)]float64
	for i, q := range quantiles {
		bounds[i] = sample.Quantile(q.q)
	}
	if metric == itl || metric == icl {
		return a.effectiveGaps(metric, bounds)
	}
	n := float64(sample.N())
	e := effectiveN{mean: n}
	for i := range e.at {
		e.at[i] = n
	}
	series := a.trace.series(metric)
	if len(series) < leastSeries {
		return e
	}
	share := n / float64(len(series)) // what is found of the part that is kept holds for all
	e.mean = share * series.EffectiveN()
	for i, bound := range bounds {
		e.at[i] = share * series.Above(bound).EffectiveN()
	}
	return e
}

// effectiveRate tells how many independent requests n of them are worth for the share of those that are something.
func (a *Accumulator) effectiveRate(n int, is func(*traced) bool) float64 {
	all := a.trace.all()
	if len(all) < leastSeries {
		return float64(n)
	}
	var outcomes stats.Outcomes
	for i := range all {
		outcomes.Add(is(&all[i]))
	}
	return float64(n) / float64(len(all)) * outcomes.EffectiveN()
}

// effectiveGaps does the same for a metric of which a request has many values, which are alike.
func (a *Accumulator) effectiveGaps(metric int, bounds [len(quantiles)]float64) (e effectiveN) {
	sample := &a.own[metric]
	n := float64(sample.N())
	groups := a.groups(metric == itl, bounds)
	if len(groups.counts) < leastGroups {
		e.mean = min(n, float64(a.own[stall].N())) // as if the gaps of one answer told no more than one
		for i := range e.at {
			e.at[i] = e.mean
		}
		return e
	}
	deviation := sample.StdDev()
	e.mean = groups.effective(groups.sums, deviation*deviation, n)
	for i, q := range quantiles {
		e.at[i] = groups.effective(groups.above[i], q.q*(1-q.q), n)
	}
	return e
}

// groups are sums over the gaps of each answer that the trace keeps, in the order of sending.
type groups struct {
	counts, sums stats.Series
	above        [len(quantiles)]stats.Series // how many are above each bound
	kept         float64                      // gaps in all
}

func (a *Accumulator) groups(byToken bool, bounds [len(quantiles)]float64) (g groups) {
	for _, r := range a.trace.all() {
		if len(r.gaps) == 0 {
			continue
		}
		var count, sum float64
		var above [len(quantiles)]float64
		for _, gap := range r.gaps {
			length, weight := gap.seconds(byToken)
			count += weight
			sum += weight * length
			for i, bound := range bounds {
				if length > bound {
					above[i] += weight
				}
			}
		}
		g.counts, g.sums, g.kept = append(g.counts, count), append(g.sums, sum), g.kept+count
		for i := range above {
			g.above[i] = append(g.above[i], above[i])
		}
	}
	return g
}

// effective compares the variance of the mean over groups with that of one of n values.
func (g *groups) effective(sums stats.Series, variance, n float64) float64 {
	e := variance / stats.RatioVariance(sums, g.counts) / g.kept * n
	if !(e > 0) { // nothing varies
		return n
	}
	return min(e, n)
}
