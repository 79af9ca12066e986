package openai

import (
	"cmp"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/internal/wire"
)

// A responseDecoder reads the answers of the Responses API.
type responseDecoder struct {
	base
	calls []int // where in the output the tool calls stand
}

func newResponseDecoder() wire.Decoder { return new(responseDecoder) }

// Event reads one event of a stream.
func (d *responseDecoder) Event(kind, data []byte, emit func(*endpoint.Chunk)) (done bool, err error) {
	if isDone(data) { // sent by compatible servers
		return true, nil
	}
	p := parsers.Get()
	defer parsers.Put(p)
	d.start(emit)
	v, err := parse(p, kind, data)
	if err != nil {
		return false, err
	}
	switch name := cmp.Or(text(v.Get("type")), string(kind)); name {
	case "response.created", "response.in_progress":
		d.name(v.Get("response", "id"))
	case "response.output_text.delta", "response.output_audio_transcript.delta", "response.audio.transcript.delta":
		d.say(endpoint.Content, text(v.Get("delta")))
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		d.say(endpoint.Reasoning, text(v.Get("delta")))
	case "response.refusal.delta":
		d.say(endpoint.RefusalText, text(v.Get("delta")))
	case "response.output_audio.delta", "response.audio.delta":
		d.say(endpoint.AudioData, text(v.Get("delta")))
	case "response.output_item.added":
		if item := v.Get("item"); isCall(item) {
			d.call(d.place(v), callID(item), item.Get("name"), "")
		}
	case "response.function_call_arguments.delta", "response.mcp_call_arguments.delta", "response.custom_tool_call_input.delta":
		d.call(d.place(v), nil, nil, text(v.Get("delta")))
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
		done, err = true, d.final(v.Get("response"), strings.TrimPrefix(name, "response."))
	case "error":
		return false, failure(v)
	default:
		if err := wire.StreamError(v); err != nil {
			return false, err
		}
	}
	d.finish()
	return done, err
}

// Complete reports false: the end is always announced.
func (d *responseDecoder) Complete() bool { return false }

// Whole reads a whole answer.
func (d *responseDecoder) Whole(body []byte, emit func(*endpoint.Chunk)) error {
	p := parsers.Get()
	defer parsers.Put(p)
	d.start(emit)
	v, err := parse(p, nil, body)
	if err != nil {
		return err
	}
	if err := wire.StreamError(v); err != nil {
		return err
	}
	if v.Get("output") == nil && v.Get("status") == nil {
		return wire.Malformed("an answer without output", body)
	}
	d.name(v.Get("id"))
	err = d.final(v, "completed")
	d.finish()
	return err
}

// final reads a response that has ended; status is what it is if it does not say. The output is read if it was not
// streamed before.
func (d *responseDecoder) final(response *fastjson.Value, status string) error {
	d.name(response.Get("id"))
	d.count(response.Get("usage"))
	d.chunk.FinishReason = cmp.Or(kept(response.Get("status")), status)
	switch d.chunk.FinishReason {
	case "failed":
		if err := wire.StreamError(response); err != nil {
			return err
		}
		return wire.ServerError("failed", "the response failed")
	case "cancelled":
		return wire.ServerError("cancelled", "the server cancelled the response")
	case "incomplete":
		d.chunk.FinishReason = cmp.Or(kept(response.Get("incomplete_details", "reason")), "incomplete")
	}
	if !d.spoke {
		d.output(response.GetArray("output"))
	}
	return nil
}

// output reads the items of an answer that was not streamed.
func (d *responseDecoder) output(items []*fastjson.Value) {
	calls := 0
	for _, item := range items {
		switch {
		case text(item.Get("type")) == "message":
			for _, part := range item.GetArray("content") {
				d.say(endpoint.Content, text(part.Get("text")))
				d.say(endpoint.RefusalText, text(part.Get("refusal")))
			}
		case text(item.Get("type")) == "reasoning":
			for _, part := range slices.Concat(item.GetArray("summary"), item.GetArray("content")) {
				d.say(endpoint.Reasoning, text(part.Get("text")))
			}
		case isCall(item):
			d.call(calls, callID(item), item.Get("name"), cmp.Or(text(item.Get("arguments")), text(item.Get("input"))))
			calls++
		}
	}
}

func isCall(item *fastjson.Value) bool {
	switch text(item.Get("type")) {
	case "function_call", "custom_tool_call", "mcp_call":
		return true
	}
	return false
}

// callID gives the id under which the result of a call is to be sent back.
func callID(item *fastjson.Value) *fastjson.Value {
	if id := item.Get("call_id"); id != nil {
		return id
	}
	return item.Get("id")
}

// place gives the number of the tool call, from 0, that an event is about.
func (d *responseDecoder) place(event *fastjson.Value) int {
	at := event.GetInt("output_index")
	i := slices.Index(d.calls, at)
	if i < 0 {
		i = len(d.calls)
		d.calls = append(d.calls, at)
	}
	return i
}
