package result

import (
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// The statistics of a run in which requests were sent more than once. Where none was, there are none of them.
const (
	keyRetried     = "retried_requests"
	keyRetries     = "retries"
	keyAttemptTTFT = "attempt_ttft"
	keyAttemptTTLT = "attempt_ttlt"
)

var (
	retryKeys      = []string{keyRetried, keyRetries}
	attemptMetrics = []string{keyAttemptTTFT, keyAttemptTTLT}
)

// retries count what was sent more than once, and keep the latencies that all successful requests would have without that.
type retries struct {
	requests, attempts int // sent more than once; attempts after the first
	ttft, ttlt         stats.Sample
	unknown            bool // it is not known of all when they were sent again
}

func (x *retries) add(r *endpoint.Response) {
	if n, _ := r.Retries(); n > 0 {
		x.requests++
		x.attempts += n
		x.unknown = x.unknown || !r.Failed() && r.Attempts[n].Start.IsZero()
	}
	if r.Failed() {
		return
	}
	ttft, ttlt := r.WithoutRetries()
	addKnown(&x.ttft, ttft)
	addKnown(&x.ttlt, ttlt)
}

func addKnown(to *stats.Sample, d time.Duration) {
	if d >= 0 {
		to.Add(d.Seconds())
	}
}

func (x *retries) merge(o *retries) {
	x.requests, x.attempts, x.unknown = x.requests+o.requests, x.attempts+o.attempts, x.unknown || o.unknown
	x.ttft.Merge(&o.ttft)
	x.ttlt.Merge(&o.ttlt)
}

func (x *retries) addTo(s *Stats) {
	if x.requests == 0 {
		return
	}
	s.set(keyRetried, x.requests)
	s.set(keyRetries, x.attempts)
	if x.unknown {
		return
	}
	addSample(s, keyAttemptTTFT, &x.ttft)
	addSample(s, keyAttemptTTLT, &x.ttlt)
}
