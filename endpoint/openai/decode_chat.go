package openai

import (
	"bytes"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// A chatDecoder reads the answers of Chat Completions and of Completions.
type chatDecoder struct {
	base
	finished bool // a finish reason came
}

func (d *chatDecoder) reset() {
	d.resetBase()
	d.finished = false
}

// Event reads one chunk of a stream.
func (d *chatDecoder) Event(kind, data []byte, emit func(endpoint.Chunk)) (done bool, err error) {
	if isDone(data) {
		return true, nil
	}
	_, err = d.read(kind, data, emit)
	return false, err
}

// Complete reports whether a finish reason came: not all servers send [DONE] after it.
func (d *chatDecoder) Complete() bool { return d.finished }

// Whole reads a whole answer.
func (d *chatDecoder) Whole(body []byte, emit func(endpoint.Chunk)) error {
	choices, err := d.read(nil, body, emit)
	if err == nil && choices == 0 {
		return wire.Malformed("an answer without choices", body)
	}
	return err
}

// read reads a chunk, or a whole answer, which has the same form but for one name. It gives the number of choices.
func (d *chatDecoder) read(kind, data []byte, emit func(endpoint.Chunk)) (int, error) {
	object, err := d.begin(data, emit)
	if err != nil {
		return 0, err
	}
	var choices []*fastjson.Value
	failed := string(kind) == "error"
	object.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			d.name(v)
		case "choices":
			choices = v.GetArray()
		case "usage":
			d.count(v)
		case "error":
			failed = failed || v.Type() != fastjson.TypeNull
		case "object":
			failed = failed || text(v) == "error"
		}
	})
	if failed {
		return 0, d.failure(data)
	}
	for _, c := range choices {
		d.choice(c)
	}
	d.finish()
	return len(choices), nil
}

// choice reads what one choice adds.
func (d *chatDecoder) choice(v *fastjson.Value) {
	var said *fastjson.Value
	var plain string
	first := true
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			first = v.GetInt() == 0
		case "delta", "message":
			said = v
		case "text":
			plain = text(v)
		case "finish_reason":
			if reason := finishReason(v); reason != "" && first {
				d.news.FinishReason, d.finished = reason, true
			}
		}
	})
	…
}
