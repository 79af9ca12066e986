package profiler

import (
	"math"
	"slices"
	"sort"
)

// A Segment is a stretch of time in which the same number of calls ran. Segments are half-open: a call that ends when another
// begins does not run beside it.
type Segment struct {
	Start, End float64 // seconds since the epoch
	Level      int
}

// A levels is the number of calls that ran, over time.
type levels struct {
	segments []Segment // without gaps, from the first start to the last end; each begins where a call begins or ends
}

// levelsOf counts the intervals that hold each moment, in n log n time. It reorders what it is given.
func levelsOf(starts, ends []float64) levels {
	slices.Sort(starts)
	slices.Sort(ends)
	l := levels{make([]Segment, 0, len(starts)+len(ends))}
	level, since := 0, math.NaN()
	for len(ends) > 0 {
		at := ends[0]
		if len(starts) > 0 {
			at = min(at, starts[0])
		}
		if at > since {
			l.segments = append(l.segments, Segment{since, at, level})
		}
		for ; len(starts) > 0 && starts[0] == at; starts = starts[1:] {
			level++
		}
		for ; len(ends) > 0 && ends[0] == at; ends = ends[1:] {
			level--
		}
		since = at
	}
	return l
}

// intervals are the starts and ends of the timed spans that are in.
func intervals(requests []*Request, in func(*Span) bool) (starts, ends []float64) {
	for _, r := range requests {
		for i := range r.Spans {
			if s := &r.Spans[i]; s.Timed() && in(s) {
				starts, ends = append(starts, s.Start), append(ends, s.End)
			}
		}
	}
	return starts, ends
}

// at is the level at a moment; 0 outside.
func (l levels) at(t float64) int {
	i := l.index(t)
	if i < 0 || t >= l.segments[i].End {
		return 0
	}
	return l.segments[i].Level
}

// index is the last segment that starts no later than t; -1 for none.
func (l levels) index(t float64) int {
	return sort.Search(len(l.segments), func(i int) bool { return l.segments[i].Start > t }) - 1
}

// distribution is how long each level lasted, in seconds.
func (l levels) distribution() map[int]float64 {
	seconds := map[int]float64{}
	for _, s := range l.segments {
		seconds[s.Level] += s.End - s.Start
	}
	return seconds
}

// max is the highest level.
func (l levels) max() int {
	highest := 0
	for _, s := range l.segments {
		highest = max(highest, s.Level)
	}
	return highest
}

// LevelPercentiles are time-weighted percentiles of concurrency: the lowest level such that for this share of the time there
// were no more. They are 0 when no time passed.
type LevelPercentiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// percentiles of a distribution.
func percentiles(seconds map[int]float64) LevelPercentiles {
	total := 0.0
	order := make([]int, 0, len(seconds))
	for level := range seconds {
		order = append(order, level)
	}
	slices.Sort(order)
	for _, level := range order {
		total += seconds[level]
	}
	at := func(share float64) float64 {
		cumulated := 0.0
		for _, level := range order {
			if cumulated += seconds[level]; cumulated >= total*share {
				return float64(level)
			}
		}
		return 0
	}
	return LevelPercentiles{at(0.50), at(0.90), at(0.95), at(0.99)}
}

// busy is a distribution without the time in which nothing ran.
func busy(seconds map[int]float64) map[int]float64 {
	busy := map[int]float64{}
	for level, s := range seconds {
		if level > 0 {
			busy[level] = s
		}
	}
	return busy
}
