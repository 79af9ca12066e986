package result

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// An Accumulator computes the statistics of a run from its responses, one at a time, in memory that does not grow
// with their number beyond the limit of [stats.Sample]. How alike values are that were measured one after the other, and with
// it their intervals, it learns from the first 16,384 requests and 2^20 gaps, of longer runs from a part of that
// size. What it answers does not depend on the order of adding, and merging two of them equals adding everything to one.
// The zero value is ready.
//
// It must not be copied once it was added to, and is not safe for concurrent use, reading included.
type Accumulator struct {
	// Objectives that are about goodput are counted, with the objective's key. Set it before the first Add.
	Objectives []slo.Objective

	requests, failed, cancelled int
	firstTurns, laterTurns      int
	unconnected                 int  // failed before they had a connection
	reached                     bool // some request had a connection, or may have had one

	first, last                               time.Time // request times
	input, output, cached, reasoning, success int       // tokens; success: output of successful requests

	llmeter [pyMetrics]stats.Sample // over all requests that carry the value
	own     [metrics]stats.Sample   // over successful requests; see sample
	batched bool                    // some event bore several tokens, so that the gaps between events are not those between tokens
	worth   [metrics]*effectiveN    // what effective has found since the last change
	errors  map[endpoint.ErrorKind]ErrorCount
	streams streams
	retries retries
	goodput []goodput
	trace   trace
	sending sending
	gaps    stats.Gaps // of the response that is being added
}

// An ErrorCount says how many requests failed with one kind of error.
type ErrorCount struct {
	Kind   endpoint.ErrorKind `json:"kind"`
	Count  int                `json:"count"`
	Sample string             `json:"sample"` // the error of the first of them; "" if only the count is known

	seq int // of the sample's request
}

// Add adds a finished response, successful or failed. One that was cancelled is only counted.
func (a *Accumulator) Add(r *endpoint.Response) {
	a.worth = [metrics]*effectiveN{}
	if r.Cancelled() {
		a.cancelled++
		a.reached = a.reached || connected(r)
		return
	}
	a.requests++
	a.sending.add(r)
	good := a.addGoodput(r)
	a.addTurn(r.Turn)
	a.addRequestTime(r.RequestTime)
	a.addLLMeter(r)
	a.retries.add(r)
	if r.Failed() {
		a.addFailure(r)
		return
	}
	a.reached = true
	a.success += known(r.OutputTokens)
	a.addOwn(r, good)
}

func (a *Accumulator) addTurn(turn int) {
	if turn == 0 {
		a.firstTurns++
	} else {
		a.laterTurns++
	}
}

// addRequestTime cuts the stamp to what files keep, so that loading gives the same.
func (a *Accumulator) addRequestTime(t time.Time) {
	if t.IsZero() {
		return
	}
	t = stamp(t)
	if a.first.IsZero() || t.Before(a.first) {
		a.first = t
	}
	if t.After(a.last) {
		a.last = t
	}
}

// addLLMeter adds what LLMeter's statistics count: every value that is there, whether or not the request succeeded.
func (a *Accumulator) addLLMeter(r *endpoint.Response) {
	addDuration(&a.llmeter[pyTTLT], r.TTLT)
	addDuration(&a.llmeter[pyTTFT], r.TTFT)
	if v, ok := r.TPOT(); ok {
		a.llmeter[pyTPOT].Add(v)
	}
	addCount(&a.llmeter[pyOutput], &a.output, r.OutputTokens)
	addCount(&a.llmeter[pyInput], &a.input, r.InputTokens)
	addCount(&a.llmeter[pyCached], &a.cached, r.CachedTokens)
	a.reasoning += known(r.ReasoningTokens)
}

// known is the number of tokens, 0 if it is not known.
func known(c endpoint.Count) int {
	if !c.Known() {
		return 0
	}
	return c.N
}

func addDuration(to *stats.Sample, of func() (time.Duration, bool)) {
	if d, ok := of(); ok {
		to.Add(d.Seconds())
	}
}

func addCount(to *stats.Sample, sum *int, c endpoint.Count) {
	if c.Known() {
		to.Add(float64(c.N))
		*sum += c.N
	}
}

// addOwn adds what our statistics count. good are the goodputs by which the request is good.
func (a *Accumulator) addOwn(r *endpoint.Response, good uint64) {
	kept := newTraced(r.Seq, r.Dispatched)
	kept.good = good
	a.addGaps(r, &kept)
	for i, of := range [...]func() (float64, bool){
		measured(r.TTFT), measured(r.TTFCT), measured(r.TTLT), r.TPOT, a.longestGap, measured(r.ResponseTime),
	} {
		if v, ok := of(); ok {
			kept.values[i] = v
			a.own[single[i]].Add(v)
		}
	}
	a.trace.add(kept)
}

func measured(of func() (time.Duration, bool)) func() (float64, bool) {
	return func() (float64, bool) {
		d, ok := of()
		return d.Seconds(), ok
	}
}

