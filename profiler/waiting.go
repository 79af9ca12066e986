package profiler

import (
	"cmp"
	"io"
	"slices"
	"sort"
	"strings"
)

// Waiting is the time in which calls were sent away and tried again, apart from work.
//
// An attempt is throttled if the server sent it away, see [Span.Throttled]. An attempt that failed is retried by the next span of the same
// operation below the same caller that begins at or after its end, if it was throttled, or if both are LLM calls with the same prompt.
// Waiting is the time of throttled attempts, and the back-off between an attempt that failed and its retry. Attempts that are
// recorded as parts of an LLM call, such as those of an instrumented HTTP client, are waiting within that call.
type Waiting struct {
	Runtime    float64         `json:"total_request_time"` // seconds that requests took, added up
	Waiting    float64         `json:"waiting"`            // seconds of requests in which at least one call waited
	Critical   float64         `json:"critical_waiting"`   // seconds of waiting on the critical paths
	Work       float64         `json:"work"`               // Runtime - Critical
	Operations []OperationWait `json:"operations"`         // those that failed or waited, the most waiting first
	// WorkRuntime is the run time of requests without the waiting on their critical paths, and WorkLatency that of LLM calls without the waiting
	// within them. Nil if nothing waited: they would be the run time and the latency.
	WorkRuntime *Estimate     `json:"work_runtime"`
	WorkLatency *Estimate     `json:"work_llm_latency"`
	Requests    []RequestWait `json:"requests"` // the 20 that waited longest, the longest first
}

// An OperationWait is how the calls of one operation failed and waited. Times are seconds.
type OperationWait struct {
	OperationType Category    `json:"operation_type"`
	OperationName string      `json:"operation_name"`
	Calls         int         `json:"calls"` // that have an interval, each attempt one
	Failed        int         `json:"failed"`
	FailedTime    float64     `json:"failed_time"` // of those that failed and were not throttled: neither work nor waiting
	Throttled     int         `json:"throttled"`
	ThrottledTime float64     `json:"throttled_time"`
	Retries       int         `json:"retries"`
	BackoffTime   float64     `json:"backoff_time"`
	AskedTime     float64     `json:"asked_time"`    // that servers asked to wait
	Statuses      map[int]int `json:"http_statuses"` // calls by status, of those that say so
}

// A RequestWait is how long one request waited.
type RequestWait struct {
	Request  int     `json:"request"`
	Runtime  float64 `json:"runtime"`
	Waiting  float64 `json:"waiting"`
	Critical float64 `json:"critical_waiting"`
}

// A wait is a stretch of waiting.
type wait struct {
	start, end float64
	attempt    int32 // the span that failed; with gap, its retry follows at the end
	gap        bool  // it is a back-off
	within     int32 // the LLM call that the attempts are parts of; -1 for none
}

// AnalyzeWaiting tells waiting from work.
func AnalyzeWaiting(requests []*Request) *Waiting {
	a := &waitAnalysis{operations: map[pathKey]*OperationWait{}}
	a.result = &Waiting{Operations: []OperationWait{}}
	for _, r := range requests {
		if r.Steps > 0 {
			a.add(r)
		}
	}
	w := a.result
	w.Work = w.Runtime - w.Critical
	for _, o := range a.operations {
		if o.Failed > 0 || o.Throttled > 0 || o.Retries > 0 {
			w.Operations = append(w.Operations, *o)
		}
	}
	slices.SortFunc(w.Operations, func(a, b OperationWait) int {
		return cmp.Or(cmp.Compare(b.ThrottledTime+b.BackoffTime, a.ThrottledTime+a.BackoffTime), cmp.Compare(b.FailedTime, a.FailedTime),
			strings.Compare(string(a.OperationType), string(b.OperationType)), strings.Compare(a.OperationName, b.OperationName))
	})
	if w.Waiting > 0 {
		w.WorkRuntime = estimateIfAny(inOrder(a.runtimes), "seconds from the first event of a request to its last, without the waiting on its critical path")
		w.WorkLatency = estimateIfAny(inOrder(a.latencies), "seconds from LLM_START to LLM_END, without the waiting within, of calls that did not fail")
	}
	w.Requests = a.longest.list()
	return w
}

