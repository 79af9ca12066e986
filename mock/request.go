package mock

import (
	"bytes"
	"fmt"

	"github.com/valyala/fastjson"
)

// An API is one of the model APIs that the server speaks.
type API string

// The APIs, each at its path below /v1.
const (
	Chat        API = "chat"        // POST /v1/chat/completions
	Completions API = "completions" // POST /v1/completions
	Responses   API = "responses"   // POST /v1/responses
	Embeddings  API = "embeddings"  // POST /v1/embeddings
)

func apiOf(path string) API {
	switch path {
	case "/v1/chat/completions":
		return Chat
	case "/v1/completions":
		return Completions
	case "/v1/responses":
		return Responses
	case "/v1/embeddings":
		return Embeddings
	}
	return ""
}

// A request is what the server understands of a request's body.
type request struct {
	model        string
	stream       bool
	includeUsage bool
	maxTokens    int // 0 = not named
	promptTokens int

	// Embeddings only.
	inputs     int
	dimensions int // 0 = not named
	base64     bool
}

// A requestError is a fault of the client, to be told with status 400.
type requestError struct{ message, param string }

func missing(param string) *requestError {
	return &requestError{fmt.Sprintf("Missing required parameter: '%s'.", param), param}
}

func parseRequest(p *fastjson.Parser, api API, body []byte) (request, *requestError) {
	v, err := p.ParseBytes(body)
	if err != nil || v.Type() != fastjson.TypeObject {
		return request{}, &requestError{"We could not parse the JSON body of your request.", ""}
	}
	q := request{
		model:        string(v.GetStringBytes("model")),
		stream:       v.GetBool("stream"),
		includeUsage: v.GetBool("stream_options", "include_usage"),
		dimensions:   v.GetInt("dimensions"),
		base64:       string(v.GetStringBytes("encoding_format")) == "base64",
	}
	for _, name := range limits(api) {
		limit := v.Get(name)
		if limit == nil || limit.Type() == fastjson.TypeNull {
			continue
		}
		if q.maxTokens, err = limit.Int(); err != nil || q.maxTokens < 1 {
			return q, &requestError{fmt.Sprintf("Invalid '%s': want a whole number, at least 1.", name), name}
		}
		break
	}
	if q.dimensions < 0 {
		return q, &requestError{"Invalid 'dimensions': want at least 1.", "dimensions"}
	}
	return q, q.readPrompt(api, v)
}

// limits are the names of an API's token limit, the one that counts first.
func limits(api API) []string {
	switch api {
	case Chat:
		return []string{"max_completion_tokens", "max_tokens"}
	case Completions:
		return []string{"max_tokens"}
	case Responses:
		return []string{"max_output_tokens"}
	}
	return nil
}

func (q *request) readPrompt(api API, v *fastjson.Value) *requestError {
	switch api {
	case Chat:
		messages := v.GetArray("messages")
		if len(messages) == 0 {
			return missing("messages")
		}
		for _, m := range messages {
			q.promptTokens += countTokens(m.Get("content"))
		}
	case Completions:
		if v.Get("prompt") == nil {
			return missing("prompt")
		}
		q.promptTokens = countTokens(v.Get("prompt"))
	case Responses:
		if v.Get("input") == nil {
			return missing("input")
		}
		q.promptTokens = countTokens(v.Get("instructions")) + countTokens(v.Get("input"))
	case Embeddings:
		input := v.Get("input")
		if input == nil {
			return missing("input")
		}
		q.promptTokens = countTokens(input)
		q.inputs = 1 // a text or a list of token ids
		if list := input.GetArray(); len(list) > 0 && list[0].Type() != fastjson.TypeNumber {
			q.inputs = len(list)
		}
	}
	return nil
}

// countTokens counts the words of a prompt: a text, a token id, or a list of these, of messages and of content parts.
func countTokens(v *fastjson.Value) int {
	if v == nil {
		return 0
	}
	n := 0
	switch v.Type() {
	case fastjson.TypeNumber:
		n = 1
	case fastjson.TypeString:
		text, _ := v.StringBytes()
		for range bytes.FieldsSeq(text) {
			n++
		}
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			n += countTokens(item)
		}
	case fastjson.TypeObject:
		n = countTokens(v.Get("text")) + countTokens(v.Get("content"))
	}
	return n
}
