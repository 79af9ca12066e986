// Customendpoint measures something that no provider package knows: here a function that makes up words. The library
// holds the clock, so an endpoint of one's own is only the function.
package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/report"
)

// parrot answers with the words of the prompt, one every 5 ms.
func parrot(ctx context.Context, p endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
	return func(yield func(endpoint.Chunk, error) bool) {
		text, _ := p.Get("prompt")
		for _, word := range strings.Fields(fmt.Sprint(text)) {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				yield(endpoint.Chunk{}, ctx.Err())
				return
			}
			if !yield(endpoint.Chunk{Text: word + " "}, nil) {
				return
			}
		}
	}
}

func main() {
	res, err := llmeter.Runner{
		Endpoint: endpoint.NewStream(endpoint.Info{Name: "parrot", Model: "parrot-1"}, parrot),
		Payloads: []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "polly wants a cracker and a nap"})},
		Clients:  4,
		Requests: 25,
		RunName:  "parrot",
	}.Run(context.Background())
	if err == nil {
		err = report.Text(os.Stdout, res)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
