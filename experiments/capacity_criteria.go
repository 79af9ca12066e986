package experiments

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// A criterion is how an objective is judged by the single requests of a level.
type criterion struct {
	objective slo.Objective
	// allowed is the share of requests that may be on the wrong side of the bound; negative if the objective is about no share.
	allowed float64
	// of says how near a request came to the bound, from 0 up: on the wrong side it is 1 and more. If there is no share it is
	// the number itself. NaN: the request does not count. nil: the objective can only be judged by the whole level.
	of func(r *llmeter.Response) float64
}

// criterionOf reads an objective. A quantile is below its bound if the share of requests that are not is small enough, so
// quantiles, goodput and the rate of failures are all about the share of requests on the wrong side.
func criterionOf(o slo.Objective) (criterion, error) {
	upper := o.Op == slo.Less || o.Op == slo.AtMost
	if conditions, ok := o.Goodput(); ok {
		for _, c := range conditions {
			if known := append(endpoint.MetricKeys(), "itl", "icl"); !slices.Contains(known, c.Name) {
				return criterion{}, fmt.Errorf("%v: %q is not known of one request; known are %s", o, c.Name, strings.Join(known, ", "))
			}
		}
		if upper {
			return criterion{}, fmt.Errorf("%v: more load cannot be needed to meet it", o)
		}
		return criterion{o, 1 - o.Bound.Value(), nearness(conditions...)}, nil
	}
	if o.Name == KeyFailedRate {
		if !upper {
			return criterion{}, fmt.Errorf("%v: more load cannot be needed to meet it", o)
		}
		return criterion{o, o.Bound.Value(), nearness()}, nil
	}
	metric, statistic, _ := strings.Cut(o.Name, "-")
	if !slices.Contains(endpoint.MetricKeys(), metric) {
		return criterion{objective: o, allowed: -1}, nil
	}
	number := func(r *llmeter.Response) float64 {
		if v, has := r.Metric(metric); has && !r.Failed() {
			return v
		}
		return math.NaN()
	}
	if statistic == "mean" {
		return criterion{o, -1, number}, nil
	}
	q, err := strconv.ParseFloat(strings.TrimPrefix(statistic, "p"), 64)
	if err != nil || !strings.HasPrefix(statistic, "p") || !(q > 0 && q < 100) {
		return criterion{objective: o, allowed: -1}, nil
	}
	allowed := q / 100
	if upper {
		allowed = 1 - allowed
	}
	near := nearness(slo.Condition{Name: metric, Op: o.Op, Bound: o.Bound})
	return criterion{o, allowed, func(r *llmeter.Response) float64 {
		if !r.Failed() && math.IsNaN(number(r)) {
			return math.NaN()
		}
		return near(r)
	}}, nil
}

// nearness is that of the worst of some conditions. A request that failed, or of which a number is not known, is on the wrong side.
func nearness(conditions ...slo.Condition) func(r *llmeter.Response) float64 {
	return func(r *llmeter.Response) float64 {
		const wrong = 1
		if r.Failed() {
			return wrong
		}
		nearest := 0.0
		of := func(name string) (float64, bool) { return measure(r, name) }
		for _, c := range conditions {
			v, known := of(c.Name)
			near := v / c.Bound.Value()
			if c.Op == slo.More || c.Op == slo.AtLeast {
				near = 1 / near
			}
			switch {
			case !known:
				near = wrong
			case c.Good(of):
				near = min(near, math.Nextafter(wrong, 0))
			default:
				near = max(near, wrong)
			}
			nearest = max(nearest, near)
		}
		return nearest
	}
}

// measure is a number of one request; of the gaps in its answer it is their mean.
func measure(r *llmeter.Response, name string) (float64, bool) {
	if name != "itl" && name != "icl" {
		return r.Metric(name)
	}
	var gaps stats.Gaps
	tokens := r.TokensPerEvent()
	for _, e := range r.Events {
		if e.Tokens > 0 {
			gaps.Event(e.At, tokens[0])
			tokens = tokens[1:]
		}
	}
	all := new(stats.Sample)
	if name == "itl" {
		gaps.ITL(all)
	} else {
		gaps.ICL(all)
	}
	return all.Mean(), all.N() > 0
}

// slowest is the longest time that an objective bounds, in seconds; 0 if it bounds none.
func slowest(o slo.Objective) (longest float64) {
	isTime := func(name string) bool {
		metric, _, _ := strings.Cut(name, "-")
		return slices.Contains(latencies, metric)
	}
	if isTime(o.Name) {
		longest = o.Bound.Value()
	}
	for _, c := range o.Conditions {
		if isTime(c.Name) {
			longest = max(longest, c.Bound.Value())
		}
	}
	return longest
}
