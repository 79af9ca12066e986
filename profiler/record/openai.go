package record

import (
	"errors"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/profiler"
)

// readChat reads an answer of Chat Completions, Completions or Embeddings, or an event of one. The text is that of the first choice.
func readChat(a *answer, v *fastjson.Value) {
	a.openAIUsage(v.Get("usage"))
	for _, choice := range v.GetArray("choices") {
		m := choice.Get("delta")
		if m == nil {
			m = choice.Get("message")
		}
		say := a.say
		if choice.GetInt("index") > 0 {
			say = a.think
		}
		a.think(textOf(m.Get("reasoning_content")))
		a.think(textOf(m.Get("reasoning")))
		say(contentText(m.Get("content")))
		say(textOf(m.Get("refusal")))
		say(textOf(choice.Get("text")))
		for i, t := range m.GetArray("tool_calls") {
			if index := t.Get("index"); index != nil {
				i = index.GetInt()
			}
			a.callTool(i, textOf(t.Get("id")), textOf(t.Get("function", "name")), textOf(t.Get("function", "arguments")))
		}
		a.finished = a.finished || textOf(choice.Get("finish_reason")) != ""
	}
}

// openAIUsage takes the counts of tokens, under the names of either API.
func (a *answer) openAIUsage(u *fastjson.Value) {
	if u == nil || u.Type() != fastjson.TypeObject {
		return
	}
	a.usage = profiler.TokenUsage{
		PromptTokens:     u.GetInt("prompt_tokens") + u.GetInt("input_tokens"),
		CompletionTokens: u.GetInt("completion_tokens") + u.GetInt("output_tokens"),
		CachedTokens:     u.GetInt("prompt_tokens_details", "cached_tokens") + u.GetInt("input_tokens_details", "cached_tokens"),
		ReasoningTokens:  u.GetInt("completion_tokens_details", "reasoning_tokens") + u.GetInt("output_tokens_details", "reasoning_tokens"),
		TotalTokens:      u.GetInt("total_tokens"),
	}
}

// readResponse reads an answer of Responses, or an event of one.
func readResponse(a *answer, v *fastjson.Value) {
	switch kind := textOf(v.Get("type")); kind {
	case "":
		readOutput(a, v.GetArray("output"))
		a.endResponse(v)
	case "response.output_text.delta", "response.refusal.delta":
		a.say(textOf(v.Get("delta")))
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		a.think(textOf(v.Get("delta")))
	case "response.output_item.added":
		if item := v.Get("item"); textOf(item.Get("type")) == "function_call" {
			a.callTool(v.GetInt("output_index"), textOf(item.Get("call_id")), textOf(item.Get("name")), "")
		}
	case "response.function_call_arguments.delta":
		a.callTool(v.GetInt("output_index"), "", "", textOf(v.Get("delta")))
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
		a.endResponse(v.Get("response"))
		a.done = true
	case "error":
		a.fail(textOf(v.Get("code")), textOf(v.Get("message")))
	}
}

// readOutput reads the items of an answer in one piece.
func readOutput(a *answer, items []*fastjson.Value) {
	for i, item := range items {
		switch textOf(item.Get("type")) {
		case "message":
			for _, part := range item.GetArray("content") {
				a.say(textOf(part.Get("text")))
				a.say(textOf(part.Get("refusal")))
			}
		case "function_call":
			a.callTool(i, textOf(item.Get("call_id")), textOf(item.Get("name")), textOf(item.Get("arguments")))
		}
	}
}

// endResponse takes what a response says of itself at its end.
func (a *answer) endResponse(r *fastjson.Value) {
	a.finished = true
	a.openAIUsage(r.Get("usage"))
	if err := errorIn(r); err != nil && a.failed == nil {
		a.failed = err
	}
	if status := textOf(r.Get("status")); status == "failed" || status == "cancelled" {
		a.fail("", "response "+status)
	}
}

// fail notes what the server said. The first error holds.
func (a *answer) fail(code, message string) {
	if a.failed == nil {
		a.failed = errors.New(strings.TrimPrefix(code+": "+message, ": "))
	}
}
