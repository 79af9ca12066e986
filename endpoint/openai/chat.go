package openai

import (
	"context"

	"github.com/llmeter-go/llmeter/endpoint"
)

var (
	completion = &api{
		class: "llmeter.endpoints.openai.OpenAICompletionEndpoint", name: "openai",
		path: "chat/completions", decoder: newChatDecoder,
	}
	completionStream = &api{
		class: "llmeter.endpoints.openai.OpenAICompletionStreamEndpoint", name: "openai",
		path: "chat/completions", stream: true, decoder: newChatDecoder,
	}
)

// A CompletionEndpoint asks Chat Completions for whole answers. Its fields are those of [Config].
type CompletionEndpoint Config

// Info names the endpoint, "openai" by default.
func (e *CompletionEndpoint) Info() endpoint.Info { return (*Config)(e).info(completion) }

// Invoke sends one request and reads its whole answer.
func (e *CompletionEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, completion, p)
}

// PreparePayload sets "model", and "stream" to false.
func (e *CompletionEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(completion, p)
}

// CreatePayload makes one user message of the parts: text, images (JPEG, PNG, GIF, WebP), audio (MP3, WAV) and PDF documents.
func (e *CompletionEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createChat(maxTokens, parts)
}

// Prompt gives the texts of all messages, one a line.
func (e *CompletionEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "messages") }

// Prewarm opens n connections to the server.
func (e *CompletionEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *CompletionEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *CompletionEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *CompletionEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files, as LLMeter does.
func (e *CompletionEndpoint) Class() string { return completion.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *CompletionEndpoint) State() any { return (*Config)(e).state(completion) }

// A CompletionStreamEndpoint asks Chat Completions for streamed answers. Its fields are those of [Config].
type CompletionStreamEndpoint Config

// Info names the endpoint, "openai" by default.
func (e *CompletionStreamEndpoint) Info() endpoint.Info { return (*Config)(e).info(completionStream) }

// Invoke sends one request and reads its answer as it comes.
func (e *CompletionStreamEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, completionStream, p)
}

// PreparePayload sets "model", "stream" to true, and asks for token counts unless the payload has "stream_options".
func (e *CompletionStreamEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(completionStream, p)
}

// CreatePayload makes one user message of the parts: text, images (JPEG, PNG, GIF, WebP), audio (MP3, WAV) and PDF documents.
func (e *CompletionStreamEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createChat(maxTokens, parts)
}

// Prompt gives the texts of all messages, one a line.
func (e *CompletionStreamEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "messages") }

// Prewarm opens n connections to the server.
func (e *CompletionStreamEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *CompletionStreamEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *CompletionStreamEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *CompletionStreamEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files, as LLMeter does.
func (e *CompletionStreamEndpoint) Class() string { return completionStream.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *CompletionStreamEndpoint) State() any { return (*Config)(e).state(completionStream) }

func createChat(maxTokens int, parts []endpoint.Part) (endpoint.Payload, error) {
	maxTokens, err := limit(maxTokens)
	if err != nil {
		return endpoint.Payload{}, err
	}
	content, err := each(parts, chatPart)
	if err != nil {
		return endpoint.Payload{}, err
	}
	m := message{"user", content}
	if text, ok := content[0].(textPart); ok && len(content) == 1 {
		m.Content = text.Text
	}
	return endpoint.JSON(struct {
		Messages  []message `json:"messages"`
		MaxTokens int       `json:"max_tokens"`
	}{[]message{m}, maxTokens}), nil
}
