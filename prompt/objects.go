package prompt

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A position is a place in a text: line and column, in characters, from 1.
type position struct{ line, column int }

// after gives the position behind b if b begins at p.
func (p position) after(b []byte) position {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		p = position{p.line + bytes.Count(b, []byte{'\n'}), 1}
		b = b[i+1:]
	}
	p.column += utf8.RuneCount(b)
	return p
}

// readObjects reads objects that stand behind each other or in arrays, in a text of any layout. It holds one of them at a
// time. After an error it ends, because nothing tells where the next object would begin.
func readObjects(r io.Reader, file string, max int) iter.Seq2[endpoint.Payload, error] {
	return func(yield func(endpoint.Payload, error) bool) {
		o := objects{r: buffered(r), file: file, max: max, at: position{1, 1}, expect: outside}
		for {
			body, err := o.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(endpoint.Payload{}, err)
				return
			}
			if !yield(endpoint.Payload{Body: bytes.Clone(body)}, nil) {
				return
			}
		}
	}
}

// What may come next between objects, which is all the state that there is.
const (
	outside     = "{["
	arrayStart  = "{]"
	afterComma  = "{"
	afterObject = ",]"
)

var wanted = map[string]string{
	outside:     "an object or an array of objects",
	arrayStart:  "an object",
	afterComma:  "an object",
	afterObject: "a comma or the end of the array",
}

type objects struct {
	r      *bufio.Reader
	file   string
	max    int      // bytes that an object may have
	at     position // of the next byte
	expect string
	object []byte
}

// next gives the next object, valid until the next call, and io.EOF behind the last.
func (o *objects) next() ([]byte, error) {
	for {
		c, err := o.r.ReadByte()
		switch {
		case err == io.EOF && o.expect == outside:
			return nil, io.EOF
		case err == io.EOF:
			return nil, o.broken(errors.New("the array is not closed"), "")
		case err != nil:
			return nil, err
		case strings.IndexByte(" \t\r\n", c) >= 0:
			o.at = o.at.after([]byte{c})
			continue
		case strings.IndexByte(o.expect, c) < 0:
			return nil, o.broken(fmt.Errorf("want %s", wanted[o.expect]), o.ahead(c))
		}
		switch c {
		case '[':
			o.expect = arrayStart
		case ',':
			o.expect = afterComma
		case ']':
			o.expect = outside
		case '{':
			if o.expect != outside {
				o.expect = afterObject
			}
			return o.read()
		}
		o.at.column++
	}
}

// read reads on behind the brace that opens an object to the one that closes it.
func (o *objects) read() ([]byte, error) {
	start := o.at
	o.object = append(o.object[:0], '{')
	for depth, quoted := 1, false; depth > 0; {
		c, err := o.r.ReadByte()
		if err == io.EOF {
			break // check says what is missing
		}
		if err != nil {
			return nil, err
		}
		if len(o.object) == o.max {
			return nil, &LineError{File: o.file, Line: start.line, Column: start.column, Excerpt: excerpt(o.object, 0), Err: ErrTooLong}
		}
		o.object = append(o.object, c)
		switch {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			if c, err = o.r.ReadByte(); err == nil {
				o.object = append(o.object, c)
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	o.at = start.after(o.object)
	return o.object, check(o.object, o.file, start)
}

func (o *objects) broken(why error, near string) error {
	return &LineError{File: o.file, Line: o.at.line, Column: o.at.column, Excerpt: near, Err: why}
}

// ahead gives an excerpt from c on, which was just read.
func (o *objects) ahead(c byte) string {
	b, _ := o.r.Peek(16) // fewer at the end
	return excerpt(append([]byte{c}, b...), 0)
}
