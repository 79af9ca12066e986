package llmeter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/jsontext"
)

// What can be saved says so itself: endpoints, tokenizers and callbacks that implement Saver are written into
// run_config.json, in the form that LLMeter 0.2.0 reads.
type Saver interface {
	// Class is the name of the class in LLMeter, or a name of your own: "module.Class".
	Class() string
	// State is what the class is made from, as a value that encoding/json encodes as an object. It never holds a
	// secret.
	State() any
}

// An envelope is how LLMeter 0.2.0 writes an object.
type envelope struct {
	Class string `json:"__llmeter_class__"`
	State any    `json:"__llmeter_state__"`
}

// SaveToFile writes s to path as LLMeter's save_to_file does, making parent folders.
func SaveToFile(path string, s Saver) error {
	data, err := jsontext.Encode(envelope{s.Class(), s.State()}, "    ")
	if err != nil {
		return fmt.Errorf("save %s: %w", s.Class(), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// saved gives the envelope of v, nil if v cannot be saved.
func saved(v any) *envelope {
	if s, ok := v.(Saver); ok {
		return &envelope{s.Class(), s.State()}
	}
	return nil
}

// savedEndpoint gives an envelope for any endpoint: one that cannot be saved still names itself, since readers recover the
// names of an interrupted run from here.
func savedEndpoint(e Endpoint) *envelope {
	if s, ok := endpoint.As[Saver](e); ok {
		return saved(s)
	}
	info := e.Info()
	return &envelope{fmt.Sprintf("%T", e), struct {
		Model    string `json:"model_id"`
		Name     string `json:"endpoint_name"`
		Provider string `json:"provider"`
	}{info.Model, info.Name, info.Provider}}
}

// savedCallbacks gives the envelopes of the callbacks that have a counterpart in LLMeter, nil if there is none: LLMeter
// fails on a class that it cannot import.
func savedCallbacks(cbs []Callback) (out []*envelope) {
	for _, cb := range cbs {
		if e := saved(cb); e != nil && strings.HasPrefix(e.Class, "llmeter.") {
			out = append(out, e)
		}
	}
	return out
}