type waitAnalysis struct {
	result              *Waiting
	operations          map[pathKey]*OperationWait
	runtimes, latencies []timedValue
	longest             top[RequestWait]
}

func (a *waitAnalysis) operation(s *Span) *OperationWait {
	key := pathKey{s.Category, s.operationName()}
	if a.operations[key] == nil {
		a.operations[key] = &OperationWait{OperationType: key.category, OperationName: key.name, Statuses: map[int]int{}}
	}
	return a.operations[key]
}

func (a *waitAnalysis) add(r *Request) {
	runtime := r.Runtime()
	a.result.Runtime += runtime
	failed := a.count(r)
	var waits []wait
	if failed {
		waits = a.waits(r)
	}
	critical := 0.0
	if len(waits) > 0 {
		w := RequestWait{r.Number, runtime, union(waits), criticalWaiting(r, waits)}
		critical = w.Critical
		a.result.Waiting += w.Waiting
		a.result.Critical += critical
		a.longest.add(w, func(a, b RequestWait) int {
			return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(a.Request, b.Request))
		})
	}
	a.runtimes = append(a.runtimes, timedValue{r.Start, runtime - critical})
	within := map[int32][]wait{}
	for _, w := range waits {
		if w.within >= 0 {
			within[w.within] = append(within[w.within], w)
		}
	}
	for i := range r.Spans {
		if s := &r.Spans[i]; s.Category == LLM && s.State == Complete {
			a.latencies = append(a.latencies, timedValue{s.Start, s.Duration() - union(within[int32(i)])})
		}
	}
}

// count counts the calls of each operation, and says whether any failed.
func (a *waitAnalysis) count(r *Request) (failed bool) {
	for i := range r.Spans {
		s := &r.Spans[i]
		if !s.Timed() || !isNode(s) {
			continue
		}
		o := a.operation(s)
		o.Calls++
		o.AskedTime += s.RetryAfter
		if s.HTTPStatus != 0 {
			o.Statuses[s.HTTPStatus]++
		}
		if s.State == Failed {
			o.Failed++
		}
		switch {
		case s.Throttled():
			o.Throttled++
			o.ThrottledTime += s.Duration()
		case s.State == Failed:
			o.FailedTime += s.Duration()
		}
		failed = failed || s.State == Failed || s.Throttled()
	}
	return failed
}

// waits finds the waiting of a request, in which something failed.
func (a *waitAnalysis) waits(r *Request) (waits []wait) {
	callers := recordedCallers(r)
	for _, chain := range attemptChains(r, callers) {
		used := 0 // attempts up to this one are retries of others
		for k, i := range chain {
			s := &r.Spans[i]
			if s.State != Failed && !s.Throttled() {
				continue
			}
			if s.Throttled() {
				waits = append(waits, wait{s.Start, s.End, i, false, callers[i]})
			}
			after := sort.Search(len(chain), func(n int) bool { return r.Spans[chain[n]].Start >= s.End })
			next := max(used+1, k+1, after)
			if next == len(chain) || !retries(s, &r.Spans[chain[next]]) {
				continue
			}
			used = next
			retry := &r.Spans[chain[next]]
			o := a.operation(s)
			o.Retries++
			o.BackoffTime += retry.Start - s.End
			waits = append(waits, wait{s.End, retry.Start, i, true, callers[i]})
		}
	}
	return waits
}

// retries says whether a span does again what another failed to do.
func retries(failed, next *Span) bool {
	return failed.Throttled() || failed.Category == LLM && failed.Input != "" && failed.Input == next.Input
}

