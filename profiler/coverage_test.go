package profiler

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/stats"
)

// These tests draw profiles whose truth is known and count how often the 95 % intervals hold it: ours, and NAT's of the same values. With
// -v they print the table of docs/profiler.md.

// times is how often each profile is drawn: a share near 95 % is then sure to ± 1.4 %.
const times = 1000

// A source is a distribution of durations with its true mean and quantiles.
type source struct {
	name     string
	one      func(*rand.Rand) float64
	mean     float64
	quantile func(q float64) float64
}

func sources() []source {
	const sigma = 0.5
	return []source{
		{"exponential", func(r *rand.Rand) float64 { return r.ExpFloat64() }, 1, func(q float64) float64 { return -math.Log(1 - q) }},
		{"log-normal", func(r *rand.Rand) float64 { return math.Exp(sigma * r.NormFloat64()) }, math.Exp(sigma * sigma / 2),
			func(q float64) float64 { return math.Exp(sigma * math.Sqrt2 * math.Erfinv(2*q-1)) }},
	}
}

// held counts how often each of two intervals holds the truth.
func held(seed uint64, truth float64, intervals func(*rand.Rand) (ours, theirs *Bounds)) (ours, theirs float64) {
	random := rand.New(rand.NewPCG(seed, 77))
	for range times {
		a, b := intervals(random)
		ours, theirs = ours+in(a, truth), theirs+in(b, truth)
	}
	return ours / times, theirs / times
}

func in(b *Bounds, truth float64) float64 {
	if b != nil && b[0] <= truth && truth <= b[1] {
		return 1
	}
	return 0
}

func logCoverage(t *testing.T, of, source string, n int, ours, theirs float64) {
	t.Logf("| %s | %s | %d | %.1f %% | %.1f %% |", of, source, n, 100*ours, 100*theirs)
}

func TestIntervalsOfRunTimesCoverTheirLevel(t *testing.T) {
	t.Parallel()
	for _, d := range sources() {
		for _, n := range []int{3, 5, 10, 30, 100, 500} {
			ours, theirs := held(uint64(n), d.mean, func(r *rand.Rand) (*Bounds, *Bounds) {
				values := make([]float64, n)
				for i := range values {
					values[i] = d.one(r)
				}
				nat := natMetrics(values)
				return bounds(stats.SampleOf(values).MeanInterval(0.95)), &nat.NinetyFifth
			})
			logCoverage(t, "mean run time", d.name, n, ours, theirs)
			require.GreaterOrEqual(t, ours, theirs)
			if n >= stats.MinApproximateMeanN {
				require.InDelta(t, 0.95, ours, 0.02)
			}
		}
	}
}

// Each request has ten calls, and is fast or slow as a whole.
func TestIntervalsOfLatenciesByRequestCoverTheirLevel(t *testing.T) {
	t.Parallel()
	const calls, sigma = 10, 0.5
	mean := math.Exp(sigma * sigma)
	for _, n := range []int{5, 10, 30, 100, 500} {
		ours, theirs := held(uint64(n), mean, func(r *rand.Rand) (*Bounds, *Bounds) {
			var values []float64
			sums, counts := make([]float64, n), make([]float64, n)
			for i := range n {
				slow := sigma * r.NormFloat64()
				for range calls {
					v := math.Exp(slow + sigma*r.NormFloat64())
					values = append(values, v)
					sums[i] += v
				}
				counts[i] = calls
			}
			nat := natMetrics(values)
			return bounds(clustered(sums, counts).MeanInterval(0.95)), &nat.NinetyFifth
		})
		logCoverage(t, "mean LLM latency, by request", "10 calls each, alike", n, ours, theirs)
		require.Greater(t, ours, theirs)
		if n >= stats.MinApproximateMeanN {
			require.InDelta(t, 0.95, ours, 0.02)
		}
	}
}

