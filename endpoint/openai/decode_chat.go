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
	usual    template
}

func newChatDecoder() wire.Decoder { return new(chatDecoder) }

// Event reads one chunk of a stream.
func (d *chatDecoder) Event(kind, data []byte, emit func(*endpoint.Chunk)) (done bool, err error) {
	if isDone(data) {
		return true, nil
	}
	if text, ok := d.usual.match(data); ok && len(kind) == 0 {
		d.start(emit)
		d.say(d.usual.channel, text)
		d.finish()
		return false, nil
	}
	_, err = d.read(kind, data, emit)
	return false, err
}

// isDone reports whether an event without JSON announces the end.
func isDone(data []byte) bool {
	return len(data) > 0 && data[0] != '{' && string(bytes.TrimSpace(data)) == "[DONE]"
}

// Complete reports whether a finish reason came: not all servers send [DONE] after it.
func (d *chatDecoder) Complete() bool { return d.finished }

// Whole reads a whole answer.
func (d *chatDecoder) Whole(body []byte, emit func(*endpoint.Chunk)) error {
	choices, err := d.read(nil, body, emit)
	if err == nil && choices == 0 {
		return wire.Malformed("an answer without choices", body)
	}
	return err
}

// read reads a chunk of a stream or a whole answer, which has the same form but for one name. It gives the number of
// choices.
func (d *chatDecoder) read(kind, data []byte, emit func(*endpoint.Chunk)) (int, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	d.start(emit)
	v, err := parse(p, kind, data)
	if err != nil {
		return 0, err
	}
	var choices []*fastjson.Value
	reported := false
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			d.name(v)
		case "choices":
			choices = v.GetArray()
		case "usage":
			d.count(v)
		case "error":
			reported = true
		case "object":
			reported = reported || text(v) == "error"
		}
	})
	if string(kind) == "error" {
		return 0, failure(v)
	}
	if reported {
		if err := wire.StreamError(v); err != nil {
			return 0, err
		}
	}
	for _, c := range choices {
		d.choice(c)
	}
	if d.finish(); d.lone != "" {
		d.usual.learn(data, d.on, d.lone)
	}
	return len(choices), nil
}

// choice reads what an event says of one choice.
func (d *chatDecoder) choice(v *fastjson.Value) {
	var said, plain, reason *fastjson.Value
	d.mute = false
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "index":
			d.mute = v.GetInt() != 0
		case "delta", "message":
			said = v
		case "text": // of Completions
			plain = v
		case "finish_reason":
			reason = v
		}
	})
	if !d.mute && text(reason) != "" {
		d.chunk.FinishReason, d.finished = kept(reason), true
	}
	d.say(endpoint.Content, text(plain))
	d.message(said)
}

// message reads a message or what is added to one.
func (d *chatDecoder) message(v *fastjson.Value) {
	var content, reasoning, refusal, audio, tools, function *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "content":
			content = v
		case "reasoning_content", "reasoning": // two names for one thing; some servers send both
			if text(v) != "" {
				reasoning = v
			}
		case "refusal":
			refusal = v
		case "audio":
			audio = v
		case "tool_calls":
			tools = v
		case "function_call":
			function = v
		}
	})
	d.say(endpoint.Reasoning, text(reasoning))
	if content != nil && content.Type() == fastjson.TypeArray {
		d.parts(content)
	} else {
		d.say(endpoint.Content, text(content))
	}
	d.say(endpoint.RefusalText, text(refusal))
	d.say(endpoint.AudioData, text(audio.Get("data")))
	d.say(endpoint.Content, text(audio.Get("transcript"))) // what is heard is visible content too
	for i, t := range tools.GetArray() {
		if index := t.Get("index"); index != nil {
			i = index.GetInt()
		}
		f := t.Get("function")
		d.call(i, t.Get("id"), f.Get("name"), text(f.Get("arguments")))
	}
	if function != nil && function.Type() == fastjson.TypeObject { // the older form of a tool call
		d.call(0, nil, function.Get("name"), text(function.Get("arguments")))
	}
}

// parts reads content that is a list of parts, in which some servers tell thoughts from text.
func (d *chatDecoder) parts(content *fastjson.Value) {
	for _, part := range content.GetArray() {
		for _, thought := range part.GetArray("thinking") {
			d.say(endpoint.Reasoning, text(thought.Get("text")))
		}
		d.say(endpoint.Content, text(part.Get("text")))
	}
}
