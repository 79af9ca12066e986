package profiler

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A reader follows the structure of a text down to its steps.
type reader struct {
	file    string
	yield   func(*Trace, error) bool
	s       scanner
	d       decoder
	number  int    // of the next request
	first   int    // number of the first request of the file
	own     int    // request_number of the object being read; -1 = none
	trace   *Trace // being read
	bad     int    // bad steps of trace
	last    int    // how many steps the trace before had, as a guess for the next
	open    bool   // trace ends with what is being read, so it is no request of bare steps
	members []byte // of an object that may prove to be a step
	part    part   // of a recording, that is being read
	parts   parts
	stopped bool
}

// headSize is how much of a text is looked at to see what it is.
const headSize = 64

func (r *reader) run(src io.Reader) {
	b := bufio.NewReaderSize(src, headSize)
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(bufio.NewReader(b))
		if err != nil {
			r.fail(&ReadError{File: r.file, Step: -1, Err: err})
			return
		}
		b = bufio.NewReaderSize(z, headSize)
	}
	r.s = scanner{src: b, buf: r.s.buf}
	r.s.lines = startsLines(b)
	r.first, r.own = r.number, -1
	err := r.text()
	end := r.end(err)
	r.finish()
	for _, t := range r.parts.rest() {
		r.emit(t)
	}
	if err != nil {
		r.fail(end)
	}
}

// startsLines says whether the text begins with the beginning of an object and of a member on one line.
func startsLines(b *bufio.Reader) bool {
	head, _ := b.Peek(headSize)
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	inner, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(inner, " \t"), []byte(`"`))
}

// text reads the values of the text.
func (r *reader) text() error {
	for !r.stopped {
		c, err := r.s.peek()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch c {
		case '\n', 0xef, 0xbb, 0xbf: // a byte order mark may stand at the beginning
			r.s.pos++
		case '[':
			r.s.pos++
			if err = r.list(r.element); err == nil {
				r.finish()
			}
		default:
			err = r.element()
		}
		ended := errors.Is(err, io.EOF)
		if r.s.lines && (ended || errors.Is(err, errCut)) {
			r.problem(r.s.offset(), -1, errCut)
			if r.open {
				r.finish()
			}
			err = nil
		}
		if err != nil || ended {
			return err
		}
	}
	return nil
}

// list reads the elements of a list after its bracket.
func (r *reader) list(element func() error) error {
	for !r.stopped {
		c, err := r.s.peek()
		if err != nil {
			return err
		}
		switch c {
		case ']':
			r.s.pos++
			return nil
		case ',':
			r.s.pos++
		case '\n':
			return errCut
		default:
			if err := element(); err != nil {
				return err
			}
		}
	}
	return nil
}

// element reads a request or a step.
func (r *reader) element() error {
	switch c, err := r.s.peek(); {
	case err != nil:
		return err
	case c == '{':
		return r.object()
	case c == '[':
		r.finish()
		r.begin()
		r.open, r.own = true, -1
		r.s.pos++
		if err := r.list(r.step); err != nil {
			return err
		}
		r.finish()
		return nil
	}
	return r.unexpected()
}

// unexpected notes a value where none of its kind belongs, and goes on behind it.
func (r *reader) unexpected() error {
	offset := r.s.offset()
	v, err := r.s.value()
	if err != nil {
		return err
	}
	r.problem(offset, -1, fmt.Errorf("%.20q is neither a request nor a step", v))
	if len(v) == 0 {
		r.s.pos++
	}
	return nil
}

// object reads an object that is a request if it has steps, and a step if it has a payload.
func (r *reader) object() error {
	offset := r.s.offset()
	r.s.pos++
	r.members, r.part, r.own = r.members[:0], part{}, -1
	isRequest, isStep := false, false
	for {
		c, err := r.s.peek()
		if err != nil {
			return err
		}
		switch c {
		case '}':
			r.s.pos++
			switch {
			case isRequest:
				r.finish()
			case isStep:
				r.decode(append(r.members, '}'), offset)
			default:
				r.problem(offset, -1, errNoTrace)
			}
			r.own = -1
			return nil
		case ',':
			r.s.pos++
			continue
		case '\n':
			return errCut
		}
		key, err := r.key()
		if err != nil {
			return err
		}
		switch {
		case key == "intermediate_steps" && r.s.buf[r.s.pos] == '[':
			isRequest = true
			r.finish()
			r.begin()
			r.open = true
			r.s.pos++
			err = r.list(r.step)
		case key == partKey || key == completeKey:
			err = r.partMember(key)
		case key == "payload":
			isStep = true
			fallthrough
		default:
			err = r.member(key)
		}
		if err != nil || r.stopped {
			return err
		}
	}
}

