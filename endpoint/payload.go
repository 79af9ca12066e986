package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/internal/jsontext"
)

// A Payload is one request as JSON. Its bytes and the order of its keys are kept as they were given.
// It is a value: copies share Body, and [Payload.Set] never writes into shared bytes.
type Payload struct {
	// Body is the request, a JSON object. Required.
	Body json.RawMessage

	// Labels describe the request to its user, e.g. the cell of an experiment. They are saved with the response and
	// never sent.
	Labels map[string]string

	// Next makes it a conversation: it says what the same client sends after this answer, and how long it waits
	// before. It is called once, with the finished response, also a failed one. nil or ok == false ends the
	// conversation. Every turn counts as a request.
	Next func(r *Response) (next *Payload, wait time.Duration, ok bool)

	preparedBy Preparer
	err        error
}

// JSON makes a payload from any value that encoding/json encodes as an object: a struct, a map, or json.RawMessage,
// which is taken as it is. A value that cannot be encoded gives a payload whose [Payload.Validate] says why; no run starts with it.
func JSON(v any) Payload {
	if raw, ok := v.(json.RawMessage); ok {
		return Payload{Body: raw}
	}
	body, err := encode(v)
	return Payload{Body: body, err: err}
}

// Validate reports what keeps p from being sent: its body must be one JSON object.
func (p Payload) Validate() error {
	switch {
	case p.err != nil:
		return p.err
	case len(p.Body) == 0:
		return errors.New("payload is empty")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(p.Body, &object); err != nil {
		return fmt.Errorf("payload is not a JSON object: %w", err)
	}
	if object == nil {
		return errors.New("payload is null, not a JSON object")
	}
	return nil
}

// Clone gives a copy of p that shares nothing with it that a hook could edit.
func (p Payload) Clone() Payload {
	p.Body = bytes.Clone(p.Body)
	p.Labels = maps.Clone(p.Labels)
	return p
}

// Get gives the value at path, whose elements are object keys or array indices ("0", "1", …). Numbers come as
// json.Number, so that large integers survive. ok is false if there is no such value.
func (p Payload) Get(path ...string) (value any, ok bool) {
	raw, ok := p.Raw(path...)
	if !ok {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	return value, true
}

// Raw gives the JSON text at path, as Get does. It shares p's bytes, which must not be written to.
func (p Payload) Raw(path ...string) (json.RawMessage, bool) {
	b, at := []byte(p.Body), 0
	end := len(b)
	for _, key := range path {
		start, stop, found := child(b[:end], skipSpace(b, at), key)
		if !found {
			return nil, false
		}
		at, end = start, stop
	}
	raw := bytes.TrimSpace(b[at:end])
	return json.RawMessage(slices.Clip(raw)), len(raw) > 0
}

// Set puts v at path. Objects that are missing on the way are made; a new key goes to the end of its object, an index
// equal to an array's length appends. All other bytes stay as they are. It fails if v cannot be encoded, or if path
// leads through something that is neither object nor array.
func (p *Payload) Set(v any, path ...string) error {
	value, err := encode(v)
	if err != nil {
		return fmt.Errorf("set %q: %w", path, err)
	}
	body := p.Body
	if len(bytes.TrimSpace(body)) == 0 {
		body = json.RawMessage("{}")
	}
	body, err = set(body, value, path)
	if err != nil {
		return fmt.Errorf("set %q: %w", path, err)
	}
	p.Body, p.preparedBy = body, nil
	return nil
}

// Delete removes the object key at path and reports whether it was there. All other bytes stay as they are.
func (p *Payload) Delete(path ...string) bool {
	if len(path) == 0 {
		return false
	}
	parents, key := path[:len(path)-1], path[len(path)-1]
	object, ok := p.Raw(parents...)
	if !ok || object[0] != '{' {
		return false
	}
	kept, ok := remove(object, key)
	if !ok {
		return false
	}
	body, err := set(p.Body, kept, parents)
	if err != nil {
		return false
	}
	p.Body, p.preparedBy = body, nil
	return true
}

// same reports whether two abilities are the same object. Values that cannot be compared never are.
func same(a, b Preparer) bool {
	if a == nil || b == nil || !reflect.ValueOf(a).Comparable() || !reflect.ValueOf(b).Comparable() {
		return false
	}
	return a == b
}

func encode(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok {
		if !json.Valid(raw) {
			return nil, errors.New("not valid JSON")
		}
		return slices.Clone(raw), nil
	}
	return jsontext.Encode(v, "")
}
