package stats

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// An entry is a value and a count: its own in a tail, that of all values up to it in what is kept.
type entry struct {
	v float64
	n uint64
}

// minTail is the number of unsorted entries below which sorting waits for a read.
const minTail = 1 << 12

const (
	bucketBits  = 9                             // 512 buckets to each power of two
	bucketShift = 52 - bucketBits               // mantissa bits inside a bucket
	sketchError = 1.0 / (1 << (bucketBits + 1)) // half a bucket over its lower end, at worst
)

// middle is the middle of the bucket in which v lies. A bucket is all values that share sign, exponent and the first
// bucketBits bits of the mantissa, so finding it is exact on every machine, as a logarithm would not be.
func middle(v float64) float64 {
	if v == 0 {
		return 0
	}
	b := math.Float64bits(v) &^ (1<<bucketShift - 1)
	return math.Float64frombits(b | 1<<(bucketShift-1))
}

// settle sorts the tail into what is kept, and makes a sketch of it when that holds too many values.
func (s *Sample) settle() {
	if len(s.tail) == 0 {
		return
	}
	sortEntries(s.tail)
	s.kept = mergeKept(s.kept, combine(s.tail))
	s.tail = s.tail[:0]
	s.bound()
}

// sortEntries sorts by value, one byte of the key at a time from the lowest: several times faster than comparing. Bytes
// in which no two keys differ, such as all the lower ones of a sketch, cost nothing but the count.
func sortEntries(entries []entry) {
	var sizes [8][256]int
	for _, e := range entries {
		key := orderedKey(e.v)
		for b := range sizes {
			sizes[b][byte(key>>(8*b))]++
		}
	}
	spare := spares.Get().(*[]entry)
	defer spares.Put(spare)
	*spare = slices.Grow((*spare)[:0], len(entries))
	from, to := entries, (*spare)[:len(entries)]
	for b := range sizes {
		starts, size := &sizes[b], 0
		if starts[byte(orderedKey(entries[0].v)>>(8*b))] == len(entries) {
			continue
		}
		for digit, n := range starts {
			starts[digit] = size
			size += n
		}
		for _, e := range from {
			digit := byte(orderedKey(e.v) >> (8 * b))
			to[starts[digit]] = e
			starts[digit]++
		}
		from, to = to, from
	}
	copy(entries, from)
}

// spares are what sorting moves entries to and fro with.
var spares = sync.Pool{New: func() any { return new([]entry) }}

// bound makes a sketch of a settled sample that holds too many distinct values.
func (s *Sample) bound() {
	if len(s.kept) > s.limit() {
		s.condense()
	}
}

// condense makes a sketch of a settled sample.
func (s *Sample) condense() {
	if s.sketch {
		return
	}
	s.sketch = true
	s.kept = accumulate(condensed(counts(s.kept)))
}

// condensed is entries with every value moved to the middle of its bucket, in place.
func condensed(entries []entry) []entry {
	for i := range entries {
		entries[i].v = middle(entries[i].v)
	}
	return combine(entries)
}

// combine joins neighbours of equal value, in place.
func combine(sorted []entry) []entry {
	last := 0
	for i := 1; i < len(sorted); i++ {
		if sorted[i].v == sorted[last].v {
			sorted[last].n += sorted[i].n
			continue
		}
		last++
		sorted[last] = sorted[i]
	}
	return sorted[:min(last+1, len(sorted))]
}

// counts is a copy of kept entries with each one's own count.
func counts(kept []entry) []entry {
	own := slices.Clone(kept)
	for i := len(own) - 1; i > 0; i-- {
		own[i].n -= own[i-1].n
	}
	return own
}

// accumulate turns own counts into counts up to each entry, in place.
func accumulate(own []entry) []entry {
	for i := 1; i < len(own); i++ {
		own[i].n += own[i-1].n
	}
	return own
}

// mergeKept merges at least one entry with its own count into kept ones. It works from the back inside kept's memory, and
// leaves what lies below the first added value alone.
func mergeKept(kept, added []entry) []entry {
	from, _ := slices.BinarySearchFunc(kept, added[0].v, func(e entry, v float64) int { return cmp.Compare(e.v, v) })
	i, j := len(kept)-1, len(added)-1
	kept = slices.Grow(kept, len(added))[:len(kept)+len(added)]
	write := len(kept)
	for j >= 0 {
		write--
		if i < from || added[j].v > kept[i].v {
			kept[write] = added[j]
			j--
			continue
		}
		same := added[j].v == kept[i].v
		kept[write] = entry{kept[i].v, kept[i].n - before(kept, i)}
		if same {
			kept[write].n += added[j].n
			j--
		}
		i--
	}
	kept = append(kept[:from], kept[write:]...)
	sum := before(kept, from)
	for k := from; k < len(kept); k++ {
		sum += kept[k].n
		kept[k].n = sum
	}
	return kept
}

// before counts the values below entry i of kept.
func before(kept []entry, i int) uint64 {
	if i == 0 {
		return 0
	}
	return kept[i-1].n
}

// find is the index of the kept entry that holds position i of all values.
func find(kept []entry, i uint64) int {
	at, _ := slices.BinarySearchFunc(kept, i, func(e entry, i uint64) int {
		if e.n > i {
			return 1
		}
		return -1
	})
	return at
}
