package result

import (
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/stats"
)

// WarnUsage is the code of the warning that a server's counts of tokens contradict its events.
const WarnUsage = "usage-mismatch"

// A doubt gathers the keys to which one warning applies; the text is that of the worst of them.
type doubt struct {
	keys    []string
	warning stats.Warning
	worst   float64
}

// add takes a key into the doubt, which is the worse the smaller of is.
func (d *doubt) add(key string, of float64, w stats.Warning) {
	if len(d.keys) == 0 || of < d.worst {
		d.warning, d.worst = w, of
	}
	d.keys = append(d.keys, key)
}

func (d *doubt) appendTo(all []Warning) []Warning {
	if len(d.keys) == 0 {
		return all
	}
	return append(all, Warning{d.warning.Code, strings.Join(d.keys, ","), d.warning.Text})
}

// doubts are those about the statistics of our metrics.
type doubts struct {
	few, none, rough         []doubt // by quantile: too few values, too few for an interval, too few for a sure one
	means, roughMeans, alike doubt
}

// warnings say what is doubtful about our statistics: percentiles of too few values, or with too few for an interval (p99 or
// else p99.9), intervals that are approximate for want of values, values that are alike in time, and counts of tokens that
// contradict each other.
func (a *Accumulator) warnings() (all []Warning) {
	tails := quantiles[3:]
	d := doubts{few: make([]doubt, len(tails)), none: make([]doubt, len(tails)), rough: make([]doubt, len(tails))}
	for i := range a.own {
		if a.own[i].N() > 0 {
			dependence := a.dependence(i)
			d.addTails(metricNames[i], &dependence)
			d.addMean(metricNames[i], &dependence)
		}
	}
	for j := range tails {
		all = d.rough[j].appendTo(d.none[j].appendTo(d.few[j].appendTo(all)))
	}
	all = d.alike.appendTo(d.roughMeans.appendTo(d.means.appendTo(all)))
	return append(all, a.streams.warnings()...)
}

func (d *doubts) addTails(name string, of *dependence) {
	n := of.sample.N()
	for j, q := range quantiles[3:] {
		key, effective := name+"-"+q.name, of.at(q.q)
		if w, holds := stats.QuantileWarning(q.q, effective); holds {
			d.few[j].add(key, effective, w)
			return // those further out are worse
		}
		if w, holds := stats.IntervalWarning(q.q, level, effective); holds {
			d.none[j].add(key, effective, w)
		} else if w, holds := stats.ApproximateWarning(q.q, n); holds && effective < float64(n) {
			d.rough[j].add(key, float64(n), w)
		}
	}
}

func (d *doubts) addMean(name string, of *dependence) {
	n, effective := of.sample.N(), of.mean()
	if effective < leastMean {
		d.means.add(name+"-mean", effective, stats.Warning{Code: stats.NoInterval, Text: fmt.Sprintf(
			"the mean of %.0f effective values has no 95 %% interval: at least %d are needed", math.Floor(effective), leastMean)})
	} else if w, holds := stats.ApproximateMeanWarning(n); holds {
		d.roughMeans.add(name+"-mean", float64(n), w)
	}
	if w, holds := stats.DependentWarning(n, effective); holds && !of.many { // that the gaps of one answer are alike is the rule
		d.alike.add(name, effective/float64(n), w)
	}
}

func (s *streams) warnings() []Warning {
	if s.contradicts == 0 {
		return nil
	}
	return []Warning{{
		Code: WarnUsage, Metric: "tpot,itl," + keyTokensPerSecond,
		Text: fmt.Sprintf("for %d of %d answers the server reports fewer output tokens than it sent events with tokens", s.contradicts, s.reported),
	}}
}