// Without randomness: the probabilities of all numbers of requests in a time whose interval holds the truth add up to the coverage.
func TestIntervalsOfThroughputCoverTheirLevel(t *testing.T) {
	for _, mean := range []float64{2, 4, 10, 30, 100, 500} {
		ours, theirs := 0.0, 0.0
		for n := 0; n < int(mean+20*math.Sqrt(mean)+20); n++ {
			logFactorial, _ := math.Lgamma(float64(n) + 1)
			p := math.Exp(-mean + float64(n)*math.Log(mean) - logFactorial)
			half := z95 * math.Sqrt(float64(n))
			ours += p * in(bounds(stats.Poisson(uint64(n), 1, 0.95)), mean)
			theirs += p * in(&Bounds{max(float64(n)-half, 0), float64(n) + half}, mean)
		}
		logCoverage(t, "throughput", "Poisson arrivals in a given time", int(mean), ours, theirs)
		require.GreaterOrEqual(t, ours, 0.95)
	}
}

// The time of a trace is from its first event to its last, which depends on when requests happen to come. What that does to the intervals
// is shown and not required.
func TestIntervalsOfThroughputFromFirstEventToLast(t *testing.T) {
	const rate = 0.5
	for _, mean := range []int{10, 30, 100, 500} {
		ours, theirs := held(uint64(mean), rate, func(random *rand.Rand) (*Bounds, *Bounds) {
			var all []*Request
			for at := random.ExpFloat64() / rate; at < float64(mean)/rate; at += random.ExpFloat64() / rate {
				all = append(all, &Request{Steps: 2, Start: at, End: at + random.ExpFloat64()})
			}
			m := throughputMetrics(all)
			return m.Corrected.NinetyFifth, &m.NinetyFifth
		})
		logCoverage(t, "throughput", "Poisson arrivals, first event to last", mean, ours, theirs)
	}
}

func TestIntervalsOfPercentilesCoverTheirLevel(t *testing.T) {
	t.Parallel()
	for _, d := range sources() {
		for _, c := range []struct {
			n int
			q float64
		}{{10, 0.5}, {100, 0.5}, {100, 0.9}, {500, 0.9}, {200, 0.95}, {500, 0.99}, {2000, 0.99}} {
			ours, _ := held(uint64(c.n), d.quantile(c.q), func(r *rand.Rand) (*Bounds, *Bounds) {
				s := new(stats.Sample)
				for range c.n {
					s.Add(d.one(r))
				}
				return bounds(s.QuantileInterval(c.q, 0.95)), nil
			})
			t.Logf("| p%g | %s | %d | %.1f %% | none |", 100*c.q, d.name, c.n, 100*ours)
			require.GreaterOrEqual(t, ours, 0.95)
		}
	}
}

// An answer has ten gaps and is fast or slow as a whole.
func TestIntervalsOfGapsCoverTheirLevel(t *testing.T) {
	t.Parallel()
	const gaps, sigma = 10, 0.4
	mean, median := math.Exp(sigma*sigma), 1.0
	for _, n := range []int{20, 100, 500} {
		ours, atMedian := held(uint64(n), 0, func(r *rand.Rand) (*Bounds, *Bounds) {
			calls := make([]*Span, n)
			for i := range calls {
				slow := sigma * r.NormFloat64()
				s := &Span{Chunks: make([]float64, gaps+1)}
				for k := range gaps {
					s.Chunks[k+1] = s.Chunks[k] + math.Exp(slow+sigma*r.NormFloat64())
				}
				calls[i] = s
			}
			e := gapEstimate(calls)
			return less(e.NinetyFifth, mean), less(e.Percentiles[0].Interval, median)
		})
		t.Logf("| mean ITL, by answer | 10 gaps each, alike | %d | %.1f %% | none |", n, 100*ours)
		t.Logf("| p50 of ITL, by answer | 10 gaps each, alike | %d | %.1f %% | none |", n, 100*atMedian)
		if n >= stats.MinApproximateMeanN {
			require.InDelta(t, 0.95, ours, 0.02)
			require.InDelta(t, 0.95, atMedian, 0.02)
		}
	}
}

func less(b *Bounds, v float64) *Bounds {
	if b == nil {
		return nil
	}
	return &Bounds{b[0] - v, b[1] - v}
}
