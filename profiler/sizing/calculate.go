package sizing

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/llmeter-go/llmeter/figure"
)

// GPUEstimates are the numbers of GPUs, not rounded; nil = none.
type GPUEstimates struct {
	ByWorkflowRuntime *float64 `json:"gpu_estimate_by_wf_runtime"`
	ByLLMLatency      *float64 `json:"gpu_estimate_by_llm_latency"`
}

// FitResults are the lines of NAT; nil = the points do not lie on one.
type FitResults struct {
	LLMLatency      *Line `json:"llm_latency_fit"`
	WorkflowRuntime *Line `json:"wf_runtime_fit"`
}

// Alerts say what is odd about a point.
type Alerts struct {
	OutlierWorkflowRuntime bool `json:"outlier_workflow_runtime"`
	OutlierLLMLatency      bool `json:"outlier_llm_latency"`
	SlowerThanLatency      int  `json:"num_items_greater_than_target_latency"`
	SlowerThanRuntime      int  `json:"num_items_greater_than_target_runtime"`
}

// Metrics are what was measured at a point. Times are seconds.
type Metrics struct {
	Alerts struct {
		WorkflowInterrupted bool `json:"workflow_interrupted"`
	} `json:"alerts"`
	LLMLatencyP95      float64         `json:"llm_latency_p95"`
	WorkflowRuntimeP95 float64         `json:"workflow_runtime_p95"`
	TotalRuntime       float64         `json:"total_runtime"`
	Items              map[string]Item `json:"per_item_metrics"`
	Rate               float64         `json:"requests_per_second,omitempty"` // ours
}

// PointResult is a point with what was made of it. Its estimates are NAT's rough ones, by proportion from this point alone; they are
// absent where it misses a target.
type PointResult struct {
	GPUEstimates  GPUEstimates `json:"gpu_estimates"`
	Alerts        Alerts       `json:"alerts"`
	SizingMetrics Metrics      `json:"sizing_metrics"`
}

// An Estimate is how many GPUs one target needs, and how sure that is. What cannot be said is nil, and Problem says why.
type Estimate struct {
	Target        float64     `json:"target"` // seconds
	Fit           *SureLine   `json:"fit"`    // to all points
	Concurrency   *float64    `json:"concurrency"`
	ConcurrencyCI *[2]float64 `json:"concurrency_ninety_fifth_interval"`
	GPUs          *float64    `json:"gpus"`
	GPUsCI        *[2]float64 `json:"gpus_ninety_fifth_interval"`
	WholeGPUs     *int        `json:"whole_gpus"` // GPUs rounded up; with the upper end of the interval for WholeGPUsSafe
	WholeGPUsSafe *int        `json:"whole_gpus_at_upper_end"`
	Highest       int         `json:"highest_measured_concurrency"`
	Queueing      Queueing    `json:"queueing"`
	Problem       string      `json:"problem,omitempty"`
}

// An Output is the content of calc_runner_output.json: NAT's keys, and ours under "sizing".
type Output struct {
	GPUEstimates GPUEstimates        `json:"gpu_estimates"` // of NAT's lines; absent too where ours are refused
	FitResults   FitResults          `json:"fit_results"`
	CalcData     map[int]PointResult `json:"calc_data"` // by concurrency
	Sizing       struct {
		LLMLatency      *Estimate `json:"llm_latency,omitempty"`
		WorkflowRuntime *Estimate `json:"workflow_runtime,omitempty"`
	} `json:"sizing"`
	Targets Targets `json:"-"`
}

// Calculate estimates the GPUs for targets. The error says, for each target, why there is no estimate (it matches ErrPoorFit,
// ErrFewPoints, ErrBelow, ErrNoGrowth or ErrExtrapolation); the Output is given beside it. Points or targets that are not valid give no Output.
func Calculate(points []Point, t Targets) (*Output, error) {
	if err := errors.Join(checkPoints(points), t.Validate()); err != nil {
		return nil, err
	}
	used := usable(points)
	o := &Output{CalcData: map[int]PointResult{}, Targets: t}
	latency := func(p Point) float64 { return p.LLMLatencyP95 }
	runtime := func(p Point) float64 { return p.WorkflowRuntimeP95 }
	var errs []error
	o.FitResults.LLMLatency, o.GPUEstimates.ByLLMLatency, o.Sizing.LLMLatency = o.metric("LLM latency", used, latency, t.LLMLatencyP95, &errs)
	o.FitResults.WorkflowRuntime, o.GPUEstimates.ByWorkflowRuntime, o.Sizing.WorkflowRuntime = o.metric("workflow run time", used, runtime, t.WorkflowRuntimeP95, &errs)
	for _, p := range points {
		o.CalcData[p.Concurrency] = o.point(p)
	}
	return o, errors.Join(errs...)
}

