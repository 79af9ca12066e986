package stats

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A source draws series whose true mean and quantiles are known.
type source struct {
	name        string
	independent bool
	draw        func(random *rand.Rand, n int) Series
	mean        float64
	cdf         func(x float64) float64
}

func (s source) quantile(q float64) float64 { return invert(q, 0, 100, s.cdf) }

func independent(name string, mean float64, cdf func(float64) float64, one func(*rand.Rand) float64) source {
	return source{name, true, func(random *rand.Rand, n int) Series {
		values := make(Series, n)
		for i := range values {
			values[i] = one(random)
		}
		return values
	}, mean, cdf}
}

func sources() []source {
	const sigma, phi = 0.5, 0.5
	return []source{
		independent("exponential", 1,
			func(x float64) float64 { return -math.Expm1(-x) },
			func(r *rand.Rand) float64 { return r.ExpFloat64() }),
		independent("log-normal", math.Exp(sigma*sigma/2),
			func(x float64) float64 { return normalCDF(math.Log(x) / sigma) },
			func(r *rand.Rand) float64 { return math.Exp(sigma * r.NormFloat64()) }),
		independent("bimodal", 0.6*2+0.4*6,
			func(x float64) float64 { return 0.6*normalCDF((x-2)/0.3) + 0.4*normalCDF((x-6)/0.5) },
			func(r *rand.Rand) float64 {
				if r.Float64() < 0.6 {
					return 2 + 0.3*r.NormFloat64()
				}
				return 6 + 0.5*r.NormFloat64()
			}),
		{"autocorrelated", false, func(random *rand.Rand, n int) Series {
			values := make(Series, n)
			deviation := math.Sqrt(1 - phi*phi)
			last := random.NormFloat64()
			for i := range values {
				values[i] = 10 + last
				last = phi*last + deviation*random.NormFloat64()
			}
			return values
		}, 10, func(x float64) float64 { return normalCDF(x - 10) }},
	}
}

// coverage is the share of drawn series of n values whose interval contains the truth. The work is split over two
// generators of fixed seeds, so the share is the same on every machine.
func coverage(s source, n, repeats int, truth float64, interval func(Series) Interval) float64 {
	var hits [2]int
	var group sync.WaitGroup
	for half := range hits {
		group.Go(func() {
			random := rand.New(rand.NewPCG(20, uint64(half)))
			for range repeats / 2 {
				if interval(s.draw(random, n)).Contains(truth) {
					hits[half]++
				}
			}
		})
	}
	group.Wait()
	return float64(hits[0]+hits[1]) / float64(repeats)
}

// The values are independent, so coverage does not depend on the source; the sources guard against mistakes that do.
func TestExactIntervalsCoverAtLeastTheirLevel(t *testing.T) {
	for _, s := range sources() {
		if !s.independent {
			continue
		}
		for _, c := range []struct {
			n int
			q float64
		}{{100, 0.5}, {500, 0.9}, {1000, 0.99}} {
			share := coverage(s, c.n, 1000, s.quantile(c.q), func(x Series) Interval { return QuantileInterval(Sorted(x), c.q, 0.95) })
			require.GreaterOrEqual(t, share, 0.95, "%s p%g of %d", s.name, 100*c.q, c.n)
		}
	}
}

func TestApproximateIntervalsOfASeriesCoverTheirLevel(t *testing.T) {
	for _, s := range sources() {
		for _, q := range []float64{0.5, 0.9, 0.99} {
			n := int(MinApproximateN(q))
			share := coverage(s, n, 1000, s.quantile(q), func(x Series) Interval { return x.QuantileInterval(q, 0.95) })
			require.InDelta(t, 0.95, share, 0.02, "%s p%g", s.name, 100*q)
		}
		share := coverage(s, MinApproximateMeanN, 1000, s.mean, func(x Series) Interval { return x.MeanInterval(0.95) })
		require.InDelta(t, 0.95, share, 0.02, "%s mean", s.name)
	}
}

