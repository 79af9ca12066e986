package llmeter_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
)

// overSockets measures a server with a first token after 300 ms and gaps of 40 ms, over real sockets.
func overSockets(t *testing.T) *llmeter.Result {
	server, err := mock.Start(mock.Options{
		TTFT: mock.Fixed(300 * time.Millisecond), ITL: mock.Fixed(40 * time.Millisecond), Tokens: mock.Fixed(5),
	})
	require.NoError(t, err)
	defer server.Close()
	ep := &openai.CompletionStreamEndpoint{Model: "m", BaseURL: server.URL + "/v1"}
	defer ep.Close()
	payload, err := ep.CreatePayload(5, endpoint.Text("hi"))
	require.NoError(t, err)
	return run(t, llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: 2, Requests: 2})
}

func TestALightRunIsTrusted(t *testing.T) {
	var res *llmeter.Result
	for range 5 { // others may keep this machine busy for a while, and then the verdict rightly says so
		if res = overSockets(t); res.Verdict.Level == result.Trusted {
			break
		}
	}
	require.Equal(t, result.Trusted, res.Verdict.Level, "%+v", res.Verdict.Reasons)
	require.Empty(t, res.Verdict.Reasons)
	require.NotZero(t, res.Health.SendLag.N)
	require.Equal(t, 2, res.Health.MaxInFlight)
}

func TestARunInAStarvedProcessIsNotTrusted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var over atomic.Bool
	defer over.Store(true)
	for range 12 {
		go func() {
			for !over.Load() {
			}
		}()
	}
	res := overSockets(t)
	require.NotEqual(t, result.Trusted, res.Verdict.Level)
	require.NotEmpty(t, res.Verdict.Reasons)
}
