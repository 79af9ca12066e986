package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

const ms = time.Millisecond

type chunks = func(yield func(endpoint.Chunk, error) bool)

// stream makes an endpoint of one function that yields.
func stream(f chunks) endpoint.Endpoint {
	return endpoint.NewStream(endpoint.Info{Name: "test", Model: "m"}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return f
	})
}

// invoke sends a payload to e in a bubble, in which time is exact, and gives what came back to check.
func invoke(t *testing.T, e endpoint.Endpoint, check func(r *endpoint.Response, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, err := e.Invoke(t.Context(), endpoint.Payload{Body: []byte(`{"a":1}`)})
		require.NotNil(t, r)
		check(r, err)
	})
}

func TestStreamIsStampedExactly(t *testing.T) {
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		time.Sleep(50 * ms)
		yield(endpoint.Chunk{ID: "one", Bytes: 40}, nil) // only the role
		time.Sleep(150 * ms)
		yield(endpoint.Chunk{Text: "Hmm", Channel: endpoint.Reasoning}, nil)
		for _, word := range []string{"to", " be", " or"} {
			time.Sleep(10 * ms)
			yield(endpoint.Chunk{Text: word, Bytes: 7}, nil)
		}
		time.Sleep(5 * ms)
		yield(endpoint.Chunk{FinishReason: "stop", Usage: &endpoint.Usage{Input: endpoint.Counted(3), Output: endpoint.Counted(4)}}, nil)
		time.Sleep(20 * ms)
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.NoError(t, err)
		require.True(t, r.Streamed)
		require.Equal(t, r.RequestTime, r.Dispatched.UTC().Truncate(time.Microsecond))
		require.Equal(t, r.Dispatched, r.Intended)
		require.Equal(t, 200*ms, r.FirstToken.Sub(r.Dispatched))
		require.Equal(t, 210*ms, r.FirstText.Sub(r.Dispatched))
		require.Equal(t, 230*ms, r.LastToken.Sub(r.Dispatched))
		require.Equal(t, 255*ms, r.End.Sub(r.Dispatched))
		require.Equal(t, []endpoint.Event{
			{At: 50 * ms, Bytes: 40},
			{At: 200 * ms, Text: 3, Tokens: 1, Channel: endpoint.Reasoning},
			{At: 210 * ms, Bytes: 7, Text: 2, Tokens: 1},
			{At: 220 * ms, Bytes: 7, Text: 3, Tokens: 1},
			{At: 230 * ms, Bytes: 7, Text: 3, Tokens: 1},
			{At: 235 * ms},
		}, r.Events)
		require.Equal(t, "one", r.ID)
		require.Equal(t, "to be or", r.Text)
		require.Equal(t, "Hmm", r.Reasoning)
		require.Equal(t, "stop", r.FinishReason)
		require.Equal(t, endpoint.Counted(4), r.OutputTokens)
		require.False(t, r.CachedTokens.Known())
		tpot, ok := r.TPOT()
		require.True(t, ok)
		require.Equal(t, 0.010, tpot)
		stall, _ := r.Metric("stall")
		require.Equal(t, 0.010, stall)
	})
}

func TestChunkSaysBetterWhenItWasRead(t *testing.T) {
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		time.Sleep(100 * ms)
		read := time.Now()
		attempt := &endpoint.Attempt{Status: 200}
		time.Sleep(7 * ms) // parsing
		yield(endpoint.Chunk{Attempt: attempt}, nil)
		yield(endpoint.Chunk{Text: "a", At: read}, nil)
		yield(endpoint.Chunk{Text: "b", At: read, SameRead: true}, nil)
		attempt.End = read.Add(3 * ms)
		time.Sleep(time.Second)
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.NoError(t, err)
		require.Equal(t, 100*ms, r.FirstToken.Sub(r.Dispatched))
		require.Equal(t, 100*ms, r.LastToken.Sub(r.Dispatched))
		require.Equal(t, 103*ms, r.End.Sub(r.Dispatched))
		require.Equal(t, []endpoint.Event{{At: 100 * ms, Text: 1, Tokens: 1}, {At: 100 * ms, Text: 1, Tokens: 1, SameRead: true}}, r.Events)
	})
}

func TestAttemptIsCopiedAsItStandsAtTheEnd(t *testing.T) {
	attempt := &endpoint.Attempt{URL: "http://a"}
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		if !yield(endpoint.Chunk{Attempt: attempt}, nil) {
			return
		}
		attempt.Status = 429
		yield(endpoint.Chunk{}, &endpoint.Error{Kind: endpoint.KindRateLimited, Status: 429})
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.ErrorContains(t, err, "rate_limited (HTTP 429)")
		require.Empty(t, r.Events, "neither an attempt nor an error is an event")
		require.Equal(t, []endpoint.Attempt{{URL: "http://a", Status: 429}}, r.Attempts)
		require.Equal(t, 429, r.Status())
		attempt.Status = 0
		require.Equal(t, 429, r.Status(), "the response has its own copy")
	})
}

