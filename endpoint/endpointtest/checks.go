package endpointtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

const ms = time.Millisecond

// A check is one subtest.
type check struct {
	name            string
	streams, wholes bool // for streaming endpoints, or others, alone
	run             func(s *suite, t *testing.T)
}

var checks = []check{
	{name: "StreamIsStampedExactly", streams: true, run: stream},
	{name: "ReasoningCountsAsFirstToken", streams: true, run: reasoning},
	{name: "ToolCallCountsAsFirstToken", streams: true, run: toolCall},
	{name: "RefusalIsKept", streams: true, run: refusal},
	{name: "WholeAnswerIsStampedExactly", wholes: true, run: whole},
	{name: "WholeAnswerHasItsText", wholes: true, run: wholeText},
	{name: "TokenCountsAreTheProviders", run: usage},
	{name: "CountsThatNobodyReportedAreUnknown", run: noUsage},
	{name: "FinishReason", run: finishReason},
	{name: "Faults", run: faults},
	{name: "WhatCameBeforeAFaultIsKept", streams: true, run: partial},
	{name: "CancelEndsTheRequest", run: cancel},
	{name: "DeadlineEndsTheRequest", run: deadline},
	{name: "DoneContextSendsNothing", run: done},
	{name: "NoCredentialInErrors", run: credential},
	{name: "ConcurrentUse", run: concurrent},
	{name: "AnswersDoNotShareMemory", streams: true, run: memory},
	{name: "PrepareIsIdempotent", run: prepare},
	{name: "PayloadIsNotChanged", run: payload},
}

// gaps is a text of n words, the first after first, each other after gap.
func gaps(first, gap time.Duration, words ...string) (parts []Part) {
	for i, w := range words {
		after := gap
		if i == 0 {
			after = first
		}
		parts = append(parts, Part{After: after, Text: w})
	}
	return parts
}

func stream(s *suite, t *testing.T) {
	parts := append([]Part{{After: 30 * ms}}, gaps(170*ms, 10*ms, "one", " two", " thr\u00e9e", " \"four\"\n", " 五", " six", " seven")...)
	s.run(t, Script{Parts: parts}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.instant("FirstToken", c.r.FirstToken, 200*ms, "the first token is the first event with generated tokens; an event that only names the role is none")
		c.instant("FirstText", c.r.FirstText, 200*ms, "the first text is the first event with visible content")
		c.instant("LastToken", c.r.LastToken, 260*ms, "the last token is the last event with generated tokens")
		c.instant("End", c.r.End, 260*ms, "the answer ends when its end was read")
		c.events()
		c.texts()
	})
}

func reasoning(s *suite, t *testing.T) {
	parts := []Part{{After: 50 * ms, Channel: endpoint.Reasoning, Text: "Hm"}, {After: 25 * ms, Channel: endpoint.Reasoning, Text: "m."}, {After: 25 * ms, Text: "Yes"}}
	s.run(t, Script{Parts: parts}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.instant("FirstToken", c.r.FirstToken, 50*ms, "reasoning is generated tokens: the first token may be one of it")
		c.instant("FirstText", c.r.FirstText, 100*ms, "reasoning is not visible content")
		c.events()
		c.texts()
	})
}

func toolCall(s *suite, t *testing.T) {
	parts := []Part{{After: 50 * ms, Channel: endpoint.ToolCallArguments, Text: `{"city":`}, {After: 10 * ms, Channel: endpoint.ToolCallArguments, Text: `"Oslo"}`}}
	s.run(t, Script{Parts: parts, Finish: "tool_calls"}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.instant("FirstToken", c.r.FirstToken, 50*ms, "the arguments of a tool call are generated tokens")
		c.instant("LastToken", c.r.LastToken, 60*ms, "the arguments of a tool call are generated tokens")
		c.rule(c.r.FirstText.IsZero(), "the arguments of a tool call are not visible content", c.r.FirstText)
		c.rule(len(c.r.ToolCalls) == 1 && c.r.ToolCalls[0].Arguments == `{"city":"Oslo"}`, "the arguments of a tool call are put together", c.r.ToolCalls)
	})
}

func refusal(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: 50 * ms, Channel: endpoint.RefusalText, Text: "I cannot"}}}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.instant("FirstToken", c.r.FirstToken, 50*ms, "a refusal is generated tokens")
		c.texts()
	})
}

func whole(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: 300 * ms}}}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.instant("End", c.r.End, 300*ms, "the answer ends when its last byte was read")
		c.instant("LastToken", c.r.LastToken, 300*ms, "the last token of a whole answer came with its last byte")
		c.rule(c.r.FirstToken.IsZero() && c.r.FirstText.IsZero(), "a whole answer has no first token", c.r.FirstToken, c.r.FirstText)
	})
}