func TestApproximateIntervalsOfIndependentMeansCoverTheirLevel(t *testing.T) {
	for _, s := range sources() {
		if !s.independent {
			continue
		}
		share := coverage(s, MinApproximateMeanN, 1000, s.mean, func(x Series) Interval { return SampleOf(x).MeanInterval(0.95) })
		require.InDelta(t, 0.95, share, 0.02, "%s t", s.name)
	}
}

func TestBootstrapIntervalCoversItsLevel(t *testing.T) {
	s := sources()[0] // the most skewed
	draw := Resampling{Resamples: 200}
	share := coverage(s, MinApproximateMeanN, 300, s.mean, func(x Series) Interval { return draw.Interval(x, 0.95, plainMean) })
	require.InDelta(t, 0.95, share, 0.02)
}

func TestIntervalsOfADifferenceOfQuantilesCoverTheirLevel(t *testing.T) {
	s := sources()[0]
	draw := Resampling{Resamples: 400}
	for _, q := range []float64{0.5, 0.9} {
		share := coverage(s, 1000, 600, 0, func(x Series) Interval {
			return draw.QuantileDifference(SampleOf(x[:500]), SampleOf(x[500:]), q, 0.95)
		})
		require.InDelta(t, 0.95, share, 0.03, "p%g", 100*q)
	}
}

// Without randomness: the probabilities of all outcomes whose interval contains the truth add up to the coverage.
func TestPoissonIntervalCoversAtLeastItsLevel(t *testing.T) {
	for _, mean := range []float64{0.1, 1, 3.3, 20, 150} {
		var share float64
		for k := range uint64(mean + 20*math.Sqrt(mean) + 20) {
			if Poisson(k, 1, 0.95).Contains(mean) {
				share += math.Exp(-mean + float64(k)*math.Log(mean) - logFactorial(k))
			}
		}
		require.GreaterOrEqual(t, share, 0.95, "mean %v", mean)
	}
}

func TestWilsonIntervalCoversItsLevel(t *testing.T) {
	const n = 500
	for _, rate := range []float64{0.05, 0.2, 0.5, 0.9, 0.97} {
		var share float64
		for k := range uint64(n + 1) {
			if Wilson(k, n, 0.95).Contains(rate) {
				share += math.Exp(logFactorial(n) - logFactorial(k) - logFactorial(n-k) + float64(k)*math.Log(rate) + float64(n-k)*math.Log1p(-rate))
			}
		}
		require.InDelta(t, 0.95, share, 0.02, "rate %v", rate)
	}
}

// outcomes is a chain of ones and zeros, each of which remembers the one before it.
func outcomes(rate, phi float64) source {
	return source{"outcomes", false, func(random *rand.Rand, n int) Series {
		values := make(Series, n)
		next := rate
		for i := range values {
			if random.Float64() < next {
				values[i] = 1
			}
			next = rate*(1-phi) + phi*values[i]
		}
		return values
	}, rate, nil}
}

func TestWilsonIntervalOfOutcomesThatComeTogetherCoversItsLevel(t *testing.T) {
	sum := func(s Series) uint64 { return uint64(plainMean(s)*float64(len(s)) + 0.5) }
	for _, c := range []struct {
		n    int
		rate float64
	}{{1000, 0.05}, {500, 0.2}, {500, 0.5}, {500, 0.9}} {
		share := coverage(outcomes(c.rate, 0.5), c.n, 1000, c.rate, func(s Series) Interval {
			return WilsonFor(sum(s), uint64(len(s)), 0.95, s.EffectiveN())
		})
		require.InDelta(t, 0.95, share, 0.02, "rate %v of %d", c.rate, c.n)
		naive := coverage(outcomes(c.rate, 0.5), c.n, 1000, c.rate, func(s Series) Interval { return Wilson(sum(s), uint64(len(s)), 0.95) })
		require.Less(t, naive, 0.8)
	}
}

func logFactorial(k uint64) float64 {
	v, _ := math.Lgamma(float64(k) + 1)
	return v
}
