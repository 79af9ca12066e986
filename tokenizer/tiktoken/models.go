package tiktoken

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownModel is matched by the error of [ForModel] for a model whose encoding is not known.
var ErrUnknownModel = errors.New("unknown model")

// models says which models use an encoding; a trailing * stands for any continuation. The first that fits holds. It follows the
// table of OpenAI's own library, completed to whole families where their members have all used one encoding.
var models = []struct {
	encoding string
	names    []string
}{
	{"o200k_harmony", []string{"gpt-oss", "gpt-oss-*"}},
	{"o200k_base", []string{
		"gpt-5*", "gpt-4.5*", "gpt-4.1*", "gpt-4o*", "chatgpt-4o-*", "o1", "o1-*", "o3", "o3-*", "o4-*",
	}},
	{"cl100k_base", []string{
		"gpt-4", "gpt-4-*", "gpt-3.5", "gpt-3.5-turbo*", "gpt-35-turbo*", "davinci-002", "babbage-002",
		"text-embedding-ada-002", "text-embedding-3-*",
	}},
	{"p50k_base", []string{
		"text-davinci-003", "text-davinci-002", "code-davinci-00*", "code-cushman-00*", "davinci-codex", "cushman-codex",
	}},
	{"p50k_edit", []string{"text-davinci-edit-001", "code-davinci-edit-001"}},
	{"r50k_base", []string{
		"text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001", "davinci", "curie", "babbage", "ada",
		"text-similarity-*", "text-search-*", "code-search-*",
	}},
}

// ForModel gives the encoding of a model of OpenAI: "gpt-5-mini", a fine-tuned "ft:gpt-4o-mini:acme::id", or the name under which
// somebody else serves it, such as "openai/gpt-oss-20b", "openai.gpt-oss-20b-1:0" or "gpt-oss:20b". The error for a model that
// is not known matches [ErrUnknownModel]; no encoding is guessed.
func ForModel(model string) (*Encoding, error) {
	name := model[strings.LastIndexByte(model, '/')+1:]
	if _, after, ok := strings.Cut(name, "openai."); ok {
		name = after
	}
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "ft:"), ":")
	for _, m := range models {
		for _, pattern := range m.names {
			prefix, open := strings.CutSuffix(pattern, "*")
			if name == pattern || open && strings.HasPrefix(name, prefix) {
				return New(m.encoding)
			}
		}
	}
	return nil, fmt.Errorf("tiktoken: %w %q", ErrUnknownModel, model)
}
