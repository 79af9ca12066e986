package load

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A SyntaxError says where a text is not a schedule, and why.
type SyntaxError struct {
	Text string // the whole text
	Pos  int    // the byte of Text, counted from 1; one more than its length where something is missing at the end
	Msg  string
}

// Error shows the text, or of a long one the part around the position.
func (e *SyntaxError) Error() string {
	text := e.Text
	if len(text) > 80 { // a trace may have a million entries
		from, to := max(0, e.Pos-30), min(len(text), e.Pos+30)
		text = "…" + text[from:to] + "…"
	}
	return fmt.Sprintf("load: %q, position %d: %s", text, e.Pos, e.Msg)
}

// A parser walks over the tokens of a text. After stop nothing more is read and no further problem is taken, so that the
// code of the grammar need not look at errors.
type parser struct {
	text    string
	tokens  []token
	errs    []error
	stopped bool
}

type token struct {
	text string // of ",", "(", ")", "/", or a run of other characters; "" at the end
	pos  int    // from 1
}

func newParser(text string) *parser {
	p := &parser{text: text}
	start := -1
	flush := func(end int) {
		if start >= 0 {
			p.tokens = append(p.tokens, token{text[start:end], start + 1})
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			flush(i)
		case strings.ContainsRune(",()/", r):
			flush(i)
			p.tokens = append(p.tokens, token{text[i : i+1], i + 1})
		case start < 0:
			start = i
		}
	}
	flush(len(text))
	return p
}

func (p *parser) peek() string {
	if p.stopped || len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0].text
}

func (p *parser) pos() int {
	if len(p.tokens) == 0 {
		return len(p.text) + 1
	}
	return p.tokens[0].pos
}

func (p *parser) next() { p.tokens = p.tokens[1:] }

// accept reads the word if it is next, and reports whether it was.
func (p *parser) accept(word string) bool {
	if p.peek() != word {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(word string) {
	if !p.accept(word) {
		p.unexpected(fmt.Sprintf("%q", word))
	}
}

func (p *parser) end() {
	if p.peek() != "" {
		p.unexpected("the end")
	}
}

// problem notes that what stands at pos is impossible, if msg says so, and reading goes on.
func (p *parser) problem(pos int, msg string) {
	if msg != "" && !p.stopped {
		p.errs = append(p.errs, &SyntaxError{p.text, pos, msg})
	}
}

// stop notes what is wrong with the next token and ends the reading.
func (p *parser) stop(msg string) {
	p.problem(p.pos(), msg)
	p.stopped = true
}

// err is the one problem found, or all of them joined.
func (p *parser) err() error {
	if len(p.errs) == 1 {
		return p.errs[0]
	}
	return errors.Join(p.errs...)
}
