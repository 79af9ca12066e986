package stats

import (
	"iter"
	"math"
	"slices"
	"time"
)

// Gaps are the pauses within one streamed answer, taken from the times of its events. The zero value is ready; Reset
// makes it ready for the next answer without giving up its memory.
//
// Only events with tokens count; one without is passed over. The first event opens no gap: what came before it is the
// time to the first token, and of several tokens in it nobody knows when each was made. So the gaps add up to the time from
// the first event to the last, and if the first carries one token, the token-weighted mean is the TPOT.
type Gaps struct {
	gaps    []gap
	last    time.Duration
	started bool
}

// A gap ends at an event with tokens.
type gap struct {
	length time.Duration
	tokens uint64
}

// Event adds the event at a time, on any clock that does not go back, with its number of tokens. An event before the last
// one is taken as simultaneous with it.
func (g *Gaps) Event(at time.Duration, tokens int) {
	if tokens < 1 {
		return
	}
	if !g.started {
		g.started, g.last = true, at
		return
	}
	at = max(at, g.last)
	g.gaps = append(g.gaps, gap{at - g.last, uint64(tokens)})
	g.last = at
}

// Reset forgets all events.
func (g *Gaps) Reset() { *g = Gaps{gaps: g.gaps[:0]} }

// N is the number of gaps, one less than that of events.
func (g *Gaps) N() int { return len(g.gaps) }

// All yields the gaps between events in their order, each with the number of tokens of the event that ended it.
func (g *Gaps) All() iter.Seq2[time.Duration, int] {
	return func(yield func(time.Duration, int) bool) {
		for _, gap := range g.gaps {
			if !yield(gap.length, int(gap.tokens)) {
				return
			}
		}
	}
}

// ICL adds each gap between events to the sample as it is, in seconds.
func (g *Gaps) ICL(to *Sample) {
	for _, gap := range g.gaps {
		to.Add(seconds(gap.length, 1))
	}
}

// ITL adds the gaps between tokens to the sample, in seconds: an event of k tokens after a gap Δ counts as k gaps of Δ/k.
func (g *Gaps) ITL(to *Sample) {
	for _, gap := range g.gaps {
		to.AddN(seconds(gap.length, gap.tokens), gap.tokens)
	}
}

// Longest is the longest gap between events, in seconds; NaN without gaps.
func (g *Gaps) Longest() float64 {
	if len(g.gaps) == 0 {
		return math.NaN()
	}
	var longest time.Duration
	for _, gap := range g.gaps {
		longest = max(longest, gap.length)
	}
	return seconds(longest, 1)
}

// Stalls counts the gaps between events that are longer than so many times their median. Where that is 0, because most
// events came together with the one before them, nothing is a multiple of it: 0.
func (g *Gaps) Stalls(times float64) int {
	if !g.stalled(times) {
		return 0
	}
	lengths := make([]float64, len(g.gaps))
	for i, gap := range g.gaps {
		lengths[i] = float64(gap.length)
	}
	slices.Sort(lengths)
	bound := times * Quantile(lengths, 0.5)
	stalls := 0
	for _, length := range lengths {
		if bound > 0 && length > bound {
			stalls++
		}
	}
	return stalls
}

// stalled reports whether there may be stalls, without sorting: there are none if more than half of the gaps, and so their
// median, are no shorter than the longest one divided by times.
func (g *Gaps) stalled(times float64) bool {
	var longest time.Duration
	for _, gap := range g.gaps {
		longest = max(longest, gap.length)
	}
	long := 0
	for _, gap := range g.gaps {
		if float64(gap.length)*times >= float64(longest) {
			long++
		}
	}
	return 2*long <= len(g.gaps)
}

// seconds is an n-th of d, rounded once.
func seconds(d time.Duration, n uint64) float64 {
	return float64(d) / (float64(time.Second) * float64(n))
}
