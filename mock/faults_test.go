package mock_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter/mock"
)

// struck are 10 tokens, 100 ms apart, with one fault for every request.
func struck(f mock.Fault) mock.Options {
	f.Rate = 1
	return mock.Options{
		TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(100 * ms), Tokens: mock.Fixed(10), Faults: []mock.Fault{f},
	}
}

func eachAPI(t *testing.T, apis []mock.API, f mock.Fault, check func(t *testing.T, api mock.API, c *client)) {
	t.Helper()
	for _, api := range apis {
		t.Run(string(api), func(t *testing.T) {
			inBubble(t, struck(f), func(t *testing.T, c *client) {
				check(t, api, c)
				for _, rec := range c.Records() {
					require.Equal(t, f.Kind, rec.Fault)
				}
			})
		})
	}
}

func TestStatusFaultTellsAnErrorAtOnce(t *testing.T) {
	for _, c := range []struct {
		fault      mock.Fault
		status     int
		kind, code any
		retryAfter string
	}{
		{mock.Fault{}, 500, "server_error", nil, ""},
		{mock.Fault{Status: 400}, 400, "invalid_request_error", nil, ""},
		{mock.Fault{Status: 429}, 429, "requests", "rate_limit_exceeded", "1"},
		{mock.Fault{Status: 503, RetryAfter: 1500 * ms}, 503, "server_error", nil, "2"},
	} {
		c.fault.Kind = mock.FaultStatus
		eachAPI(t, allAPIs, c.fault, func(t *testing.T, api mock.API, cl *client) {
			re := cl.stream(t, api)
			require.Equal(t, c.status, re.status)
			require.Equal(t, c.retryAfter, re.header.Get("Retry-After"))
			require.Equal(t, "application/json", re.header.Get("Content-Type"))
			body := decode(t, re.body)
			require.Equal(t, c.kind, pick(body, "error", "type"))
			require.Equal(t, c.code, pick(body, "error", "code"))
			require.NotEmpty(t, pick(body, "error", "message"))
			require.Zero(t, re.at)
			require.Equal(t, c.status, cl.Records()[0].Status)
		})
	}
}

func TestHTMLFaultIsAPage(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultHTML}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.Equal(t, 200, re.status)
		require.Equal(t, "text/html; charset=utf-8", re.header.Get("Content-Type"))
		require.Contains(t, re.body, "<html>")
	})
}

func TestOKErrorFaultIsAnErrorObjectWithStatus200(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultOKError}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.Equal(t, 200, re.status)
		require.Equal(t, "server_error", pick(decode(t, re.body), "error", "type"))
	})
}

func TestEmptyFaultIsNothingWithStatus200(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultEmpty}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.NoError(t, re.err)
		require.Equal(t, 200, re.status)
		require.Equal(t, "text/event-stream; charset=utf-8", re.header.Get("Content-Type"))
		require.Empty(t, re.body)
		require.Equal(t, "application/json", c.whole(t, api).header.Get("Content-Type"))
	})
}

func TestCloseFaultSendsNoByte(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultClose}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.ErrorIs(t, re.err, io.EOF)
		require.Zero(t, re.status)
		require.Zero(t, c.Records()[0].Status)
	})
}

func TestSlowHeadersFaultDelaysAllOfTheAnswer(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultSlowHeaders, For: time.Second}, func(t *testing.T, api mock.API, c *client) {
		if api != mock.Embeddings {
			re := c.stream(t, api)
			require.Equal(t, time.Second, re.answered)
			require.Equal(t, 1100*ms, re.tokens(t)[0].at)
			require.Equal(t, 2*time.Second, re.at)
			require.Equal(t, time.Second, c.Records()[0].Responded)
			return
		}
		require.Equal(t, 1100*ms, c.whole(t, api).answered)
	})
}

func TestSlowHeadersFaultWithoutEndLastsUntilTheClientLeaves(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultSlowHeaders}, func(t *testing.T, api mock.API, c *client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		re := c.do(ctx, api, request(api, true))
		require.ErrorIs(t, re.err, context.DeadlineExceeded)
		require.Equal(t, time.Hour, re.at)
	})
}

func TestCutFaultClosesAfterSoManyEvents(t *testing.T) {
	for _, after := range []int{0, 3, 10, mock.AfterAll, 99} {
		eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultCut, After: after}, func(t *testing.T, api mock.API, c *client) {
			want := after
			if after == mock.AfterAll || after > 10 {
				want = 10
			}
			re := c.stream(t, api)
			require.ErrorIs(t, re.err, io.ErrUnexpectedEOF)
			require.Len(t, re.tokens(t), want)
			require.Equal(t, time.Duration(want)*100*ms, re.at)
			require.NotContains(t, re.body, "[DONE]")
			require.NotContains(t, re.body, "response.completed")
			require.Equal(t, want, c.Records()[0].OutputTokens())
		})
	}
}

