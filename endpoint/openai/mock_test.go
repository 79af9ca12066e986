package openai_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/transport"
)

const ms = time.Millisecond

// withMock calls check in a bubble, with an endpoint of that kind and the mock server that it asks, through net/http on
// both sides.
func withMock(t *testing.T, o mock.Options, k kind, check func(t *testing.T, e endpoint.Endpoint)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := mock.New(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, server.Close()) })
		client, err := transport.New(transport.Options{DialContext: server.DialContext})
		require.NoError(t, err)
		t.Cleanup(client.CloseIdleConnections)
		check(t, k(&openai.Config{Model: "mock", BaseURL: "http://mock/v1", APIKey: key, Client: client}))
	})
}

func TestTimesAreExact(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(21), RoleFirst: true}
	for name, k := range map[string]kind{"chat": chatStream, "completions": textStream, "responses": responseStream} {
		t.Run(name, func(t *testing.T) {
			withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) {
				for range 3 { // over a new connection, and over one that was used
					r, err := invoke(t, e, time.Minute)
					require.NoError(t, err)
					ttft, _ := r.TTFT()
					ttfct, _ := r.TTFCT()
					ttlt, _ := r.TTLT()
					require.Equal(t, [3]time.Duration{200 * ms, 200 * ms, 400 * ms}, [3]time.Duration{ttft, ttfct, ttlt})
					var gaps []time.Duration
					last := time.Duration(0)
					for _, event := range r.Events {
						if event.Tokens > 0 {
							gaps = append(gaps, event.At-last)
							last = event.At
						}
					}
					require.Len(t, gaps, 21)
					require.Equal(t, 200*ms, gaps[0])
					for _, gap := range gaps[1:] {
						require.Equal(t, 10*ms, gap)
					}
					require.Equal(t, endpoint.Counted(21), r.OutputTokens)
					tpot, _ := r.TPOT()
					require.Equal(t, 0.010, tpot)
				}
			})
		})
	}
}

func TestReasoningIsTimedApart(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(10), Reasoning: mock.Fixed(4)}
	for name, k := range map[string]kind{"chat": chatStream, "responses": responseStream} {
		t.Run(name, func(t *testing.T) {
			withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) {
				r, err := invoke(t, e, time.Minute)
				require.NoError(t, err)
				ttft, _ := r.TTFT()
				ttfct, _ := r.TTFCT()
				require.Equal(t, [2]time.Duration{100 * ms, 140 * ms}, [2]time.Duration{ttft, ttfct})
				require.Equal(t, endpoint.Counted(4), r.ReasoningTokens)
				require.NotEmpty(t, r.Reasoning)
				require.NotEmpty(t, r.Text)
			})
		})
	}
}

func TestWholeAnswersAreExact(t *testing.T) {
	o := mock.Options{TTFT: mock.Fixed(200 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(21)}
	for name, k := range map[string]kind{"chat": chat, "completions": text, "responses": response} {
		t.Run(name, func(t *testing.T) {
			withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) {
				r, err := invoke(t, e, time.Minute)
				require.NoError(t, err)
				ttlt, _ := r.TTLT()
				require.Equal(t, 400*ms, ttlt)
				require.Equal(t, endpoint.Counted(21), r.OutputTokens)
				require.NotEmpty(t, r.Text)
			})
		})
	}
	withMock(t, o, embeddings, func(t *testing.T, e endpoint.Endpoint) {
		r, err := invoke(t, e, time.Minute)
		require.NoError(t, err)
		ttlt, _ := r.TTLT()
		require.Equal(t, 200*ms, ttlt)
		require.True(t, r.InputTokens.Known())
	})
}

func TestTornAndMergedWritesChangeNothing(t *testing.T) {
	for name, w := range map[string]mock.Writes{"torn": {Tear: 7}, "merged": {Merge: 4}, "both": {Merge: 3, Tear: 5}} {
		for api, k := range map[string]kind{"chat": chatStream, "completions": textStream, "responses": responseStream} {
			t.Run(name+"/"+api, func(t *testing.T) {
				var want, got *endpoint.Response
				o := mock.Options{TTFT: mock.Fixed(20 * ms), ITL: mock.Fixed(ms), Tokens: mock.Fixed(50), Seed: 7}
				withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) { want, _ = invoke(t, e, time.Minute) })
				o.Writes = w
				withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) { got, _ = invoke(t, e, time.Minute) })
				require.Nil(t, got.Error)
				require.Equal(t, want.Text, got.Text)
				require.Equal(t, want.OutputTokens, got.OutputTokens)
				require.Len(t, got.Events, len(want.Events))
			})
		}
	}
}

