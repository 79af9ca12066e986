package profiler

import "github.com/llmeter-go/llmeter/stats"

// WorkflowRuntimeMetrics are type-7 percentiles of the run time of requests, in seconds.
type WorkflowRuntimeMetrics struct {
	P90 float64 `json:"p90"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// WorkflowRuntimes are the percentiles of the time from the first event of a request to its last, of requests that have
// events; nil when none has.
func WorkflowRuntimes(requests []*Request) *WorkflowRuntimeMetrics {
	s := new(stats.Sample)
	for _, r := range requests {
		if r.Steps > 0 {
			s.Add(r.Runtime())
		}
	}
	if s.N() == 0 {
		return nil
	}
	return &WorkflowRuntimeMetrics{s.Quantile(0.90), s.Quantile(0.95), s.Quantile(0.99)}
}
