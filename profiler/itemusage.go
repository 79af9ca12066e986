package profiler

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/llmeter-go/llmeter/stats"
)

// LLMUsage is what the calls of one model used.
type LLMUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	CachedTokens     int `json:"cached_tokens"`
	ReasoningTokens  int `json:"reasoning_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// ItemUsage is what one request used, under the keys of NAT. Times are seconds.
type ItemUsage struct {
	ByLLM        map[string]LLMUsage `json:"usage_stats_per_llm"` // by model, or where it has no name by function
	TotalTokens  int                 `json:"total_tokens"`
	Runtime      float64             `json:"runtime"`
	MinTimestamp float64             `json:"min_timestamp"`
	MaxTimestamp float64             `json:"max_timestamp"`
	// LLMLatency is NAT's 95th percentile of its LLM calls, 0 without any. It pairs an LLM_END with the LLM_START before it in the trace,
	// so of calls that overlap some are lost and others cut short.
	LLMLatency float64 `json:"llm_latency"`
	// LLMLatencyByCall is the type-7 percentile of calls that are paired by UUID and did not fail; nil without any.
	LLMLatencyByCall *float64 `json:"llm_latency_by_call"`
}

// RunUsage is what all requests used, under the keys of NAT.
type RunUsage struct {
	MinTimestamp float64              `json:"min_timestamp"`
	MaxTimestamp float64              `json:"max_timestamp"`
	TotalRuntime float64              `json:"total_runtime"` // between these
	Items        map[string]ItemUsage `json:"usage_stats_items"`
}

// UsageOf adds up what a request used.
func UsageOf(t *Trace) ItemUsage {
	u := ItemUsage{ByLLM: map[string]LLMUsage{}}
	var latencies stats.Sample
	started := false
	var start float64
	for i := range t.Steps {
		p := &t.Steps[i].Payload
		switch p.EventType {
		case LLMStart:
			start, started = p.EventTimestamp, true
		case LLMEnd:
			if started {
				latencies.Add(p.EventTimestamp - start)
				started = false
			}
			name := cmp.Or(p.Name, t.Steps[i].FunctionAncestry.FunctionName, "unknown")
			u.ByLLM[name] = u.ByLLM[name].plus(p.Tokens())
			u.TotalTokens += p.Tokens().TotalTokens
		}
	}
	u.MinTimestamp, u.MaxTimestamp = timespan(t)
	u.Runtime = u.MaxTimestamp - u.MinTimestamp
	if latencies.N() > 0 {
		u.LLMLatency = latencies.Quantile(0.95)
	}
	var calls stats.Sample
	for _, s := range pair(t.Steps) {
		if s.Category == LLM && s.State == Complete {
			calls.Add(s.Duration())
		}
	}
	if calls.N() > 0 {
		p95 := calls.Quantile(0.95)
		u.LLMLatencyByCall = &p95
	}
	return u
}

func (u LLMUsage) plus(t TokenUsage) LLMUsage {
	return LLMUsage{
		u.PromptTokens + t.PromptTokens, u.CompletionTokens + t.CompletionTokens, u.CachedTokens + t.CachedTokens,
		u.ReasoningTokens + t.ReasoningTokens, u.TotalTokens + t.TotalTokens,
	}
}

// NewRunUsage puts items together, by the number of the request. Those without events do not count for the times.
func NewRunUsage(items map[int]ItemUsage) RunUsage {
	run := RunUsage{Items: map[string]ItemUsage{}}
	begun := false
	for _, number := range slices.Sorted(maps.Keys(items)) {
		u := items[number]
		run.Items[strconv.Itoa(number)] = u
		if u.MinTimestamp == 0 && u.MaxTimestamp == 0 {
			continue
		}
		if !begun {
			run.MinTimestamp, run.MaxTimestamp, begun = u.MinTimestamp, u.MaxTimestamp, true
		}
		run.MinTimestamp, run.MaxTimestamp = min(run.MinTimestamp, u.MinTimestamp), max(run.MaxTimestamp, u.MaxTimestamp)
	}
	run.TotalRuntime = run.MaxTimestamp - run.MinTimestamp
	return run
}