func TestFaultsOfTheMock(t *testing.T) {
	at := func(f mock.Fault) mock.Fault { f.Rate = 1; return f }
	partial := map[mock.FaultKind]bool{
		mock.FaultCut: true, mock.FaultReset: true, mock.FaultStall: true, mock.FaultError: true, mock.FaultFailed: true,
		mock.FaultMalformed: true, mock.FaultUnfinished: true,
	}
	for _, c := range []struct {
		fault mock.Fault
		want  []endpoint.ErrorKind
	}{
		{mock.Fault{Kind: mock.FaultStatus}, []endpoint.ErrorKind{endpoint.KindServerStatus}},
		{mock.Fault{Kind: mock.FaultStatus, Status: 429, RetryAfter: 3 * time.Second}, []endpoint.ErrorKind{endpoint.KindRateLimited}},
		{mock.Fault{Kind: mock.FaultHTML}, []endpoint.ErrorKind{endpoint.KindMalformed}},
		{mock.Fault{Kind: mock.FaultOKError}, []endpoint.ErrorKind{endpoint.KindStream}},
		{mock.Fault{Kind: mock.FaultEmpty}, []endpoint.ErrorKind{endpoint.KindEmpty}},
		{mock.Fault{Kind: mock.FaultClose}, []endpoint.ErrorKind{endpoint.KindReset}},
		{mock.Fault{Kind: mock.FaultSlowHeaders}, []endpoint.ErrorKind{endpoint.KindTimeoutFirstByte}},
		{mock.Fault{Kind: mock.FaultCut, After: 3}, []endpoint.ErrorKind{endpoint.KindTruncated}},
		{mock.Fault{Kind: mock.FaultReset, After: 3}, []endpoint.ErrorKind{endpoint.KindReset, endpoint.KindTruncated}},
		{mock.Fault{Kind: mock.FaultStall, After: 3}, []endpoint.ErrorKind{endpoint.KindTimeout}},
		{mock.Fault{Kind: mock.FaultError, After: 3}, []endpoint.ErrorKind{endpoint.KindStream}},
		{mock.Fault{Kind: mock.FaultFailed, After: 3}, []endpoint.ErrorKind{endpoint.KindStream}},
		{mock.Fault{Kind: mock.FaultMalformed, After: 3}, []endpoint.ErrorKind{endpoint.KindMalformed}},
		{mock.Fault{Kind: mock.FaultUnfinished, After: 3}, []endpoint.ErrorKind{endpoint.KindTruncated}},
		{mock.Fault{Kind: mock.FaultIncomplete, After: 3}, nil},
	} {
		for api, k := range map[string]kind{"chat": chatStream, "completions": textStream, "responses": responseStream} {
			t.Run(string(c.fault.Kind)+"/"+api, func(t *testing.T) {
				o := mock.Options{TTFT: mock.Fixed(20 * ms), ITL: mock.Fixed(ms), Tokens: mock.Fixed(10), Faults: []mock.Fault{at(c.fault)}}
				withMock(t, o, k, func(t *testing.T, e endpoint.Endpoint) {
					r, err := invoke(t, e, 10*time.Second)
					if c.want == nil {
						require.NoError(t, err)
						require.Contains(t, []string{"content_filter", "max_output_tokens"}, r.FinishReason)
						return
					}
					require.Error(t, err)
					require.Contains(t, c.want, r.Error.Kind, "%v", err)
					if partial[c.fault.Kind] {
						require.Equal(t, 20*ms, r.FirstToken.Sub(r.Dispatched))
						require.Equal(t, 22*ms, r.LastToken.Sub(r.Dispatched))
						require.NotEmpty(t, r.Text)
					}
				})
			})
		}
	}
}
