package stats

import (
	"math"
	"sort"
)

// An Interval is a confidence interval. Both ends are NaN where none exists.
type Interval struct{ Lo, Hi float64 }

var noInterval = Interval{math.NaN(), math.NaN()}

// Exists says whether there is an interval.
func (i Interval) Exists() bool { return !math.IsNaN(i.Lo) && !math.IsNaN(i.Hi) }

// Contains says whether v lies in the interval, its ends included.
func (i Interval) Contains(v float64) bool { return i.Lo <= v && v <= i.Hi }

// Precision is half the width as a share of the estimate: 0.05 reads "± 5 %". It is NaN where there is no interval.
func (i Interval) Precision(estimate float64) float64 {
	return (i.Hi - i.Lo) / 2 / math.Abs(estimate)
}

// QuantileInterval is the interval between two values of the sample that holds the true quantile with at least the given level,
// whatever the distribution, for independent values: each end is passed with probability (1-level)/2 at most. In a
// sketch its ends carry RelativeError. It does not exist below MinIntervalN values.
func (s *Sample) QuantileInterval(q, level float64) Interval {
	s.settle()
	lo, hi, ok := orderRanks(s.n, q, level)
	if !ok {
		return noInterval
	}
	return Interval{s.at(lo - 1), s.at(hi - 1)}
}

// QuantileIntervalFor is the approximate interval where the values are worth only effectiveN independent ones, as
// Series.EffectiveNAt finds. It does not exist below MinIntervalN effective values.
func (s *Sample) QuantileIntervalFor(q, level, effectiveN float64) Interval {
	return effectiveQuantile(s.n, s.Quantile, q, level, effectiveN)
}

// MeanInterval is Student's t interval of the mean, for independent values; it does not exist for fewer than two.
func (s *Sample) MeanInterval(level float64) Interval { return s.MeanIntervalFor(level, float64(s.n)) }

// MeanIntervalFor is MeanInterval where the values are worth only effectiveN independent ones, as Series.EffectiveN finds.
func (s *Sample) MeanIntervalFor(level, effectiveN float64) Interval {
	return studentInterval(s.Mean(), s.StdDev(), min(effectiveN, float64(s.n)), level)
}

// QuantileInterval is Sample.QuantileInterval of ascending values.
func QuantileInterval(sorted []float64, q, level float64) Interval {
	lo, hi, ok := orderRanks(uint64(len(sorted)), q, level)
	if !ok {
		return noInterval
	}
	return Interval{sorted[lo-1], sorted[hi-1]}
}

// Wilson is the score interval (Wilson, 1927) of a rate of which successes were seen in n attempts; it does not exist for
// n = 0.
func Wilson(successes, n uint64, level float64) Interval {
	return WilsonFor(successes, n, level, float64(n))
}

// WilsonFor is Wilson where the attempts are worth only effectiveN independent ones, as Series.EffectiveN of their outcomes finds:
// failures
// that come together tell less of the rate than as many that do not. It was checked with 50 outcomes of each sort.
func WilsonFor(successes, n uint64, level, effectiveN float64) Interval {
	if n == 0 || successes > n || !isLevel(level) || !(effectiveN > 0) {
		return noInterval
	}
	z := normalQuantile((1 + level) / 2)
	count := min(effectiveN, float64(n))
	rate := float64(successes) / float64(n)
	centre := rate + z*z/(2*count)
	half := z * math.Sqrt(rate*(1-rate)/count+z*z/(4*count*count))
	scale := 1 + z*z/count
	interval := Interval{(centre - half) / scale, (centre + half) / scale}
	if successes == 0 { // exactly so but for rounding
		interval.Lo = 0
	}
	if successes == n {
		interval.Hi = 1
	}
	return interval
}

// Poisson is the exact interval (Garwood, 1936) of the rate at which independent events arrive, of which so many were
// seen in an exposure above 0; the rate is per unit of the exposure.
func Poisson(events uint64, exposure, level float64) Interval {
	if !(exposure > 0) || !isLevel(level) {
		return noInterval
	}
	tail := (1 - level) / 2
	count := float64(events)
	interval := Interval{Hi: chiSquareQuantile(1-tail, 2*count+2) / 2 / exposure}
	if events > 0 {
		interval.Lo = chiSquareQuantile(tail, 2*count) / 2 / exposure
	}
	return interval
}

// effectiveQuantile turns the interval of a share into one of values (Woodruff, 1952): how surely is the share of values
// up to the quantile known, if effectiveN of them are independent? The share's interval is that of Clopper and Pearson
// (1934), with effectiveN in the place of n as in Korn and Graubard (1998).
func effectiveQuantile(n uint64, quantile func(float64) float64, q, level, effectiveN float64) Interval {
	effectiveN = min(effectiveN, float64(n))
	if !(effectiveN >= float64(MinIntervalN(q, level))) {
		return noInterval
	}
	tail := (1 - level) / 2
	below, above := effectiveN*q, effectiveN*(1-q)
	return Interval{quantile(betaQuantile(tail, below, above+1)), quantile(betaQuantile(1-tail, below+1, above))}
}

// studentInterval is Student's (1908) t interval.
func studentInterval(mean, stddev, n, level float64) Interval {
	if !(n > 1) || !isLevel(level) {
		return noInterval
	}
	half := studentQuantile((1+level)/2, n-1) * stddev / math.Sqrt(n)
	return Interval{mean - half, mean + half}
}

// orderRanks finds the ranks, from 1, of the two order statistics around the q-quantile of n independent values. The
// number of values up to the true quantile is binomial; lo is the highest rank and hi the lowest that are passed with
// probability (1-level)/2 at most (Conover, 1999, §3.2; Hahn and Meeker, 1991, §5.2).
func orderRanks(n uint64, q, level float64) (lo, hi uint64, ok bool) {
	if n < MinIntervalN(q, level) || n > math.MaxInt {
		return 0, 0, false
	}
	tail := (1 - level) / 2
	count := float64(n)
	first := sort.Search(int(n), func(k int) bool { return binomialCDF(float64(k), count, q) > tail })
	last := sort.Search(int(n), func(k int) bool { return betaCDF(q, float64(k)+1, count-float64(k)) <= tail })
	lo, hi = uint64(first), uint64(last)+1
	return lo, hi, lo >= 1 && hi <= n
}

func isLevel(level float64) bool { return level > 0 && level < 1 }
