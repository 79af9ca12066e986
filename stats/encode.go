package stats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrEncoding is matched by every error of Sample.UnmarshalBinary.
var ErrEncoding = errors.New("not an encoded sample")

// The encoding: magic, then as unsigned varints the state (0 exact, 1 sketch), Limit, Ignored and the number of
// entries, then each entry as the distance of its key from the last one and its count. A sketch adds the bits of
// minimum and maximum and the words of the exact sums; an exact sample's follow from its entries.
var sampleMagic = []byte("smp1")

// MarshalBinary encodes the sample, so that runs on several machines can be merged. It never fails.
func (s *Sample) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

// AppendBinary is MarshalBinary into b.
func (s *Sample) AppendBinary(b []byte) ([]byte, error) {
	s.settle()
	b = append(b, sampleMagic...)
	var state uint64
	if s.sketch {
		state = 1
	}
	for _, v := range []uint64{state, uint64(max(s.Limit, 0)), s.ignored, uint64(len(s.kept))} {
		b = binary.AppendUvarint(b, v)
	}
	var lastKey, lastN uint64
	for _, e := range s.kept {
		key := orderedKey(e.v)
		b = binary.AppendUvarint(b, key-lastKey)
		b = binary.AppendUvarint(b, e.n-lastN)
		lastKey, lastN = key, e.n
	}
	if !s.sketch {
		return b, nil
	}
	b = binary.AppendUvarint(b, math.Float64bits(s.min))
	b = binary.AppendUvarint(b, math.Float64bits(s.max))
	for _, word := range slices.Concat(s.moments.sum[:], s.moments.squares[:]) {
		b = binary.AppendUvarint(b, word)
	}
	return b, nil
}

// UnmarshalBinary replaces the sample, Limit included, by the encoded one. On an error, which matches ErrEncoding,
// the sample stays as it was.
func (s *Sample) UnmarshalBinary(data []byte) error {
	rest, ok := bytes.CutPrefix(data, sampleMagic)
	if !ok {
		return fmt.Errorf("%w: it does not begin with %q", ErrEncoding, sampleMagic)
	}
	var d Sample
	r := reader{rest: rest}
	d.readEntries(&r)
	if d.sketch {
		d.readSketch(&r)
	}
	switch {
	case r.err != nil:
		return fmt.Errorf("%w: %w", ErrEncoding, r.err)
	case len(r.rest) > 0:
		return fmt.Errorf("%w: %d bytes after the end", ErrEncoding, len(r.rest))
	}
	*s = d
	return nil
}

// readEntries reads all but the part that only a sketch has.
func (s *Sample) readEntries(r *reader) {
	state, limit := r.uvarint(), r.uvarint()
	s.ignored = r.uvarint()
	size := r.uvarint()
	switch {
	case r.err != nil:
		return
	case state > 1:
		r.fail("state %d is unknown", state)
	case limit > math.MaxInt:
		r.fail("limit %d is too large", limit)
	case size > uint64(len(r.rest))/2:
		r.fail("%d entries do not fit into %d bytes", size, len(r.rest))
	}
	if r.err != nil {
		return
	}
	s.sketch, s.Limit = state == 1, int(limit)
	if !s.sketch && size > uint64(s.limit()) {
		r.fail("%d exact values are above the limit of %d", size, s.limit())
		return
	}
	s.kept = make([]entry, 0, size)
	var key uint64
	for i := range size {
		step, n := r.uvarint(), r.uvarint()
		key += step
		v := fromOrderedKey(key)
		switch {
		case r.err != nil:
		case step == 0 || key < step:
			r.fail("entry %d does not ascend", i)
		case !keepable(v):
			r.fail("entry %d is not a value", i)
		case s.sketch && v != middle(v):
			r.fail("entry %d is not the middle of a bucket", i)
		case n == 0 || s.n+n < n:
			r.fail("entry %d has an impossible count", i)
		}
		if r.err != nil {
			return
		}
		s.extend(v, v, n)
		s.kept = append(s.kept, entry{v, s.n})
		if !s.sketch {
			s.moments.add(v, n)
		}
	}
}

// readSketch reads minimum, maximum and sums, and refuses those that no values of these buckets can have.
func (s *Sample) readSketch(r *reader) {
	low, high := math.Float64frombits(r.uvarint()), math.Float64frombits(r.uvarint())
	for _, words := range [][]uint64{s.moments.sum[:], s.moments.squares[:]} {
		for i := range words {
			words[i] = r.uvarint()
		}
	}
	if r.err != nil {
		return
	}
	if s.n < 2 || !keepable(low) || !keepable(high) || middle(low) != s.min || middle(high) != s.max || low > high {
		r.fail("the range does not fit the entries")
		return
	}
	s.min, s.max = low, high
	if !s.moments.possible(s.n, low, high) {
		r.fail("the sums do not fit the entries")
	}
}

// keepable says whether a sample can hold v: a finite number, and not -0.
func keepable(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && !(v == 0 && math.Signbit(v))
}

// A reader takes an encoding apart and keeps the first error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) { r.err = fmt.Errorf(format, args...) }

func (r *reader) uvarint() uint64 {
	v, size := binary.Uvarint(r.rest)
	if size <= 0 && r.err == nil {
		r.fail("a number is cut off or too long")
	}
	if r.err != nil {
		return 0
	}
	r.rest = r.rest[size:]
	return v
}

// orderedKey maps float64 values to integers of the same order, beginning above 0.
func orderedKey(v float64) uint64 {
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

func fromOrderedKey(key uint64) float64 {
	if key>>63 == 1 {
		return math.Float64frombits(key &^ (1 << 63))
	}
	return math.Float64frombits(^key)
}
