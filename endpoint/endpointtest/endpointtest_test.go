package endpointtest_test

import (
	"context"
	"iter"
	"testing"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/endpointtest"
)

// failures are what an author makes of the faults without any wire format.
var failures = map[endpointtest.Fault]*endpoint.Error{
	endpointtest.Refused:     {Kind: endpoint.KindUnauthorized, Status: 401},
	endpointtest.Overloaded:  {Kind: endpoint.KindRateLimited, Status: 429, RetryAfter: endpointtest.RetryAfter},
	endpointtest.Crashed:     {Kind: endpoint.KindServerStatus, Status: 500},
	endpointtest.TurnedError: {Kind: endpoint.KindStream, Message: "the model ran out of memory"},
	endpointtest.Garbage:     {Kind: endpoint.KindMalformed},
	endpointtest.Cut:         {Kind: endpoint.KindReset},
	endpointtest.Unfinished:  {Kind: endpoint.KindTruncated},
	endpointtest.Empty:       {Kind: endpoint.KindEmpty},
}

func atOnce(f endpointtest.Fault) bool {
	switch f {
	case endpointtest.Refused, endpointtest.Overloaded, endpointtest.Crashed, endpointtest.Empty:
		return true
	}
	return false
}

func TestFunctionThatYieldsPasses(t *testing.T) {
	endpointtest.Run(t, func(t *testing.T, s endpointtest.Script) endpoint.Endpoint {
		return endpoint.NewStream(endpoint.Info{Name: "function"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
			return func(yield func(endpoint.Chunk, error) bool) {
				if atOnce(s.Fault) {
					yield(endpoint.Chunk{}, failures[s.Fault])
					return
				}
				err := s.Play(ctx, func(p endpointtest.Part) bool {
					c := endpoint.Chunk{Channel: p.Channel, Text: p.Text}
					if p.Channel == endpoint.ToolCallArguments {
						c.Tool = &endpoint.Tool{}
					}
					return yield(c, nil)
				})
				if failure := failures[s.Fault]; err == nil && failure != nil {
					err = failure
				}
				if err != nil {
					yield(endpoint.Chunk{}, err)
					return
				}
				yield(endpoint.Chunk{FinishReason: s.Finish, Usage: &s.Usage}, nil)
			}
		})
	})
}

func TestFunctionThatReturnsPasses(t *testing.T) {
	endpointtest.Run(t, func(t *testing.T, s endpointtest.Script) endpoint.Endpoint {
		return endpoint.New(endpoint.Info{Name: "function"}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
			if atOnce(s.Fault) {
				return nil, failures[s.Fault]
			}
			if err := s.Play(ctx, func(endpointtest.Part) bool { return true }); err != nil {
				return nil, err
			}
			if failure := failures[s.Fault]; failure != nil {
				return nil, failure
			}
			return &endpoint.Response{
				Text: s.Text(endpoint.Content), Reasoning: s.Text(endpoint.Reasoning), FinishReason: s.Finish,
				InputTokens: s.Usage.Input, OutputTokens: s.Usage.Output, CachedTokens: s.Usage.Cached, ReasoningTokens: s.Usage.Reasoning,
			}, nil
		})
	})
}
