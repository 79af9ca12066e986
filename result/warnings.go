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
	few, none, rough         [len(quantiles)]doubt // by quantile: too few values, too few for an interval, too few for a sure one
	means, roughMeans, alike doubt
}

// warnings say what is doubtful about our statistics: percentiles of too few values, or with too few for an interval (p99 or
// else p99.9), intervals that are approximate for want of values, values that are alike in time, and counts of tokens that
// contradict each other.
func (a *Accumulator) warnings() (all []Warning) {
	var d doubts
	for i := range a.own {
		if n := a.sample(i).N(); n > 0 {
			effective := a.effective(i)
			d.addTails(metricNames[i], n, effective.at)
			d.addMean(metricNames[i], n, effective.mean)
			if w, holds := stats.DependentWarning(n, effective.mean); holds && i != itl && i != icl { // gaps of one answer always are
				d.alike.add(metricNames[i], effective.mean/float64(n), w)
			}
		}
	}
	for _, i := range tails {
		all = d.rough[i].appendTo(d.none[i].appendTo(d.few[i].appendTo(all)))
	}
	all = d.alike.appendTo(d.roughMeans.appendTo(d.means.appendTo(all)))
	return append(all, a.streams.warnings()...)
}

// tails are the quantiles of which we warn: p99 and p99.9.
var tails = [...]int{3, 4}

func (d *doubts) addTails(name string, n uint64, effective [len(quantiles)]float64) {
	for _, i := range tails {
		q := quantiles[i]
		key := name + "-" + q.name
		if w, holds := stats.QuantileWarning(q.q, effective[i]); holds {
			d.few[i].add(key, effective[i], w)
			return // those further out are worse
		}
		if w, holds := stats.IntervalWarning(q.q, level, effective[i]); holds {
			d.none[i].add(key, effective[i], w)
		} else if w, holds := stats.ApproximateWarning(q.q, n); holds && effective[i] < float64(n) {
			d.rough[i].add(key, float64(n), w)
		}
	}
}

func (d *doubts) addMean(name string, n uint64, effective float64) {
	if effective < leastMean {
		d.means.add(name+"-mean", effective, stats.Warning{Code: stats.NoInterval, Text: fmt.Sprintf(
			"the mean of %.0f effective values has no 95 %% interval: at least %d are needed", math.Floor(effective), leastMean)})
	} else if w, holds := stats.ApproximateMeanWarning(n); holds {
		d.roughMeans.add(name+"-mean", float64(n), w)
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
