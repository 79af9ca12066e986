package llmeter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/urgent"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// collect processes responses one at a time until the clients have ended. It is the only goroutine that calls
// AfterInvoke, and it never gives up while something may still come: a hook that fails ends the run, not the collection.
func (run *Run) collect() {
	prompts := prompts{count: run.cfg.tokenizer()}
	prompts.of, _ = endpoint.As[endpoint.Prompter](run.cfg.Endpoint)
	for {
		in, ok := run.finished.Pop(context.Background())
		if !ok {
			return
		}
		urgent.Yield()
		r := in.response
		prompts.fill(r)
		countTokens(r, prompts.count)
		if s := r.OutputTokens.Source; s == endpoint.ByTokenizer || s == endpoint.ByEvents {
			run.estimated++
		}
		run.afterInvoke(context.WithoutCancel(in.ctx), r)
		run.keep(r)
	}
}

// countTokens fills in the counts that the endpoint did not report: a tokenizer's, else the number of events that bore
// tokens. What cannot be known stays unknown, and nothing is guessed for a failed request.
func countTokens(r *Response, t tokenizer.Tokenizer) {
	if r.Failed() {
		return
	}
	if !r.InputTokens.Known() && r.Prompt != "" {
		r.InputTokens = endpoint.Count{N: t.Count(r.Prompt), Source: endpoint.ByTokenizer}
	}
	if r.OutputTokens.Known() {
		return
	}
	n := 0
	for _, text := range []string{r.Text, r.Reasoning, r.Refusal} {
		if text != "" {
			n += t.Count(text)
		}
	}
	for _, call := range r.ToolCalls {
		n += t.Count(call.Arguments)
	}
	if n > 0 {
		r.OutputTokens = endpoint.Count{N: n, Source: endpoint.ByTokenizer}
		return
	}
	for _, e := range r.Events {
		n += int(e.Tokens)
	}
	if n > 0 {
		r.OutputTokens = endpoint.Count{N: n, Source: endpoint.ByEvents}
	}
}

func (run *Run) afterInvoke(ctx context.Context, r *Response) {
	if run.hookErr != nil {
		return
	}
	for _, cb := range run.cfg.Callbacks {
		err := cb.AfterInvoke(ctx, r)
		switch {
		case errors.Is(err, ErrStop):
			run.Stop()
		case err != nil:
			run.hookErr = hookError(cb, "AfterInvoke", err)
			run.abort(run.hookErr)
			return
		}
	}
}

func (run *Run) keep(r *Response) {
	backlog := run.finished.Len()
	run.mu.Lock()
	run.vitals.Add(r)
	run.backlog = max(run.backlog, backlog)
	run.acc.Add(r)
	finished, failed := run.acc.Requests(), run.acc.FailedRequests()
	run.mu.Unlock()
	run.checkStop(finished, failed)
	run.checkUntil(finished)
	if !run.cfg.LowMemory {
		run.responses = append(run.responses, r)
	}
	if run.writer != nil {
		run.writer.Add(r)
	}
	if run.reading.Load() {
		run.live.Push(r)
	}
}

// shell is the Result without what the responses say.
func (run *Run) shell(end time.Time) *Result {
	cfg := &run.cfg
	info := cfg.Endpoint.Info()
	res := &result.Result{
		Clients: cfg.Clients, TotalTestTime: end.Sub(run.start), ModelID: info.Model,
		OutputPath: cfg.folder(), EndpointName: info.Name, Provider: info.Provider,
		RunName: cfg.RunName, RunDescription: cfg.RunDescription,
		StartTime: wall(run.start), EndTime: wall(end),
		Objectives: cfg.Objectives, Warmup: cfg.Warmup, Cooldown: cfg.Cooldown,
		Conversations: int(run.conversations.Load()), Clock: run.clock(), Store: cfg.Store,
	}
	if cfg.Arrivals == nil {
		res.Requests = run.limit
	}
	return res
}

// clock names the clock that stamps the endpoint's chunks.
func (run *Run) clock() string {
	if c, ok := endpoint.As[endpoint.Clocked](run.cfg.Endpoint); ok {
		return c.Clock()
	}
	return "user"
}

// WarnEstimatedTokens is the code of the warning in the Result of a run in which servers did not report token counts.
const WarnEstimatedTokens = "estimated-tokens"

// WarnNotPrewarmed is the code of the warning in the Result of a run that could not open its connections before the start.
const WarnNotPrewarmed = "not-prewarmed"

// unprepared warns of connections that were not open at the start, nil if all were. Where nothing was reached, the run's error says so.
func (run *Run) unprepared() []result.Warning {
	if run.cold == nil || run.ctx.Err() != nil || run.acc.Unreachable() {
		return nil
	}
	return []result.Warning{{
		Code: WarnNotPrewarmed, Metric: "ttft,ttfct,ttlt,response",
		Text: "connections could not be opened before the start, so that latencies of first requests may include it: " +
			strings.ReplaceAll(run.cold.Error(), "\n", "; "),
	}}
}

// WarnRateLimit is the code of the warning in the Result of a run that came near a rate limit of the provider's: what was
// measured may be the limit.
const WarnRateLimit = "rate-limit"

// limits warns of rate limits that were nearly reached.
func limits(h result.Health) (warnings []result.Warning) {
	for _, q := range []struct {
		of    string
		quota result.Quota
	}{{"requests", h.RequestQuota}, {"tokens", h.TokenQuota}} {
		if q.quota.Scarce() {
			warnings = append(warnings, result.Warning{Code: WarnRateLimit, Text: fmt.Sprintf(
				"the provider's rate limit of %d %s was nearly reached: %d were left", q.quota.Limit, q.of, q.quota.LeastRemaining)})
		}
	}
	return warnings
}

// estimates warns of token counts that are ours, nil if there are none.
func (run *Run) estimates() []result.Warning {
	if run.estimated == 0 {
		return nil
	}
	how := "by the run's tokenizer"
	if run.cfg.Tokenizer == nil {
		how = "in words, which is not what the model counts; set a tokenizer"
	}
	return []result.Warning{{
		Code: WarnEstimatedTokens, Metric: "tpot,itl,output_tokens_per_second",
		Text: fmt.Sprintf("the server did not report the output tokens of %d answers: they were counted %s", run.estimated, how),
	}}
}

// health is how the client did until the run's end.
func (run *Run) health(clock string) result.Health {
	reading := run.monitor.Read()
	h := result.Health{
		GCPause: result.Lag(reading.GCPauses), SchedLatency: result.Lag(reading.SchedLatency),
		CPUUsed: reading.CPUUsed, CPUAvailable: reading.CPUAvailable,
		AskedInFlight: run.cfg.Clients, Descriptors: reading.Descriptors, DescriptorLimit: reading.DescriptorLimit,
		PortLimit: reading.PortLimit,
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	h.Backlog = run.backlog
	run.vitals.Complete(&h, clock, time.Duration(run.occupied.Load()))
	return h
}

// wall cuts a time to what files keep.
func wall(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// unreachable says why nothing was reached, by the first error of each kind.
func unreachable(res *Result) error {
	var why []error
	for _, e := range res.Errors() {
		why = append(why, fmt.Errorf("%w: %s", ErrUnreachable, e.Sample))
	}
	return errors.Join(why...)
}
