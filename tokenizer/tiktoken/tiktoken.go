// Package tiktoken is the byte pair encoding of OpenAI's models, exact and offline: the token numbers are those of OpenAI's own
// library for the same encoding.
//
// It knows the encodings, which model uses which ([ForModel]), and how they are saved. It knows nothing of chat templates: the
// tokens that a server adds around messages are not counted. A special token written in a text, such as <|endoftext|>, is
// encoded as the ordinary text that it is.
//
// Importing the package adds the rank files, 7 MB, to a program and no time to its start. The ranks of an encoding are read when
// a text is first encoded with it, some tens of milliseconds, and then kept once for the program. Time is near linear in the
// length of every text, with or without white space. Characters are classed by [unicode.Version]; one that Unicode has assigned
// since counts as a symbol, as it did in OpenAI's library before it knew the character.
package tiktoken

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// ErrUnknownEncoding is matched by the error of [New] for a name that is no encoding of this package.
var ErrUnknownEncoding = errors.New("unknown encoding")

// An Encoding turns text into the tokens of one family of models and back. It is made by [New] or [ForModel]; its zero value
// is not usable. It is safe for concurrent use.
type Encoding struct {
	name    string
	max     int                                      // the highest number of a token, special ones included
	ranks   func() *vocabulary                       // read at first use, then shared
	split   func(text string) int                    // the length of the first piece of a text that is not empty
	special func(token int) (text string, isIt bool) // the tokens that no text encodes to
}

var _ tokenizer.Tokenizer = (*Encoding)(nil)

// New gives the encoding of that name: o200k_base, o200k_harmony, cl100k_base, p50k_base, p50k_edit or r50k_base. The error for
// another name matches [ErrUnknownEncoding].
func New(name string) (*Encoding, error) {
	names := make([]string, len(encodings))
	for i := range encodings {
		if encodings[i].name == name {
			return &encodings[i], nil
		}
		names[i] = encodings[i].name
	}
	return nil, fmt.Errorf("tiktoken: %w %q (known: %s)", ErrUnknownEncoding, name, strings.Join(names, ", "))
}

// Name gives the name of the encoding, such as o200k_base.
func (e *Encoding) Name() string { return e.name }

// Encode gives the tokens of text, none of them special. Bytes that are not valid UTF-8 are encoded as they are, so
// Decode(Encode(text)) is text whatever it holds.
func (e *Encoding) Encode(text string) []int {
	v := e.ranks()
	m := v.merger()
	defer v.mergers.Put(m)
	var tokens []int
	for text != "" {
		n := e.split(text)
		tokens = v.encode(tokens, text[:n], m)
		text = text[n:]
	}
	return tokens
}

// Count gives the number of tokens of text.
func (e *Encoding) Count(text string) int {
	v := e.ranks()
	m := v.merger()
	defer v.mergers.Put(m)
	count := 0
	for text != "" {
		n := e.split(text)
		m.tokens = v.encode(m.tokens[:0], text[:n], m)
		count += len(m.tokens)
		text = text[n:]
	}
	return count
}

// Decode gives the text of tokens, special ones included; a number that is no token gives none. A token may hold a part of a
// character, so a sequence cut anywhere may begin or end with bytes that are not valid UTF-8.
func (e *Encoding) Decode(tokens []int) string {
	v := e.ranks()
	var text strings.Builder
	for _, t := range tokens {
		if s, ok := e.special(t); ok {
			text.WriteString(s)
		} else if 0 <= t && t < len(v.tokens) {
			text.WriteString(v.tokens[t])
		}
	}
	return text.String()
}

// savedClass is the class under which LLMeter saves an encoding.
const savedClass = "tiktoken.core.Encoding"

// state is what LLMeter saves of an encoding.
type state struct {
	Name string `json:"name"`
	Max  int    `json:"max_token_value"`
}

// Class gives the name of the saved form, which is LLMeter's.
func (*Encoding) Class() string { return savedClass }

// State gives the saved state: the name, and the highest number of a token.
func (e *Encoding) State() any { return state{e.name, e.max} }

// Entry is the way back from the saved form, for [tokenizer.Load]. An encoding of the user's own making, which Python's library
// allows, cannot be made again from what was saved of it, and is an error.
func Entry() tokenizer.Entry {
	return tokenizer.Entry{Class: savedClass, Module: "tiktoken", Load: load}
}

func load(data json.RawMessage) (tokenizer.Tokenizer, error) {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	e, err := New(s.Name)
	if err != nil {
		return nil, err
	}
	if s.Max != 0 && s.Max != e.max {
		return nil, fmt.Errorf("tiktoken: the saved %s is not the known one: its highest token is %d, not %d", s.Name, s.Max, e.max)
	}
	return e, nil
}
