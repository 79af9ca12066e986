package openai

import (
	"errors"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// An embeddingsDecoder reads the answers of Embeddings.
type embeddingsDecoder struct{ base }

// Event fails: the API has no streams.
func (d *embeddingsDecoder) Event(_, _ []byte, _ func(*endpoint.Chunk)) (bool, error) {
	return false, errors.ErrUnsupported
}

// Complete reports false.
func (d *embeddingsDecoder) Complete() bool { return false }

// Whole reads an answer. The vectors are checked to be JSON and left alone: there may be megabytes of them.
func (d *embeddingsDecoder) Whole(body []byte, emit func(*endpoint.Chunk)) error {
	if fastjson.ValidateBytes(body) != nil {
		return wire.Malformed("broken JSON", body)
	}
	rest := endpoint.Payload{Body: body}
	vectors := rest.Delete("data")
	p := parsers.Get()
	defer parsers.Put(p)
	d.start(emit)
	v, err := parse(p, nil, rest.Body)
	if err != nil {
		return err
	}
	if err := wire.StreamError(v); err != nil {
		return err
	}
	if !vectors {
		return wire.Malformed("an answer without data", body)
	}
	d.count(v.Get("usage"))
	d.finish()
	return nil
}
