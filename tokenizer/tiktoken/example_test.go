package tiktoken_test

import (
	"fmt"

	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

func ExampleForModel() {
	e, err := tiktoken.ForModel("gpt-5-mini")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := e.Encode("hello world")
	fmt.Println(e.Name(), tokens, e.Decode(tokens))
	// Output: o200k_base [24912 2375] hello world
}
