package profiler

import (
	"cmp"
	"io"
	"math"
	"slices"
	"sort"
	"strings"
)

// Spikes is how many LLM and tool calls ran at once, and when that was many.
type Spikes struct {
	Calls        int             // with an interval
	Distribution map[int]float64 // seconds for which each number of calls ran, gaps between them included
	Percentiles  LevelPercentiles
	Busy         LevelPercentiles // of the time in which any ran
	Threshold    int              // from this number of calls on it is a spike
	Intervals    []Spike          // in the order of time; none touches another
	PerSegment   TokenMeans       // of NAT: a call counts once for each stretch of a spike between two events
	PerCall      TokenMeans       // a call counts once
	Latency      map[int]float64  // mean seconds of the calls with this many running in their middle; calls without duration left out
}

// A Spike is a stretch of time in which as many calls as the threshold, or more, ran throughout.
type Spike struct {
	Start       float64  `json:"start_time"` // seconds since the epoch
	End         float64  `json:"end_time"`
	Concurrency int      `json:"concurrency"`  // the most that ran at once
	ActiveCalls int      `json:"active_calls"` // calls that ran in it at any time
	ActiveUUIDs []string `json:"active_uuids"` // of these, sorted; of more than 100, the 100 that began first
}

// TokenMeans are means over calls in spikes; calls that report none are left out. They are 0 without any.
type TokenMeans struct {
	PromptTokens float64 `json:"avg_prompt_tokens"`
	TotalTokens  float64 `json:"avg_total_tokens"`
}

// maxActive bounds how many calls of a spike are listed.
const maxActive = 100

// AnalyzeSpikes finds the stretches of time with as many calls as the threshold, or more; 0 is the 90th percentile, at least 1.
func AnalyzeSpikes(requests []*Request, threshold int) *Spikes {
	a := &Spikes{Threshold: threshold, Intervals: []Spike{}}
	var calls []*Span // that took time
	for _, r := range requests {
		for i := range r.Spans {
			if s := &r.Spans[i]; isCall(s) && s.Timed() {
				a.Calls++
				if s.Duration() > 0 {
					calls = append(calls, s)
				}
			}
		}
	}
	slices.SortFunc(calls, func(a, b *Span) int { return cmp.Or(compareSpans(a, b), strings.Compare(a.UUID, b.UUID)) })
	l := levelsOf(intervals(requests, isCall))
	a.Distribution = l.distribution()
	a.Percentiles, a.Busy = percentiles(a.Distribution), percentiles(busy(a.Distribution))
	if threshold <= 0 {
		a.Threshold = max(1, int(math.Ceil(a.Percentiles.P90)))
	}
	a.find(l, calls)
	a.correlate(l, calls)
	return a
}

// find merges neighbouring segments above the threshold to spikes, and lists who ran in each: those that ran at its beginning
// and those that began in it. Calls are sorted by start.
func (a *Spikes) find(l levels, calls []*Span) {
	running, next := newRunning(calls), 0
	var spike *Spike
	for _, s := range l.segments {
		if s.Level < a.Threshold {
			spike = nil
		}
		for ; next < len(calls) && calls[next].Start <= s.Start; next++ {
			running.begin(int32(next))
			if spike != nil {
				spike.begin(calls[next])
			}
		}
		running.endUntil(s.Start)
		switch {
		case s.Level < a.Threshold:
		case spike == nil:
			a.Intervals = append(a.Intervals, Spike{s.Start, s.End, s.Level, s.Level, running.first(min(s.Level, maxActive))})
			spike = &a.Intervals[len(a.Intervals)-1]
		default:
			spike.End, spike.Concurrency = s.End, max(spike.Concurrency, s.Level)
		}
	}
	for i := range a.Intervals {
		slices.Sort(a.Intervals[i].ActiveUUIDs)
	}
}

// begin adds a call that begins in the spike.
func (s *Spike) begin(call *Span) {
	s.ActiveCalls++
	if len(s.ActiveUUIDs) < maxActive {
		s.ActiveUUIDs = append(s.ActiveUUIDs, call.UUID)
	}
}

// correlate relates calls to the number of calls that ran beside them.
func (a *Spikes) correlate(l levels, calls []*Span) {
	spiking := make([]int, len(l.segments)+1) // segments in spikes before each
	for i, s := range l.segments {
		spiking[i+1] = spiking[i]
		if s.Level >= a.Threshold {
			spiking[i+1]++
		}
	}
	from := func(t float64) int {
		return sort.Search(len(l.segments), func(i int) bool { return l.segments[i].Start >= t })
	}
	var perSegment, perCall tokenSums
	counts := map[int]int{}
	a.Latency = map[int]float64{}
	for _, c := range calls {
		level := l.at((c.Start + c.End) / 2)
		a.Latency[level] += c.Duration()
		counts[level]++
		n := spiking[from(c.End)] - spiking[from(c.Start)]
		perSegment.add(c.Tokens, n)
		perCall.add(c.Tokens, min(n, 1))
	}
	for level, n := range counts {
		a.Latency[level] /= float64(n)
	}
	a.PerSegment, a.PerCall = perSegment.means(), perCall.means()
}

