package prompt

import (
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/tokenizer"
)

//go:embed words.txt
var commonWords string

// words are common English words, each of them one token for OpenAI's current encodings.
var words = strings.Fields(commonWords)

// Synthetic gives random common English words that are exactly tokens tokens, counted by t (nil = [tokenizer.Words]). The
// same seed gives the same text. It fails if t cannot count any such text as that many tokens.
func Synthetic(tokens int, t tokenizer.Tokenizer, seed uint64) (string, error) {
	if tokens < 1 {
		return "", fmt.Errorf("synthetic text of %d tokens: at least 1 is needed", tokens)
	}
	if t == nil {
		t = new(tokenizer.Words)
	}
	d := drawer{tokenizer: t, source: randomWords}
	text, err := d.draw(random(seed, 1), tokens)
	if err != nil {
		return "", fmt.Errorf("synthetic text of %d tokens: %w", tokens, err)
	}
	return text, nil
}

// A source chooses a text to begin with at random.
type source func(r *rand.Rand) beginning

// A beginning gives the first size bytes of its text or a few less or more; fewer if the text has no more. Longer
// beginnings start with the shorter ones.
type beginning func(size int) string

func randomWords(r *rand.Rand) beginning {
	var text strings.Builder
	return func(size int) string {
		for text.Len() < size {
			if text.Len() > 0 {
				text.WriteByte(' ')
			}
			text.WriteString(words[r.IntN(len(words))])
		}
		return text.String()
	}
}

// pieces begins at the start of any word of text and goes round it: once, or without end if loop is set.
func pieces(text string, loop bool) (source, error) {
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, byteOrderMark), "\r\n", "\n")
	if text = strings.TrimSpace(text); text == "" {
		return nil, errors.New("the source text is empty")
	}
	text += "\n" // between the end and the beginning
	return func(r *rand.Rand) beginning {
		at := wordStart(text, r.IntN(len(text)))
		return func(size int) string {
			if !loop {
				size = min(size, len(text))
			}
			for !utf8.RuneStart(text[(at+size)%len(text)]) { // whole characters only
				size--
			}
			var b strings.Builder
			b.Grow(size)
			for b.Len() < size {
				rest := text[(at+b.Len())%len(text):]
				b.WriteString(rest[:min(size-b.Len(), len(rest))])
			}
			return b.String()
		}
	}, nil
}

// wordStart gives the start of the first word behind text[at], or of the first character if no word ends nearby, as in
// languages without spaces. Behind the last it is 0.
func wordStart(text string, at int) int {
	const near = 64
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	if i := strings.IndexFunc(text[at:min(at+near, len(text))], unicode.IsSpace); i >= 0 {
		rest := text[at+i:]
		at += i + len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	}
	return at % len(text)
}

// runeStart gives the last start of a character in text that is not behind at, or the end of text.
func runeStart(text string, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
