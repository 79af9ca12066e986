package result

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner goes through the text of one JSON value. At what is no JSON, or is not what it was asked for, it turns bad and
// stands at the end from then on: whoever asks then turns to encoding/json, which knows every case and names the place.
type scanner struct {
	data []byte
	at   int // of what follows
	bad  bool
}

func (s *scanner) fail() { s.at, s.bad = len(s.data), true }

// is reports whether c follows.
func (s *scanner) is(c byte) bool { return s.at < len(s.data) && s.data[s.at] == c }

// peek passes over white space and gives what follows it, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.data); s.at++ {
		if c := s.data[s.at]; c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

// expect passes over white space and c.
func (s *scanner) expect(c byte) {
	if s.peek(); !s.is(c) {
		s.fail()
		return
	}
	s.at++
}

// end says that nothing may follow but white space.
func (s *scanner) end() {
	if s.peek(); s.at < len(s.data) {
		s.fail()
	}
}

// more reports whether an object or array has another member, and passes over what stands before it. first is true before the
// first one.
func (s *scanner) more(closing byte, first *bool) bool {
	switch s.peek(); {
	case s.bad:
		return false
	case s.is(closing):
		s.at++
		return false
	case *first:
		*first = false
	default:
		s.expect(',')
	}
	return !s.bad
}

// key passes over a key and its colon. One with escapes is not taken.
func (s *scanner) key() []byte {
	raw, plain := s.quoted()
	if !plain {
		s.fail()
	}
	s.expect(':')
	return raw
}

// quoted gives what stands between the quotes of a string. plain says that it stands for itself, without escapes.
func (s *scanner) quoted() (raw []byte, plain bool) {
	s.expect('"')
	plain = true
	for i := s.at; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			raw, s.at = s.data[s.at:i], i+1
			return raw, plain
		case c == '\\':
			length := escapeLength(s.data[i+1:])
			if length == 0 {
				s.fail()
				return nil, false
			}
			plain = false
			i += length
		case c < ' ':
			s.fail()
			return nil, false
		}
	}
	s.fail()
	return nil, false
}

// escapeLength is the length of the escape that begins after a backslash, 0 if there is none.
func escapeLength(text []byte) int {
	switch {
	case len(text) == 0:
	case text[0] == 'u':
		if _, ok := hex(text[1:]); ok {
			return 5
		}
	case unescaped[text[0]] != 0:
		return 1
	}
	return 0
}

// unescaped is what a letter after a backslash stands for.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// hex reads four hexadecimal digits.
func hex(text []byte) (r rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	for _, c := range text[:4] {
		r <<= 4
		switch {
		case '0' <= c && c <= '9':
			r |= rune(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r |= rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	return r, true
}

// unquote appends the text of a string that stands between quotes as raw. What is no UTF-8, and half of a surrogate pair, becomes
// the replacement character, as with encoding/json.
func unquote(b, raw []byte) []byte {
	for {
		plain := bytes.IndexByte(raw, '\\')
		if plain < 0 {
			return appendUTF8(b, raw)
		}
		b = appendUTF8(b, raw[:plain])
		raw = raw[plain:]
		if raw[1] != 'u' {
			b, raw = append(b, unescaped[raw[1]]), raw[2:]
			continue
		}
		r, size := escaped(raw)
		b, raw = utf8.AppendRune(b, r), raw[size:]
	}
}

func appendUTF8(b, text []byte) []byte {
	if utf8.Valid(text) {
		return append(b, text...)
	}
	for _, r := range string(text) {
		b = utf8.AppendRune(b, r)
	}
	return b
}

// escaped is the character of an escape by number, or of a pair of them, and how long it is.
func escaped(raw []byte) (r rune, size int) {
	r, _ = hex(raw[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(raw) > 7 && raw[6] == '\\' && raw[7] == 'u' {
		low, _ := hex(raw[8:])
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// null passes over null, if it is what follows.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.word("null")
	return true
}

func (s *scanner) word(w string) {
	if end := s.at + len(w); end > len(s.data) || string(s.data[s.at:end]) != w {
		s.fail()
		return
	}
	s.at += len(w)
}

// number gives the text of a number.
func (s *scanner) number() []byte {
	s.peek()
	from := s.at
	if s.is('-') {
		s.at++
	}
	if s.is('0') {
		s.at++
	} else {
		s.digits()
	}
	if s.is('.') {
		s.at++
		s.digits()
	}
	if s.is('e') || s.is('E') {
		s.at++
		if s.is('+') || s.is('-') {
			s.at++
		}
		s.digits()
	}
	if s.bad {
		return nil
	}
	return s.data[from:s.at]
}

// digits passes over at least one digit.
func (s *scanner) digits() {
	from := s.at
	for s.at < len(s.data) && s.data[s.at]-'0' <= 9 {
		s.at++
	}
	if s.at == from {
		s.fail()
	}
}

// float gives a number.
func (s *scanner) float() float64 {
	v, err := strconv.ParseFloat(string(s.number()), 64)
	if err != nil {
		s.fail()
	}
	return v
}

// int gives a number that is written as a whole one.
func (s *scanner) int() int {
	v, err := strconv.Atoi(string(s.number()))
	if err != nil {
		s.fail()
	}
	return v
}

// deepest is how deep values may be nested for a scanner to take them.
const deepest = 100

// value gives the text of any value.
func (s *scanner) value() []byte {
	s.peek()
	from := s.at
	s.skip(0)
	if s.bad {
		return nil
	}
	return s.data[from:s.at]
}

func (s *scanner) skip(depth int) {
	if depth > deepest {
		s.fail()
		return
	}
	switch s.peek() {
	case '{':
		s.at++
		for first := true; s.more('}', &first); {
			s.quoted()
			s.expect(':')
			s.skip(depth + 1)
		}
	case '[':
		s.at++
		for first := true; s.more(']', &first); {
			s.skip(depth + 1)
		}
	case '"':
		s.quoted()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}
