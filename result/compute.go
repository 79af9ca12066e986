package result

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// Stats computes the statistics of what was added until now. res says what the run is called and how long it took;
// what it leaves zero of the counts and request times is taken from the responses.
//
// The keys come in this order: LLMeter's summary; LLMeter's statistics as it computes them when it loads a run;
// time_per_output_token, output_tps and interrupted, which it knows of live runs alone; what callbacks contributed;
// ours; those of the steady state, if res is a completed Result that has one. A statistic that is not defined has no key,
// except that LLMeter's rates are nil where the test time is not known.
func (a *Accumulator) Stats(res *Result) Stats { return a.compute(res, true) }

// Points computes the same without the intervals of latencies and rates, which cost nearly all of Stats: how alike values are that
// were measured one after another must be found anew each time. It is what one looks at while a run goes on.
func (a *Accumulator) Points(res *Result) Stats { return a.compute(res, false) }

func (a *Accumulator) compute(res *Result, intervals bool) Stats {
	var s Stats
	filled := a.fill(res)
	filled.addSummary(&s)
	a.addRunStats(&s, &filled)
	for i := range a.llmeter {
		addAggregations(&s, pyNames[i], &a.llmeter[i], a.sumOf(i))
	}
	if tps := a.outputTPS(&filled); tps != nil {
		s.set(keyOutputTPS, tps)
	}
	if filled.Interrupted {
		s.set(keyInterrupted, true)
	}
	for _, e := range res.contributed() {
		s.set(e.key, e.value)
	}
	for i := range a.own {
		a.addPoints(&s, metricNames[i], i)
		if intervals {
			a.addIntervals(&s, metricNames[i], i)
		}
	}
	a.addOwnRunStats(&s, &filled, intervals)
	for _, e := range res.steady() {
		s.set(e.key, e.value)
	}
	return s
}

// fill is a copy of res with the counts and request times that it leaves zero.
func (a *Accumulator) fill(res *Result) Result {
	r := *res
	if r.TotalRequests == 0 {
		r.TotalRequests = a.requests
	}
	if r.CancelledRequests == 0 {
		r.CancelledRequests = a.cancelled
	}
	if r.Conversations == 0 {
		r.Conversations = a.conversations()
	}
	if r.FirstRequestTime.IsZero() {
		r.FirstRequestTime = a.first
	}
	if r.LastRequestTime.IsZero() {
		r.LastRequestTime = a.last
	}
	return r
}

// addRunStats adds what LLMeter's Result._compute_stats says of a run as a whole.
func (a *Accumulator) addRunStats(s *Stats, r *Result) {
	perMinute := func(n int) any {
		if r.TotalTestTime <= 0 {
			return nil
		}
		return float64(n) / r.TotalTestTime.Seconds() * 60
	}
	var rate any = 0
	if r.TotalRequests > 0 {
		rate = float64(a.failed) / float64(r.TotalRequests)
	}
	for i, value := range []any{
		a.failed, rate, perMinute(r.TotalRequests), a.input, a.output, a.cached, a.reasoning,
		perMinute(a.input), perMinute(a.output),
	} {
		s.set(runKeys[i], value)
	}
}

// sumOf is the exact sum of a metric that is a number of tokens, nil for others.
func (a *Accumulator) sumOf(metric int) *int {
	switch metric {
	case pyOutput:
		return &a.output
	case pyInput:
		return &a.input
	case pyCached:
		return &a.cached
	}
	return nil
}

// addAggregations adds LLMeter's summary_stats_from_list. With sum, the values are whole numbers, and what Python
// gives as an int is one: a mean without remainder, the middle one of an odd number, everything of a single value.
func addAggregations(s *Stats, name string, sample *stats.Sample, sum *int) {
	n := int(sample.N())
	if n == 0 {
		return
	}
	var average any = sample.Mean()
	if sum != nil && *sum%n == 0 {
		average = *sum / n
	}
	s.set(name+"-average", average)
	for _, p := range []struct {
		name string
		p    int
	}{{"p50", 50}, {"p90", 90}, {"p99", 99}} {
		value := sample.Exclusive(p.p)
		if sum != nil && (n == 1 || p.p == 50 && n%2 == 1) && value == math.Trunc(value) {
			s.set(name+"-"+p.name, int(value))
			continue
		}
		s.set(name+"-"+p.name, value)
	}
}

