package stats

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// DefaultStepsLimit is how many instants a Steps keeps exactly when its Limit is 0: 1 MiB of them.
const DefaultStepsLimit = 1 << 16

// Steps is a step function of time that begins at 0, such as the number of requests in flight, accumulated from its
// changes in any order. It is exact as long as it changes at no more than Limit instants; beyond that, instants are
// moved down to a grid of Resolution, as coarse as needed, and no more.
//
// The zero value is ready. Every answer depends on the multiset of changes alone, so merging functions of one Limit, which
// adds them, equals adding all changes to one.
type Steps struct {
	// Limit is the number of instants kept; below 1 it is DefaultStepsLimit. Set it before the first addition.
	Limit int

	kept  []change // ascending, one an instant
	tail  []change
	grain uint // instants are multiples of 2^grain nanoseconds
}

type change struct {
	at    time.Duration
	delta int64
}

// Add raises the function by 1 from start until end. An end not after its start adds nothing.
func (s *Steps) Add(start, end time.Duration) {
	if end > start {
		s.Change(start, 1)
		s.Change(end, -1)
	}
}

// Change raises the function by delta from an instant on.
func (s *Steps) Change(at time.Duration, delta int64) {
	s.tail = append(s.tail, change{at >> s.grain << s.grain, delta})
	if len(s.tail) >= max(minTail, len(s.kept)/2) {
		s.settle()
	}
}

// Merge adds the function o, which stays as it is.
func (s *Steps) Merge(o *Steps) {
	s.settle()
	o.settle()
	s.tail = append(s.tail, o.kept...)
	s.grain = max(s.grain, o.grain)
	s.settle()
}

// Resolution is the distance of the grid to which instants were moved down; 0 while exact.
func (s *Steps) Resolution() time.Duration {
	s.settle()
	if s.grain == 0 {
		return 0
	}
	return 1 << s.grain
}

// All yields the instants at which the function changes, ascending, and its value from there on.
func (s *Steps) All() iter.Seq2[time.Duration, int64] {
	return func(yield func(time.Duration, int64) bool) {
		s.settle()
		var level int64
		for _, c := range s.kept {
			if c.delta == 0 {
				continue
			}
			level += c.delta
			if !yield(c.at, level) {
				return
			}
		}
	}
}

// Max is the largest value, 0 included. With a Resolution, peaks shorter than it may be missed.
func (s *Steps) Max() int64 {
	var highest int64
	for _, level := range s.All() {
		highest = max(highest, level)
	}
	return highest
}

// Mean is the time-weighted mean from one instant to another; NaN where the second is not after the first.
func (s *Steps) Mean(from, to time.Duration) float64 {
	if to <= from {
		return math.NaN()
	}
	var area float64
	var level int64
	since := from
	for at, next := range s.All() {
		if at = min(max(at, from), to); at > since {
			area += float64(level) * float64(at-since)
			since = at
		}
		level = next
	}
	area += float64(level) * float64(to-since)
	return area / float64(to-from)
}

// settle sorts the tail into what is kept, and coarsens the grid until that fits the limit. Grids are nested, so how
// coarse it gets depends on the instants alone, not on when they came.
func (s *Steps) settle() {
	if len(s.tail) == 0 {
		return
	}
	limit := s.Limit
	if limit < 1 {
		limit = DefaultStepsLimit
	}
	s.kept = append(s.kept, s.tail...)
	s.tail = s.tail[:0]
	slices.SortFunc(s.kept, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	for s.join(); len(s.kept) > limit; s.join() {
		s.grain++
	}
}

// join moves the instants to the grid and joins those that are now one. Changes that cancel out stay as an instant:
// forgetting them would make the grid depend on the order of adding.
func (s *Steps) join() {
	joined := s.kept[:0]
	for _, c := range s.kept {
		c.at = c.at >> s.grain << s.grain
		if last := len(joined) - 1; last >= 0 && joined[last].at == c.at {
			joined[last].delta += c.delta
			continue
		}
		joined = append(joined, c)
	}
	s.kept = joined
}
