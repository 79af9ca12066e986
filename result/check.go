package result

import (
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/slo"
)

// Check says how objectives came out, in their order: the run's own ([Result.Objectives]) or others. Their names are keys of
// [Result.Stats]; goodput that was not counted during the run is counted from the responses, if there are any.
//
// The client's own lag, as far as the verdict found it doubtful, only lengthens latencies: a latency below its upper bound in
// spite of it is Met, and one that is above by less than the lag is Inconclusive. Likewise a client that could not keep the load
// that was asked for only lowers throughput: a lower bound that is missed is then Inconclusive.
func (r *Result) Check(objectives []slo.Objective) []slo.Outcome {
	if len(objectives) == 0 {
		return nil
	}
	stats := r.Stats()
	r.countGoodput(&stats, objectives)
	outcomes := make([]slo.Outcome, len(objectives))
	for i, o := range objectives {
		outcomes[i] = o.CheckWithLag(stats.Lookup, r.Verdict.lagOf(o.Name))
		if out := &outcomes[i]; out.Status == slo.Missed && isThroughput(o) && r.Verdict.lowersThroughput() {
			out.Status = slo.Inconclusive
		}
	}
	return outcomes
}

// countGoodput adds the goodput that the statistics do not have. Without responses it stays undefined.
func (r *Result) countGoodput(s *Stats, objectives []slo.Objective) {
	missing := slices.DeleteFunc(slices.Clone(objectives), func(o slo.Objective) bool {
		_, ok := o.Goodput()
		return !ok || s.has(o.Key())
	})
	if len(missing) == 0 {
		return
	}
	a := Accumulator{Objectives: missing}
	for response, err := range r.Responses() {
		if err != nil {
			return
		}
		a.Add(response)
	}
	a.addGoodputs(s, r.TotalTestTime.Seconds(), true)
}

// lagOf is by how much the client may have lengthened the number under a key. What the verdict says of a metric's p50 and p99
// holds for these; for its other statistics the larger one.
func (v Verdict) lagOf(key string) float64 {
	key = strings.TrimPrefix(key, steadyPrefix)
	metric, statistic, _ := strings.Cut(key, "-")
	if ours, ok := llmeterNames[metric]; ok {
		metric = ours
	}
	p50, p99 := v.Lag(metric+"-p50"), v.Lag(metric+"-p99")
	switch statistic {
	case "p50":
		return p50
	case "p99":
		return p99
	}
	return max(p50, p99)
}

// isThroughput reports whether an objective is a lower bound of how much was done in a time.
func isThroughput(o slo.Objective) bool {
	lower := o.Op == slo.More || o.Op == slo.AtLeast
	return lower && (o.Name == keyOutputTPS || strings.HasSuffix(o.Name, "_per_second") || strings.HasSuffix(o.Name, "_per_minute"))
}

// lowersThroughput reports whether the client did not keep the load that was asked for.
func (v Verdict) lowersThroughput() bool {
	return slices.ContainsFunc(v.Reasons, func(r Reason) bool {
		return slices.Contains(loadReasons[:], r.Metric)
	})
}
