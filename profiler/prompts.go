package profiler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// unknownLLM and unknownTool stand for names that a trace does not give.
const (
	unknownLLM  = "unknown_llm"
	unknownTool = "unknown_tool"
)

// operationName is the name of the model, tool or function.
func (s *Span) operationName() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Category == LLM:
		return unknownLLM
	case s.Category == Tool:
		return unknownTool
	}
	return s.Function.FunctionName
}

// promptsByLLM are the LLM calls that started, by model.
func promptsByLLM(requests []*Request) map[string][]*Span {
	calls := map[string][]*Span{}
	for _, r := range requests {
		for i := range r.Spans {
			if s := &r.Spans[i]; s.Category == LLM && s.Started() {
				name := s.operationName()
				calls[name] = append(calls[name], s)
			}
		}
	}
	return calls
}

// BlockTokens is the number of tokens in a block of the key-value caches of real servers (the default of vLLM).
const BlockTokens = 16

// A measure turns prompts of one model into tokens: by a tokenizer, or else by their size in bytes.
type measure struct {
	tokenizer     tokenizer.Tokenizer
	bytesPerToken float64
	method        string
}

// measureOf is the measure of a model's calls. Without a tokenizer it takes the bytes per token from the calls that say how
// many tokens their prompts had.
func measureOf(calls []*Span, t tokenizer.Tokenizer) measure {
	if t != nil {
		return measure{t, 0, "counted by a tokenizer"}
	}
	const usual, least, most = 4, 2, 8
	var size, tokens int
	for _, s := range calls {
		if s.Input != "" && s.Tokens.PromptTokens > 0 {
			size, tokens = size+len(s.Input), tokens+s.Tokens.PromptTokens
		}
	}
	if tokens == 0 {
		return measure{nil, usual, fmt.Sprintf("estimated at %d bytes a token", usual)}
	}
	perToken := float64(size) / float64(tokens)
	if perToken < least || perToken > most {
		return measure{nil, usual, fmt.Sprintf("estimated at %d bytes a token; the calls report %.1f, so the texts are not what was sent", usual, perToken)}
	}
	return measure{nil, perToken, fmt.Sprintf("estimated at %.2f bytes a token, as the calls report", perToken)}
}

// count is the number of tokens of a text.
func (m measure) count(text string) float64 {
	if m.tokenizer != nil {
		return float64(m.tokenizer.Count(text))
	}
	return float64(len(text)) / m.bytesPerToken
}

// commonPrefix is the length of the longest common prefix in bytes, cut down to whole characters.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i+8 <= n && a[i:i+8] == b[i:i+8] {
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	for i > 0 && !(boundary(a, i) && boundary(b, i)) {
		i--
	}
	return i
}

// boundary says whether a character begins or the text ends at a byte.
func boundary(s string, i int) bool { return i >= len(s) || utf8.RuneStart(s[i]) }

// namesOf are the keys in order.
func namesOf[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
