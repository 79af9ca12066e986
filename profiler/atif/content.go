package atif

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Content is a text, or parts if Parts is not nil.
type Content struct {
	Text  string
	Parts []ContentPart
}

// A ContentPart is a text or an image.
type ContentPart struct {
	Type   string       `json:"type"` // "text" or "image"
	Text   *string      `json:"text,omitempty"`
	Source *ImageSource `json:"source,omitempty"`
}

// An ImageSource says where an image is.
type ImageSource struct {
	MediaType string `json:"media_type"` // such as "image/png"
	Path      string `json:"path"`       // or a URL
}

// Text is a Content of one text.
func Text(s string) Content { return Content{Text: s} }

// String is the text, of parts the texts among them, a line each.
func (c Content) String() string {
	if c.Parts == nil {
		return c.Text
	}
	var texts []string
	for _, p := range c.Parts {
		if p.Text != nil {
			texts = append(texts, *p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// MarshalJSON writes a text or a list of parts.
func (c Content) MarshalJSON() ([]byte, error) {
	if c.Parts != nil {
		return marshal(c.Parts)
	}
	return marshal(c.Text)
}

// UnmarshalJSON reads a text, a list of parts, or null, which is an empty text.
func (c *Content) UnmarshalJSON(b []byte) error {
	*c = Content{}
	switch b = bytes.TrimSpace(b); {
	case string(b) == "null":
		return nil
	case len(b) > 0 && b[0] == '[':
		return json.Unmarshal(b, &c.Parts)
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, &c.Text)
	}
	return errors.New("neither a text nor a list of parts")
}

// marshal leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
