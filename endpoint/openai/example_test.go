package openai_test

import (
	"context"
	"fmt"
	"log"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/mock"
)

func ExampleCompletionStreamEndpoint() {
	server, err := mock.Start(mock.Options{Tokens: mock.Fixed(12)}) // stands for a server of your own
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	ep := &openai.CompletionStreamEndpoint{Model: "mock", BaseURL: server.URL + "/v1"}
	defer ep.Close()
	p, err := ep.CreatePayload(64, endpoint.Text("Why is the sky blue?"))
	if err != nil {
		log.Fatal(err)
	}
	r, err := ep.Invoke(context.Background(), p)
	if err != nil {
		log.Fatal(err)
	}
	ttft, _ := r.TTFT()
	fmt.Println(r.OutputTokens.N, "tokens,", r.FinishReason, ttft > 0)
	fmt.Println(ep.Prompt(r.Payload))
	// Output:
	// 12 tokens, stop true
	// Why is the sky blue?
}