func TestWhatCameBeforeAnErrorIsKept(t *testing.T) {
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		time.Sleep(10 * ms)
		yield(endpoint.Chunk{Text: "half", ID: "x"}, nil)
		time.Sleep(10 * ms)
		yield(endpoint.Chunk{Text: " way"}, errors.New("boom"))
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.Equal(t, &endpoint.Error{Kind: endpoint.KindUnknown, Err: errors.New("boom")}, err)
		require.Same(t, err, r.Error)
		require.Equal(t, "half way", r.Text)
		require.Equal(t, "x", r.ID)
		require.Equal(t, 10*ms, r.FirstToken.Sub(r.Dispatched))
		require.Equal(t, 20*ms, r.LastToken.Sub(r.Dispatched))
		require.Equal(t, 20*ms, r.End.Sub(r.Dispatched))
	})
}

func TestNothingIsAskedForAfterAnError(t *testing.T) {
	asked := 0
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		for yield(endpoint.Chunk{}, errors.New("boom")) {
			asked++
		}
	})
	invoke(t, e, func(*endpoint.Response, error) { require.Zero(t, asked) })
}

func TestEmptyStreamIsAnError(t *testing.T) {
	invoke(t, stream(func(func(endpoint.Chunk, error) bool) {}), func(r *endpoint.Response, err error) {
		require.Equal(t, endpoint.KindEmpty, r.Error.Kind)
		require.Same(t, r.Error, err)
		require.Len(t, r.ID, 32)
		require.JSONEq(t, `{"a":1}`, string(r.Payload.Body))
	})
}

func TestToolCallsRefusalAndAudioAreGathered(t *testing.T) {
	tool := func(index int, id, name, arguments string) endpoint.Chunk {
		return endpoint.Chunk{Channel: endpoint.ToolCallArguments, Text: arguments, Tool: &endpoint.Tool{Index: index, ID: id, Name: name}}
	}
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		for _, c := range []endpoint.Chunk{
			tool(0, "call-0", "look", ""), tool(0, "", "_up", `{"a"`), tool(1, "call-1", "go", `{}`), tool(0, "", "", `:1}`),
			tool(-1, "", "", "x"), tool(1<<30, "", "", "x"),
			{Channel: endpoint.RefusalText, Text: "No"}, {Channel: endpoint.AudioData, Text: "UklGRg=="}, {Tokens: 3},
		} {
			yield(c, nil)
		}
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.NoError(t, err)
		require.Equal(t, []endpoint.ToolCall{{ID: "call-0", Name: "look_up", Arguments: `{"a":1}`}, {ID: "call-1", Name: "go", Arguments: `{}`}}, r.ToolCalls)
		require.Equal(t, "No", r.Refusal)
		require.Empty(t, r.Text)
		require.Equal(t, []int32{0, 1, 1, 1, 1, 1, 1, 1, 3}, tokensOf(r.Events))
	})
}

func tokensOf(events []endpoint.Event) (tokens []int32) {
	for _, e := range events {
		tokens = append(tokens, e.Tokens)
	}
	return tokens
}

func TestLaterUsageReplacesEarlier(t *testing.T) {
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		yield(endpoint.Chunk{Usage: &endpoint.Usage{Input: endpoint.Counted(1), Output: endpoint.Counted(1), Cached: endpoint.Counted(1)}}, nil)
		yield(endpoint.Chunk{Usage: &endpoint.Usage{Input: endpoint.Counted(9), Output: endpoint.Counted(8)}}, nil)
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.Equal(t, endpoint.Counted(9), r.InputTokens)
		require.Equal(t, endpoint.Counted(8), r.OutputTokens)
		require.Equal(t, endpoint.Count{}, r.CachedTokens)
	})
}

func TestTextIsOnlyReadUntilTheNextChunk(t *testing.T) {
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		buf := []byte("abc")
		for range 3 {
			yield(endpoint.Chunk{Text: string(buf)}, nil)
			for i := range buf {
				buf[i]++
			}
		}
	})
	invoke(t, e, func(r *endpoint.Response, err error) { require.Equal(t, "abcbcdcde", r.Text) })
}

