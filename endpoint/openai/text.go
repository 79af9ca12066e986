package openai

import (
	"context"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

var (
	textCompletion = &api{
		class: "github.com/llmeter-go/llmeter/endpoint/openai.TextCompletionEndpoint", name: "openai-text",
		path: "completions", decoder: newChatDecoder,
	}
	textCompletionStream = &api{
		class: "github.com/llmeter-go/llmeter/endpoint/openai.TextCompletionStreamEndpoint", name: "openai-text-stream",
		path: "completions", stream: true, decoder: newChatDecoder,
	}
)

// A TextCompletionEndpoint asks Completions, the API for plain text without messages, for whole answers. Its fields are those of [Config].
type TextCompletionEndpoint Config

// Info names the endpoint, "openai-text" by default.
func (e *TextCompletionEndpoint) Info() endpoint.Info { return (*Config)(e).info(textCompletion) }

// Invoke sends one request and reads its whole answer.
func (e *TextCompletionEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, textCompletion, p)
}

// PreparePayload sets "model", and "stream" to false.
func (e *TextCompletionEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(textCompletion, p)
}

// CreatePayload makes a prompt of the parts, which must be text, one a line.
func (e *TextCompletionEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createText(maxTokens, parts)
}

// Prompt gives the prompt; if there are several, one a line.
func (e *TextCompletionEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "prompt") }

// Prewarm opens n connections to the server.
func (e *TextCompletionEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *TextCompletionEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *TextCompletionEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *TextCompletionEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files; LLMeter has none of this kind.
func (e *TextCompletionEndpoint) Class() string { return textCompletion.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *TextCompletionEndpoint) State() any { return (*Config)(e).state(textCompletion) }

// A TextCompletionStreamEndpoint asks Completions, the API for plain text without messages, for streamed answers. Its fields are those of [Config].
type TextCompletionStreamEndpoint Config

// Info names the endpoint, "openai-text-stream" by default.
func (e *TextCompletionStreamEndpoint) Info() endpoint.Info {
	return (*Config)(e).info(textCompletionStream)
}

// Invoke sends one request and reads its answer as it comes.
func (e *TextCompletionStreamEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, textCompletionStream, p)
}

// PreparePayload sets "model", "stream" to true, and asks for token counts unless the payload has "stream_options".
func (e *TextCompletionStreamEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(textCompletionStream, p)
}

// CreatePayload makes a prompt of the parts, which must be text, one a line.
func (e *TextCompletionStreamEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createText(maxTokens, parts)
}

// Prompt gives the prompt; if there are several, one a line.
func (e *TextCompletionStreamEndpoint) Prompt(p endpoint.Payload) string {
	return promptOf(p, "prompt")
}

// Prewarm opens n connections to the server.
func (e *TextCompletionStreamEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *TextCompletionStreamEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *TextCompletionStreamEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *TextCompletionStreamEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files; LLMeter has none of this kind.
func (e *TextCompletionStreamEndpoint) Class() string { return textCompletionStream.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *TextCompletionStreamEndpoint) State() any { return (*Config)(e).state(textCompletionStream) }

func createText(maxTokens int, parts []endpoint.Part) (endpoint.Payload, error) {
	maxTokens, err := limit(maxTokens)
	if err != nil {
		return endpoint.Payload{}, err
	}
	lines, err := texts("Completions", parts)
	if err != nil {
		return endpoint.Payload{}, err
	}
	return endpoint.JSON(struct {
		Prompt    string `json:"prompt"`
		MaxTokens int    `json:"max_tokens"`
	}{strings.Join(lines, "\n"), maxTokens}), nil
}
