package profiler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// The files of a profile.
const (
	tracesFile       = "all_requests_profiler_traces.json"
	rowsFile         = "standardized_data_all.csv"
	optimizationFile = "inference_optimization.json"
	reportFile       = "workflow_profiling_report.txt"
	metricsFile      = "workflow_profiling_metrics.json"
	ganttFile        = "gantt_chart.png"
	trieFile         = "prediction_trie.json"
	forecastFile     = "fitted_model.json"
	profileFile      = "llmeter_profile.json"
)

// A Runner profiles traces: it runs the analyses that its Config names and writes their files, those of NAT's ProfilerRunner.
type Runner struct {
	Config    Config
	OutputDir string              // where the files go; made if it does not exist. Required unless NoOutput
	NoOutput  bool                // write nothing
	Logger    *slog.Logger        // told what was left out; nil = nobody
	Tokenizer tokenizer.Tokenizer // counts the tokens of prompts; nil = estimated from their size

	// Concurrency is how many workflows of RunPrompts run at once; 0 = 8, as in NAT.
	Concurrency int

	// Dynamo collects the metrics of Dynamo for the time between two moments, which are zero if the traces have no events; what it returns becomes
	// JSON. Required if the Config enables them. The function Collect of the package dynamo is one.
	Dynamo func(ctx context.Context, c DynamoConfig, start, end time.Time) (any, error)
}

// Run profiles the traces. They are read once, and no more than three are held whole; their spans and prompts are kept. A trace that
// was yielded must not be changed.
//
// Parts of traces that cannot be read are counted in the results. When the traces end with an error, or a file cannot be written, the
// results of what there is are returned beside the error; they are nil when the Runner is not valid or the context has ended.
func (r Runner) Run(ctx context.Context, traces iter.Seq2[*Trace, error]) (*Results, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	out := output{dir: r.OutputDir, off: r.NoOutput}
	if !out.off {
		if err := os.MkdirAll(out.dir, 0o777); err != nil {
			return nil, err
		}
	}
	results := new(Results)
	readErr := r.read(ctx, traces, results, &out)
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	r.log(ctx, &results.InferenceOptimization.Input)
	if err := r.analyze(ctx, results); err != nil {
		return nil, err
	}
	dynamoErr := r.collectDynamo(ctx, results)
	out.results(r.Config, results)
	return results, errors.Join(append(out.errs, readErr, dynamoErr)...)
}

func (r Runner) validate() error {
	var errs []error
	if r.OutputDir == "" && !r.NoOutput {
		errs = append(errs, errors.New("OutputDir is required unless NoOutput is set"))
	}
	if r.Config.Dynamo.Enable && r.Dynamo == nil {
		errs = append(errs, errors.New("dynamo_metrics are enabled, and Dynamo, which collects them, is not set"))
	}
	errs = append(errs, r.Config.Validate())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("profiler: %w", err)
	}
	return nil
}

// read reads the traces, writes the files that list their steps, and keeps what the analyses need. It returns the error that ended
// the traces.
func (r Runner) read(ctx context.Context, traces iter.Seq2[*Trace, error], results *Results, out *output) error {
	lists := out.lists(r.Config)
	input := &results.InferenceOptimization.Input
	input.UnknownTypes, input.Incomplete, input.Problems = map[EventType]int{}, map[SpanState]int{}, []string{}
	queue, done := make(chan *Trace, 1), make(chan struct{})
	go func() { // beside the reader of the traces, whose work is about the same
		defer close(done)
		for t := range queue {
			lists.write(t)
			request := Resolve(t)
			input.add(t, request)
			results.Requests = append(results.Requests, request)
		}
	}()
	var failed error
	for t, err := range traces {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		queue <- t
	}
	close(queue)
	<-done
	lists.close()
	return failed
}

func (r Runner) log(ctx context.Context, s *InputSummary) {
	if r.Logger == nil {
		return
	}
	r.Logger.InfoContext(ctx, "traces read", "requests", s.Requests, "steps", s.Steps)
	if s.Unreadable > 0 {
		r.Logger.WarnContext(ctx, "parts of the traces could not be read", "count", s.Unreadable, "first", s.Problems[0])
	}
	if len(s.UnknownTypes) > 0 {
		r.Logger.WarnContext(ctx, "steps of unknown types were not looked at", "types", s.UnknownTypes)
	}
	if len(s.Incomplete) > 0 {
		r.Logger.WarnContext(ctx, "spans have no interval or failed", "by_state", s.Incomplete)
	}
}

