package result

import (
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// leastSteady is how many latencies it takes to look for a warm-up: of fewer that are all alike MSER-5 cuts too many.
const leastSteady = 250

// settling are the latencies, as places in single, that must settle: the first token and the whole answer.
var settling = [...]int{slices.Index(single[:], ttft), slices.Index(single[:], response)}

// sending says when the requests of a run were sent, cancelled ones not included.
type sending struct {
	first, last time.Time
	lastSeq     int
}

func (s *sending) add(r *endpoint.Response) {
	if !r.Dispatched.IsZero() {
		s.merge(&sending{r.Dispatched, r.Dispatched, r.Seq})
	}
}

func (s *sending) merge(o *sending) {
	switch {
	case o.first.IsZero():
		return
	case s.first.IsZero():
		*s = *o
		return
	case o.first.Before(s.first):
		s.first = o.first
	}
	if o.last.After(s.last) {
		s.last = o.last
	}
	s.lastSeq = max(s.lastSeq, o.lastSeq)
}

// A window is a part of the time in which requests were sent, counted from when the first one was.
type window struct{ from, to time.Duration }

// during reports whether something happened within the window: after its start, and not after its end.
func (w window) during(at time.Duration) bool { return w.from < at && at <= w.to }

// What a search for a window can find.
type finding int

const (
	noWindow  finding = iota // there is not enough to tell, or nothing was to be cut
	unsettled                // latencies were still changing in the middle
	settled
)

// A search finds the steady part of requests.
type search struct {
	all      []traced
	sending  *sending
	lo, hi   int // of all
	window   window
	explicit bool // a time or a number was to be cut
}

// window finds the time in which the load was on and latencies were steady.
func (a *Accumulator) window(warmup, cooldown Cut) (window, finding) {
	s := search{all: a.trace.all(), sending: &a.sending, hi: len(a.trace.kept)}
	span := a.sending.last.Sub(a.sending.first)
	if len(s.all) == 0 || warmup.None && cooldown.None || span > maxDuration {
		return window{}, noWindow
	}
	s.window.to = span
	s.cutWarmup(warmup)
	s.cutCooldown(cooldown)
	if warmup.auto() || cooldown.auto() {
		switch s.settle(warmup.auto(), cooldown.auto()) {
		case unsettled:
			return window{}, unsettled
		case noWindow:
			if !s.explicit {
				return window{}, noWindow
			}
		}
	}
	if s.lo >= s.hi || s.window.from >= s.window.to {
		return window{}, noWindow
	}
	return s.window, settled
}

// sent is when the i-th request was sent, since the first one.
func (s *search) sent(i int) time.Duration { return s.all[i].at.Sub(s.sending.first) }

func (s *search) cutWarmup(c Cut) {
	if c.auto() || c.None {
		return
	}
	s.explicit, s.window.from = true, c.Time
	for s.lo < s.hi && (s.all[s.lo].seq < c.Requests || s.sent(s.lo) < c.Time) {
		s.lo++
	}
	if c.Requests > 0 && s.lo < s.hi {
		s.window.from = s.sent(s.lo)
	}
}

func (s *search) cutCooldown(c Cut) {
	if c.auto() || c.None {
		return
	}
	s.explicit = true
	s.window.to -= c.Time
	for s.lo < s.hi && (s.all[s.hi-1].seq > s.sending.lastSeq-c.Requests || s.sent(s.hi-1) > s.window.to) {
		s.hi--
	}
	if c.Requests > 0 && s.lo < s.hi {
		s.window.to = s.sent(s.hi - 1)
	}
}

// settle cuts what MSER-5 finds at the ends that are asked for: of the latencies, the most.
func (s *search) settle(head, tail bool) finding {
	found, lo, hi := noWindow, s.lo, s.hi
	for _, metric := range settling {
		var values stats.Series
		var at []int // places of these in all
		for i := s.lo; i < s.hi; i++ {
			if v := s.all[i].values[metric]; !math.IsNaN(v) {
				values, at = append(values, v), append(at, i)
			}
		}
		if len(values) < leastSteady {
			continue
		}
		from, to, ok := steadyPart(values, head, tail)
		if !ok {
			return unsettled
		}
		found = settled
		if from > 0 {
			lo = max(lo, at[from])
		}
		if to < len(values) {
			hi = min(hi, at[to-1]+1)
		}
	}
	if lo > s.lo && lo < hi {
		s.window.from = s.sent(lo)
	}
	if hi < s.hi && lo < hi {
		s.window.to = s.sent(hi - 1)
	}
	s.lo, s.hi = lo, hi
	return found
}

// steadyPart is values[from:to] without a warm-up at the head and a cool-down at the tail, or one of these.
func steadyPart(values stats.Series, head, tail bool) (from, to int, ok bool) {
	switch {
	case head && tail:
		return values.Steady()
	case head:
		from, ok = stats.MSER5(values)
		return from, len(values), ok
	}
	slices.Reverse(values)
	cut, ok := stats.MSER5(values)
	return 0, len(values) - cut, ok
}