func TestCutFaultSendsHalfABody(t *testing.T) {
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultCut}, func(t *testing.T, api mock.API, c *client) {
		re := c.whole(t, api)
		require.ErrorIs(t, re.err, io.ErrUnexpectedEOF)
		require.NotEmpty(t, re.body)
		require.False(t, json.Valid([]byte(re.body)))
		require.Zero(t, c.Records()[0].OutputTokens())
	})
}

func TestResetFaultResetsTheConnection(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, stream := range []bool{true, false} {
		s, err := mock.Start(mock.Options{
			ITL:    mock.Fixed(ms),
			Faults: []mock.Fault{{Kind: mock.FaultReset, After: 3, Rate: 1}},
		})
		require.NoError(t, err)
		c := &client{s, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, s.URL}
		re := c.do(t.Context(), mock.Chat, request(mock.Chat, stream))
		require.ErrorIs(t, re.err, syscall.ECONNRESET)
		require.NoError(t, s.Close())
		require.False(t, s.Records()[0].Gone)
		if stream {
			require.Equal(t, 3, s.Records()[0].OutputTokens())
		}
	}
}

func TestResetFaultClosesAConnectionThatIsNotTCP(t *testing.T) {
	eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultReset, After: 3}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.ErrorIs(t, re.err, io.ErrUnexpectedEOF)
		require.Len(t, re.tokens(t), 3)
	})
}

func TestStallFaultDelaysAllThatFollows(t *testing.T) {
	eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultStall, After: 3, For: time.Second}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.NoError(t, re.err)
		tokens := re.tokens(t)
		require.Len(t, tokens, 10)
		require.Equal(t, 300*ms, tokens[2].at)
		require.Equal(t, 1400*ms, tokens[3].at)
		require.Equal(t, 2*time.Second, re.at)
	})
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultStall, For: time.Second}, func(t *testing.T, api mock.API, c *client) {
		re := c.whole(t, api)
		require.Equal(t, time.Second, re.at-re.answered)
		decode(t, re.body)
	})
}

func TestStallFaultWithoutEndLastsUntilTheClientLeaves(t *testing.T) {
	eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultStall, After: 3}, func(t *testing.T, api mock.API, c *client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		re := c.do(ctx, api, request(api, true))
		require.ErrorIs(t, re.err, context.DeadlineExceeded)
		require.Len(t, re.tokens(t), 3)
		require.Equal(t, time.Minute, re.at)
		synctest.Wait()
		require.True(t, c.Records()[0].Gone)
	})
}

func TestErrorFaultEndsTheStreamWithAnErrorEvent(t *testing.T) {
	for _, kind := range []mock.FaultKind{mock.FaultError, mock.FaultFailed} {
		eachAPI(t, streamsAPIs, mock.Fault{Kind: kind, After: 3}, func(t *testing.T, api mock.API, c *client) {
			re := c.stream(t, api)
			require.NoError(t, re.err)
			require.Equal(t, 200, re.status)
			require.Len(t, re.tokens(t), 3)
			last := re.events[len(re.events)-1]
			o := decode(t, last.data)
			switch {
			case api != mock.Responses:
				require.Equal(t, "server_error", pick(o, "error", "type"))
			case kind == mock.FaultError:
				require.Equal(t, "error", last.name)
				require.Equal(t, "server_error", o["code"])
			default:
				require.Equal(t, "response.failed", last.name)
				require.Equal(t, "failed", pick(o, "response", "status"))
				require.Equal(t, "server_error", pick(o, "response", "error", "code"))
			}
			require.Equal(t, 300*ms, last.at)
			events := c.Records()[0].Events
			require.Equal(t, mock.KindError, events[len(events)-1].Kind)
		})
		eachAPI(t, allAPIs, mock.Fault{Kind: kind}, func(t *testing.T, api mock.API, c *client) {
			re := c.whole(t, api)
			require.Equal(t, 200, re.status)
			require.NotEmpty(t, pick(decode(t, re.body), "error", "message"))
			require.Zero(t, c.Records()[0].OutputTokens())
		})
	}
}