// tokenSums adds up tokens, and how often there were any.
type tokenSums struct{ prompt, prompts, total, totals int }

func (t *tokenSums) add(u TokenUsage, times int) {
	if u.PromptTokens > 0 {
		t.prompt, t.prompts = t.prompt+times*u.PromptTokens, t.prompts+times
	}
	if u.TotalTokens > 0 {
		t.total, t.totals = t.total+times*u.TotalTokens, t.totals+times
	}
}

func (t *tokenSums) means() (m TokenMeans) {
	if t.prompts > 0 {
		m.PromptTokens = float64(t.prompt) / float64(t.prompts)
	}
	if t.totals > 0 {
		m.TotalTokens = float64(t.total) / float64(t.totals)
	}
	return m
}

// A running is the calls that run at a moment, in the order in which they began. Each change takes constant time.
type running struct {
	calls      []*Span
	byEnd      []int32
	prev, next []int32 // of each call that runs; the list is closed by a place behind the calls
}

func newRunning(calls []*Span) *running {
	r := &running{calls: calls, byEnd: make([]int32, len(calls)), prev: make([]int32, len(calls)+1), next: make([]int32, len(calls)+1)}
	for i := range calls {
		r.byEnd[i] = int32(i)
	}
	slices.SortFunc(r.byEnd, func(a, b int32) int { return cmp.Compare(calls[a].End, calls[b].End) })
	r.prev[len(calls)], r.next[len(calls)] = int32(len(calls)), int32(len(calls))
	return r
}

func (r *running) begin(i int32) {
	end := int32(len(r.calls))
	last := r.prev[end]
	r.prev[i], r.next[i] = last, end
	r.next[last], r.prev[end] = i, i
}

func (r *running) endUntil(t float64) {
	for ; len(r.byEnd) > 0 && r.calls[r.byEnd[0]].End <= t; r.byEnd = r.byEnd[1:] {
		i := r.byEnd[0]
		r.next[r.prev[i]], r.prev[r.next[i]] = r.next[i], r.prev[i]
	}
}

// first are the UUIDs of the n calls that began first.
func (r *running) first(n int) []string {
	uuids := make([]string, 0, n)
	for i := r.next[len(r.calls)]; int(i) < len(r.calls) && len(uuids) < n; i = r.next[i] {
		uuids = append(uuids, r.calls[i].UUID)
	}
	return uuids
}

// WriteReport writes the analysis as text, under the headings of NAT.
func (a *Spikes) WriteReport(w io.Writer) error {
	if a.Calls == 0 {
		_, err := io.WriteString(w, "No calls found.")
		return err
	}
	p := printer{w: w}
	p.line("=== Concurrency Spike Analysis ===")
	p.line("Total calls in dataset: %d", a.Calls)
	total := 0.0
	for _, level := range namesOf(a.Distribution) {
		total += a.Distribution[level]
	}
	p.line("Total time observed: %.2f units (sum of concurrency timeline)", total)
	p.line("\n-- Concurrency Distribution --")
	for _, level := range namesOf(a.Distribution) {
		p.line("  concurrency=%d: %.2f time", level, a.Distribution[level])
	}
	p.line("\nPercentiles => %s", a.Percentiles)
	p.line("While any ran => %s", a.Busy)
	p.line("Spike threshold chosen: %d", a.Threshold)
	p.line("\n-- Detected Spike Intervals --")
	if len(a.Intervals) == 0 {
		p.line("No intervals exceed concurrency spike threshold.")
	}
	for i, s := range a.Intervals {
		p.line("%d) %.2f-%.2f, concurrency=%d, length=%.2f, #active_calls=%d", i+1, s.Start, s.End, s.Concurrency, s.End-s.Start, s.ActiveCalls)
	}
	p.line("\n-- Correlation Stats for Spiked Calls --")
	p.line("Avg prompt_tokens in spike calls: %.1f", a.PerCall.PromptTokens)
	p.line("Avg total_tokens in spike calls : %.1f", a.PerCall.TotalTokens)
	p.line("\n-- Average Latency by Midpoint Concurrency --")
	for _, level := range namesOf(a.Latency) {
		p.line("  concurrency=%d => avg_latency=%.2f", level, a.Latency[level])
	}
	return p.err
}
