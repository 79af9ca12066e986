package llmeter

import (
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// The types that most programs need, so that they need one import. They are the types of their rooms, where their
// methods are documented.
type (
	Endpoint  = endpoint.Endpoint
	Payload   = endpoint.Payload
	Response  = endpoint.Response
	Chunk     = endpoint.Chunk
	Result    = result.Result
	Stats     = result.Stats
	Tokenizer = tokenizer.Tokenizer
)
