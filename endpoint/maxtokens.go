package endpoint

import "encoding/json"

// maxTokensPaths are where providers have the most tokens of an answer: OpenAI (chat, older and newer; responses), Anthropic,
// Bedrock's Converse, Gemini, and text-generation servers.
var maxTokensPaths = [][]string{
	{"max_completion_tokens"}, {"max_tokens"}, {"max_output_tokens"}, {"inferenceConfig", "maxTokens"},
	{"generationConfig", "maxOutputTokens"}, {"parameters", "max_new_tokens"},
}

// MaxTokens gives the most tokens that the payload lets an answer have, under the name that any known provider gives it; false
// if it does not say.
func (p Payload) MaxTokens() (n int, ok bool) {
	for _, path := range maxTokensPaths {
		raw, found := p.Raw(path...)
		if found && json.Unmarshal(raw, &n) == nil && n > 0 {
			return n, true
		}
	}
	return 0, false
}
