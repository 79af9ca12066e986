package llmetertest

import (
	"testing"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/transport"
)

// NewServer starts a model server that is closed when the test ends. Its base URL for clients of OpenAI's APIs is
// server.URL + "/v1". In a bubble of testing/synctest it is reached in memory alone: by [NewEndpoint], by its Client, or by a
// client with its DialContext.
func NewServer(t testing.TB, o mock.Options) *mock.Server {
	t.Helper()
	start := mock.Start
	if bubbled() { // a goroutine that waits for a socket would keep the bubble's time from passing
		start = mock.New
	}
	server, err := start(o)
	if err != nil {
		t.Fatalf("model server: %v", err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// NewEndpoint makes an endpoint that asks a server of [NewServer] for streamed Chat Completions of the model "mock": in a
// bubble of testing/synctest in memory, elsewhere over a socket. Its fields may be changed before it is used, such as APIKey
// for a server that wants one. It is closed when the test ends.
func NewEndpoint(t testing.TB, server *mock.Server) *openai.CompletionStreamEndpoint {
	t.Helper()
	var o transport.Options
	if bubbled() {
		o.DialContext = server.DialContext
	}
	client, err := transport.New(o)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1", Client: client}
}

// Payloads makes a payload of at most maxTokens generated tokens of each prompt, in the form of an endpoint.
func Payloads(t testing.TB, e endpoint.PayloadCreator, maxTokens int, prompts ...string) []llmeter.Payload {
	t.Helper()
	payloads := make([]llmeter.Payload, len(prompts))
	for i, prompt := range prompts {
		var err error
		if payloads[i], err = e.CreatePayload(maxTokens, endpoint.Text(prompt)); err != nil {
			t.Fatalf("payload of prompt %d: %v", i, err)
		}
	}
	return payloads
}
