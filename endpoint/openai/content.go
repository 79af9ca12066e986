package openai

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// What stands in a message, in the order of LLMeter's keys.
type (
	message struct {
		Role    string `json:"role"`
		Content any    `json:"content"`
	}
	textPart struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	imagePart struct {
		Type  string   `json:"type"`
		Image imageURL `json:"image_url"`
	}
	imageURL struct {
		URL string `json:"url"`
	}
	audioPart struct {
		Type  string    `json:"type"`
		Audio audioData `json:"input_audio"`
	}
	audioData struct {
		Data   string `json:"data"`
		Format string `json:"format"`
	}
	filePart struct {
		Type string   `json:"type"`
		File fileData `json:"file"`
	}
	fileData struct {
		Data string `json:"file_data"`
		Name string `json:"filename,omitempty"`
	}

	// The Responses API has its own.
	inputImage struct {
		Type  string `json:"type"`
		Image string `json:"image_url"`
	}
	inputFile struct {
		Type string `json:"type"`
		fileData
	}
)

var (
	imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}
	audioTypes = map[string]string{"audio/mpeg": "mp3", "audio/wav": "wav"}
)

// chatPart gives a part in the form of Chat Completions.
func chatPart(p endpoint.Part) (any, error) {
	switch p := p.(type) {
	case endpoint.Text:
		return textPart{"text", string(p)}, nil
	case endpoint.Image:
		if slices.Contains(imageTypes, p.MIME) {
			return imagePart{"image_url", imageURL{dataURL(endpoint.Media(p))}}, nil
		}
	case endpoint.Audio:
		if format, ok := audioTypes[p.MIME]; ok {
			return audioPart{"input_audio", audioData{base64.StdEncoding.EncodeToString(p.Data), format}}, nil
		}
	case endpoint.Document:
		if p.MIME == "application/pdf" {
			return filePart{"file", file(p)}, nil
		}
	}
	return nil, cannotCarry("Chat Completions", p)
}

// responsePart gives a part in the form of Responses.
func responsePart(p endpoint.Part) (any, error) {
	switch p := p.(type) {
	case endpoint.Text:
		return textPart{"input_text", string(p)}, nil
	case endpoint.Image:
		if slices.Contains(imageTypes, p.MIME) {
			return inputImage{"input_image", dataURL(endpoint.Media(p))}, nil
		}
	case endpoint.Document:
		if p.MIME == "application/pdf" {
			return inputFile{"input_file", file(p)}, nil
		}
	}
	return nil, cannotCarry("Responses", p)
}

func cannotCarry(api string, p endpoint.Part) error {
	what := "a part that is nil"
	switch p := p.(type) {
	case endpoint.Image:
		what = fmt.Sprintf("an image of type %q", p.MIME)
	case endpoint.Audio:
		what = fmt.Sprintf("audio of type %q", p.MIME)
	case endpoint.Video:
		what = "video"
	case endpoint.Document:
		what = fmt.Sprintf("a document of type %q", p.MIME)
	}
	return fmt.Errorf("%s cannot carry %s", api, what)
}

// each turns parts into what one function makes of each; all that cannot be carried is reported.
func each(parts []endpoint.Part, f func(endpoint.Part) (any, error)) ([]any, error) {
	if len(parts) == 0 {
		return nil, errors.New("a payload needs at least one part")
	}
	var out []any
	var errs []error
	for _, p := range parts {
		v, err := f(p)
		out, errs = append(out, v), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// texts gives parts that are all text.
func texts(api string, parts []endpoint.Part) ([]string, error) {
	var out []string
	_, err := each(parts, func(p endpoint.Part) (any, error) {
		t, ok := p.(endpoint.Text)
		if !ok {
			return nil, cannotCarry(api, p)
		}
		out = append(out, string(t))
		return nil, nil
	})
	return out, err
}

func dataURL(m endpoint.Media) string {
	return "data:" + m.MIME + ";base64," + base64.StdEncoding.EncodeToString(m.Data)
}

func file(d endpoint.Document) fileData {
	f := fileData{Data: dataURL(endpoint.Media(d))}
	if d.Path != "" {
		f.Name = filepath.Base(d.Path)
	}
	return f
}

// limit gives the number of tokens to ask for.
func limit(maxTokens int) (int, error) {
	if maxTokens < 0 {
		return 0, fmt.Errorf("%d tokens: must not be negative", maxTokens)
	}
	if maxTokens == 0 {
		return 256, nil
	}
	return maxTokens, nil
}

// textsOf gives the texts of a message's content, or of a prompt: a string, a list of strings, or a list of parts of
// which those of text count.
func textsOf(content json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(content, &list) != nil {
		list = []json.RawMessage{content}
	}
	var found []string
	for _, raw := range list {
		var text *string // nil for null
		var part struct{ Text *string }
		if json.Unmarshal(raw, &text) == nil && text != nil {
			found = append(found, *text)
		} else if json.Unmarshal(raw, &part) == nil && part.Text != nil {
			found = append(found, *part.Text)
		}
	}
	return found
}

// promptOf gives the texts under key: of the messages there, or what textsOf finds; one a line.
func promptOf(p endpoint.Payload, key string) string {
	raw, _ := p.Raw(key)
	var messages []struct{ Content json.RawMessage }
	if json.Unmarshal(raw, &messages) != nil {
		return strings.Join(textsOf(raw), "\n")
	}
	var found []string
	for _, m := range messages {
		found = append(found, textsOf(m.Content)...)
	}
	return strings.Join(found, "\n")
}
