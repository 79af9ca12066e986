package tokenizer_test

import (
	"fmt"

	"github.com/llmeter-go/llmeter/tokenizer"
)

func ExampleWords() {
	var w tokenizer.Words
	tokens := w.Encode("to be,  or not\nto be")
	fmt.Println(tokens, w.Count("to be"))
	fmt.Println(w.Decode(tokens[:4]))
	// Output:
	// [0 1 2 3 0 4] 2
	// to be, or not
}
