// Package tokenizer turns text into tokens and back, to count what a server does not report and to cut prompts to an exact
// length.
//
// It knows the interface, the simplest implementation ([Words]) and the JSON form in which a tokenizer is saved beside a
// run. It knows nothing of models, requests or files; the vocabularies of real models are in its subpackages.
package tokenizer

// A Tokenizer turns text into tokens and back. Implementations are safe for concurrent use.
//
// A tokenizer that can be saved also has the methods Class() string and State() any, see [Save].
type Tokenizer interface {
	// Encode gives the tokens of text, in order. It takes every text, also one that is not valid UTF-8.
	Encode(text string) []int
	// Decode gives the text of tokens. A number that is no token of this tokenizer gives no text. The first n tokens of a text,
	// decoded, may not count n again: what ends a text can be encoded in another way than what stands within one.
	Decode(tokens []int) string
	// Count gives len(Encode(text)), without the slice.
	Count(text string) int
}
