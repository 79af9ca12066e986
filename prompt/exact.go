package prompt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// attempts is how many texts are tried for one prompt. Nearly all texts can be cut to any length; those that cannot have a
// character of several tokens at the cut.
const attempts = 32

// prefixWords is how many words make a prefix of its own.
const prefixWords = 3

// A drawer cuts texts of exact lengths from random places of its source.
type drawer struct {
	tokenizer tokenizer.Tokenizer
	source    source
	taken     map[string]bool // prefixes given out; nil = no prefixes
}

// draw gives a text of exactly n tokens.
func (d *drawer) draw(r *rand.Rand, n int) (text string, err error) {
	for range attempts {
		prefix := ""
		if d.taken != nil {
			prefix = randomPrefix(r, min(n, prefixWords))
		}
		if text, err = d.exact(n, prefix, d.source(r)); err == nil && !d.taken[prefix] && strings.HasPrefix(text, prefix) {
			if d.taken != nil {
				d.taken[prefix] = true
			}
			return text, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("no prefix of its own found in %d attempts", attempts)
	}
	return "", err
}

func randomPrefix(r *rand.Rand, n int) string {
	prefix := make([]string, n)
	for i := range prefix {
		prefix[i] = words[r.IntN(len(words))]
	}
	return strings.Join(prefix, " ")
}

// exact gives a text of exactly n tokens that begins with prefix and goes on with the beginning of a text.
func (d *drawer) exact(n int, prefix string, rest beginning) (string, error) {
	if prefix != "" {
		prefix += " "
	}
	for size, last := 6*n+64, -1; ; size *= 2 {
		text := prefix + rest(size)
		tokens := d.tokenizer.Encode(text)
		// More than n, so that the end of text has no influence on where it is cut.
		if len(tokens) > n {
			return d.cut(text, tokens, n)
		}
		endless := size > 256*n+64<<10 // and still no tokens: it will not get better
		if len(text) == last || endless {
			if len(tokens) == n {
				return d.cut(text, tokens, n)
			}
			return "", fmt.Errorf("the source has only %d tokens", d.tokenizer.Count(text[len(prefix):]))
		}
		last = len(text)
	}
}

// cut gives the beginning of text that is exactly n tokens long when it is counted by itself. The first n of tokens, those
// of the whole text, tell where to look; they do not settle it, because a text cut off may be encoded in another way.
func (d *drawer) cut(text string, tokens []int, n int) (string, error) {
	tooShort, tooLong := 0, len(text)+1
	at := runeStart(text, len(d.tokenizer.Decode(tokens[:n])))
	for step := 1; ; step *= 2 {
		switch count := d.tokenizer.Count(text[:at]); {
		case count == n:
			return d.wholeWord(text, at, n)
		case count < n:
			tooShort, at = at, at+step
		default:
			tooLong, at = at, at-step
		}
		if at <= tooShort || at >= tooLong {
			at = tooShort + (tooLong-tooShort)/2
		}
		if at = runeStart(text, at); at <= tooShort {
			_, size := utf8.DecodeRuneInString(text[tooShort:])
			at = tooShort + max(size, 1)
		}
		if at >= tooLong {
			return "", inexact(n)
		}
	}
}

// wholeWord gives text[:at], which has n tokens, up to the end of the word that it ends in if that makes no difference
// to the count. It never ends in white space, which servers strip.
func (d *drawer) wholeWord(text string, at, n int) (string, error) {
	cut := text[:at]
	if end, _ := utf8.DecodeLastRuneInString(cut); !unicode.IsSpace(end) {
		longest := text[:min(len(text), at+64)]
		if i := strings.IndexFunc(longest[at:], unicode.IsSpace); i > 0 && d.tokenizer.Count(text[:at+i]) == n {
			return text[:at+i], nil
		}
		return cut, nil
	}
	if cut = strings.TrimRightFunc(cut, unicode.IsSpace); d.tokenizer.Count(cut) != n {
		return "", inexact(n)
	}
	return cut, nil
}

func inexact(n int) error {
	return fmt.Errorf("no text of exactly %d tokens found in %d attempts with this tokenizer", n, attempts)
}
