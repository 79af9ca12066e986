package tiktoken

import (
	"unicode"
	"unicode/utf8"
)

// A class says which of the sets in the encodings' expressions a character is in, one bit for each.
type class uint8

const (
	letter  class = 1 << iota // \p{L}
	number                    // \p{N}
	space                     // \s
	newline                   // [\r\n]
	symbol                    // [^\s\p{L}\p{N}]
	upper                     // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
	lower                     // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
)

// classAt gives the class and the length of the character at an index; at the end of the text both are 0. A byte that is not
// valid UTF-8 is a symbol.
func classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return 0, 0
	}
	if s[i] < utf8.RuneSelf {
		return classASCII(s[i]), 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return classOf(r), n
}

// classASCII is classOf for one byte, which most text consists of.
func classASCII(c byte) class {
	switch {
	case 'a' <= c && c <= 'z':
		return letter | lower
	case 'A' <= c && c <= 'Z':
		return letter | upper
	case '0' <= c && c <= '9':
		return number
	case c == '\r' || c == '\n':
		return space | newline
	case c == ' ' || c == '\t' || c == '\v' || c == '\f':
		return space
	}
	return symbol
}

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		return classASCII(byte(r))
	case unicode.Is(unicode.Ll, r):
		return letter | lower
	case unicode.Is(unicode.Lo, r), unicode.Is(unicode.Lm, r):
		return letter | upper | lower
	case unicode.Is(unicode.Lu, r), unicode.Is(unicode.Lt, r):
		return letter | upper
	case unicode.Is(unicode.M, r):
		return symbol | upper | lower
	case unicode.Is(unicode.N, r):
		return number
	case unicode.Is(unicode.White_Space, r):
		return space
	}
	return symbol
}
