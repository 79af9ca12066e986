package record

import "github.com/valyala/fastjson"

// readMessage reads an answer of Anthropic's Messages, or an event of one.
func readMessage(a *answer, v *fastjson.Value) {
	switch textOf(v.Get("type")) {
	case "message":
		for i, block := range v.GetArray("content") {
			readBlock(a, i, block)
		}
		a.anthropicUsage(v.Get("usage"))
	case "message_start":
		a.anthropicUsage(v.Get("message", "usage"))
	case "content_block_start":
		readBlock(a, v.GetInt("index"), v.Get("content_block"))
	case "content_block_delta":
		d := v.Get("delta")
		a.say(textOf(d.Get("text")))
		a.think(textOf(d.Get("thinking")))
		if part := d.Get("partial_json"); part != nil {
			a.callTool(v.GetInt("index"), "", "", textOf(part))
		}
	case "message_delta":
		a.anthropicUsage(v.Get("usage"))
		a.finished = a.finished || textOf(v.Get("delta", "stop_reason")) != ""
	case "message_stop":
		a.finished, a.done = true, true
	}
}

// readBlock reads a block of content, or the beginning of one that is streamed.
func readBlock(a *answer, index int, block *fastjson.Value) {
	switch textOf(block.Get("type")) {
	case "text":
		a.say(textOf(block.Get("text")))
	case "tool_use":
		in := argumentsOf(block.Get("input"))
		if in == "{}" { // of a stream: the arguments follow
			in = ""
		}
		a.callTool(index, textOf(block.Get("id")), textOf(block.Get("name")), in)
	}
}

// anthropicUsage takes the counts that are given. Cached tokens are not part of Anthropic's input_tokens; here they are.
func (a *answer) anthropicUsage(u *fastjson.Value) {
	if u == nil || u.Type() != fastjson.TypeObject {
		return
	}
	if u.Exists("input_tokens") {
		a.usage.CachedTokens = u.GetInt("cache_read_input_tokens")
		a.usage.PromptTokens = u.GetInt("input_tokens") + a.usage.CachedTokens + u.GetInt("cache_creation_input_tokens")
	}
	if u.Exists("output_tokens") {
		a.usage.CompletionTokens = u.GetInt("output_tokens")
	}
}
