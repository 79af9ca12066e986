package mock_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/mock"
)

func ExampleStart() {
	server, err := mock.Start(mock.Options{
		TTFT:   mock.LogNormal(20*time.Millisecond, 0.3),
		ITL:    mock.Exponential(time.Millisecond),
		Tokens: mock.Fixed(4),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	body := `{"model": "any", "messages": [{"role": "user", "content": "Say something."}]}`
	resp, err := http.Post(server.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)

	for _, r := range server.Records() {
		fmt.Println(r.ID, r.Status, r.PromptTokens, "tokens in,", r.OutputTokens(), "out")
	}
	// Output: chatcmpl-mock-000001 200 2 tokens in, 4 out
}

// A client in memory needs no socket. In a testing/synctest bubble this answer takes exactly 230 ms of the bubble's time.
func ExampleServer_Client() {
	server, err := mock.New(mock.Options{TTFT: mock.Fixed(200 * time.Millisecond), ITL: mock.Fixed(15 * time.Millisecond)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	body := `{"prompt": "Say something.", "max_tokens": 3, "stream": true}`
	resp, err := server.Client().Post(server.URL+"/v1/completions", "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	stream, err := io.ReadAll(resp.Body)
	fmt.Println(strings.Count(string(stream), "data: "), "events:", err)
	// Output: 5 events: <nil>
}

func ExampleFault_UnmarshalText() {
	var f mock.Fault
	err := f.UnmarshalText([]byte("status 429 retry-after 2s rate 0.05"))
	fmt.Println(f.Kind, f.Status, f.RetryAfter, f.Rate, err)

	fmt.Println(f.UnmarshalText([]byte("cut after 5")))
	// Output:
	// status 429 2s 0.05 <nil>
	// mock: fault "cut after 5": strikes nothing: set Rate or On
}
