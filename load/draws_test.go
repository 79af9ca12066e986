package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// ulps is the distance of got from want in units of the last place.
func ulps(got, want float64) float64 {
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
}

func TestLogarithmAndExponentialAgreeWithPackageMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Float64Range(0x1p-53, 1-0x1p-53).Draw(t, "u")
		require.LessOrEqual(t, ulps(ln(u), math.Log(u)), 3.0)
		big := rapid.Float64Range(1.5, 1e300).Draw(t, "big")
		require.LessOrEqual(t, ulps(ln(big), math.Log(big)), 3.0)
		x := rapid.Float64Range(-0.999, 10).Draw(t, "x")
		if x != 0 {
			require.LessOrEqual(t, ulps(ln1p(x), math.Log1p(x)), 8.0)
		}
		y := rapid.Float64Range(-700, 0).Draw(t, "y")
		require.InEpsilon(t, math.Exp(y), exp(y), 1e-13)
	})
	require.Equal(t, 0.0, ln(1))
	require.Equal(t, 1.0, exp(0))
	require.Equal(t, 0.0, exp(-1e6))
}

// gaps are the n first gaps of a schedule, in seconds.
func gaps(a Arrivals, seed uint64, n int) []float64 {
	all := make([]float64, 0, n)
	last := time.Duration(0)
	for at := range a.Offsets(seed) {
		all = append(all, (at - last).Seconds())
		last = at
		if len(all) == n {
			break
		}
	}
	return all
}

func meanAndCV(xs []float64) (mean, cv float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	for _, x := range xs {
		cv += (x - mean) * (x - mean) / float64(len(xs))
	}
	return mean, math.Sqrt(cv) / mean
}

func TestGapsHaveTheirStatedMeanAndVariation(t *testing.T) {
	const n = 50_000
	check := func(a Arrivals, cv float64) {
		t.Helper()
		mean, got := meanAndCV(gaps(a, 1, n))
		// Four standard errors each, with a fixed seed; that of the CV is the one of a gamma distribution, an upper bound for the others.
		require.InDelta(t, 0.02, mean, 4*0.02*cv/math.Sqrt(n), "%v", a)
		require.InEpsilon(t, cv, got, 2*math.Sqrt((2+6*cv*cv)/n), "%v", a)
	}
	check(Poisson{Rate: 50}, 1)
	check(Uniform{Rate: 50}, 1/math.Sqrt(3))
	check(Gamma{Rate: 50}, 1)
	for _, burstiness := range []float64{0.1, 0.25, 0.5, 1, 2, 4, 100} {
		check(Gamma{Rate: 50, Burstiness: burstiness}, 1/math.Sqrt(burstiness))
	}
}

func TestGapsHaveTheirDistribution(t *testing.T) {
	// Kolmogorov's distance of n gaps from the stated distribution is below 1.95/√n for all but one seed in a thousand.
	const n = 20_000
	check := func(a Arrivals, cdf func(x float64) float64) {
		t.Helper()
		xs := gaps(a, 2, n)
		slices.Sort(xs)
		far := 0.0
		for i, x := range xs {
			far = max(far, math.Abs(cdf(x*50)-float64(i)/n), math.Abs(cdf(x*50)-float64(i+1)/n))
		}
		require.Less(t, far, 1.95/math.Sqrt(n), "%v", a)
	}
	check(Poisson{Rate: 50}, func(x float64) float64 { return 1 - math.Exp(-x) })
	check(Uniform{Rate: 50}, func(x float64) float64 { return x / 2 })
	check(Gamma{Rate: 50, Burstiness: 1}, func(x float64) float64 { return 1 - math.Exp(-x) })
	check(Gamma{Rate: 50, Burstiness: 0.5}, func(x float64) float64 { return math.Erf(math.Sqrt(x / 2)) })
	check(Gamma{Rate: 50, Burstiness: 2}, func(x float64) float64 { return 1 - math.Exp(-2*x)*(1+2*x) })
}

func TestPoissonCountsVaryAsPoissonCountsDo(t *testing.T) {
	// A process whose gaps are rescaled has exactly 500 arrivals in each ten seconds; this one has a variance of 500.
	const runs = 400
	var counts []float64
	for seed := range uint64(runs) {
		n := 0.0
		for range (Poisson{Rate: 50, For: 10 * time.Second}).Offsets(seed) {
			n++
		}
		counts = append(counts, n)
	}
	mean, cv := meanAndCV(counts)
	require.InDelta(t, 500, mean, 4*math.Sqrt(500.0/runs))
	require.InDelta(t, 1, mean*cv*cv, 4*math.Sqrt(2.0/runs)) // variance over mean
}

func BenchmarkOffsets(b *testing.B) {
	for _, a := range []Arrivals{Constant{Rate: 1e6}, Poisson{Rate: 1e6}, Gamma{Rate: 1e6, Burstiness: 0.5}, Ramp{From: 1, To: 1e6, Over: 1e6 * time.Hour}} {
		b.Run(a.String(), func(b *testing.B) {
			b.ReportAllocs()
			for range a.Offsets(1) {
				if !b.Loop() {
					break
				}
			}
		})
	}
}
