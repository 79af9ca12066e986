package openai

import (
	"context"

	"github.com/llmeter-go/llmeter/endpoint"
)

var (
	response = &api{
		class: "llmeter.endpoints.openai_response.OpenAIResponseEndpoint", name: "openai-response",
		path: "responses", decoder: newResponseDecoder,
	}
	responseStream = &api{
		class: "llmeter.endpoints.openai_response.OpenAIResponseStreamEndpoint", name: "openai-response-stream",
		path: "responses", stream: true, decoder: newResponseDecoder,
	}
)

// A ResponseEndpoint asks Responses for whole answers. Its fields are those of [Config].
type ResponseEndpoint Config

// Info names the endpoint, "openai-response" by default.
func (e *ResponseEndpoint) Info() endpoint.Info { return (*Config)(e).info(response) }

// Invoke sends one request and reads its whole answer.
func (e *ResponseEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, response, p)
}

// PreparePayload sets "model", and "stream" to false.
func (e *ResponseEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(response, p)
}

// CreatePayload makes the input of the parts: text, images (JPEG, PNG, GIF, WebP) and PDF documents. Several texts
// become a user message each, as in LLMeter; where media are among the parts, all stand in one message.
func (e *ResponseEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createResponse(maxTokens, parts)
}

// Prompt gives the input, or the texts of its messages, one a line.
func (e *ResponseEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "input") }

// Prewarm opens n connections to the server.
func (e *ResponseEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *ResponseEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *ResponseEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *ResponseEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files, as LLMeter does.
func (e *ResponseEndpoint) Class() string { return response.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *ResponseEndpoint) State() any { return (*Config)(e).state(response) }

// A ResponseStreamEndpoint asks Responses for streamed answers. Its fields are those of [Config].
type ResponseStreamEndpoint Config

// Info names the endpoint, "openai-response-stream" by default.
func (e *ResponseStreamEndpoint) Info() endpoint.Info { return (*Config)(e).info(responseStream) }

// Invoke sends one request and reads its answer as it comes.
func (e *ResponseStreamEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, responseStream, p)
}

// PreparePayload sets "model", and "stream" to true.
func (e *ResponseStreamEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(responseStream, p)
}

// CreatePayload makes the input of the parts: text, images (JPEG, PNG, GIF, WebP) and PDF documents. Several texts
// become a user message each, as in LLMeter; where media are among the parts, all stand in one message.
func (e *ResponseStreamEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createResponse(maxTokens, parts)
}

// Prompt gives the input, or the texts of its messages, one a line.
func (e *ResponseStreamEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "input") }

// Prewarm opens n connections to the server.
func (e *ResponseStreamEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *ResponseStreamEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *ResponseStreamEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *ResponseStreamEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files, as LLMeter does.
func (e *ResponseStreamEndpoint) Class() string { return responseStream.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *ResponseStreamEndpoint) State() any { return (*Config)(e).state(responseStream) }

func createResponse(maxTokens int, parts []endpoint.Part) (endpoint.Payload, error) {
	maxTokens, err := limit(maxTokens)
	if err != nil {
		return endpoint.Payload{}, err
	}
	input, err := responseInput(parts)
	return endpoint.JSON(struct {
		Input     any `json:"input"`
		MaxTokens int `json:"max_output_tokens"`
	}{input, maxTokens}), err
}

func responseInput(parts []endpoint.Part) (any, error) {
	content, err := each(parts, responsePart)
	if err != nil {
		return nil, err
	}
	var messages []message
	for _, c := range content {
		text, ok := c.(textPart)
		if !ok {
			return []message{{"user", content}}, nil
		}
		messages = append(messages, message{"user", text.Text})
	}
	if len(messages) == 1 {
		return messages[0].Content, nil
	}
	return messages, nil
}
