package prompt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/prompt"
)

// model stands for an endpoint, for example an openai.CompletionEndpoint.
type model struct{}

func (model) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	type message struct {
		Role    string        `json:"role"`
		Content endpoint.Part `json:"content"`
	}
	return endpoint.JSON(struct {
		Messages  []message `json:"messages"`
		MaxTokens int       `json:"max_tokens"`
	}{[]message{{"user", parts[0]}}, maxTokens}), nil
}

func ExampleLoadPrompts() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "prompts.txt")
	if err := os.WriteFile(file, []byte("Name a river.\n\nName a town.\n"), 0o644); err != nil {
		panic(err)
	}

	payloads, err := prompt.LoadPrompts(file, func(text string) (endpoint.Payload, error) {
		return model{}.CreatePayload(64, endpoint.Text(text))
	})
	if err != nil {
		panic(err)
	}
	for _, p := range payloads {
		fmt.Printf("%s\n", p.Body)
	}
	// Output:
	// {"messages":[{"role":"user","content":"Name a river."}],"max_tokens":64}
	// {"messages":[{"role":"user","content":"Name a town."}],"max_tokens":64}
}

func ExampleCollection() {
	payloads, err := prompt.Collection{
		InputLengths:           []int{5, 500},
		OutputLengths:          []int{10, 20},
		RequestsPerCombination: 25,
	}.Payloads(model{})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(payloads), "requests, the first one", payloads[0].Labels)
	// Output: 100 requests, the first one map[input_length:500 output_length:10]
}

func ExampleConversation() {
	first, err := model{}.CreatePayload(64, endpoint.Text("Name a river."))
	if err != nil {
		panic(err)
	}
	p, err := prompt.Conversation(first, 2*time.Second, "How long is it?")
	if err != nil {
		panic(err)
	}
	next, wait, ok := p.Next(&endpoint.Response{Text: "The Rhine."}) // as a run does after the answer
	fmt.Println(wait, ok)
	fmt.Printf("%s\n", next.Body)
	// Output:
	// 2s true
	// {"messages":[{"role":"user","content":"Name a river."}, {"role":"assistant","content":"The Rhine."}, {"role":"user","content":"How long is it?"}],"max_tokens":64}
}
