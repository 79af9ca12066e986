package profiler

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/stats"
)

// Bounds is a confidence interval: its lower and its upper end.
type Bounds [2]float64

// Format writes both ends, with one unit if they have the same; "" for none.
func (b *Bounds) Format(u figure.Unit) string {
	if b == nil {
		return ""
	}
	from, to := u.Format(b[0]), u.Format(b[1])
	number, unit, _ := strings.Cut(from, " ")
	if _, other, _ := strings.Cut(to, " "); unit == other {
		from = number
	}
	return from + " … " + to
}

// InferenceMetrics describes a quantity with the numbers of NAT. Its intervals are mean ± z·σ/√n with the standard
// deviation of a population, whatever n is: for few values they are too narrow, and for one they have no width. Corrected holds
// those that keep what they promise.
type InferenceMetrics struct {
	N           int       `json:"n"`
	Mean        float64   `json:"mean"`
	Ninetieth   Bounds    `json:"ninetieth_interval"`
	NinetyFifth Bounds    `json:"ninety_fifth_interval"`
	NinetyNinth Bounds    `json:"ninety_ninth_interval"`
	P90         float64   `json:"p90"`
	P95         float64   `json:"p95"`
	P99         float64   `json:"p99"`
	Corrected   *Estimate `json:"corrected,omitempty"`
}

// An Estimate says how well a mean, or a rate, and percentiles are known. An interval that does not exist is nil, and Notes say why.
type Estimate struct {
	Definition  string       `json:"definition"`
	N           int          `json:"n"`
	Mean        *float64     `json:"mean"` // or the rate
	Ninetieth   *Bounds      `json:"ninetieth_interval"`
	NinetyFifth *Bounds      `json:"ninety_fifth_interval"`
	NinetyNinth *Bounds      `json:"ninety_ninth_interval"`
	Bootstrap   *Bounds      `json:"bootstrap_ninety_fifth_interval,omitempty"`  // BCa, of the mean; of run times and latencies alone
	ByRequest   *Bounds      `json:"by_request_ninety_fifth_interval,omitempty"` // t, with requests as the independent units
	EffectiveN  *float64     `json:"effective_n,omitempty"`                      // how many independent values these are worth, in the order of time
	Percentiles []Percentile `json:"percentiles,omitempty"`
	Notes       []string     `json:"notes,omitempty"`
}

// A Percentile is a type-7 quantile with the interval between two order statistics that holds it with 95 %.
type Percentile struct {
	Name     string  `json:"name"` // such as "p95"
	Value    float64 `json:"value"`
	Interval *Bounds `json:"ninety_fifth_interval"`
}

// SimpleMetrics are the confidence intervals of a profile, as NAT's SimpleMetricsHolder.
type SimpleMetrics struct {
	WorkflowRuntime InferenceMetrics `json:"workflow_run_time_confidence_intervals"`
	LLMLatency      InferenceMetrics `json:"llm_latency_confidence_intervals"`
	Throughput      InferenceMetrics `json:"throughput_estimate_confidence_interval"`
}

// maxBootstrap bounds how many values are resampled. With more the bootstrap interval of a mean is the t interval.
const maxBootstrap = 5000

// ConfidenceIntervals describes the run time of requests, the latency of LLM calls, and the requests per second.
func ConfidenceIntervals(requests []*Request) SimpleMetrics {
	return SimpleMetrics{runtimeMetrics(requests), latencyMetrics(requests), throughputMetrics(requests)}
}

func runtimeMetrics(requests []*Request) InferenceMetrics {
	var runtimes []timedValue
	for _, r := range requests {
		if r.Steps > 0 {
			runtimes = append(runtimes, timedValue{r.Start, r.Runtime()})
		}
	}
	values := inOrder(runtimes)
	m := natMetrics(values)
	m.Corrected = estimate(values, "seconds from the first event of a request to its last, of requests that have events").bootstrapped(values)
	return m
}

// latencyMetrics has NAT's numbers, which pair the end of an LLM call with the latest start before it whosever that is, and
// ours, which pair by UUID.
func latencyMetrics(requests []*Request) InferenceMetrics {
	var adjacent []float64
	var paired []timedValue
	sums := make([]float64, len(requests))
	counts := make([]float64, len(requests))
	for i, r := range requests {
		adjacent = appendAdjacent(adjacent, r)
		for j := range r.Spans {
			if s := &r.Spans[j]; s.Category == LLM && s.State == Complete {
				paired = append(paired, timedValue{s.Start, s.Duration()})
				sums[i] += s.Duration()
				counts[i]++
			}
		}
	}
	m := natMetrics(adjacent)
	values := inOrder(paired)
	m.Corrected = estimate(values, "seconds from LLM_START to LLM_END of the same UUID, of calls that did not fail").bootstrapped(values)
	m.Corrected.ByRequest = bounds(clustered(sums, counts).MeanInterval(0.95))
	return m
}

// clustered gives values whose mean is that of all calls, and whose standard error is that of a mean of calls that
// come in clusters: the linearized ratio of the requests' sums to their counts (Cochran, Sampling Techniques, 1977, chapter 6).
func clustered(sums, counts []float64) *stats.Sample {
	var sum, count, clusters float64
	for i := range sums {
		if counts[i] > 0 {
			sum, count, clusters = sum+sums[i], count+counts[i], clusters+1
		}
	}
	z := new(stats.Sample)
	for i := range sums {
		if counts[i] > 0 {
			z.Add(sum/count + (sums[i]-sum/count*counts[i])*clusters/count)
		}
	}
	return z
}

