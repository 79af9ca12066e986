// Package jsontext encodes values as JSON as people and other tools expect to find it in files: nothing is escaped for HTML. It
// knows nothing of what is encoded.
package jsontext

import (
	"bytes"
	"encoding/json"
)

// Encode gives v as encoding/json encodes it, indented if indent is not "", without escapes for HTML and without a final line
// break.
func Encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
