package figure

import (
	"cmp"
	"math"
	"slices"
)

// How much of a series a page carries. A screen is at most a few thousand points wide.
const (
	lineBuckets    = 1000
	scatterBuckets = 200 // few, so that extremes do not look like a crowd
	scatterStrides = 4500
	ecdfBuckets    = 500
	ecdfTail       = 200
	outlierBuckets = 100
	maxBars        = 50_000
)

// Thin chooses which of many values to draw. It cuts y, in its order, into buckets of equal count and gives the indices, in
// order, of the first and the last value and of the smallest and the largest of each bucket, so that a drawing that has at
// most one bucket a pixel looks as with all values. Of NaNs, which are gaps, one of each bucket is kept. When y has no more
// than three values a bucket, all are.
func Thin(y []float64, buckets int) []int {
	n := len(y)
	buckets = max(buckets, 1)
	if n <= 3*buckets {
		return upTo(n)
	}
	keep := make([]int, 0, 3*buckets+2)
	for b := range buckets {
		lo, hi := b*n/buckets, (b+1)*n/buckets
		keep = append(keep, extremes(y, lo, hi)...)
	}
	keep = append(keep, 0, n-1)
	slices.Sort(keep)
	return slices.Compact(keep)
}

// extremes gives the indices of the smallest and the largest of y[lo:hi], and of its first NaN.
func extremes(y []float64, lo, hi int) []int {
	least, most, gap := -1, -1, -1
	for i := lo; i < hi; i++ {
		switch v := y[i]; {
		case math.IsNaN(v):
			if gap < 0 {
				gap = i
			}
		case least < 0:
			least, most = i, i
		case v < y[least]:
			least = i
		case v > y[most]:
			most = i
		}
	}
	return slices.DeleteFunc([]int{least, most, gap}, func(i int) bool { return i < 0 })
}

// ThinCloud chooses which points of a cloud to draw: the extremes of y along x, and of all others an even sample, which
// keeps the density. It gives their indices, in order; all of them when they are few.
func ThinCloud(x, y []float64) []int {
	n := len(x)
	if n <= 2*scatterBuckets+scatterStrides {
		return upTo(n)
	}
	order := upTo(n)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	sorted := pick(y, order)
	var keep []int
	for _, i := range Thin(sorted, scatterBuckets) {
		keep = append(keep, order[i])
	}
	for i := range scatterStrides {
		keep = append(keep, i*n/scatterStrides)
	}
	slices.Sort(keep)
	return slices.Compact(keep)
}

// thinSteps chooses steps of a distribution, the values ascending: evenly many over all ranks, and every one of the upper
// tail, where a page is read most closely.
func thinSteps(sorted []float64) []int {
	body := max(len(sorted)-ecdfTail, 0)
	keep := Thin(sorted[:body], ecdfBuckets)
	for i := body; i < len(sorted); i++ {
		keep = append(keep, i)
	}
	return keep
}

// Longest keeps the n longest bars, in the order in which they stand, the earlier one of equals.
func Longest(bars []Bar, n int) []Bar {
	if len(bars) <= n {
		return bars
	}
	order := upTo(len(bars))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(bars[b].End-bars[b].Start, bars[a].End-bars[a].Start)
	})
	order = order[:n]
	slices.Sort(order)
	kept := make([]Bar, n)
	for i, k := range order {
		kept[i] = bars[k]
	}
	return kept
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func pick[T any](values []T, indices []int) []T {
	picked := make([]T, len(indices))
	for i, k := range indices {
		picked[i] = values[k]
	}
	return picked
}
