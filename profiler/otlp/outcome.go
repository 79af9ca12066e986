package otlp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
)

// chunks are when the pieces of an answer came, in seconds since the epoch: events that OpenLLMetry has for each piece and OpenInference
// for the first, or else the time to the first that OpenTelemetry's conventions have as an attribute.
func (s *span) chunks() (at []float64) {
	for _, e := range s.events {
		if strings.Contains(strings.ToLower(e.name), "chunk") || e.name == "First Token Stream Event" {
			at = append(at, seconds(e.at))
		}
	}
	if first, ok := s.attributes[firstChunkKey].(float64); ok && len(at) == 0 && first >= 0 {
		at = append(at, seconds(s.start)+first)
	}
	return at
}

// input is what went in. Where the system's instructions stand beside the messages, they come first, as a model reads them.
func (s *span) input() json.RawMessage {
	messages := s.content(inputLists, inputKeys)
	system := s.content(nil, []string{systemKey})
	switch {
	case system == nil:
		return messages
	case messages == nil:
		return system
	}
	return json.RawMessage("[" + string(elements(system)) + "," + string(elements(messages)) + "]")
}

// elements are those of a JSON list without its brackets, or a value that is no list.
func elements(raw json.RawMessage) []byte {
	inner := bytes.TrimSpace(raw)
	if len(inner) < 2 || inner[0] != '[' {
		return inner
	}
	if inner = bytes.TrimSpace(inner[1 : len(inner)-1]); len(inner) == 0 {
		return []byte("null")
	}
	return inner
}

// outcome is the metadata of the span's end: why it failed, and what an answer over HTTP said. Nil if there is nothing to say.
func (s *span) outcome() json.RawMessage {
	facts := map[string]any{}
	if why := s.failure(); why != "" {
		facts["error"] = why
	}
	status := s.number(statusKeys)
	if kind := s.text([]string{errorTypeKey}); status == 0 && len(kind) == 3 {
		status, _ = strconv.Atoi(kind) // HTTP instrumentations take the status for the type of an error
	}
	if status > 0 {
		facts[profiler.HTTPStatusKey] = status
	}
	if after := s.retryAfter(); after > 0 {
		facts[profiler.RetryAfterKey] = after
	}
	if len(facts) == 0 {
		return nil
	}
	b, _ := json.Marshal(map[string]any{"provided_metadata": facts})
	return b
}

// failure is why the span failed: the type of the error, which may say it best, and its message; "" if it did not.
func (s *span) failure() string {
	kind, why := s.text([]string{errorTypeKey}), s.failed
	if why == "" || why == noMessage {
		for _, e := range s.events {
			if message, ok := e.attributes["exception.message"].(string); ok && e.name == "exception" && s.failed != "" {
				why = message
			}
		}
	}
	switch {
	case kind == "" || strings.Contains(why, kind):
		return why
	case why == "" || why == noMessage:
		return kind
	}
	return kind + ": " + why
}

// retryAfter is for how long the server asked to wait, in seconds; 0 for not at all. A date says nothing here.
func (s *span) retryAfter() float64 {
	v := s.attributes[retryAfterKey]
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	switch v := v.(type) {
	case string:
		after, _ := strconv.ParseFloat(v, 64)
		return after
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}
