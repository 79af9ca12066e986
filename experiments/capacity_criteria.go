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
)

// A criterion is how an objective is judged by the single requests of a level.
type criterion struct {
	objective slo.Objective
	// allowed is the share of requests that may be on the wrong side of the bound; negative if the objective is about no share.
	allowed float64
	// of is 1 for a request on the wrong side and 0 for one on the right, or the number itself if there is no share; NaN
	// for a request that does not count. nil: the objective can only be judged by the statistics of the whole level.
	of func(r *llmeter.Response) float64
}

// criterionOf reads an objective. A quantile is below its bound if the share of requests that are not is small enough, so
// quantiles, goodput and the rate of failures are all about the share of requests on the wrong side.
func criterionOf(o slo.Objective) (criterion, error) {
	upper := o.Op == slo.Less || o.Op == slo.AtMost
	if conditions, ok := o.Goodput(); ok {
		for _, c := range conditions {
			if !slices.Contains(endpoint.MetricKeys(), c.Name) {
				return criterion{}, fmt.Errorf("%v: %q is not known of one request; known are %s",
					o, c.Name, strings.Join(endpoint.MetricKeys(), ", "))
			}
		}
		if upper {
			return criterion{}, fmt.Errorf("%v: more load cannot be needed to meet it", o)
		}
		return criterion{o, 1 - o.Bound.Value(), wrong(conditions...)}, nil
	}
	if o.Name == KeyFailedRate {
		if !upper {
			return criterion{}, fmt.Errorf("%v: more load cannot be needed to meet it", o)
		}
		return criterion{o, o.Bound.Value(), wrong()}, nil
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
	is := wrong(slo.Condition{Name: metric, Op: o.Op, Bound: o.Bound})
	return criterion{o, allowed, func(r *llmeter.Response) float64 {
		if !r.Failed() && math.IsNaN(number(r)) {
			return math.NaN()
		}
		return is(r)
	}}, nil
}

// wrong tells requests that failed, or do not meet all conditions, from others.
func wrong(conditions ...slo.Condition) func(r *llmeter.Response) float64 {
	return func(r *llmeter.Response) float64 {
		if r.Failed() || slices.ContainsFunc(conditions, func(c slo.Condition) bool { return !c.Good(r.Metric) }) {
			return 1
		}
		return 0
	}
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
