package profiler

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
)

// ReadRun yields the requests of a run's folder, of this module or of LLMeter: each is a trace with one LLM call, its chunks included.
func ReadRun(ctx context.Context, folder string) (iter.Seq2[*Trace, error], error) {
	res, err := result.Load(ctx, folder, result.LoadOptions{LowMemory: true})
	if err != nil {
		return nil, err
	}
	return FromResponses(res.ModelID, res.Responses()), nil
}

// FromResponses makes a trace of each response: an LLM_START, an LLM_NEW_TOKEN for each event with tokens, and an LLM_END, which
// for a failed request says so in its metadata. Where there were several attempts, each is a span named "attempt" that is part of the call.
func FromResponses(model string, responses iter.Seq2[*endpoint.Response, error]) iter.Seq2[*Trace, error] {
	return func(yield func(*Trace, error) bool) {
		number := 0
		for r, err := range responses {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if !yield(fromResponse(number, model, r), nil) {
				return
			}
			number++
		}
	}
}

func fromResponse(number int, model string, r *endpoint.Response) *Trace {
	trace := &Trace{Number: number}
	id := fmt.Sprintf("%d-%s", number, r.ID)
	at := func(t time.Time) float64 { return Seconds(r.RequestTime.Add(t.Sub(r.Dispatched))) }
	add := func(kind EventType, after time.Duration) *StepPayload {
		trace.Steps = append(trace.Steps, IntermediateStep{
			ParentID: RootID, FunctionAncestry: InvocationNode{FunctionID: RootID, FunctionName: RootID},
			Payload: StepPayload{EventType: kind, EventTimestamp: Seconds(r.RequestTime.Add(after)), Name: model, UUID: id},
		})
		return &trace.Steps[len(trace.Steps)-1].Payload
	}
	add(LLMStart, 0).Data = &StreamEventData{Input: jsonText(r.Prompt)}
	for _, e := range r.Events {
		if e.Tokens > 0 {
			add(LLMNewToken, e.At)
		}
	}
	end := add(LLMEnd, r.End.Sub(r.Dispatched))
	end.SpanEventTimestamp = trace.Steps[0].Payload.EventTimestamp
	end.Data = &StreamEventData{Input: jsonText(r.Prompt), Output: jsonText(r.Text)}
	end.UsageInfo = &UsageInfo{NumLLMCalls: 1, TokenUsage: TokenUsage{
		PromptTokens: r.InputTokens.N, CompletionTokens: r.OutputTokens.N, CachedTokens: r.CachedTokens.N, ReasoningTokens: r.ReasoningTokens.N,
		TotalTokens: r.InputTokens.N + r.OutputTokens.N,
	}}
	if r.Error != nil {
		end.Metadata = failure(r.Error, r.Status())
	}
	if len(r.Attempts) > 1 {
		for i, a := range r.Attempts {
			if a.Start.IsZero() || a.End.IsZero() {
				continue
			}
			trace.Steps = append(trace.Steps, attempt(id, i, a, at)...)
		}
	}
	return trace
}

// attempt is the steps of the i-th attempt of a call.
func attempt(call string, i int, a endpoint.Attempt, at func(time.Time) float64) []IntermediateStep {
	step := IntermediateStep{ParentID: call, FunctionAncestry: InvocationNode{FunctionID: RootID, FunctionName: RootID}}
	step.Payload = StepPayload{EventType: SpanStart, EventTimestamp: at(a.Start), Name: "attempt", UUID: fmt.Sprintf("%s-%d", call, i)}
	start := step
	step.Payload.EventType, step.Payload.EventTimestamp, step.Payload.SpanEventTimestamp = SpanEnd, at(a.End), at(a.Start)
	if a.Error != nil {
		step.Payload.Metadata = failure(a.Error, a.Status)
	}
	return []IntermediateStep{start, step}
}

// failure is the metadata of an END that failed.
func failure(err *endpoint.Error, status int) json.RawMessage {
	facts := map[string]any{"error": err.Error()}
	if status != 0 {
		facts[HTTPStatusKey] = status
	}
	if err.RetryAfter > 0 {
		facts[RetryAfterKey] = err.RetryAfter.Seconds()
	}
	b, _ := json.Marshal(map[string]any{"provided_metadata": facts})
	return b
}

// Seconds is a time in seconds since the epoch, as traces have it.
func Seconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }

// Instant is the time, in UTC and to the nearest nanosecond, that is so many seconds since the epoch.
func Instant(seconds float64) time.Time {
	whole := math.Floor(seconds)
	return time.Unix(int64(whole), int64(math.Round((seconds-whole)*1e9))).UTC()
}

func jsonText(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return appendString(nil, s)
}