// recordedCallers are the LLM calls that spans were recorded as parts of, -1 for none.
func recordedCallers(r *Request) []int32 {
	calls := map[string]int32{}
	for i := range r.Spans {
		if s := &r.Spans[i]; s.Category == LLM && s.UUID != "" {
			calls[s.UUID] = int32(i)
		}
	}
	callers := make([]int32, len(r.Spans))
	for i := range r.Spans {
		callers[i] = -1
		s := &r.Spans[i]
		if c, ok := calls[s.parentID]; ok && s.Category != LLM && r.Spans[c].Timed() && r.Spans[c].encloses(s) {
			callers[i] = c
		}
	}
	return callers
}

// attemptChains groups the timed spans that may be attempts at the same thing, each group by start.
func attemptChains(r *Request, callers []int32) [][]int32 {
	type key struct {
		parent, caller int32
		operation      pathKey
		input          string
	}
	numbers := map[key]int{}
	var chains [][]int32
	for i := range r.Spans {
		s := &r.Spans[i]
		if !s.Timed() || !isNode(s) {
			continue
		}
		k := key{s.Parent, callers[i], pathKey{s.Category, s.operationName()}, s.Input}
		n, ok := numbers[k]
		if !ok {
			n = len(chains)
			numbers[k] = n
			chains = append(chains, nil)
		}
		chains[n] = append(chains[n], int32(i))
	}
	return chains
}

// union is the time in which at least one wait was.
func union(waits []wait) float64 {
	slices.SortFunc(waits, func(a, b wait) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	total, until := 0.0, 0.0
	for i, w := range waits {
		if i == 0 || w.start > until {
			until = w.start
		}
		if w.end > until {
			total += w.end - until
			until = w.end
		}
	}
	return total
}

// criticalWaiting is the waiting for which the request waited: throttled attempts that are on the critical path, the back-off of a caller
// that is, and waiting within an LLM call that is.
func criticalWaiting(r *Request, waits []wait) float64 {
	index := make(map[*Span]int32, len(r.Spans))
	for i := range r.Spans {
		index[&r.Spans[i]] = int32(i)
	}
	owners := map[int32][]wait{}
	for _, w := range waits {
		if !w.gap {
			owners[w.attempt] = append(owners[w.attempt], w)
		} else {
			owner := r.caller(w.attempt)
			owners[owner] = append(owners[owner], w)
		}
		if w.within >= 0 {
			owners[w.within] = append(owners[w.within], w)
		}
	}
	total := 0.0
	for _, step := range CriticalPath(r) {
		owner := int32(-1)
		if step.Span != nil {
			owner = index[step.Span]
		}
		var on []wait
		for _, w := range owners[owner] {
			if w.start, w.end = max(w.start, step.Start), min(w.end, step.End); w.end > w.start {
				on = append(on, w)
			}
		}
		total += union(on)
	}
	return total
}

// caller is the nearest ancestor that the critical path may name; -1 for none.
func (r *Request) caller(i int32) int32 {
	for p := r.Spans[i].Parent; p >= 0; p = r.Spans[p].Parent {
		if s := &r.Spans[p]; s.Timed() && isNode(s) {
			return p
		}
	}
	return -1
}

// WriteReport writes the analysis as text.
func (a *Waiting) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Waiting Apart from Work ===")
	if len(a.Operations) == 0 {
		p.line("Nothing failed, and nothing waited.")
		return p.err
	}
	p.line("Requests took %.2f s; in %.2f s a call waited, in %.2f s of these the request for it; %.2f s are work", a.Runtime, a.Waiting, a.Critical, a.Work)
	for _, o := range a.Operations {
		p.line("%s '%s': %d calls, %d failed (%.2f s), %d throttled (%.2f s), %d retries after %.2f s of back-off", o.OperationType, o.OperationName, o.Calls,
			o.Failed, o.FailedTime, o.Throttled, o.ThrottledTime, o.Retries, o.BackoffTime)
	}
	a.WorkRuntime.write(&p, "Run time without waiting [s]")
	a.WorkLatency.write(&p, "LLM latency without waiting [s]")
	return p.err
}
