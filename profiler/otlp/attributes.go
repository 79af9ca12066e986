package otlp

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
)

// The attributes in which instrumentations say what a span is, the most telling first. Their names are from
//   - OpenTelemetry's semantic conventions for generative AI (gen_ai.*) up to 1.42, and the names they had before 1.27,
//   - OpenInference (llm.*, input.*, output.*, tool.*, agent.*): LlamaIndex, LangChain and others by Arize,
//   - OpenLLMetry (traceloop.*, gen_ai.prompt.N, llm.request.type, llm.usage.*) before and after its version 0.5,
//   - LangSmith (langsmith.*), and NAT (nat.*, aiq.*).
var (
	modelKeys = []string{
		"gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "llm.request.model_name", "llm.response.model_name", "llm.request.model",
		"langsmith.metadata.ls_model_name", "embedding.model_name", "reranker.model_name", "nat.subspan.name",
	}
	toolKeys       = []string{"gen_ai.tool.name", "tool.name", "traceloop.entity.name", "nat.subspan.name"}
	functionKeys   = []string{"gen_ai.agent.name", "agent.name", "gen_ai.workflow.name", "traceloop.entity.name", "nat.function.name", "aiq.function.name"}
	promptKeys     = []string{"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens"}
	completionKeys = []string{"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "llm.usage.completion_tokens"}
	totalKeys      = []string{"gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens"}
	cachedKeys     = []string{"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read"}
	reasoningKeys  = []string{
		"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning", "llm.usage.reasoning_tokens",
	}
	inputKeys = []string{
		"gen_ai.input.messages", "gen_ai.prompt", "input.value", "traceloop.entity.input", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text",
		"gen_ai.memory.query.text", "tool.parameters",
	}
	outputKeys = []string{
		"gen_ai.output.messages", "gen_ai.completion", "output.value", "traceloop.entity.output", "gen_ai.tool.call.result", "gen_ai.retrieval.documents",
		"gen_ai.memory.records",
	}
	inputLists  = []string{"llm.input_messages.", "gen_ai.prompt.", "llm.prompts."}
	outputLists = []string{"llm.output_messages.", "gen_ai.completion.", "llm.choices.", "llm.completions."}
	eventKeys   = []string{"nat.event_type", "aiq.event_type"}
	statusKeys  = []string{"http.response.status_code", "http.status_code"}
)

// Of one attribute each.
const (
	systemKey     = "gen_ai.system_instructions" // beside the messages
	firstChunkKey = "gen_ai.response.time_to_first_chunk"
	errorTypeKey  = "error.type"
	retryAfterKey = "http.response.header.retry-after"
)

// modelOnly and toolOnly are how many of modelKeys and toolKeys only a span of that kind has.
const (
	modelOnly = 7
	toolOnly  = 2
)

// kinds are the values of the attributes that name the kind of a span. What a name does not tell is looked for in the next.
var kinds = []struct {
	key    string
	values map[string]profiler.Category
}{
	{"openinference.span.kind", map[string]profiler.Category{
		"llm": profiler.LLM, "tool": profiler.Tool, "retriever": profiler.Tool, "embedding": profiler.Tool, "reranker": profiler.Tool,
		"guardrail": profiler.Function, "evaluator": profiler.Function, "chain": profiler.Function, "agent": profiler.Function, "prompt": profiler.UserSpan,
	}},
	{"gen_ai.operation.name", map[string]profiler.Category{
		"chat": profiler.LLM, "text_completion": profiler.LLM, "generate_content": profiler.LLM, "embeddings": profiler.Tool, "execute_tool": profiler.Tool,
		"retrieval": profiler.Tool, "search_memory": profiler.Tool, "create_memory": profiler.Tool, "update_memory": profiler.Tool, "upsert_memory": profiler.Tool,
		"delete_memory": profiler.Tool, "create_memory_store": profiler.Tool, "delete_memory_store": profiler.Tool, "invoke_agent": profiler.Function,
		"create_agent": profiler.Function, "invoke_workflow": profiler.Function, "plan": profiler.Function,
	}},
	{"traceloop.span.kind", map[string]profiler.Category{
		"workflow": profiler.Workflow, "task": profiler.Task, "agent": profiler.Function, "tool": profiler.Tool,
	}},
	{"llm.request.type", map[string]profiler.Category{
		"chat": profiler.LLM, "completion": profiler.LLM, "embedding": profiler.Tool, "rerank": profiler.Tool,
	}},
	{"langsmith.span.kind", map[string]profiler.Category{
		"llm": profiler.LLM, "tool": profiler.Tool, "retriever": profiler.Tool, "embedding": profiler.Tool, "chain": profiler.Function, "prompt": profiler.UserSpan,
		"parser": profiler.UserSpan,
	}},
}

// category is what kind of work the span is.
func (s *span) category() profiler.Category {
	if c := profiler.EventType(s.text(eventKeys)).Category(); c != "" {
		return c
	}
	for _, k := range kinds {
		if c, ok := k.values[strings.ToLower(s.text([]string{k.key}))]; ok {
			return c
		}
	}
	switch {
	case s.text(modelKeys[:modelOnly]) != "" || s.number(completionKeys) > 0:
		return profiler.LLM
	case s.text(toolKeys[:toolOnly]) != "":
		return profiler.Tool
	case s.parent == "":
		return profiler.Workflow
	}
	return profiler.UserSpan
}

// label is the name of the model, the tool or the function.
func (s *span) label(c profiler.Category) string {
	keys := functionKeys
	switch c {
	case profiler.LLM:
		keys = modelKeys
	case profiler.Tool:
		keys = toolKeys
	}
	if name := s.text(keys); name != "" {
		return name
	}
	return s.name
}

// framework is the end of the name of the scope, which names what was instrumented.
func (s *span) framework() string {
	if f := s.text([]string{"nat.framework", "aiq.framework"}); f != "" {
		return f
	}
	_, name, ok := strings.Cut(s.scope, "instrumentation.")
	if !ok {
		return ""
	}
	name = strings.ReplaceAll(name, "-", "_")
	if name == "llamaindex" {
		return "llama_index"
	}
	return name
}

func (s *span) tokens() profiler.TokenUsage {
	u := profiler.TokenUsage{
		PromptTokens: s.number(promptKeys), CompletionTokens: s.number(completionKeys), CachedTokens: s.number(cachedKeys),
		ReasoningTokens: s.number(reasoningKeys), TotalTokens: s.number(totalKeys),
	}
	if u.TotalTokens == 0 {
		u.TotalTokens = u.PromptTokens + u.CompletionTokens
	}
	return u
}

// text is the first of the attributes that is a string and not empty.
func (s *span) text(keys []string) string {
	for _, k := range keys {
		if v, ok := s.attributes[k].(string); ok && v != "" {
			return v
		}
	}
	return ""
}

// number is the first of the attributes that is a whole number, or one in a string; 0 for none.
func (s *span) number(keys []string) int {
	for _, k := range keys {
		switch v := s.attributes[k].(type) {
		case int64:
			return int(v)
		case float64:
			if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
				return int(v)
			}
		case string:
			if n, err := strconv.Atoi(v); err == nil {
				return n
			}
		}
	}
	return 0
}

