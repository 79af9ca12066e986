package stats

import (
	"math"
	"slices"
)

// Quantile is the type-7 quantile (numpy's default) of ascending values at q in [0, 1]: the linear interpolation
// between the two values around position (n-1)·q. It is NaN when there are no values or q is outside.
func Quantile(sorted []float64, q float64) float64 {
	return quantile(uint64(len(sorted)), func(i uint64) float64 { return sorted[i] }, q)
}

// Exclusive is LLMeter's percentile of ascending values at p in 1 … 99; see Sample.Exclusive.
func Exclusive(sorted []float64, p int) float64 {
	return exclusive(uint64(len(sorted)), func(i uint64) float64 { return sorted[i] }, p)
}

// Sorted is an ascending copy of values without NaN.
func Sorted(values []float64) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	return sorted
}

// Mean is the exact sum of the finite values divided by their number, rounded once; NaN when there is none.
func Mean(values []float64) float64 {
	sums, n := momentsOf(values)
	if n == 0 {
		return math.NaN()
	}
	return sums.mean(n)
}

// StdDev is the standard deviation of the finite values with divisor n-1; NaN for fewer than two.
func StdDev(values []float64) float64 {
	sums, n := momentsOf(values)
	if n < 2 {
		return math.NaN()
	}
	return sums.stddev(n)
}

func momentsOf(values []float64) (sums moments, n uint64) {
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sums.add(v, 1)
			n++
		}
	}
	return sums, n
}

// quantile is type 7 of Hyndman and Fan (1996) over n values of which at gives the one at an ascending position.
func quantile(n uint64, at func(uint64) float64, q float64) float64 {
	if n == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	position := float64(n-1) * q
	below := min(uint64(position), n-1) // a count above 2^53 may round up
	low := at(below)
	part := position - float64(below)
	if part <= 0 {
		return low
	}
	return between(low, at(below+1), part)
}

// between is low + part·(high-low), monotone in part and never outside: numpy's formula is neither to the last bit.
func between(low, high, part float64) float64 {
	step := high - low
	if math.IsInf(step, 0) {
		return float64(low*(1-part)) + float64(high*part)
	}
	return min(low+float64(part*step), high) // the conversion forbids a fused multiply-add: one answer on all machines
}

// exclusive is the method of Python's statistics.quantiles as LLMeter calls it.
func exclusive(n uint64, at func(uint64) float64, p int) float64 {
	switch {
	case n == 0 || p < 1 || p > 99:
		return math.NaN()
	case n == 1:
		return at(0)
	case p == 50 && n%2 == 1:
		return at(n / 2)
	case p == 50:
		return (at(n/2-1) + at(n/2)) / 2
	}
	base := int64(100)
	switch {
	case p%25 == 0:
		base = 4
	case p%10 == 0:
		base = 10
	}
	count := int64(n)
	cut := int64(p) * base / 100 * (count + 1)
	j := min(max(cut/base, 1), count-1)
	weight := cut - j*base // below 0 or above base where the cut lies outside the data
	low, high := at(uint64(j-1)), at(uint64(j))
	return (float64(low*float64(base-weight)) + float64(high*float64(weight))) / float64(base)
}