// outputTPS is output_tps as LLMeter's live statistics define it: output tokens per second between the first
// request and the end of the run. It cannot be computed from stamps in whole seconds, as LLMeter's files have them:
// then it is what they say. It is nil if it is not defined.
func (a *Accumulator) outputTPS(r *Result) any {
	if r.data != nil && r.data.coarse {
		return r.data.outputTPS
	}
	first, end := stamp(r.FirstRequestTime), stamp(r.EndTime)
	if first.IsZero() || !end.After(first) {
		return nil
	}
	return float64(a.output) / end.Sub(first).Seconds()
}

// addOwnStats adds the statistics of docs/metrics.md for one of our metrics.
func (a *Accumulator) addOwnStats(s *Stats, prefix string, metric int) {
	name := prefix + metricNames[metric]
	a.addPoints(s, name, metric)
	a.addIntervals(s, name, metric)
}

// addPoints adds everything but the intervals.
func (a *Accumulator) addPoints(s *Stats, name string, metric int) {
	addSample(s, name, a.sample(metric))
}

func addSample(s *Stats, name string, sample *stats.Sample) {
	if sample.N() == 0 {
		return
	}
	s.set(name+"-mean", sample.Mean())
	for _, q := range quantiles {
		s.set(name+"-"+q.name, sample.Quantile(q.q))
	}
	s.set(name+"-n", int(sample.N()))
}

// addIntervals adds the intervals.
func (a *Accumulator) addIntervals(s *Stats, name string, metric int) {
	sample := a.sample(metric)
	if sample.N() == 0 {
		return
	}
	n := a.effective(metric)
	if n.mean >= leastMean {
		setInterval(s, name+"-mean", sample.MeanIntervalFor(level, n.mean))
	}
	for i, q := range quantiles {
		setInterval(s, name+"-"+q.name, quantileInterval(sample, q.q, n.at[i]))
	}
}

// quantileInterval is exact where the values are independent as far as can be seen.
func quantileInterval(sample *stats.Sample, q, effectiveN float64) stats.Interval {
	if effectiveN >= float64(sample.N()) {
		return sample.QuantileInterval(q, level)
	}
	return sample.QuantileIntervalFor(q, level, effectiveN)
}

// setInterval sets the ends of the interval of a key, if there is one.
func setInterval(s *Stats, key string, i stats.Interval) {
	if i.Exists() {
		s.set(key+"-ci95-lo", i.Lo)
		s.set(key+"-ci95-hi", i.Hi)
	}
}

func (a *Accumulator) addOwnRunStats(s *Stats, r *Result, intervals bool) {
	s.set(keyCancelled, r.CancelledRequests)
	if r.Conversations > 0 {
		s.set(keyConversations, r.Conversations)
	}
	a.addRates(s, r.TotalTestTime, intervals)
	seconds := r.TotalTestTime.Seconds()
	a.streams.addTo(s)
	a.retries.addTo(s)
	a.addGoodputs(s, seconds, intervals)
	for _, e := range a.errorCounts() {
		s.set(errorsPrefix+string(e.Kind), e.Count)
	}
}

// addRates adds our rates, with or without their intervals.
func (a *Accumulator) addRates(s *Stats, took time.Duration, intervals bool) {
	if intervals {
		n := a.effectiveRate(a.requests, func(t *traced) bool { return t.failed })
		setInterval(s, keyFailedRate, stats.WilsonFor(uint64(a.failed), uint64(a.requests), level, n))
	}
	seconds, good := took.Seconds(), a.requests-a.failed
	if seconds <= 0 {
		return
	}
	s.set(keyRPS, float64(good)/seconds)
	if intervals {
		setInterval(s, keyRPS, stats.Poisson(uint64(good), seconds, level))
	}
	s.set(keyTokensPerSecond, float64(a.success)/seconds)
}

// Precise reports whether what was added until now, in so long a time, tells all numbers as precisely as u asks, and what is
// known of them: "ttft-p99 ± 4.8%". It computes no more than these.
func (a *Accumulator) Precise(u slo.Until, took time.Duration) (precise bool, known string) {
	precise = true
	parts := make([]string, len(u))
	for i, p := range u {
		var s Stats
		metric, _, _ := strings.Cut(p.Name, "-")
		if m := slices.Index(metricNames[:], metric); m >= 0 {
			a.addOwnStats(&s, "", m)
		} else if a.requests > 0 {
			s.set(keyFailedRate, float64(a.failed)/float64(a.requests))
			a.addRates(&s, took, true)
		}
		reached, enough := p.Reached(s.Lookup)
		precise = precise && enough
		parts[i] = fmt.Sprintf("%s ± %.3g%%", p.Name, 100*reached)
		if math.IsNaN(reached) {
			parts[i] = p.Name + " without an interval"
		}
	}
	return precise, strings.Join(parts, ", ")
}