// The space in which a stream is gathered is used again: nothing of one answer may be found in another.
func TestAnswersDoNotLeakIntoEachOther(t *testing.T) {
	e := endpoint.NewStream(endpoint.Info{}, func(_ context.Context, p endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			value, _ := p.Get("n")
			n, _ := value.(string)
			for range len(n) {
				yield(endpoint.Chunk{Text: n + " "}, nil)
				yield(endpoint.Chunk{Text: n, Channel: endpoint.Reasoning}, nil)
				yield(endpoint.Chunk{Text: n, Channel: endpoint.ToolCallArguments, Tool: &endpoint.Tool{ID: n}}, nil)
			}
			yield(endpoint.Chunk{Attempt: &endpoint.Attempt{URL: n}}, nil)
		}
	})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for j := range 20 {
				n := strings.Repeat(fmt.Sprint(i%10), 1+j%5)
				r, err := e.Invoke(t.Context(), endpoint.JSON(map[string]any{"n": n}))
				if err != nil || r.Text != strings.Repeat(n+" ", len(n)) || r.Reasoning != strings.Repeat(n, len(n)) || len(r.Events) != 3*len(n) ||
					len(r.ToolCalls) != 1 || r.ToolCalls[0] != (endpoint.ToolCall{ID: n, Arguments: strings.Repeat(n, len(n))}) ||
					len(r.Attempts) != 1 || r.Attempts[0].URL != n {
					t.Errorf("answer for %s: %+v, %v", n, r, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestWholeAnswerIsStampedExactly(t *testing.T) {
	e := endpoint.New(endpoint.Info{Name: "whole"}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(300 * ms)
		return &endpoint.Response{Text: "done"}, nil
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.NoError(t, err)
		require.Equal(t, 300*ms, r.End.Sub(r.Dispatched))
		require.Equal(t, r.End, r.LastToken)
		require.False(t, r.Streamed)
		_, ok := r.TTFT()
		require.False(t, ok, "a whole answer has no first token")
		_, ok = r.TPOT()
		require.False(t, ok)
		require.Len(t, r.ID, 32)
	})
}

func TestWholeAnswerMayKnowBetterWhenItEnded(t *testing.T) {
	e := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		time.Sleep(300 * ms)
		r := &endpoint.Response{ID: "mine", End: time.Now()}
		time.Sleep(50 * ms) // parsing
		return r, nil
	})
	invoke(t, e, func(r *endpoint.Response, err error) {
		require.Equal(t, 300*ms, r.End.Sub(r.Dispatched))
		require.Equal(t, r.End, r.LastToken)
		require.Equal(t, "mine", r.ID)
	})
}

func TestWholeAnswerFails(t *testing.T) {
	var none *endpoint.Error
	boom := &endpoint.Error{Kind: endpoint.KindServerStatus, Status: 500}
	check := func(name string, r *endpoint.Response, err error, want endpoint.ErrorKind) {
		e := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) { return r, err })
		invoke(t, e, func(r *endpoint.Response, err error) {
			if want == "" {
				require.NoError(t, err, name)
				require.Nil(t, r.Error, name)
				return
			}
			require.Equal(t, want, r.Error.Kind, name)
			require.Same(t, r.Error, err, name)
			require.True(t, r.LastToken.IsZero(), name)
		})
	}
	check("an error alone", nil, errors.New("boom"), endpoint.KindUnknown)
	check("an error beside a response", &endpoint.Response{Text: "half"}, boom, endpoint.KindServerStatus)
	check("an error inside the response", &endpoint.Response{Error: boom}, nil, endpoint.KindServerStatus)
	check("nothing at all", nil, nil, endpoint.KindEmpty)
	check("a nil *Error as error", &endpoint.Response{}, none, "")
	check("the deadline", nil, fmt.Errorf("read: %w", context.DeadlineExceeded), endpoint.KindTimeout)
	check("an abort", nil, fmt.Errorf("read: %w", context.Canceled), endpoint.KindCancelled)
}

func BenchmarkStreamedChunk(b *testing.B) {
	const n = 1000
	e := stream(func(yield func(endpoint.Chunk, error) bool) {
		for range n {
			yield(endpoint.Chunk{Text: "token ", At: time.Now()}, nil)
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.Invoke(b.Context(), endpoint.Payload{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/chunk")
}

func TestSequenceThatGoesOnAfterItsEndPanics(t *testing.T) {
	failure := errors.New("broken")
	e := endpoint.NewStream(endpoint.Info{}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			require.False(t, yield(endpoint.Chunk{}, failure), "an error ends the answer")
			require.Panics(t, func() { yield(endpoint.Chunk{Text: "more"}, nil) })
		}
	})
	r, err := e.Invoke(t.Context(), endpoint.Payload{})
	require.ErrorIs(t, err, failure)
	require.Empty(t, r.Text)
}