// analyze runs the analyses. They do not depend on one another, so they run side by side.
func (r Runner) analyze(ctx context.Context, results *Results) error {
	c, requests := r.Config, results.Requests
	o := &results.InferenceOptimization
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel())
	run := func(wanted bool, analysis func()) {
		if wanted {
			group.Go(func() error {
				if ctx.Err() == nil {
					analysis()
				}
				return context.Cause(ctx)
			})
		}
	}
	run(true, func() { o.ConfidenceIntervals = ConfidenceIntervals(requests) })
	run(c.WorkflowRuntime || c.BaseMetrics, func() { o.WorkflowRuntimes = WorkflowRuntimes(requests) })
	run(c.TokenUniqueness, func() { o.TokenUniqueness = TokenUniqueness(requests, r.Tokenizer) })
	run(c.PromptCachingPrefixes.Enable, func() {
		o.CommonPrefixes = FindCommonPrefixes(requests, c.PromptCachingPrefixes.MinFrequency, r.Tokenizer)
	})
	run(c.BottleneckAnalysis.SimpleStack, func() { results.SimpleStack = AnalyzeSimpleStack(requests) })
	run(c.BottleneckAnalysis.NestedStack, func() { results.NestedStack = AnalyzeNestedStack(requests) })
	run(c.ConcurrencySpikes.Enable, func() { results.Spikes = AnalyzeSpikes(requests, c.ConcurrencySpikes.Threshold) })
	run(c.PrefixSpan.Enable, func() { results.Patterns, _ = FindPatterns(requests, c.patterns()) }) // the options are valid
	run(c.PredictionTrie.Enable, func() { results.Trie = BuildTrie(requests, c.sensitivity(), time.Now()) })
	run(c.TokenUsageForecast, func() { results.Forecast = FitForecast(Usage(requests)) })
	p := &results.Profile
	p.Schema = profileSchema
	run(c.CriticalPath, func() { p.CriticalPaths = AnalyzeCriticalPaths(requests) })
	run(c.Streaming, func() { p.Streaming = AnalyzeStreaming(requests) })
	run(c.Waiting, func() { p.Waiting = AnalyzeWaiting(requests) })
	run(c.Costs.Enable, func() { p.Costs = AnalyzeCosts(requests, c.Costs.Prices) })
	run(c.Anomalies.Enable, func() { p.Anomalies = AnalyzeAnomalies(requests, c.Anomalies.Threshold, c.Anomalies.Least) })
	err := group.Wait()
	results.LLMLatency, results.WorkflowRuntimeMetrics = &o.ConfidenceIntervals.LLMLatency, o.WorkflowRuntimes
	return err
}

// collectDynamo asks for the metrics of the time that the traces are of. What was collected counts, even beside an error.
func (r Runner) collectDynamo(ctx context.Context, results *Results) error {
	c := r.Config.Dynamo
	if !c.Enable {
		return nil
	}
	first, last := window(results.Requests)
	start, end := timeOf(c.Start, first), timeOf(c.End, last)
	metrics, err := r.Dynamo(ctx, c, start, end)
	results.InferenceOptimization.DynamoMetrics = metrics
	if err != nil {
		return fmt.Errorf("dynamo_metrics: %w", err)
	}
	return nil
}

// window is from the first event of all requests to the last; zeros without events.
func window(requests []*Request) (first, last float64) {
	for _, r := range requests {
		if r.Steps == 0 {
			continue
		}
		if first == 0 || r.Start < first {
			first = r.Start
		}
		last = max(last, r.End)
	}
	return first, last
}

// timeOf is the configured moment, or else another, in seconds since the epoch; zero for 0.
func timeOf(configured *float64, seconds float64) time.Time {
	if configured != nil {
		seconds = *configured
	}
	if seconds == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(seconds * 1e6)))
}
