package live

import (
	"math"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/stats"
)

const (
	mostWindows   = 120 // of a history; each is then made twice as long
	firstWindow   = time.Second
	windowValues  = 1 << 8  // distinct values that a window keeps exactly
	gapsPerSecond = 1 << 13 // between tokens; more would tell a small picture nothing, at a cost
)

// A history is what a run measured in each stretch of time, from its start until now, in memory that does not grow: responses
// count where they were processed. It may be used concurrently. The zero history is ready.
type history struct {
	mu      sync.Mutex
	width   time.Duration // of a window
	windows []*window
	gaps    stats.Gaps // of the response that is being added
	second  time.Duration
	taken   int // gaps in this second
}

// The latencies of a window.
const (
	ttft = iota
	ttlt
	itl
	latencies
)

type window struct {
	requests, tokens int
	samples          [latencies]stats.Sample
	read             bool // p50 and p99 are those of the samples
	p50, p99         [latencies]float64
}

func newWindow() *window {
	w := new(window)
	for i := range w.samples {
		w.samples[i].Limit = windowValues
	}
	return w
}

// add takes a response that was processed at a time since the start.
func (h *history) add(at time.Duration, r *llmeter.Response) {
	if r.Failed() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.at(at)
	w.read = false
	w.requests++
	if r.OutputTokens.Known() {
		w.tokens += r.OutputTokens.N
	}
	if d, ok := r.TTFT(); ok {
		w.samples[ttft].Add(d.Seconds())
	}
	if d, ok := r.TTLT(); ok {
		w.samples[ttlt].Add(d.Seconds())
	}
	h.addGaps(at, w, r)
}

// at is the window of a time since the start.
func (h *history) at(at time.Duration) *window {
	if h.width == 0 {
		h.width = firstWindow
	}
	at = max(at, 0)
	for int(at/h.width) >= mostWindows {
		h.double()
	}
	i := int(at / h.width)
	for len(h.windows) <= i {
		h.windows = append(h.windows, newWindow())
	}
	return h.windows[i]
}

// double joins each two windows.
func (h *history) double() {
	h.width *= 2
	for i := 0; i < len(h.windows); i += 2 {
		w := h.windows[i]
		if i+1 < len(h.windows) {
			w.merge(h.windows[i+1])
		}
		h.windows[i/2] = w
	}
	half := (len(h.windows) + 1) / 2
	clear(h.windows[half:])
	h.windows = h.windows[:half]
}

func (w *window) merge(o *window) {
	w.requests += o.requests
	w.tokens += o.tokens
	for i := range w.samples {
		w.samples[i].Merge(&o.samples[i])
	}
	w.read = false
}

// addGaps adds the gaps between tokens, of the first responses of each second.
func (h *history) addGaps(at time.Duration, w *window, r *llmeter.Response) {
	if second := at.Truncate(time.Second); second != h.second {
		h.second, h.taken = second, 0
	}
	if len(r.Events) == 0 || h.taken >= gapsPerSecond {
		return
	}
	h.gaps.Reset()
	tokens := r.TokensPerEvent()
	for i := range r.Events {
		if r.Events[i].Tokens > 0 {
			h.gaps.Event(r.Events[i].At, tokens[0])
			tokens = tokens[1:]
		}
	}
	h.taken += h.gaps.N()
	h.gaps.ITL(&w.samples[itl])
}

// A past is what a history shows: a value for each window, NaN where there is none.
type past struct {
	requests, tokens []float64            // per second, of windows that are over
	p50, p99         [latencies][]float64 // seconds
}

// past tells what happened until now.
func (h *history) past(now time.Duration) (p past) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at(now)
	for i, w := range h.windows {
		if i+1 < len(h.windows) { // the last one is not over
			p.requests = append(p.requests, float64(w.requests)/h.width.Seconds())
			p.tokens = append(p.tokens, float64(w.tokens)/h.width.Seconds())
		}
		w.refresh()
		for l := range latencies {
			p.p50[l] = append(p.p50[l], w.p50[l])
			p.p99[l] = append(p.p99[l], w.p99[l])
		}
	}
	return p
}

func (w *window) refresh() {
	if w.read {
		return
	}
	w.read = true
	for l := range w.samples {
		w.p50[l], w.p99[l] = math.NaN(), math.NaN()
		if s := &w.samples[l]; s.N() > 0 {
			w.p50[l], w.p99[l] = s.Quantile(0.5), s.Quantile(0.99)
		}
	}
}
