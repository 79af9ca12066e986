package profiler

import (
	"bytes"
	"errors"
	"io"
)

// A scanner cuts JSON text into values and holds no more of it than one value. It does not check the values: whoever takes
// one does. Where the text is broken it finds the end of the value that a reader of the text would see:
//   - a bracket that closes an outer one closes what was left open within,
//   - a bracket that closes nothing ends the value before it,
//   - the end of a line ends a string, which cannot hold one.
type scanner struct {
	src    io.Reader
	lines  bool // each line is a value of its own, so its end ends all that was left open
	buf    []byte
	pos    int   // of the next byte in buf
	end    int   // of what is filled in buf
	base   int64 // of buf[0] in the text
	closes []byte
	deep   bool // the last value was nested deeper than maxDepth
}

// maxDepth bounds the nesting of values: the readers of values recurse.
const maxDepth = 200

const firstBuffer = 1 << 15

// offset is the place of the next byte in the text.
func (s *scanner) offset() int64 { return s.base + int64(s.pos) }

// fill reads on and keeps all from pos.
func (s *scanner) fill() error {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, max(firstBuffer, len(s.buf)))...)
	}
	for empty := 0; empty < 100; empty++ {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// peek is the next byte that is not white space. Where each line is a value, the end of a line is '\n'.
func (s *scanner) peek() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r':
			case '\n':
				if s.lines {
					return c, nil
				}
			default:
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// value takes the next value. Its bytes are valid until the next call. They are none if no value begins here.
func (s *scanner) value() ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, err
	}
	s.closes, s.deep = s.closes[:0], false
	inString := false
	for n := 0; ; {
		var done bool
		n, inString, done = s.scan(n, inString)
		if done {
			return s.take(n), nil
		}
		if err := s.fill(); errors.Is(err, io.EOF) && len(s.closes) == 0 && !inString && n > 0 {
			return s.take(n), nil // a number may end with the text
		} else if err != nil {
			return nil, err
		}
	}
}

func (s *scanner) take(n int) []byte {
	v := s.buf[s.pos : s.pos+n]
	s.pos += n
	return v
}

// scan looks on from the nth byte of a value. It says how far it came, whether that is in a string, and whether the value ends there.
func (s *scanner) scan(n int, inString bool) (int, bool, bool) {
	b := s.buf[s.pos:s.end]
	for n < len(b) {
		if inString {
			closed, broken := false, false
			if n, closed, broken = stringEnd(b, n); !closed {
				return n, true, false
			}
			inString = false
			if len(s.closes) == 0 || broken && s.lines {
				return n, false, true
			}
			continue
		}
		switch c := b[n]; c {
		case '"':
			if len(s.closes) == 0 && n > 0 {
				return n, false, true
			}
			inString = true
		case '{', '[':
			if len(s.closes) == 0 && n > 0 {
				return n, false, true
			}
			s.closes = append(s.closes, c+2) // in ASCII
			s.deep = s.deep || len(s.closes) > maxDepth
		case '}', ']':
			if !s.close(c) {
				return n, false, true
			}
			if len(s.closes) == 0 {
				return n + 1, false, true
			}
		case ',', ':', ' ', '\t', '\r':
			if len(s.closes) == 0 {
				return n, false, true
			}
		case '\n':
			if len(s.closes) == 0 || s.lines {
				return n, false, true
			}
		}
		n++
	}
	return n, inString, false
}

// close closes what c closes and all within it; false if nothing is open that it could close.
func (s *scanner) close(c byte) bool {
	i := bytes.LastIndexByte(s.closes, c)
	if i < 0 {
		return false
	}
	s.closes = s.closes[:i]
	return true
}

// stringEnd looks for the end of a string from its nth byte on. It gives the index after the closing quote, or of the line
// end that breaks the string, or where to look on.
func stringEnd(b []byte, n int) (end int, closed, broken bool) {
	for n < len(b) {
		quote := bytes.IndexByte(b[n:], '"')
		stretch := b[n:]
		if quote >= 0 {
			stretch = b[n : n+quote]
		}
		if line := bytes.IndexByte(stretch, '\n'); line >= 0 {
			return n + line, true, true
		}
		if quote < 0 {
			return len(b), false, false
		}
		n += quote + 1
		if escapes := trailing(b[:n-1], '\\'); escapes%2 == 0 {
			return n, true, false
		}
	}
	return n, false, false
}

// trailing counts the bytes c at the end of b.
func trailing(b []byte, c byte) int {
	n := 0
	for n < len(b) && b[len(b)-1-n] == c {
		n++
	}
	return n
}
