package openai

import (
	"unsafe"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// A base is what the decoders of streams have in common. Nothing in it is allocated per event.
type base struct {
	parser fastjson.Parser
	emit   func(endpoint.Chunk) // of the present event
	news   endpoint.Chunk       // what the present event says beside text: goes out with its first chunk
	sent   bool                 // a chunk of the present event went out
	named  bool                 // the id of the answer went out
	spoke  bool                 // some text went out
	usage  endpoint.Usage       // news points to it, and it is read before the next event
	tool   endpoint.Tool        // so is it
}

func (d *base) resetBase() { *d = base{parser: d.parser} }

// begin reads the JSON of an event or a document.
func (d *base) begin(data []byte, emit func(endpoint.Chunk)) (*fastjson.Object, error) {
	d.emit, d.news, d.sent = emit, endpoint.Chunk{}, false
	v, err := d.parser.ParseBytes(data)
	if err != nil {
		return nil, wire.Malformed("broken JSON", data)
	}
	object, err := v.Object()
	if err != nil {
		return nil, wire.Malformed("not a JSON object", data)
	}
	return object, nil
}

// say sends text out as a chunk of its own, with the news if it is the first.
func (d *base) say(channel endpoint.Channel, text string) {
	if text != "" {
		d.spoke = true
		d.send(channel, text, nil)
	}
}

// call sends out what an event adds to a tool call.
func (d *base) call(index int, id, name *fastjson.Value, arguments string) {
	d.tool = endpoint.Tool{Index: index, ID: kept(id), Name: kept(name)}
	d.send(endpoint.ToolCallArguments, arguments, &d.tool)
}

func (d *base) send(channel endpoint.Channel, text string, tool *endpoint.Tool) {
	c := d.news
	c.Channel, c.Text, c.Tool = channel, text, tool
	d.news, d.sent = endpoint.Chunk{}, true
	d.emit(c)
}

// finish sends the news out alone if no text went out.
func (d *base) finish() {
	if !d.sent {
		d.emit(d.news)
	}
}

// name takes the id of the answer from the first event that has one.
func (d *base) name(id *fastjson.Value) {
	if !d.named {
		d.news.ID = kept(id)
		d.named = d.news.ID != ""
	}
}

// count takes a report of token counts, under the names of Chat Completions or of Responses.
func (d *base) count(usage *fastjson.Value) {
	object, err := usage.Object()
	if err != nil {
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
	d.news.Usage = &d.usage
}

func counted(v *fastjson.Value) endpoint.Count {
	if v == nil || v.Type() != fastjson.TypeNumber {
		return endpoint.Count{}
	}
	return endpoint.Counted(int(v.GetFloat64()))
}

// text gives a string of the parsed event, "" for anything else. Its bytes are the parser's: it may only be read until
// the next event is parsed, which is what Chunk.Text asks for, and costs no allocation.
func text(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	b := v.GetStringBytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// kept gives a string that may be kept.
func kept(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	return string(v.GetStringBytes())
}
