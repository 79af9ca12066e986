package stats

import "time"

// A Timeline counts what happened in each stretch of time, such as the tokens that arrived in each second, wherever the
// request that they belong to began or ended. The zero value is ready.
type Timeline struct {
	// Width is the length of a bucket; 0 or less is one second. Bucket i is [i·Width, (i+1)·Width). Set it before the first Add.
	Width time.Duration

	counts map[int64]uint64
}

// Add counts n more at an instant.
func (t *Timeline) Add(at time.Duration, n uint64) {
	if t.counts == nil {
		t.counts = make(map[int64]uint64)
	}
	t.counts[t.bucket(at)] += n
}

// Merge adds the counts of o, which stays as it is. Both must have one width; anything else is a mistake in the program
// and panics.
func (t *Timeline) Merge(o *Timeline) {
	if t.width() != o.width() {
		panic("stats: merge of timelines of different widths")
	}
	for bucket, n := range o.counts {
		t.Add(time.Duration(bucket)*t.width(), n)
	}
}

// Count is what happened in the whole buckets between two instants.
func (t *Timeline) Count(from, to time.Duration) uint64 {
	first, end := t.whole(from, to)
	var sum uint64
	for bucket, n := range t.counts {
		if first <= bucket && bucket < end {
			sum += n
		}
	}
	return sum
}

// Total is what happened at any time.
func (t *Timeline) Total() uint64 {
	var sum uint64
	for _, n := range t.counts {
		sum += n
	}
	return sum
}

// Rates are the rates per second of the whole buckets between two instants, in the order of time, those in which nothing
// happened included.
func (t *Timeline) Rates(from, to time.Duration) Series {
	first, end := t.whole(from, to)
	rates := make(Series, 0, max(end-first, 0))
	for bucket := first; bucket < end; bucket++ {
		rates = append(rates, float64(t.counts[bucket])/t.width().Seconds())
	}
	return rates
}

// whole gives the buckets that lie between two instants as a whole, the second one excluded.
func (t *Timeline) whole(from, to time.Duration) (first, end int64) {
	first, end = t.bucket(from), t.bucket(to)
	if time.Duration(first)*t.width() < from {
		first++
	}
	return first, end
}

// bucket is the number of the bucket that holds an instant, also before 0.
func (t *Timeline) bucket(at time.Duration) int64 {
	bucket := int64(at / t.width())
	if at%t.width() < 0 {
		bucket--
	}
	return bucket
}

func (t *Timeline) width() time.Duration {
	if t.Width <= 0 {
		return time.Second
	}
	return t.Width
}
