package record

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/valyala/fastjson"
)

// maxBody bounds what is looked at of a request, of an answer in one piece, and of one event, in bytes. Larger ones are passed on all
// the same.
const maxBody = 32 << 20

// A decode reads a JSON value of an answer: the whole of it, or one event.
type decode func(a *answer, v *fastjson.Value)

// decodeOf gives the way to read the answer of a request, by its path; nil if it is not known.
func decodeOf(req *http.Request) decode {
	if req.Method != http.MethodPost || req.Body == nil || req.Header.Get("Content-Encoding") != "" {
		return nil
	}
	path := strings.TrimSuffix(req.URL.Path, "/")
	for _, api := range [...]struct {
		ends []string
		read decode
	}{
		{[]string{"/api/chat", "/api/generate", "/api/embed", "/api/embeddings"}, readOllama},
		{[]string{"/completions", "/embeddings"}, readChat}, // chat/completions too
		{[]string{"/responses"}, readResponse},
		{[]string{"/v1/messages"}, readMessage},
	} {
		for _, end := range api.ends {
			if strings.HasSuffix(path, end) {
				return api.read
			}
		}
	}
	return nil
}

// bodyOf reads the body of a request. The request that it gives is the one to send: the same, or a copy with the same body.
func bodyOf(req *http.Request) ([]byte, *http.Request) {
	if req.GetBody != nil {
		again, err := req.GetBody()
		if err != nil {
			return nil, req
		}
		defer again.Close() // only read
		body, _ := io.ReadAll(io.LimitReader(again, maxBody+1))
		return body, req
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	rest := io.Reader(req.Body)
	if err != nil {
		rest = failingReader{err}
	}
	copied := *req
	copied.Body = &prefixedBody{io.MultiReader(bytes.NewReader(body), rest), req.Body}
	return body, &copied
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

type prefixedBody struct {
	io.Reader
	io.Closer
}

// readRequest reads a request; ok is false if it is not the call of a model.
func readRequest(req *http.Request, body []byte) (model, prompt string, ok bool) {
	if len(body) > maxBody {
		return "", "", false
	}
	v, err := fastjson.ParseBytes(body)
	if err != nil {
		return "", "", false
	}
	if model = textOf(v.Get("model")); model == "" {
		model = deployment(req.URL.Path)
	}
	if model == "" || !v.Exists("messages") && !v.Exists("prompt") && !v.Exists("input") {
		return "", "", false
	}
	var p promptText
	for _, key := range []string{"system", "instructions", "messages", "prompt", "input", "suffix"} {
		p.add(v.Get(key))
	}
	return model, strings.Join(p, "\n"), true
}

// deployment is the model as Azure names it, in the path.
func deployment(path string) string {
	_, rest, _ := strings.Cut(path, "/deployments/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// A promptText is the texts of a prompt, in their order.
type promptText []string

// add adds the texts in a value of a request: a text itself, a message, a part of one, or a list of these.
func (p *promptText) add(v *fastjson.Value) {
	if v == nil {
		return
	}
	switch v.Type() {
	case fastjson.TypeString:
		*p = append(*p, textOf(v))
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			p.add(item)
		}
	case fastjson.TypeObject:
		// What a message says, what a part of it says, what a tool was asked and what it answered.
		for _, key := range []string{"text", "thinking", "content", "refusal", "tool_calls", "function", "name", "output"} {
			p.add(v.Get(key))
		}
		p.addArguments(v.Get("arguments"))
		if textOf(v.Get("type")) == "tool_use" {
			p.addArguments(v.Get("input"))
		}
	}
}

// addArguments adds what a tool was called with: a text, or an object.
func (p *promptText) addArguments(v *fastjson.Value) {
	if s := argumentsOf(v); s != "" {
		*p = append(*p, s)
	}
}

func argumentsOf(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeObject {
		return textOf(v)
	}
	return string(v.MarshalTo(nil))
}

// textOf is a JSON string, "" for anything else.
func textOf(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	s, _ := v.StringBytes()
	return string(s)
}
