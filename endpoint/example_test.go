package endpoint_test

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// The shortest endpoint is a function that gives a text. The clock runs around it.
func ExampleNew() {
	e := endpoint.New(endpoint.Info{Name: "shout"}, func(_ context.Context, p endpoint.Payload) (*endpoint.Response, error) {
		prompt, _ := p.Get("prompt")
		return &endpoint.Response{Text: strings.ToUpper(prompt.(string))}, nil
	})
	r, err := e.Invoke(context.Background(), endpoint.JSON(map[string]any{"prompt": "hello"}))
	fmt.Println(r.Text, err)
	// Output: HELLO <nil>
}

// A streaming endpoint yields what it gets; each chunk is stamped when it is yielded.
func ExampleNewStream() {
	e := endpoint.NewStream(endpoint.Info{Name: "count"}, func(context.Context, endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			for _, word := range []string{"one", " two", " three"} {
				if !yield(endpoint.Chunk{Text: word}, nil) {
					return
				}
			}
			yield(endpoint.Chunk{FinishReason: "stop"}, nil)
		}
	})
	r, err := e.Invoke(context.Background(), endpoint.JSON(map[string]any{}))
	_, timed := r.TTFT()
	fmt.Println(r.Text, r.FinishReason, len(r.Events), timed, err)
	// Output: one two three stop 4 true <nil>
}

// Editing a payload changes one value and leaves all other bytes as they were written.
func ExamplePayload_Set() {
	p := endpoint.Payload{Body: []byte(`{"messages": [{"role":"user", "content":"hi"}],  "seed":7}`)}
	_ = p.Set("hello", "messages", "0", "content")
	_ = p.Set(true, "stream_options", "include_usage")
	fmt.Println(string(p.Body))
	// Output: {"messages": [{"role":"user", "content":"hello"}],  "seed":7, "stream_options": {"include_usage":true}}
}