func TestMalformedFaultPutsABrokenEventInBetween(t *testing.T) {
	eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultMalformed, After: 3}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.NoError(t, re.err)
		var broken, good int
		for _, e := range re.events {
			if e.data != "[DONE]" && !json.Valid([]byte(e.data)) {
				broken++
				require.Equal(t, 300*ms, e.at)
			} else if text, _ := said(t, e); text != "" {
				good++
			}
		}
		require.Equal(t, 1, broken)
		require.Equal(t, 10, good)
	})
	eachAPI(t, allAPIs, mock.Fault{Kind: mock.FaultMalformed}, func(t *testing.T, api mock.API, c *client) {
		re := c.whole(t, api)
		require.NoError(t, re.err)
		require.NotEmpty(t, re.body)
		require.False(t, json.Valid([]byte(re.body)))
	})
}

func TestUnfinishedFaultEndsWellFormedWithoutAFinish(t *testing.T) {
	for _, after := range []int{4, mock.AfterAll} {
		eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultUnfinished, After: after}, func(t *testing.T, api mock.API, c *client) {
			want := after
			if after == mock.AfterAll {
				want = 10
			}
			re := c.stream(t, api)
			require.NoError(t, re.err)
			require.Len(t, re.tokens(t), want)
			require.NotContains(t, re.body, "[DONE]")
			require.NotContains(t, re.body, "response.completed")
			for _, e := range re.events {
				require.Nil(t, pick(decode(t, e.data), "choices", "finish_reason"))
			}
		})
	}
}

func TestIncompleteFaultSaysThatTheContentWasFiltered(t *testing.T) {
	eachAPI(t, streamsAPIs, mock.Fault{Kind: mock.FaultIncomplete, After: 4}, func(t *testing.T, api mock.API, c *client) {
		re := c.stream(t, api)
		require.NoError(t, re.err)
		require.Len(t, re.tokens(t), 4)
		if api == mock.Responses {
			last := re.events[len(re.events)-1]
			require.Equal(t, "response.incomplete", last.name)
			o := decode(t, last.data)
			require.Equal(t, "incomplete", pick(o, "response", "status"))
			require.Equal(t, "content_filter", pick(o, "response", "incomplete_details", "reason"))
			require.EqualValues(t, 4, pick(o, "response", "usage", "output_tokens"))
			require.Equal(t, re.text(t, mock.KindContent), pick(o, "response", "output", "content", "text"))
			return
		}
		require.Contains(t, re.body, `"finish_reason":"content_filter"`)
		require.Contains(t, re.body, `"completion_tokens":4,`)
		require.True(t, strings.HasSuffix(re.body, "data: [DONE]\n\n"))
	})
}

func TestBodiesTellAFinishThatAFaultChanged(t *testing.T) {
	for kind, want := range map[mock.FaultKind]object{
		mock.FaultIncomplete: {"finish": "content_filter", "status": "incomplete", "reason": "content_filter"},
		mock.FaultUnfinished: {"finish": nil, "status": "incomplete", "reason": nil},
	} {
		eachAPI(t, streamsAPIs, mock.Fault{Kind: kind}, func(t *testing.T, api mock.API, c *client) {
			body := decode(t, c.whole(t, api).body)
			if api == mock.Responses {
				require.Equal(t, want["status"], body["status"])
				require.Equal(t, want["reason"], pick(body, "incomplete_details", "reason"))
				return
			}
			require.Equal(t, want["finish"], pick(body, "choices", "finish_reason"))
		})
	}
}

func TestFaultsOnChosenRequestsComeBeforeRates(t *testing.T) {
	o := mock.Options{Faults: []mock.Fault{
		{Kind: mock.FaultStatus, Status: 503, Rate: 1},
		{Kind: mock.FaultStatus, Status: 429, On: []int{2, 4}},
	}}
	inBubble(t, o, func(t *testing.T, c *client) {
		for i, want := range []int{503, 429, 503, 429, 503} {
			require.Equal(t, want, c.stream(t, mock.Chat).status, "request %d", i+1)
		}
	})
}

func TestFaultsStrikeAtTheirRates(t *testing.T) {
	inBubble(t, mock.Options{Seed: 7, Faults: []mock.Fault{
		{Kind: mock.FaultStatus, Status: 500, Rate: 0.1},
		{Kind: mock.FaultStatus, Status: 429, Rate: 0.3},
	}}, func(t *testing.T, c *client) {
		const n = 1000
		count := map[int]int{}
		for range n {
			count[c.whole(t, mock.Embeddings).status]++
		}
		// Four standard deviations of a binomial count.
		require.InDelta(t, 0.1*n, count[500], 38)
		require.InDelta(t, 0.3*n, count[429], 58)
		require.Equal(t, n, count[200]+count[429]+count[500])
	})
}