// content is what went in or came out, as JSON: messages that stand in attributes one by one, or else the first of the attributes that
// there is. A string that is a JSON list or object is taken as that.
func (s *span) content(lists, keys []string) json.RawMessage {
	for _, prefix := range lists {
		if messages := s.messages(prefix); len(messages) > 0 {
			b, _ := json.Marshal(messages)
			return b
		}
	}
	for _, k := range keys {
		switch v := s.attributes[k].(type) {
		case nil:
		case string:
			if t := strings.TrimSpace(v); (strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[")) && json.Valid([]byte(t)) {
				return json.RawMessage(t)
			}
			b, _ := json.Marshal(v)
			return b
		default:
			if b, err := json.Marshal(v); err == nil {
				return b
			}
		}
	}
	return nil
}

// A message is one of those in attributes such as gen_ai.prompt.0.content.
type message struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
}

// messages collects the attributes prefix + N + role and content, or the text of a prompt or a completion, up to the first N that there is
// none of.
func (s *span) messages(prefix string) []message {
	var all []message
	for n := 0; ; n++ {
		at := prefix + strconv.Itoa(n) + "."
		m := message{
			s.text([]string{at + "message.role", at + "role"}),
			s.text([]string{at + "message.content", at + "content", at + "prompt.text", at + "completion.text"}),
		}
		for part := 0; ; part++ {
			text, ok := s.attributes[at+"message.contents."+strconv.Itoa(part)+".message_content.text"].(string)
			if !ok {
				break
			}
			m.Content += text
		}
		if m == (message{}) {
			return all
		}
		all = append(all, m)
	}
}
