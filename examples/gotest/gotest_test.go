// Package gotest shows a performance check as a Go test and as a Go benchmark: run it with
//
//	go test -bench . ./examples/gotest
package gotest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
)

// chat is the endpoint under test: here the server that comes with the module.
func chat(tb testing.TB) llmeter.Runner {
	server, err := mock.Start(mock.Options{
		TTFT: mock.Fixed(20 * time.Millisecond), ITL: mock.Fixed(time.Millisecond), Tokens: mock.Fixed(16),
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = server.Close() })
	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1"}
	payload, err := ep.CreatePayload(64, endpoint.Text("Hello"))
	require.NoError(tb, err)
	return llmeter.Runner{Endpoint: ep, Payloads: []llmeter.Payload{payload}, Clients: 8}
}

func TestChatAnswersInTime(t *testing.T) {
	runner := chat(t)
	runner.Requests = 5
	res, err := runner.Run(t.Context())
	require.NoError(t, err)

	p99, ok := res.Stats().Lookup("ttft-p99")
	require.True(t, ok)
	require.Less(t, p99, 2.0, "seconds")
	failed, _ := res.Stats().Lookup("failed_requests")
	require.Zero(t, failed)
}

func BenchmarkChat(b *testing.B) {
	runner := chat(b)
	runner.Requests = max(1, b.N/runner.Clients)
	res, err := runner.Run(b.Context())
	require.NoError(b, err)
	for _, key := range []string{"ttft-p50", "ttft-p99", "itl-p50"} {
		v, _ := res.Stats().Lookup(key)
		b.ReportMetric(v*1e9, key+"-ns")
	}
}
