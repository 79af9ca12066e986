package record

import "github.com/valyala/fastjson"

// readOllama reads an answer of Ollama, or a line of one.
func readOllama(a *answer, v *fastjson.Value) {
	m := v.Get("message") // of a chat
	a.think(textOf(m.Get("thinking")))
	a.think(textOf(v.Get("thinking")))
	a.say(textOf(m.Get("content")))
	a.say(textOf(v.Get("response")))
	for _, t := range m.GetArray("tool_calls") {
		a.callTool(len(a.tools), "", textOf(t.Get("function", "name")), argumentsOf(t.Get("function", "arguments")))
	}
	if v.Exists("prompt_eval_count") || v.Exists("eval_count") {
		a.usage.PromptTokens, a.usage.CompletionTokens = v.GetInt("prompt_eval_count"), v.GetInt("eval_count")
	}
	if v.GetBool("done") {
		a.finished, a.done = true, true
	}
}