// metric fits one latency and, if there is a target, estimates.
func (o *Output) metric(name string, points []Point, of func(Point) float64, target float64, errs *[]error) (line *Line, gpus *float64, e *Estimate) {
	x, y := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		x[i], y[i] = float64(p.Concurrency), of(p)
	}
	fit, err := Fit(x, y)
	if err == nil {
		line = &fit
	}
	if target == 0 {
		return line, nil, nil
	}
	e = &Estimate{Target: target, Queueing: queueing(points, of)}
	for _, p := range points {
		e.Highest = max(e.Highest, p.Concurrency)
	}
	if err == nil {
		err = e.estimate(x, y, o.Targets)
	}
	if err == nil {
		err = within(fit, target, e.Highest)
	}
	if err != nil {
		e.Problem = err.Error()
		*errs = append(*errs, fmt.Errorf("%s: %w", name, err))
		e.refuse()
		return line, nil, e
	}
	n := float64(o.Targets.Users) / ((target - fit.Intercept) / fit.Slope) * float64(o.Targets.TestGPUs)
	return line, &n, e
}

// within says why a line does not tell at which concurrency it meets the target.
func within(l Line, target float64, highest int) error {
	switch at := (target - l.Intercept) / l.Slope; {
	case target <= l.Intercept:
		return fmt.Errorf("%w (%s, and the line begins at %s)", ErrBelow, figure.Seconds.Format(target), figure.Seconds.Format(l.Intercept))
	case !(l.Slope > 0):
		return ErrNoGrowth
	case at > 2*float64(highest):
		return fmt.Errorf("the target would be met at %.4g at once, %w, which is %d", at, ErrExtrapolation, highest)
	}
	return nil
}

func (e *Estimate) estimate(x, y []float64, t Targets) error {
	fit := fitAll(x, y)
	e.Fit = &fit
	if err := within(fit.Line, e.Target, e.Highest); err != nil {
		return err
	}
	at, interval := fit.reach(e.Target)
	users, per := float64(t.Users), float64(t.TestGPUs)
	gpus := users / at * per
	whole := int(math.Ceil(gpus - 1e-9))
	e.Concurrency, e.GPUs, e.WholeGPUs = &at, &gpus, &whole
	if interval == nil || interval[0] <= 0 {
		return nil
	}
	e.ConcurrencyCI = interval
	e.GPUsCI = &[2]float64{users / interval[1] * per, users / interval[0] * per}
	safe := int(math.Ceil(e.GPUsCI[1] - 1e-9))
	e.WholeGPUsSafe = &safe
	return nil
}

func (e *Estimate) refuse() {
	e.Concurrency, e.ConcurrencyCI, e.GPUs, e.GPUsCI, e.WholeGPUs, e.WholeGPUsSafe = nil, nil, nil, nil, nil, nil
}

// point is what NAT says of one point.
func (o *Output) point(p Point) PointResult {
	r := PointResult{SizingMetrics: Metrics{LLMLatencyP95: p.LLMLatencyP95, WorkflowRuntimeP95: p.WorkflowRuntimeP95, TotalRuntime: p.TotalRuntime, Items: p.Items, Rate: p.Rate}}
	r.SizingMetrics.Alerts.WorkflowInterrupted = p.Interrupted
	if r.SizingMetrics.Items == nil {
		r.SizingMetrics.Items = map[string]Item{}
	}
	if len(usable([]Point{p})) == 0 {
		return r
	}
	has := func(l *Line) bool { return l != nil && slices.Contains(l.Outliers, p.Concurrency) }
	r.Alerts.OutlierLLMLatency, r.Alerts.OutlierWorkflowRuntime = has(o.FitResults.LLMLatency), has(o.FitResults.WorkflowRuntime)
	t := o.Targets
	for _, item := range p.Items {
		if t.LLMLatencyP95 > 0 && item.LLMLatency > t.LLMLatencyP95 {
			r.Alerts.SlowerThanLatency++
		}
		if t.WorkflowRuntimeP95 > 0 && item.WorkflowRuntime > t.WorkflowRuntimeP95 {
			r.Alerts.SlowerThanRuntime++
		}
	}
	r.GPUEstimates = rough(p, t)
	return r
}

// rough is users over concurrency, times what was observed over the target.
func rough(p Point, t Targets) (g GPUEstimates) {
	if t.LLMLatencyP95 > 0 && p.LLMLatencyP95 > t.LLMLatencyP95 || t.WorkflowRuntimeP95 > 0 && p.WorkflowRuntimeP95 > t.WorkflowRuntimeP95 {
		return g
	}
	by := func(observed, target float64) *float64 {
		if target == 0 {
			return nil
		}
		v := float64(t.Users) / float64(p.Concurrency) * (observed / target) * float64(t.TestGPUs)
		return &v
	}
	return GPUEstimates{by(p.WorkflowRuntimeP95, t.WorkflowRuntimeP95), by(p.LLMLatencyP95, t.LLMLatencyP95)}
}
