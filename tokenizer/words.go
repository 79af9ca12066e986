package tokenizer

import (
	"strings"
	"sync"
	"unicode"
)

// Words takes each word of a text as one token: what LLMeter calls its DummyTokenizer. It needs no vocabulary, so its counts
// are comparable between models and wrong for all of them. Words are parted by white space as Python's str.split sees it;
// decoding joins them with one space, so Decode(Encode(text)) is text with its white space made uniform.
//
// The zero value is ready to use. A token is the number of a word among the distinct words that this value has encoded, so it
// means nothing to another value. Encode remembers those words: memory grows with the vocabulary of the texts, not with their
// length. Count remembers nothing and allocates nothing.
type Words struct {
	mu      sync.Mutex
	words   []string       // by token
	numbers map[string]int // the token of each word
}

var _ Tokenizer = (*Words)(nil)

// Encode gives one token for each word of text.
func (w *Words) Encode(text string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var tokens []int
	for word := range strings.FieldsFuncSeq(text, isSpace) {
		tokens = append(tokens, w.number(word))
	}
	return tokens
}

// Decode gives the words of tokens, joined with one space. A number that this value has not given out is left out.
func (w *Words) Decode(tokens []int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var words []string
	for _, t := range tokens {
		if 0 <= t && t < len(w.words) {
			words = append(words, w.words[t])
		}
	}
	return strings.Join(words, " ")
}

// Count gives the number of words of text.
func (*Words) Count(text string) int {
	n := 0
	for range strings.FieldsFuncSeq(text, isSpace) {
		n++
	}
	return n
}

// number gives the token of word, a new one for a new word.
func (w *Words) number(word string) int {
	if n, ok := w.numbers[word]; ok {
		return n
	}
	if w.numbers == nil {
		w.numbers = make(map[string]int)
	}
	word = strings.Clone(word) // a part of a text would keep all of the text in memory
	n := len(w.words)
	w.words = append(w.words, word)
	w.numbers[word] = n
	return n
}

// isSpace reports whether Python's str.split parts words at r: Unicode's white space, and the four separators of ASCII, which
// Python counts by their bidirectional class.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f'
}
