package openai

import (
	"math"
	"unsafe"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// parsers are taken for one event each, so that the one in use is warm whatever the number of streams.
var parsers fastjson.ParserPool

// A base is what the decoders have in common. Nothing is allocated per event.
type base struct {
	emit   func(*endpoint.Chunk) // of the present event
	chunk  endpoint.Chunk        // the next to go out: the first of an event bears what the event says beside text
	chunks int                   // of the present event that went out
	lone   string                // the text of the present event, if it brought that and nothing else …
	on     endpoint.Channel      // … and what it is
	mute   bool                  // it is about another choice than the first: its text is not kept
	named  bool                  // the id of the answer went out
	spoke  bool                  // some text or call went out
	usage  endpoint.Usage        // chunk points to it, and it is read before the next event
	tool   endpoint.Tool         // so is it
}

// start begins an event or a document.
func (d *base) start(emit func(*endpoint.Chunk)) {
	d.emit, d.chunk, d.chunks, d.lone, d.mute = emit, endpoint.Chunk{}, 0, "", false
}

// parse reads the JSON of an event of that kind, or of a document.
func parse(p *fastjson.Parser, kind, data []byte) (*fastjson.Value, error) {
	v, err := p.ParseBytes(data)
	switch {
	case err != nil && string(kind) == "error":
		return nil, wire.ServerError("", wire.Excerpt(data, endpoint.MaxMessage))
	case err != nil:
		return nil, wire.Malformed("broken JSON", data)
	case v.Type() != fastjson.TypeObject:
		return nil, wire.Malformed("not a JSON object", data)
	}
	return v, nil
}

// failure is what v reports, an event or a document that says of itself that it is an error.
func failure(v *fastjson.Value) error {
	if err := wire.StreamError(v); err != nil {
		return err
	}
	return wire.ServerError("", wire.Excerpt(v.MarshalTo(nil), endpoint.MaxMessage))
}

// say sends text out as a chunk of its own.
func (d *base) say(channel endpoint.Channel, text string) {
	if text != "" {
		d.send(channel, text, nil)
	}
}

// call sends out what an event adds to a tool call.
func (d *base) call(index int, id, name *fastjson.Value, arguments string) {
	d.tool = endpoint.Tool{Index: index, ID: kept(id), Name: kept(name)}
	d.send(endpoint.ToolCallArguments, arguments, &d.tool)
}

func (d *base) send(channel endpoint.Channel, text string, tool *endpoint.Tool) {
	d.lone, d.on = "", channel
	if news := d.chunk.ID != "" || d.chunk.FinishReason != "" || d.chunk.Usage != nil; d.chunks == 0 && !news && !d.mute && tool == nil {
		d.lone = text
	}
	d.chunk.Channel = channel
	if !d.mute {
		d.chunk.Text, d.chunk.Tool = text, tool
	} else if text != "" {
		d.chunk.Tokens = 1
	}
	d.emit(&d.chunk)
	d.chunk, d.spoke = endpoint.Chunk{}, true
	d.chunks++
}

// finish ends an event or document: without text it is a chunk too.
func (d *base) finish() {
	if d.chunks == 0 {
		d.emit(&d.chunk)
	}
}

// name takes the id of the answer from the first event that has one.
func (d *base) name(id *fastjson.Value) {
	if !d.named {
		d.chunk.ID = kept(id)
		d.named = d.chunk.ID != ""
	}
}

// count takes a report of token counts, under the names of Chat Completions or of Responses.
func (d *base) count(usage *fastjson.Value) {
	object := usage.GetObject()
	if object == nil {
		return // null, or absent
	}
	d.usage = endpoint.Usage{}
	object.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "prompt_tokens", "input_tokens":
			d.usage.Input = counted(v)
		case "completion_tokens", "output_tokens":
			d.usage.Output = counted(v)
		case "prompt_tokens_details", "input_tokens_details":
			d.usage.Cached = counted(v.Get("cached_tokens"))
		case "completion_tokens_details", "output_tokens_details":
			d.usage.Reasoning = counted(v.Get("reasoning_tokens"))
		}
	})
	d.chunk.Usage = &d.usage
}

func counted(v *fastjson.Value) endpoint.Count {
	if v == nil || v.Type() != fastjson.TypeNumber {
		return endpoint.Count{}
	}
	// Note: some servers write 12.0, and the parser takes NaN for a number.
	if n := v.GetFloat64(); n >= 0 && n <= math.MaxInt32 {
		return endpoint.Counted(int(n))
	}
	return endpoint.Count{}
}

// text gives a string of the parsed event, "" for anything else. Its bytes are the parser's: it may only be read until
// the next event is parsed, which is what Chunk.Text asks for, and costs no allocation.
func text(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	return stringOf(v.GetStringBytes())
}

// stringOf gives b as a string that changes with it.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// kept gives a string that may be kept.
func kept(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	return string(v.GetStringBytes())
}