func wholeText(s *suite, t *testing.T) {
	parts := gaps(100*ms, 10*ms, "one", " two\n", " 三 \"four\"")
	s.run(t, Script{Parts: parts}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.texts()
	})
}

var counts = endpoint.Usage{
	Input: endpoint.Counted(120), Output: endpoint.Counted(7), Cached: endpoint.Counted(0), Reasoning: endpoint.Counted(3),
}

func usage(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: ms}}, Usage: counts}, func(c *call) {
		c.invoke()
		c.succeeded()
		for _, n := range []struct {
			name      string
			got, want endpoint.Count
		}{
			{"InputTokens", c.r.InputTokens, counts.Input}, {"OutputTokens", c.r.OutputTokens, counts.Output},
			{"CachedTokens", c.r.CachedTokens, counts.Cached}, {"ReasoningTokens", c.r.ReasoningTokens, counts.Reasoning},
		} {
			c.rule(n.got == n.want || !n.got.Known() && n.name != "InputTokens",
				n.name+" is the provider's count, with its source; a reported 0 is known", n.got, n.want)
		}
	})
}

func noUsage(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: ms}}}, func(c *call) {
		c.invoke()
		c.succeeded()
		for _, n := range []endpoint.Count{c.r.InputTokens, c.r.OutputTokens, c.r.CachedTokens, c.r.ReasoningTokens} {
			c.rule(!n.Known() || n.Source != endpoint.Server, "a count that the provider did not report is unknown, not 0", n)
		}
	})
}

func finishReason(s *suite, t *testing.T) {
	s.run(t, Script{Parts: gaps(ms, ms, "cut"), Finish: "length"}, func(c *call) {
		c.invoke()
		c.succeeded()
		c.rule(c.r.FinishReason != "" && c.r.FinishReason != "stop", "the finish reason is kept, in the provider's word", c.r.FinishReason)
	})
}

// kinds are the kinds of error that are right for each fault.
var kinds = map[Fault][]endpoint.ErrorKind{
	Refused:     {endpoint.KindUnauthorized},
	Overloaded:  {endpoint.KindRateLimited},
	Crashed:     {endpoint.KindServerStatus},
	Empty:       {endpoint.KindEmpty},
	TurnedError: {endpoint.KindStream},
	Garbage:     {endpoint.KindMalformed},
	Cut:         {endpoint.KindTruncated, endpoint.KindReset},
	Unfinished:  {endpoint.KindTruncated},
}

func faults(s *suite, t *testing.T) {
	for _, fault := range []Fault{Refused, Overloaded, Crashed, Empty, TurnedError, Garbage, Cut, Unfinished} {
		if fault == Unfinished && !s.streamed {
			continue
		}
		t.Run(strings.ReplaceAll(string(fault), " ", "-"), func(t *testing.T) {
			s.run(t, Script{Parts: []Part{{After: 20 * ms}}, Fault: fault}, func(c *call) {
				c.invoke()
				c.failed(kinds[fault]...)
				switch fault {
				case Overloaded:
					c.rule(c.r.Error != nil && c.r.Error.RetryAfter == RetryAfter, "RetryAfter is what the server asked to wait", c.r.Error)
				case TurnedError:
					c.rule(strings.Contains(fmt.Sprint(c.err), turnedMessage), "an error says what the server said", c.err)
				}
				if status := map[Fault]int{Refused: 401, Overloaded: 429, Crashed: 500}[fault]; status != 0 && c.r.Status() != 0 {
					c.rule(c.r.Status() == status, "the HTTP status is kept", c.r.Status())
				}
				want := 20 * ms
				if slices.Contains([]Fault{Refused, Overloaded, Crashed, Empty}, fault) {
					want = 0
				}
				c.instant("End", c.r.End, want, "a failed attempt ends when it failed")
			})
		})
	}
}

func partial(s *suite, t *testing.T) {
	for _, fault := range []Fault{TurnedError, Garbage, Cut, Unfinished} {
		t.Run(strings.ReplaceAll(string(fault), " ", "-"), func(t *testing.T) {
			s.run(t, Script{Parts: gaps(50*ms, 10*ms, "one", " two", " three"), Fault: fault}, func(c *call) {
				c.invoke()
				c.failed(kinds[fault]...)
				c.kept()
			})
		})
	}
}

// stalled is a script that never ends, and says something first if it can be kept.
func (s *suite) stalled() Script {
	if s.streamed {
		return Script{Parts: gaps(50*ms, 10*ms, "one", " two"), Fault: Stalled}
	}
	return Script{Parts: []Part{{After: 60 * ms}}, Fault: Stalled}
}