// key reads a key and its colon, up to the value. A broken one is noted and gives "".
func (r *reader) key() (string, error) {
	offset := r.s.offset()
	v, err := r.s.value()
	if err != nil {
		return "", err
	}
	size, isText := len(v), len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"'
	key := ""
	if isText {
		key = Text(v)
	}
	c, err := r.s.peek()
	if err != nil {
		return "", err
	}
	if !isText || c != ':' {
		r.problem(offset, -1, errors.New("a member of an object has no key"))
		if size == 0 && c != '\n' {
			r.s.pos++
		}
		return "", nil
	}
	r.s.pos++
	_, err = r.s.peek()
	return key, err
}

// member reads the value of a member, and keeps it in case the object is a step.
func (r *reader) member(key string) error {
	v, err := r.s.value()
	if err != nil {
		return err
	}
	if r.s.deep {
		v = nil // is no value, so the step will be a bad one
	}
	if key == "request_number" {
		if n, err := strconv.Atoi(string(v)); err == nil {
			r.own = n
		}
	}
	if key == "parent_id" || key == "function_ancestry" || key == "payload" {
		start := byte(',')
		if len(r.members) == 0 {
			start = '{'
		}
		r.members = append(append(appendString(append(r.members, start), key), ':'), v...)
	}
	return nil
}

// step reads a step of the trace.
func (r *reader) step() error {
	offset := r.s.offset()
	v, err := r.s.value()
	if err != nil {
		return err
	}
	if r.decode(v, offset); len(v) == 0 {
		r.s.pos++
	}
	return nil
}

func (r *reader) decode(raw []byte, offset int64) {
	r.begin()
	step, err := IntermediateStep{}, errors.New("nested too deeply")
	if !r.s.deep {
		step, err = r.d.step(raw)
	}
	if err != nil {
		r.problem(offset, len(r.trace.Steps)+r.bad, err)
		r.bad++
		return
	}
	r.trace.Steps = append(r.trace.Steps, step)
}

// begin begins a trace unless one is begun.
func (r *reader) begin() {
	if r.trace == nil {
		r.trace = &Trace{Number: r.number, Steps: make([]IntermediateStep, 0, r.last)}
		if held := r.parts[r.part.of]; held != nil {
			r.trace.Number = held.Number
		} else {
			r.number++
		}
		r.bad = 0
		r.d.forget()
	}
}

// finish yields the trace that is begun.
func (r *reader) finish() {
	if t := r.trace; t != nil {
		r.trace, r.open = nil, false
		r.last = min(len(t.Steps), 1000)
		r.emit(r.parts.add(&r.part, t))
	}
}

// emit yields a trace, if there is one.
func (r *reader) emit(t *Trace) {
	if t != nil && !r.stopped {
		r.stopped = !r.yield(t, nil)
	}
}

// problem notes what cannot be read. Outside of any request that is a request of its own.
func (r *reader) problem(offset int64, step int, err error) {
	alone := r.trace == nil
	r.begin()
	r.trace.Problems = append(r.trace.Problems, r.at(r.trace.Number, step, offset, err))
	if alone && step < 0 {
		r.finish()
	}
}

// at says where something is. The request is known by its number among those that were read.
func (r *reader) at(number, step int, offset int64, err error) *ReadError {
	place := number - r.first
	request := place
	if r.own >= 0 {
		request = r.own
	}
	return &ReadError{r.file, request, place + 1, step, offset, err}
}

// end says where the text ends with an error: in the request that is being read, or in the next one.
func (r *reader) end(err error) *ReadError {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCutOff
	}
	number, step := r.number, -1
	if r.trace != nil {
		number, step = r.trace.Number, len(r.trace.Steps)+r.bad
	}
	return r.at(number, step, r.s.offset(), err)
}

// fail yields an error that ends the text.
func (r *reader) fail(err *ReadError) {
	if r.stopped {
		return
	}
	r.stopped = true
	r.yield(nil, err)
}
