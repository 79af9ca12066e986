package profiler

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
)

// A Trace is the steps of one request, in the order in which they were recorded.
type Trace struct {
	Number   int // of the request among those of one profile, from 0
	Steps    []IntermediateStep
	Problems []*ReadError // what was left out because it could not be read
}

var (
	errNoTrace = errors.New("neither a request nor a step: it has no intermediate_steps and no payload")
	errCut     = errors.New("the line ends in the middle of a value")
	errCutOff  = fmt.Errorf("the text is cut off: %w", io.ErrUnexpectedEOF)
)

// A ReadError says what could not be read, and where it is.
type ReadError struct {
	File    string // "" = not known
	Request int    // as the file numbers it, or else its place from 0
	Place   int    // of the request in the file, from 1; 0 = not known, and neither is Request
	Step    int    // of the request, from 0; -1 = the request itself
	Offset  int64  // in the uncompressed text, in bytes; -1 = not known
	Err     error
}

// Error names the file, the request, the step, the byte and what is wrong.
func (e *ReadError) Error() string {
	var where []string
	if e.Place > 0 {
		where = append(where, fmt.Sprintf("request %d (the %s of the file)", e.Request, ordinal(e.Place)))
	}
	if e.Step >= 0 {
		where = append(where, fmt.Sprintf("step %d", e.Step))
	}
	if e.Offset >= 0 {
		where = append(where, fmt.Sprintf("byte %d", e.Offset))
	}
	var parts []string
	for _, part := range []string{e.File, strings.Join(where, ", ")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, e.Err.Error()), ": ")
}

// ordinal is 1st for 1.
func ordinal(n int) string {
	suffix := "th"
	if n%100/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}

// Unwrap is Err.
func (e *ReadError) Unwrap() error { return e.Err }

// Read yields the traces of a JSON text, one after the other, and holds one at a time. The name stands in errors. The text is
// one of these, compressed with gzip or not:
//   - NAT's list of requests, {"request_number", "intermediate_steps": [steps]}; further members are passed over,
//   - a list of lists of steps,
//   - a list of steps, which are one request,
//   - JSON Lines of requests, or of steps, which are one request. The text is taken for lines if the first begins with {",
//   - what a [Recorder] wrote: lines with a part of a request each. Requests that are not complete are held until they are, or
//     the text ends.
//
// Requests are numbered in their order, whatever their request_number, which stands in errors. A step that cannot be read is left out and listed in Trace.Problems; so is the end of
// a line that is cut off. A list that is cut off ends with an error that matches io.ErrUnexpectedEOF, after what came before.
func Read(r io.Reader, name string) iter.Seq2[*Trace, error] {
	return func(yield func(*Trace, error) bool) {
		rd := &reader{file: name, yield: yield}
		rd.run(r)
	}
}

// ReadFiles yields the traces of several files, numbered through.
func ReadFiles(paths ...string) iter.Seq2[*Trace, error] {
	return func(yield func(*Trace, error) bool) {
		rd := &reader{yield: yield}
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				yield(nil, err)
				return
			}
			rd.file = path
			rd.run(f)
			_ = f.Close()
			if rd.stopped {
				return
			}
		}
	}
}

// Traces yields the given traces, numbered through.
func Traces(traces ...*Trace) iter.Seq2[*Trace, error] {
	return func(yield func(*Trace, error) bool) {
		for i, t := range traces {
			t.Number = i
			if !yield(t, nil) {
				return
			}
		}
	}
}