// addGaps adds the gaps between the events of a stream; they stay in a.gaps.
func (a *Accumulator) addGaps(r *endpoint.Response, kept *traced) {
	a.gaps.Reset()
	if len(r.Events) == 0 {
		return
	}
	tokens := r.TokensPerEvent()
	fillGaps(&a.gaps, r, tokens)
	a.streams.add(r, tokens, &a.gaps)
	if slices.ContainsFunc(tokens, func(n int) bool { return n > 1 }) {
		a.tellEventsFromTokens()
	}
	if a.gaps.N() == 0 {
		return
	}
	a.gaps.ITL(&a.own[itl])
	if a.batched {
		a.gaps.ICL(&a.own[icl])
	}
	if a.trace.wantsGaps(r.Seq) {
		kept.gaps = make([]gap, 0, a.gaps.N())
		for length, tokens := range a.gaps.All() {
			kept.gaps = append(kept.gaps, newGap(length, tokens))
		}
	}
}

// tellEventsFromTokens keeps the gaps between events apart from those between tokens. As long as each event bears one token they
// are the same, and kept once.
func (a *Accumulator) tellEventsFromTokens() {
	if !a.batched {
		a.batched = true
		a.own[icl].Merge(&a.own[itl])
	}
}

// keptAs is the metric as which the values of one of ours are kept.
func (a *Accumulator) keptAs(metric int) int {
	if metric == icl && !a.batched {
		return itl
	}
	return metric
}

// sample are the values of one of our metrics.
func (a *Accumulator) sample(metric int) *stats.Sample { return &a.own[a.keptAs(metric)] }

func (a *Accumulator) longestGap() (float64, bool) { return a.gaps.Longest(), a.gaps.N() > 0 }

// fillGaps adds the events with tokens, of which tokens tells how many each has.
func fillGaps(g *stats.Gaps, r *endpoint.Response, tokens []int) {
	for i := range r.Events {
		if r.Events[i].Tokens > 0 {
			g.Event(r.Events[i].At, tokens[0])
			tokens = tokens[1:]
		}
	}
}

func (a *Accumulator) addFailure(r *endpoint.Response) {
	a.failed++
	if !r.Dispatched.IsZero() {
		kept := newTraced(r.Seq, r.Dispatched)
		kept.failed = true
		a.trace.add(kept)
	}
	switch {
	case connected(r):
		a.reached = true
	case r.Error.Kind.NoConnection():
		a.unconnected++
	case r.Error.Kind != endpoint.KindCallback && r.Error.Kind != endpoint.KindPayload:
		a.reached = true
	}
	a.addError(ErrorCount{cmp.Or(r.Error.Kind, endpoint.KindUnknown), 1, r.Error.Error(), r.Seq})
}

// addError keeps the sample of the request that was sent first, whatever the order in which they come.
func (a *Accumulator) addError(e ErrorCount) {
	if a.errors == nil {
		a.errors = map[endpoint.ErrorKind]ErrorCount{}
	}
	if old, ok := a.errors[e.Kind]; ok {
		n := old.Count + e.Count
		if cmp.Or(cmp.Compare(old.seq, e.seq), cmp.Compare(old.Sample, e.Sample)) < 0 {
			e = old
		}
		e.Count = n
	}
	a.errors[e.Kind] = e
}

// connected reports whether an attempt is known to have had a connection.
func connected(r *endpoint.Response) bool {
	for i := range r.Attempts {
		if !r.Attempts[i].Ready.IsZero() || r.Attempts[i].Status != 0 {
			return true
		}
	}
	return false
}

// Merge adds everything that o holds. o stays as it is.
func (a *Accumulator) Merge(o *Accumulator) {
	a.worth = [metrics]*effectiveN{}
	a.requests += o.requests
	a.failed += o.failed
	a.cancelled += o.cancelled
	a.firstTurns += o.firstTurns
	a.laterTurns += o.laterTurns
	a.unconnected += o.unconnected
	a.reached = a.reached || o.reached
	a.addRequestTime(o.first)
	a.addRequestTime(o.last)
	a.input += o.input
	a.output += o.output
	a.cached += o.cached
	a.reasoning += o.reasoning
	a.success += o.success
	for i := range a.llmeter {
		a.llmeter[i].Merge(&o.llmeter[i])
	}
	if o.batched {
		a.tellEventsFromTokens()
	}
	for i := range a.own {
		if i != icl || a.batched {
			a.own[i].Merge(o.sample(i))
		}
	}
	for _, e := range o.errors {
		a.addError(e)
	}
	a.streams.merge(&o.streams)
	a.retries.merge(&o.retries)
	a.trace.merge(&o.trace, a.mergeGoodput(o))
	a.sending.merge(&o.sending)
}

// Requests is the number of responses that were added, cancelled ones not included.
func (a *Accumulator) Requests() int { return a.requests }

// FailedRequests is the number of them that failed.
func (a *Accumulator) FailedRequests() int { return a.failed }

// Unreachable reports whether requests failed for want of a connection, and none is known to have had one.
func (a *Accumulator) Unreachable() bool { return a.unconnected > 0 && !a.reached }

// conversations is the number of first turns if there are later ones. Where there are none, requests are just requests.
func (a *Accumulator) conversations() int {
	if a.laterTurns == 0 {
		return 0
	}
	return a.firstTurns
}

// errorCounts are the failures by kind, the most frequent first.
func (a *Accumulator) errorCounts() []ErrorCount {
	return slices.SortedFunc(maps.Values(a.errors), func(x, y ErrorCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Kind, y.Kind))
	})
}

// stamp is an instant as files keep it: UTC, microseconds, no monotonic reading.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
