package stats

import (
	"iter"
	"math"
)

// DefaultLimit is how many distinct values a Sample keeps exactly when its Limit is 0: 2 MiB of them.
const DefaultLimit = 1 << 17

// A Sample accumulates values, exactly as long as there are at most Limit distinct ones. Beyond that it becomes a
// sketch: every value stands for the middle of its bucket, at most 0.1 % away (RelativeError), while the count, sum,
// mean, standard deviation, minimum and maximum stay exact. Memory is bounded in both states: 16 bytes a distinct value
// or bucket (512 buckets to each power of two), and as much again for what was not yet sorted.
//
// The zero value is an empty sample. NaN and infinities are no values: they are left out and counted by Ignored; -0
// is taken as 0. Every answer depends on the multiset of values alone, so merging samples of one Limit equals adding
// all values to one.
//
// A Sample must not be copied once it was added to, and is not safe for concurrent use, reading included. Reading between
// additions is cheap: only what was added since the last read is sorted, then merged with the rest.
type Sample struct {
	// Limit is the number of distinct values kept exactly; below 1 it is DefaultLimit. Set it before the first Add.
	Limit int

	kept     []entry // ascending; n counts all values up to and including v
	tail     []entry // as they came; n counts this one
	n        uint64
	ignored  uint64
	min, max float64
	moments  moments
	sketch   bool // every v in kept and tail is the middle of its bucket
}

// SampleOf is a sample of the values.
func SampleOf(values []float64) *Sample {
	s := new(Sample)
	for _, v := range values {
		s.Add(v)
	}
	return s
}

// Add adds one value.
func (s *Sample) Add(v float64) { s.AddN(v, 1) }

// AddN adds the value n times, in constant time.
func (s *Sample) AddN(v float64, n uint64) {
	if n == 0 {
		return
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		s.ignored += n
		return
	}
	if v == 0 {
		v = 0 // -0 is equal to 0 but has other bits
	}
	s.extend(v, v, n)
	s.moments.add(v, n)
	if s.sketch {
		v = middle(v)
	}
	s.tail = append(s.tail, entry{v, n})
	if len(s.tail) >= max(minTail, len(s.kept)) {
		s.settle()
	}
}

// Merge adds everything o holds; o stays as it is. When either is a sketch, s becomes one.
func (s *Sample) Merge(o *Sample) {
	s.ignored += o.ignored
	if o.n == 0 {
		return
	}
	s.settle()
	o.settle()
	added := counts(o.kept)
	s.extend(o.min, o.max, o.n)
	s.moments.merge(&o.moments)
	switch {
	case o.sketch:
		s.condense()
	case s.sketch:
		added = condensed(added)
	}
	s.kept = mergeKept(s.kept, added)
	s.bound()
}

// extend makes room in the count and the range for n values between lo and hi.
func (s *Sample) extend(lo, hi float64, n uint64) {
	if s.n == 0 {
		s.min, s.max = lo, hi
	}
	s.min, s.max = min(s.min, lo), max(s.max, hi)
	s.n += n
}

// N is the number of values.
func (s *Sample) N() uint64 { return s.n }

// Ignored is the number of values that were left out because they were NaN or infinite.
func (s *Sample) Ignored() uint64 { return s.ignored }

// Sum is the exact sum, rounded once; 0 when empty.
func (s *Sample) Sum() float64 { return s.moments.total() }

// Mean is the exact sum divided by N, rounded once; NaN when empty.
func (s *Sample) Mean() float64 {
	if s.n == 0 {
		return math.NaN()
	}
	return s.moments.mean(s.n)
}

// Min is the smallest value; NaN when empty.
func (s *Sample) Min() float64 { return s.Quantile(0) }

// Max is the largest value; NaN when empty.
func (s *Sample) Max() float64 { return s.Quantile(1) }

// StdDev is the standard deviation with divisor N-1; NaN for fewer than two values.
func (s *Sample) StdDev() float64 {
	if s.n < 2 {
		return math.NaN()
	}
	return s.moments.stddev(s.n)
}

// Quantile is the type-7 quantile (numpy's default) at q in [0, 1]: the linear interpolation between the two values
// around position (N-1)·q. It is NaN when empty or q is outside.
func (s *Sample) Quantile(q float64) float64 {
	s.settle()
	return quantile(s.n, s.at, q)
}

// Exclusive is LLMeter's percentile at p in 1 … 99: Python's statistics.quantiles with its method "exclusive" and
// n = 4, 10 or 100, and its median for 50. In small samples it lies outside the data. It is NaN when empty or p is
// outside.
func (s *Sample) Exclusive(p int) float64 {
	s.settle()
	return exclusive(s.n, s.at, p)
}

// Exact says whether every distinct value is kept as it was added.
func (s *Sample) Exact() bool {
	s.settle()
	return !s.sketch
}

// RelativeError bounds the error of quantiles: 0 while exact, else 1/1024 of the true value. The bound holds where
// the two values between which a quantile interpolates have one sign, as durations do, and for magnitudes above 2.3e-308.
func (s *Sample) RelativeError() float64 {
	if s.Exact() {
		return 0
	}
	return sketchError
}

// All yields each distinct value, ascending, with its count; in a sketch, the middle of each bucket.
func (s *Sample) All() iter.Seq2[float64, uint64] {
	return func(yield func(float64, uint64) bool) {
		s.settle()
		var before uint64
		for _, e := range s.kept {
			if !yield(s.clamp(e.v), e.n-before) {
				return
			}
			before = e.n
		}
	}
}

// at is the value at position i of the sorted sample, i < N.
func (s *Sample) at(i uint64) float64 {
	switch i {
	case 0:
		return s.min
	case s.n - 1:
		return s.max
	}
	return s.clamp(s.kept[find(s.kept, i)].v)
}

// clamp keeps the middle of an outer bucket inside the data.
func (s *Sample) clamp(v float64) float64 { return min(max(v, s.min), s.max) }

// limit is the number of distinct values kept exactly.
func (s *Sample) limit() int {
	if s.Limit < 1 {
		return DefaultLimit
	}
	return s.Limit
}
