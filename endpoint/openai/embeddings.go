package openai

import (
	"context"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

const embeddingsPath = "embeddings"

var embeddings = &api{
	class: "github.com/llmeter-go/llmeter/endpoint/openai.EmbeddingsEndpoint", name: "openai-embeddings",
	path: embeddingsPath, decoder: func() wire.Decoder { return new(embeddingsDecoder) },
}

// An EmbeddingsEndpoint asks for embeddings. Its fields are those of [Config].
type EmbeddingsEndpoint Config

// Info names the endpoint, "openai-embeddings" by default.
func (e *EmbeddingsEndpoint) Info() endpoint.Info { return (*Config)(e).info(embeddings) }

// Invoke sends one request and reads the whole answer, of which the token count is kept but not the vectors.
func (e *EmbeddingsEndpoint) Invoke(ctx context.Context, p endpoint.Payload) (*endpoint.Response, error) {
	return (*Config)(e).invoke(ctx, e, embeddings, p)
}

// PreparePayload sets "model".
func (e *EmbeddingsEndpoint) PreparePayload(p endpoint.Payload) (endpoint.Payload, error) {
	return (*Config)(e).prepare(embeddings, p)
}

// CreatePayload makes the input of the parts, which must be text. maxTokens means nothing here.
func (e *EmbeddingsEndpoint) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	return createEmbeddings(maxTokens, parts)
}

// Prompt gives the input; if there are several, one a line.
func (e *EmbeddingsEndpoint) Prompt(p endpoint.Payload) string { return promptOf(p, "input") }

// Prewarm opens n connections to the server.
func (e *EmbeddingsEndpoint) Prewarm(ctx context.Context, n int) error {
	return (*Config)(e).prewarm(ctx, n)
}

// Clock names the clock that has stamped answers so far: "kernel" if all were stamped by it, else "user".
func (e *EmbeddingsEndpoint) Clock() string { return (*Config)(e).clock() }

// Punctual says that a request may come before it is due: it is held until then.
func (e *EmbeddingsEndpoint) Punctual() {}

// Close closes the connections that are not in use, unless the client is the user's own.
func (e *EmbeddingsEndpoint) Close() error { return (*Config)(e).close() }

// Class names the endpoint in saved files; LLMeter has none of this kind.
func (e *EmbeddingsEndpoint) Class() string { return embeddings.class }

// State is what is saved of the endpoint, in LLMeter's form. No credential is in it.
func (e *EmbeddingsEndpoint) State() any { return (*Config)(e).state(embeddings) }

func createEmbeddings(_ int, parts []endpoint.Part) (endpoint.Payload, error) {
	inputs, err := texts("Embeddings", parts)
	if err != nil {
		return endpoint.Payload{}, err
	}
	var input any = inputs
	if len(inputs) == 1 {
		input = inputs[0]
	}
	return endpoint.JSON(struct {
		Input any `json:"input"`
	}{input}), nil
}
