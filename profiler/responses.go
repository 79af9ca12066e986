package profiler

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
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
// for a failed request says so in its metadata.
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
		end.Metadata, _ = json.Marshal(map[string]any{"provided_metadata": map[string]string{"error": r.Error.Error()}})
	}
	return trace
}

// Seconds is a time in seconds since the epoch, as traces have it.
func Seconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }

func jsonText(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return appendString(nil, s)
}
