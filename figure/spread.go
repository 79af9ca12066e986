package figure

import (
	"math"
	"slices"
)

// A Spread is what a box shows of a sample, after Tukey: the quartiles (of type 7, numpy's default), whiskers to the
// outermost values within 1.5 times the distance of the quartiles from them, and what lies beyond.
type Spread struct {
	N                         int
	Mean                      float64
	Low, Q1, Median, Q3, High float64
	Outliers                  []float64 // ascending
}

// SpreadOf computes the spread of the finite values of a sample. For none it is N = 0 and NaN.
func SpreadOf(sample []float64) Spread {
	v := sorted(sample)
	if len(v) == 0 {
		nan := math.NaN()
		return Spread{Mean: nan, Low: nan, Q1: nan, Median: nan, Q3: nan, High: nan}
	}
	s := Spread{N: len(v), Q1: quantile(v, 0.25), Median: quantile(v, 0.5), Q3: quantile(v, 0.75)}
	for _, x := range v {
		s.Mean += x / float64(len(v))
	}
	reach := 1.5 * (s.Q3 - s.Q1)
	below, _ := slices.BinarySearch(v, s.Q1-reach)
	above, _ := slices.BinarySearch(v, math.Nextafter(s.Q3+reach, math.Inf(1)))
	s.Low, s.High = v[below], v[above-1]
	s.Outliers = slices.Concat(v[:below], v[above:])
	return s
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), max(len(sorted)-2, 0))
	if len(sorted) == 1 {
		return sorted[0]
	}
	return sorted[i] + (sorted[i+1]-sorted[i])*(at-float64(i))
}

// sorted gives the finite values in order and leaves the argument as it is.
func sorted(values []float64) []float64 {
	v := slices.DeleteFunc(slices.Clone(values), func(x float64) bool { return !finite(x) })
	slices.Sort(v)
	return v
}

// The number of bins of a histogram.
const (
	minBins = 10
	maxBins = 60
)

// Bins gives the edges, ascending, of bins that hold the finite values of all samples, the same for all so that they can be
// compared: of a round width after Freedman and Diaconis or, with log, of equal ratio. It gives nil when there is no
// value, and with log when one is not above 0.
func Bins(log bool, samples ...[]float64) []float64 {
	v := sorted(slices.Concat(samples...))
	if len(v) == 0 || log && v[0] <= 0 {
		return nil
	}
	if !log {
		return linearBins(v)
	}
	least, most := v[0], v[len(v)-1]
	for i := range v {
		v[i] = math.Log10(v[i])
	}
	lo, hi := v[0], v[len(v)-1]
	if lo == hi {
		lo, hi = lo-0.05, hi+0.05
	}
	n := min(max(int(math.Ceil((hi-lo)/freedman(v))), minBins), maxBins)
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = math.Pow(10, lo+(hi-lo)*float64(i)/float64(n))
	}
	edges[0] = math.Min(edges[0], least) // rounding must not put the extremes outside
	edges[n] = math.Max(edges[n], most)
	return edges
}

func linearBins(v []float64) []float64 {
	lo, hi := v[0], v[len(v)-1]
	width := freedman(v)
	if lo == hi {
		width = math.Max(math.Abs(lo)/10, math.SmallestNonzeroFloat32)
		if lo == 0 {
			width = 1
		}
	} else {
		width = math.Min(math.Max(width, (hi-lo)/maxBins), (hi-lo)/minBins)
	}
	width = Nice(width)
	first := math.Floor(lo / width)
	n := int(math.Floor(hi/width)-first) + 1
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = (first + float64(i)) * width
	}
	return edges
}

// freedman is the width of bins after Freedman and Diaconis; where half of the values are equal it is a tiny number.
func freedman(sorted []float64) float64 {
	width := 2 * (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / math.Cbrt(float64(len(sorted)))
	return math.Max(width, (sorted[len(sorted)-1]-sorted[0])/1e6)
}

// Nice is the least of 1, 2, 5 and their tenfolds that is not less than x, for steps and widths that are read by people.
func Nice(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// Bin gives the index of the bin that holds v: from an edge to below the next, the last one with its upper edge. It gives
// -1 for a value outside all bins.
func Bin(edges []float64, v float64) int {
	last := len(edges) - 1
	if last < 1 || !(v >= edges[0] && v <= edges[last]) {
		return -1
	}
	i, found := slices.BinarySearch(edges, v)
	if !found {
		i--
	}
	return min(i, last-1)
}

// Count says how many values fall into each bin. Values outside all bins are not counted.
func Count(values, edges []float64) []int {
	counts := make([]int, max(len(edges)-1, 0))
	for _, v := range values {
		if i := Bin(edges, v); i >= 0 {
			counts[i]++
		}
	}
	return counts
}

// Steps gives the places of the steps of the distribution and the share of values at or below each. Of very many distinct
// values, whose number it gives too, it leaves out what cannot be seen.
func (s ECDF) Steps() (x, share []float64, distinct int) {
	v := sorted(s.Values)
	for i := range v {
		if i+1 == len(v) || v[i] != v[i+1] {
			x = append(x, v[i])
			share = append(share, float64(i+1)/float64(len(v)))
		}
	}
	keep := thinSteps(x)
	return pick(x, keep), pick(share, keep), len(x)
}
