package result

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/llmeter-go/llmeter/internal/jsontext"
)

// loadConfig takes from run_config.json what a missing summary does not tell, and the configuration where llmeter.json has none,
// as in folders of LLMeter.
func (l *loader) loadConfig() error {
	r := l.result
	if !l.recovering && r.Config != nil {
		return nil
	}
	var file object
	ok, err := l.file(configFile, &file)
	c := file.config()
	if l.recovering {
		r.Clients, r.Requests = cmp.Or(c.Clients, 1), c.Requests
		r.RunName, r.RunDescription = member[string](file, "run_name"), member[string](file, "run_description")
		r.ModelID, r.EndpointName, r.Provider = c.Model, c.Endpoint, c.Provider
	}
	if ok && r.Config == nil {
		r.Config, _ = jsontext.Encode(c, "") // of strings and numbers alone, so it cannot fail
	}
	return err
}

// A configuration is what run_config.json tells in the words of llmeter.json. Of endpoint, tokenizer and callbacks it has names
// alone: their states may hold anything, secrets too.
type configuration struct {
	Endpoint  string   `json:"endpoint,omitempty"`
	Model     string   `json:"model,omitempty"`
	Provider  string   `json:"provider,omitempty"`
	Class     string   `json:"endpoint_class,omitempty"`
	Tokenizer string   `json:"tokenizer,omitempty"`
	Clients   int      `json:"clients,omitempty"`
	Requests  int      `json:"requests,omitempty"`
	Duration  string   `json:"duration,omitempty"`
	Timeout   string   `json:"timeout,omitempty"`
	Callbacks []string `json:"callbacks,omitempty"`
	LowMemory bool     `json:"low_memory,omitempty"`
}

// An object is a JSON object of which some members may be of types that nobody expects.
type object map[string]json.RawMessage

// member is a member of an object, zero if it is not there or of another type.
func member[T any](o object, key string) (v T) {
	if json.Unmarshal(o[key], &v) != nil {
		var zero T
		return zero
	}
	return v
}

// The keys of an object of Python that LLMeter saves.
const (
	classKey = "__llmeter_class__"
	stateKey = "__llmeter_state__"
)

func (o object) config() configuration {
	endpoint := member[object](o, "endpoint")
	state := member[object](endpoint, stateKey)
	if state == nil { // LLMeter 0.1
		state = endpoint
	}
	c := configuration{
		Endpoint: member[string](state, "endpoint_name"), Model: member[string](state, "model_id"), Provider: member[string](state, "provider"),
		Class:     cmp.Or(member[string](endpoint, classKey), member[string](endpoint, "endpoint_type")),
		Tokenizer: member[string](member[object](o, "tokenizer"), classKey),
		Clients:   member[int](o, "clients"), Requests: member[int](o, "n_requests"), LowMemory: member[bool](o, "low_memory"),
		Duration: inWords(member[*float64](o, "run_duration")), Timeout: inWords(member[*float64](o, "timeout")),
	}
	for _, callback := range member[[]object](o, "callbacks") {
		if name := member[string](callback, classKey); name != "" {
			c.Callbacks = append(c.Callbacks, name)
		}
	}
	return c
}

// inWords writes seconds as Go does, "" if they are not known.
func inWords(seconds *float64) string {
	d, ok := duration(seconds)
	if !ok || d == 0 {
		return ""
	}
	return d.Round(time.Microsecond).String()
}
