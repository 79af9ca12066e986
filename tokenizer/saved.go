package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownClass is matched by the error of [Load] for a saved tokenizer whose class, or old module, no entry names.
var ErrUnknownClass = errors.New("unknown class of tokenizer")

// wordsClass is the class under which LLMeter saves its DummyTokenizer.
const wordsClass = "llmeter.tokenizers.DummyTokenizer"

// Class gives the class in the saved form, which is LLMeter's.
func (*Words) Class() string { return wordsClass }

// State gives the saved state, which is empty: the words that a value has seen are not saved.
func (*Words) State() any { return struct{}{} }

// An Entry says how the tokenizers of one saved class are made again.
type Entry struct {
	// Class is the class as saved, such as "llmeter.tokenizers.DummyTokenizer". Required.
	Class string
	// Module is the "tokenizer_module" that LLMeter before 0.2.0 wrote for this class; "" = it wrote none.
	Module string
	// Load makes the tokenizer from its saved state, a JSON object; of the old form that is the whole of it. Required.
	Load func(state json.RawMessage) (Tokenizer, error)
}

// Save gives t in the JSON form of LLMeter 0.2.0, compact. It is an error if t lacks the methods Class() string and State() any,
// or if its state cannot be written as JSON.
func Save(t Tokenizer) ([]byte, error) {
	s, ok := t.(interface {
		Class() string
		State() any
	})
	if !ok {
		return nil, fmt.Errorf("tokenizer: a %T cannot be saved: it lacks the methods Class and State", t)
	}
	data, err := json.Marshal(struct {
		Class string `json:"__llmeter_class__"`
		State any    `json:"__llmeter_state__"`
	}{s.Class(), s.State()})
	if err != nil {
		return nil, fmt.Errorf("tokenizer: save a %T: %w", t, err)
	}
	return data, nil
}

// Load makes a saved tokenizer again. It reads the JSON form of LLMeter 0.2.0 and the one before it,
// {"tokenizer_module": …, "name": …}. The class is looked for in own, then in what this package has itself, which is [Words].
// The error for a class that is in neither matches [ErrUnknownClass] and names the known ones.
func Load(data []byte, own ...Entry) (Tokenizer, error) {
	var form struct {
		Class  string          `json:"__llmeter_class__"`
		State  json.RawMessage `json:"__llmeter_state__"`
		Module string          `json:"tokenizer_module"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return nil, fmt.Errorf("tokenizer: load: %w", err)
	}
	class, state, old := form.Class, form.State, false
	if class == "" {
		class, state, old = form.Module, data, true
	}
	if class == "" {
		return nil, errors.New("tokenizer: load: neither __llmeter_class__ nor tokenizer_module is given")
	}
	var known []string
	for _, e := range append(own[:len(own):len(own)], Entry{wordsClass, "llmeter", loadWords}) {
		has := e.Class
		if old {
			has = e.Module
		}
		if has == class {
			t, err := e.Load(state)
			if err != nil {
				return nil, fmt.Errorf("tokenizer: load %s: %w", class, err)
			}
			return t, nil
		}
		if has != "" {
			known = append(known, has)
		}
	}
	return nil, fmt.Errorf("tokenizer: load: %w %q (known: %s)", ErrUnknownClass, class, strings.Join(known, ", "))
}

func loadWords(json.RawMessage) (Tokenizer, error) { return new(Words), nil }