// appendAdjacent appends the latencies of LLM calls as NAT pairs them: in the order of time, an end with the latest start that
// has not been used. Of one moment, ends come before starts, but for calls without duration.
func appendAdjacent(latencies []float64, r *Request) []float64 {
	type mark struct {
		at   float64
		turn int
	}
	var marks []mark
	for i := range r.Spans {
		s := &r.Spans[i]
		if s.Category != LLM {
			continue
		}
		instant := s.Timed() && s.Start == s.End
		if instant {
			latencies = append(latencies, 0)
			continue
		}
		if s.Started() {
			marks = append(marks, mark{s.Start, 1})
		}
		if s.Ended() {
			marks = append(marks, mark{s.End, 0})
		}
	}
	slices.SortFunc(marks, func(a, b mark) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.turn, b.turn)) })
	start := math.NaN()
	for _, m := range marks {
		if m.turn == 1 {
			start = m.at
		} else if !math.IsNaN(start) {
			latencies = append(latencies, m.at-start)
			start = math.NaN()
		}
	}
	return latencies
}

func throughputMetrics(requests []*Request) InferenceMetrics {
	first, last, withSteps := math.Inf(1), math.Inf(-1), 0
	for _, r := range requests {
		if r.Steps > 0 {
			first, last = min(first, r.Start), max(last, r.End)
			withSteps++
		}
	}
	var m InferenceMetrics
	window := last - first
	m.Corrected = &Estimate{
		Definition: "requests that have events, per second from the first event of all to the last; Poisson-exact intervals",
		N:          withSteps,
	}
	if !(window > 0) {
		m.Corrected.Notes = []string{"no time passed between the first event and the last"}
		return m
	}
	rate := float64(withSteps) / window
	m.Corrected.Mean = &rate
	interval := func(level float64) *Bounds { return bounds(stats.Poisson(uint64(withSteps), window, level)) }
	m.Corrected.Ninetieth, m.Corrected.NinetyFifth, m.Corrected.NinetyNinth = interval(0.90), interval(0.95), interval(0.99)
	if n := len(requests); n > 1 {
		m.N, m.Mean = n, float64(n)/window
		around := func(z float64) Bounds {
			half := z * m.Mean / math.Sqrt(float64(n))
			return Bounds{max(m.Mean-half, 0), m.Mean + half}
		}
		m.Ninetieth, m.NinetyFifth, m.NinetyNinth = around(z90), around(z95), around(z99)
	}
	return m
}

// The z-scores of NAT.
const z90, z95, z99 = 1.645, 1.96, 2.576

// natMetrics are the numbers of NAT, zeros for no values.
func natMetrics(values []float64) InferenceMetrics {
	if len(values) == 0 {
		return InferenceMetrics{}
	}
	s := stats.SampleOf(values)
	n := float64(len(values))
	m := InferenceMetrics{N: len(values), Mean: s.Mean(), P90: s.Quantile(0.90), P95: s.Quantile(0.95), P99: s.Quantile(0.99)}
	standardError := 0.0
	if n > 1 {
		standardError = s.StdDev() * math.Sqrt((n-1)/n) / math.Sqrt(n) // the deviation of a population
	}
	around := func(z float64) Bounds { return Bounds{m.Mean - z*standardError, m.Mean + z*standardError} }
	m.Ninetieth, m.NinetyFifth, m.NinetyNinth = around(z90), around(z95), around(z99)
	return m
}

// bootstrapped adds the bootstrap interval to an estimate of the values.
func (e *Estimate) bootstrapped(values []float64) *Estimate {
	if len(values) > 1 && len(values) <= maxBootstrap {
		e.Bootstrap = bounds(stats.Resampling{}.Interval(values, 0.95, stats.Mean))
	}
	return e
}

// estimate describes values in the order of time.
func estimate(values []float64, definition string) *Estimate {
	e := &Estimate{Definition: definition + "; Student-t intervals of the mean", N: len(values)}
	if len(values) == 0 {
		e.Notes = []string{"there are no values"}
		return e
	}
	s := stats.SampleOf(values)
	mean := s.Mean()
	e.Mean = &mean
	e.Ninetieth, e.NinetyFifth, e.NinetyNinth = bounds(s.MeanInterval(0.90)), bounds(s.MeanInterval(0.95)), bounds(s.MeanInterval(0.99))
	if len(values) < 2 {
		e.Notes = append(e.Notes, "one value has no interval")
	} else if w, ok := stats.ApproximateMeanWarning(s.N()); ok {
		e.Notes = append(e.Notes, w.Text)
	}
	if effective := stats.Series(values).EffectiveN(); !math.IsNaN(effective) {
		e.EffectiveN = &effective
		if w, ok := stats.DependentWarning(s.N(), effective); ok {
			e.Notes = append(e.Notes, w.Text)
		}
	}
	for _, p := range percentileLevels {
		q := p / 100
		e.Percentiles = append(e.Percentiles, Percentile{fmt.Sprintf("p%g", p), s.Quantile(q), bounds(s.QuantileInterval(q, 0.95))})
		if w, ok := stats.IntervalWarning(q, 0.95, float64(s.N())); ok {
			e.Notes = append(e.Notes, w.Text)
		}
	}
	return e
}

func bounds(i stats.Interval) *Bounds {
	if !i.Exists() {
		return nil
	}
	return &Bounds{i.Lo, i.Hi}
}

// A timedValue is a value and when it began.
type timedValue struct{ at, value float64 }

// inOrder gives values in the order of time, those of one moment by size.
func inOrder(values []timedValue) []float64 {
	slices.SortFunc(values, func(a, b timedValue) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.value, b.value)) })
	sorted := make([]float64, len(values))
	for i, v := range values {
		sorted[i] = v.value
	}
	return sorted
}
