package dynamo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A Histogram is the percentiles of what a histogram counted between two readings.
type Histogram struct {
	N   float64   `json:"n"`
	P50 *Quantile `json:"p50"`
	P95 *Quantile `json:"p95"`
	P99 *Quantile `json:"p99"`
}

// A Quantile is an estimate from a histogram, in seconds, and what is sure: the bucket that holds it.
type Quantile struct {
	Value  float64     `json:"value"`  // interpolated in the bucket, as Prometheus' histogram_quantile does
	Bucket [2]*float64 `json:"bucket"` // from, to; nil = infinity
}

// A bucket counts what is not above its bound.
type bucket struct{ bound, count float64 }

var errReset = errors.New("a counter was set back to 0 during the run")

// difference is what was counted between two readings of sum by (le). A bucket that the first does not have began at 0.
func difference(before, after []series) ([]bucket, error) {
	read := func(result []series) (map[float64]float64, error) {
		counts := map[float64]float64{}
		for _, s := range result {
			bound, err := strconv.ParseFloat(s.Metric["le"], 64)
			if err != nil {
				return nil, fmt.Errorf("a bucket has the bound %.40q", s.Metric["le"])
			}
			counts[bound] = float64(s.Value)
		}
		return counts, nil
	}
	start, err := read(before)
	if err != nil {
		return nil, err
	}
	end, err := read(after)
	if err != nil {
		return nil, err
	}
	var buckets []bucket
	for bound, count := range end {
		if count -= start[bound]; count < 0 || math.IsNaN(count) {
			return nil, errReset
		}
		buckets = append(buckets, bucket{bound, count})
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	for i := range buckets[min(1, len(buckets)):] { // readings that were not taken at the same moment
		buckets[i+1].count = max(buckets[i+1].count, buckets[i].count)
	}
	return buckets, nil
}

// histogram gives the percentiles of buckets that are sorted; nil if nothing was counted.
func histogram(buckets []bucket) *Histogram {
	if len(buckets) == 0 || buckets[len(buckets)-1].count == 0 {
		return nil
	}
	return &Histogram{buckets[len(buckets)-1].count, quantile(buckets, 0.50), quantile(buckets, 0.95), quantile(buckets, 0.99)}
}

func quantile(buckets []bucket, q float64) *Quantile {
	rank := q * buckets[len(buckets)-1].count
	i := slices.IndexFunc(buckets, func(b bucket) bool { return b.count >= rank })
	low, below := 0.0, 0.0
	if i > 0 {
		low, below = buckets[i-1].bound, buckets[i-1].count
	}
	high := buckets[i].bound
	if math.IsInf(high, 1) {
		return &Quantile{low, [2]*float64{&low, nil}}
	}
	return &Quantile{low + (high-low)*(rank-below)/(buckets[i].count-below), [2]*float64{&low, &high}}
}
