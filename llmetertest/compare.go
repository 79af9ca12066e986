package llmetertest

import (
	"fmt"
	"math"

	"github.com/llmeter-go/llmeter/stats"
)

// significance is below which p-value, after correction for the number of tests, chance does not explain a regression.
const significance = 0.05

// slowest is the quantile beyond which requests are the slowest ones: the slowest tenth.
const slowest = 0.9

// A finding is the outcome of one test of a run against its baseline.
type finding struct {
	what      string  // was compared: "ttft p50: 20.3ms -> 24.1ms (+19%)"
	p         float64 // that chance makes as large a difference, or a better one, of what is tolerated; corrected for their number
	regressed bool    // significantly
	byLag     bool    // but not without the client's own lag
}

func (f finding) String() string {
	switch {
	case f.byLag:
		return f.what + ": a regression, unless the client's own lag was the reason"
	case f.regressed && f.p < 1e-4:
		return f.what + ": a regression (p < 0.0001)"
	case f.regressed:
		return fmt.Sprintf("%s: a regression (p = %.2g)", f.what, f.p)
	}
	return f.what + ": no regression"
}

// compare tests a run against its baseline. lag is by how much the client may have lengthened a statistic.
func compare(old, now *baseline, tolerance float64, lag func(statistic string) float64) []finding {
	findings := test(old, now, tolerance, func(string) float64 { return 0 })
	for i, f := range test(old, now, tolerance, lag) {
		findings[i].byLag = findings[i].regressed && !f.regressed
	}
	return findings
}

func test(old, now *baseline, tolerance float64, lag func(statistic string) float64) []finding {
	var all []finding
	for _, name := range latencies {
		was, ok := old.Latencies[name]
		if !ok {
			continue
		}
		is := now.Latencies[name]
		n := fmt.Sprintf("n = %d -> %d", was.sample.N(), is.sample.N())
		whole := is.without(lag(name+"-p50"), tolerance)
		tail := is.without(lag(name+"-p99"), tolerance)
		all = append(all,
			finding{what: growth(name, "p50", 0.5, was, is, tolerance) + n, p: widened(larger(whole, was.sample), was, is)},
			finding{what: growth(name, "p90", slowest, was, is, tolerance) + n, p: widened(more(tail, was.sample), was, is)},
		)
	}
	all = append(all, finding{
		what: fmt.Sprintf("failed requests: %d of %d -> %d of %d", old.Failed, old.Requests, now.Failed, now.Requests),
		p:    larger(shares(now.Failed, now.Requests), shares(old.Failed, old.Requests)),
	})
	ps := make([]float64, len(all))
	for i, f := range all {
		ps[i] = f.p
	}
	for i, p := range stats.Holm(ps) {
		all[i].p, all[i].regressed = p, p < significance
	}
	return all
}

// growth says how a quantile has grown, and what is tolerated.
func growth(name, statistic string, q float64, was, is latency, tolerance float64) string {
	before, after := was.sample.Quantile(q), is.sample.Quantile(q)
	return fmt.Sprintf("%s %s: %s -> %s (%+.3g%%, %.3g%% tolerated), ",
		name, statistic, seconds(before), seconds(after), 100*(after/before-1), 100*tolerance)
}

// larger is the p-value of the values of x being the larger ones: 1 if they are not.
func larger(x, y *stats.Sample) float64 {
	if t := stats.MannWhitney(x, y); t.Superiority > 0.5 {
		return t.P
	}
	return 1
}

// more is the p-value of a larger share of x than of y being among the slowest of both.
func more(x, y *stats.Sample) float64 {
	both := new(stats.Sample)
	both.Merge(x)
	both.Merge(y)
	bound := both.Quantile(slowest)
	return larger(from(bound, x), from(bound, y))
}

// from is 1 for each value that is not below the bound, 0 for the others. Values that are equal to it count, because where
// latencies come in steps the slowest tenth may all be.
func from(bound float64, s *stats.Sample) *stats.Sample {
	n := 0
	for v, count := range s.All() {
		if v >= bound {
			n += int(count)
		}
	}
	return shares(n, int(s.N()))
}

// shares is n values of 1 among so many, the others 0.
func shares(n, of int) *stats.Sample {
	s := new(stats.Sample)
	s.AddN(1, uint64(n))
	s.AddN(0, uint64(of-n))
	return s
}

// widened is the p-value of a normal test whose values are worth fewer independent ones than they are.
func widened(p float64, x, y latency) float64 {
	nx, ny := float64(x.sample.N()), float64(y.sample.N())
	left := (1/nx + 1/ny) / (1/x.effectiveN + 1/y.effectiveN)
	return math.Erfc(math.Erfcinv(p) * math.Sqrt(min(left, 1)))
}
