package sizing

import (
	"errors"
	"fmt"
	"math"
)

// A Point is what was measured at one concurrency. Times are seconds.
type Point struct {
	Concurrency        int
	LLMLatencyP95      float64         // 95th percentile of the latency of LLM calls
	WorkflowRuntimeP95 float64         // 95th percentile of the run time of requests
	TotalRuntime       float64         // of the measurement; 0 = not known
	Rate               float64         // requests that were finished in a second; 0 = not known
	Items              map[string]Item // by the id of the request; nil = not known
	Interrupted        bool            // the measurement did not come to its end, so the point is not used
}

// Item is what one request took, in seconds.
type Item struct {
	LLMLatency      float64 `json:"llm_latency"`
	WorkflowRuntime float64 `json:"workflow_runtime"`
}

// Targets are what is asked for.
type Targets struct {
	LLMLatencyP95      float64 // seconds; 0 = no target
	WorkflowRuntimeP95 float64 // seconds; 0 = no target
	Users              int     // at once. Required
	TestGPUs           int     // with which the points were measured. Required
}

// Validate reports all problems at once.
func (t Targets) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(finite(t.LLMLatencyP95) && t.LLMLatencyP95 >= 0, "the target of the LLM latency, %v s, must not be negative", t.LLMLatencyP95)
	check(finite(t.WorkflowRuntimeP95) && t.WorkflowRuntimeP95 >= 0, "the target of the workflow run time, %v s, must not be negative", t.WorkflowRuntimeP95)
	check(t.LLMLatencyP95 != 0 || t.WorkflowRuntimeP95 != 0, "a target is required: of the LLM latency, of the workflow run time, or of both")
	check(t.Users > 0, "the number of users must be more than 0")
	check(t.TestGPUs > 0, "the number of GPUs of the test must be more than 0")
	return errors.Join(errs...)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// checkPoints requires two different concurrencies above 0, as NAT does.
func checkPoints(points []Point) error {
	var errs []error
	seen := map[int]bool{}
	for _, p := range points {
		if p.Concurrency <= 0 {
			errs = append(errs, fmt.Errorf("a concurrency of %d is not above 0", p.Concurrency))
		}
		if seen[p.Concurrency] {
			errs = append(errs, fmt.Errorf("the concurrency %d occurs twice", p.Concurrency))
		}
		if !finite(p.LLMLatencyP95) || !finite(p.WorkflowRuntimeP95) || p.LLMLatencyP95 < 0 || p.WorkflowRuntimeP95 < 0 {
			errs = append(errs, fmt.Errorf("concurrency %d: a latency is negative or no number", p.Concurrency))
		}
		seen[p.Concurrency] = true
	}
	if len(seen) < 2 {
		errs = append(errs, errors.New("at least two concurrencies are needed"))
	}
	return errors.Join(errs...)
}

// usable are the points that NAT uses: not interrupted, and with both latencies.
func usable(points []Point) (used []Point) {
	for _, p := range points {
		if !p.Interrupted && p.LLMLatencyP95 > 0 && p.WorkflowRuntimeP95 > 0 {
			used = append(used, p)
		}
	}
	return used
}
