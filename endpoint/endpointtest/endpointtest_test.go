package endpointtest_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

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

// brokenVariable makes a test of this binary run the suite on an endpoint that is broken in that way. The suite takes a
// *testing.T, so that its failures can only be seen from another process.
const brokenVariable = "ENDPOINTTEST_BROKEN"

// broken are endpoints that are nearly right, and the rule and check that each must fail.
var broken = map[string]struct {
	check, rule string
	f           func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool)
}{
	"late stamps": {"StreamIsStampedExactly", "every event with text is kept, stamped when it was read", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		play(ctx, s, yield, func(c *endpoint.Chunk) {
			if c.Text != "" {
				time.Sleep(time.Millisecond)
			}
		})
	}},
	"role as token": {"StreamIsStampedExactly", "an event that only names the role is none", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		play(ctx, s, yield, func(c *endpoint.Chunk) { c.Tokens = 1 })
	}},
	"lost text": {"StreamIsStampedExactly", "Text is the visible content, complete", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		play(ctx, s, yield, func(c *endpoint.Chunk) {
			if c.Text == " six" {
				c.Text = " sex"
			}
		})
	}},
	"reasoning as content": {"ReasoningCountsAsFirstToken", "reasoning is not visible content", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		play(ctx, s, yield, func(c *endpoint.Chunk) {
			if c.Channel == endpoint.Reasoning {
				c.Channel = endpoint.Content
			}
		})
	}},
	"deaf": {"CancelEndsTheRequest", "a cancelled request ends at once", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		play(ctx, s, yield, func(*endpoint.Chunk) {})
		if ctx.Err() != nil {
			time.Sleep(time.Second)
		}
	}},
	"talkative": {"NoCredentialInErrors", "no error shows a credential", func(_ context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		if s.Fault != "" {
			yield(endpoint.Chunk{}, errors.New("refused: "+s.Key))
			return
		}
		yield(endpoint.Chunk{}, nil)
	}},
	"blind": {"Faults", "a fault of the server is an error", func(_ context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		yield(endpoint.Chunk{}, nil)
	}},
	"leaking": {"FinishReason", "nothing of an endpoint runs after its requests have ended", func(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool) {
		go func() { select {} }()
		play(ctx, s, yield, func(*endpoint.Chunk) {})
	}},
}

func play(ctx context.Context, s endpointtest.Script, yield func(endpoint.Chunk, error) bool, spoil func(*endpoint.Chunk)) {
	err := s.Play(ctx, func(p endpointtest.Part) bool {
		c := endpoint.Chunk{Channel: p.Channel, Text: p.Text}
		spoil(&c)
		return yield(c, nil)
	})
	if err != nil {
		yield(endpoint.Chunk{}, err)
		return
	}
	yield(endpoint.Chunk{FinishReason: s.Finish}, nil)
}

func TestBroken(t *testing.T) {
	b, ok := broken[os.Getenv(brokenVariable)]
	if !ok {
		t.Skip("a part of TestSuiteSeesWhatIsBroken")
	}
	endpointtest.Run(t, func(t *testing.T, s endpointtest.Script) endpoint.Endpoint {
		return endpoint.NewStream(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
			return func(yield func(endpoint.Chunk, error) bool) { b.f(ctx, s, yield) }
		})
	})
}

func TestSuiteSeesWhatIsBroken(t *testing.T) {
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestBroken$/^(Answers|"+b.check+")$")
			cmd.Env = append(os.Environ(), brokenVariable+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "broken rule: ") || !strings.Contains(string(out), b.rule) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
