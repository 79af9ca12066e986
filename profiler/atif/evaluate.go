package atif

import (
	"math"

	"github.com/llmeter-go/llmeter/profiler"
)

// Evaluators name the evaluators of trajectories, the twins of [profiler.Evaluators]. They count the steps of the agent that have metrics,
// and nothing of embedded subagents, as NAT does.
func Evaluators() map[string]func(*Trajectory) profiler.Evaluation {
	return map[string]func(*Trajectory) profiler.Evaluation{
		"avg_llm_latency": EvaluateLLMLatency, "avg_workflow_runtime": EvaluateWorkflowRuntime,
		"avg_num_llm_calls": EvaluateLLMCalls, "avg_tokens_per_llm_end": EvaluateTokens,
	}
}

// CallsReasoning is what the number of calls is.
type CallsReasoning struct {
	Calls int `json:"num_llm_calls"`
}

// TokensReasoning is what the mean number of tokens was made of.
type TokensReasoning struct {
	Calls  int   `json:"num_llm_calls"`
	Totals []int `json:"totals"`
}

// calls are the steps that count as LLM calls.
func (t *Trajectory) calls() (calls []*Step) {
	for i := range t.Steps {
		if s := &t.Steps[i]; s.Source == FromAgent && s.Metrics != nil {
			calls = append(calls, s)
		}
	}
	return calls
}

// EvaluateLLMLatency scores the mean latency of LLM calls, in seconds to four decimals: from extra.invocation, else from
// extra.span_event_timestamp to the timestamp of the step. Calls without either are left out.
func EvaluateLLMLatency(t *Trajectory) profiler.Evaluation {
	reasoning := profiler.LatencyReasoning{Latencies: []float64{}}
	sum := 0.0
	for _, s := range t.calls() {
		x := extraOf(s.Extra)
		at := x.Invocation.times(s, x.SpanEventTimestamp)
		if !at.hasStart || !at.hasEnd {
			continue
		}
		latency := max(0, at.end-at.start)
		reasoning.Latencies = append(reasoning.Latencies, latency)
		sum += latency
	}
	reasoning.Calls = len(reasoning.Latencies)
	return profiler.Evaluation{Score: mean(sum, reasoning.Calls, 4), Reasoning: reasoning}
}

// EvaluateWorkflowRuntime scores the time from the first timestamp of a step to the last, in seconds to four decimals.
func EvaluateWorkflowRuntime(t *Trajectory) profiler.Evaluation {
	n, first, last := 0, math.Inf(1), math.Inf(-1)
	for i := range t.Steps {
		if at, ok := seconds(t.Steps[i].Timestamp); ok {
			n++
			first, last = min(first, at), max(last, at)
		}
	}
	e := profiler.Evaluation{Reasoning: profiler.RuntimeReasoning{Steps: n}}
	if n > 1 {
		e.Score = profiler.Round(last-first, 4)
	}
	return e
}

// EvaluateLLMCalls scores the number of LLM calls.
func EvaluateLLMCalls(t *Trajectory) profiler.Evaluation {
	n := len(t.calls())
	return profiler.Evaluation{Score: float64(n), Reasoning: CallsReasoning{n}}
}

// EvaluateTokens scores the mean number of tokens of an LLM call, prompt and completion together, to two decimals.
func EvaluateTokens(t *Trajectory) profiler.Evaluation {
	reasoning := TokensReasoning{Totals: []int{}}
	sum := 0
	for _, s := range t.calls() {
		total := 0
		for _, n := range []*int{s.Metrics.PromptTokens, s.Metrics.CompletionTokens} {
			if n != nil {
				total += *n
			}
		}
		reasoning.Totals = append(reasoning.Totals, total)
		sum += total
	}
	reasoning.Calls = len(reasoning.Totals)
	return profiler.Evaluation{Score: mean(float64(sum), reasoning.Calls, 2), Reasoning: reasoning}
}

func mean(sum float64, n, decimals int) float64 {
	if n == 0 {
		return 0
	}
	return profiler.Round(sum/float64(n), decimals)
}