func cancel(s *suite, t *testing.T) {
	s.run(t, s.stalled(), func(c *call) {
		ctx, cancel := context.WithCancel(c.ctx)
		defer cancel()
		time.AfterFunc(500*ms, cancel)
		c.ctx = ctx
		c.invoke()
		c.failed(endpoint.KindCancelled)
		c.instant("End", c.r.End, 500*ms, "a cancelled request ends at once")
		c.kept()
	})
}

func deadline(s *suite, t *testing.T) {
	s.run(t, s.stalled(), func(c *call) {
		ctx, cancel := context.WithTimeout(c.ctx, time.Second)
		defer cancel()
		c.ctx = ctx
		c.invoke()
		c.failed(endpoint.KindTimeout, endpoint.KindTimeoutFirstByte, endpoint.KindTimeoutIdle)
		c.instant("End", c.r.End, time.Second, "a request whose time ran out ends at once")
		c.kept()
	})
}

func done(s *suite, t *testing.T) {
	s.run(t, s.stalled(), func(c *call) {
		ctx, cancel := context.WithCancel(c.ctx)
		cancel()
		c.ctx = ctx
		c.invoke()
		c.failed(endpoint.KindCancelled)
		c.instant("End", c.r.End, 0, "a request under a context that is done ends at once")
	})
}

func credential(s *suite, t *testing.T) {
	for _, fault := range []Fault{Refused, Cut, Garbage} {
		t.Run(string(fault), func(t *testing.T) {
			s.run(t, Script{Parts: []Part{{After: ms}}, Fault: fault}, func(c *call) {
				c.invoke()
				c.rule(c.err != nil, "a fault gives an error")
				for err := c.err; err != nil; err = unwrap(err) {
					c.rule(!strings.Contains(fmt.Sprintf("%v %+v", err, err), c.script.Key), "no error shows a credential, whatever the server quotes")
				}
				c.rule(!strings.Contains(fmt.Sprintf("%+v", c.r.Attempts), c.script.Key), "no attempt shows a credential")
			})
		})
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func concurrent(s *suite, t *testing.T) {
	parts := gaps(50*ms, 10*ms, "one", " two", " three")
	if !s.streamed {
		parts = []Part{{After: 70 * ms}}
	}
	s.run(t, Script{Parts: parts}, func(c *call) {
		calls := make([]call, 20)
		var wg sync.WaitGroup
		for i := range calls {
			calls[i] = *c
			wg.Go(func() {
				time.Sleep(time.Duration(i) * ms)
				calls[i].invoke()
			})
		}
		wg.Wait()
		for _, c := range calls {
			c.succeeded()
			c.instant("LastToken", c.r.LastToken, 70*ms, "requests at the same time do not delay each other")
			c.texts()
			if s.streamed {
				c.events()
			}
		}
	})
}

func memory(s *suite, t *testing.T) {
	var kept []*call
	for _, letter := range []string{"a", "b", "c"} {
		word := strings.Repeat(letter, 20)
		s.run(t, Script{Parts: gaps(ms, ms, word, word)}, func(c *call) {
			c.invoke()
			c.succeeded()
			kept = append(kept, c)
			for _, k := range kept {
				c.rule(k.r.Text == k.script.Text(endpoint.Content), "what an answer said does not change when another comes", k.r.Text)
			}
		})
	}
}

func prepare(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: ms}}}, func(c *call) {
		preparer, ok := endpoint.As[endpoint.Preparer](c.e)
		if !ok {
			c.Skip("the endpoint prepares no payloads")
		}
		once, err := preparer.PreparePayload(c.payload())
		c.rule(err == nil, "a payload of CreatePayload can be prepared", err)
		twice, err := preparer.PreparePayload(once)
		c.rule(err == nil && bytes.Equal(once.Body, twice.Body), "preparing a prepared payload changes nothing", string(once.Body), string(twice.Body))
		c.rule(once.Labels["cell"] == "1", "labels survive preparing", once.Labels)
		c.rule(once.Validate() == nil, "a prepared payload is a JSON object", once.Validate())
	})
}

func payload(s *suite, t *testing.T) {
	s.run(t, Script{Parts: []Part{{After: ms}}}, func(c *call) {
		c.sent = c.payload()
		before := bytes.Clone(c.sent.Body)
		c.invoke()
		c.succeeded()
		c.rule(bytes.Equal(before, c.sent.Body), "Invoke does not write into the bytes of its payload", string(before), string(c.sent.Body))
		c.rule(len(c.r.Payload.Body) > 0 && c.r.Payload.Labels["cell"] == "1", "the response holds the payload as sent, with its labels", c.r.Payload)
	})
}

// noGoroutines reports goroutines that the endpoint has left in the bubble.
func noGoroutines(t *testing.T) {
	synctest.Wait()
	if left := goroutines(); len(left) > 0 {
		t.Errorf("broken rule: nothing of an endpoint runs after its requests have ended and it was closed. Left:\n%s", strings.Join(left, "\n\n"))
	}
}
