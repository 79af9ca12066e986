package result

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// WarnUnsettled is the code of the warning of a run without a steady state.
const WarnUnsettled = "unsettled"

// WarnSteadyGaps is the code of the warning of a steady state that knows of streams when they ended alone.
const WarnSteadyGaps = "steady-without-gaps"

// steadyMetrics are those that the steady state has.
var steadyMetrics = [...]int{ttft, ttfct, ttlt, tpot, itl, response}

// A steady computes the numbers of the steady state: those of the requests that were sent within the window, and what was
// generated meanwhile, whenever its request was sent.
type steady struct {
	window            window
	acc               Accumulator
	completed, tokens int
	blind             bool // some stream came without its events
}

func (s *steady) add(r *endpoint.Response, sent time.Duration) {
	const rounded = time.Microsecond // what responses.jsonl keeps of instants
	if s.window.from-rounded < sent && sent < s.window.to+rounded {
		s.acc.Add(r)
	}
	if r.Failed() {
		return
	}
	s.blind = s.blind || r.Streamed && len(r.Events) == 0
	if ttlt, ok := r.TTLT(); ok && s.window.during(sent+ttlt) {
		s.completed++
	}
	s.addTokens(r, sent)
}

// addTokens counts tokens by when their event was read. Those of which no event tells, such as hidden reasoning, were there by
// the first one that tells of any; those of an answer without events by its end.
func (s *steady) addTokens(r *endpoint.Response, sent time.Duration) {
	tokens, rest := r.TokensPerEvent(), known(r.OutputTokens)
	for _, n := range tokens {
		rest -= n
	}
	next := 0
	for i := range r.Events {
		if r.Events[i].Tokens <= 0 {
			continue
		}
		n := tokens[next]
		if next == 0 {
			n += max(rest, 0)
		}
		next++
		if s.window.during(sent + r.Events[i].At) {
			s.tokens += n
		}
	}
	if ttlt, ok := r.TTLT(); ok && next == 0 && s.window.during(sent+ttlt) {
		s.tokens += rest
	}
}

// numbers are the statistics, with their keys.
func (s *steady) numbers() []entry {
	var st Stats
	seconds := (s.window.to - s.window.from).Seconds()
	st.set(steadyPrefix+"from", s.window.from.Seconds())
	st.set(steadyPrefix+"to", s.window.to.Seconds())
	st.set(steadyPrefix+"requests", s.acc.requests)
	st.set(steadyPrefix+keyRPS, float64(s.completed)/seconds)
	setInterval(&st, steadyPrefix+keyRPS, stats.Poisson(uint64(s.completed), seconds, level))
	st.set(steadyPrefix+keyTokensPerSecond, float64(s.tokens)/seconds)
	for _, m := range steadyMetrics {
		s.acc.addOwnStats(&st, steadyPrefix, m)
	}
	return st.entries
}

// addSteady computes the steady state of what a holds, which responses give again. first is when the first of them was sent, on
// their clock; zero if it is to be looked for.
func (a *Accumulator) addSteady(r *Result, first time.Time, responses iter.Seq2[*endpoint.Response, error]) error {
	w, found := a.window(r.Warmup, r.Cooldown)
	switch found {
	case noWindow:
		return nil
	case unsettled:
		r.warn(Warning{Code: WarnUnsettled, Text: "latencies were still changing in the middle of the run: it has no steady state"})
		return nil
	}
	if first.IsZero() {
		var err error
		if first, err = firstSent(responses); err != nil || first.IsZero() { // zero: the responses were not kept
			return err
		}
	}
	s, some := steady{window: w}, false
	for response, err := range responses {
		if err != nil {
			return err
		}
		if !response.Dispatched.IsZero() {
			s.add(response, response.Dispatched.Sub(first))
			some = true
		}
	}
	if !some {
		return nil
	}
	r.data.steady = s.numbers()
	if s.blind {
		r.warn(Warning{Code: WarnSteadyGaps, Metric: steadyPrefix + metricNames[itl] + "," + steadyPrefix + keyTokensPerSecond, Text: "the events of " +
			"streams were kept neither in memory nor in an event log: the steady state has no gaps between tokens, and its tokens count when their answers ended"})
	}
	return nil
}

// firstSent is when the first of responses was sent.
func firstSent(responses iter.Seq2[*endpoint.Response, error]) (first time.Time, err error) {
	for response, err := range responses {
		if err != nil {
			return time.Time{}, err
		}
		if at := response.Dispatched; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, nil
}

// measured gives all responses but cancelled ones, with their instants but perhaps without their texts, as often as it is
// asked: those that are held if they are in memory, else those of the event log, or of the lines if there is none.
func (r *Result) measured(ctx context.Context, held []*endpoint.Response, inMemory bool) iter.Seq2[*endpoint.Response, error] {
	if inMemory {
		return func(yield func(*endpoint.Response, error) bool) {
			for _, response := range held {
				if !yield(response, nil) {
					return
				}
			}
		}
	}
	return func(yield func(*endpoint.Response, error) bool) {
		next, stop := pullAhead(r.logged(ctx))
		defer stop()
		for l, ok := next(); ok; l, ok = next() {
			switch {
			case errors.Is(l.err, fs.ErrNotExist):
				r.readBack(ctx)(yield)
				return
			case l.err != nil:
				yield(nil, l.err)
				return
			case !l.response.Cancelled() && !yield(l.response, nil):
				return
			}
		}
	}
}

// logged gives the responses of the event log.
func (r *Result) logged(ctx context.Context) iter.Seq[loggedResponse] {
	return func(yield func(loggedResponse) bool) {
		for record, err := range Events(ctx, r.store(), r.OutputPath) {
			l := loggedResponse{err: err}
			if err == nil {
				l.response = &record.Response
			}
			if !yield(l) {
				return
			}
		}
	}
}

// steadyIn are the numbers of a steady state among saved statistics.
func steadyIn(saved Stats) (all []entry) {
	return slices.DeleteFunc(slices.Clone(saved.entries), func(e entry) bool { return !strings.HasPrefix(e.key, steadyPrefix) })
}
