package result

import (
	"bufio"
	"bytes"
	"io"
	"iter"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A lineReader reads the lines of responses.jsonl.
type lineReader struct {
	src    *bufio.Reader
	long   []byte // the parts of a line that is longer than the buffer
	number int    // of the line that was read last, from 1
	parser lineParser
}

// A parsedLine is a line that is not empty, or what went wrong.
type parsedLine struct {
	response *endpoint.Response
	own      bool  // it is one of ours
	number   int   // from 1
	last     bool  // no line break follows
	err      error // why the line cannot be understood
	failure  error // of reading the file: there is no line
}

func newLineReader(src io.Reader) *lineReader {
	return &lineReader{src: bufio.NewReaderSize(src, 1<<18)}
}

// all gives the lines up to the end of the file, or a failure.
func (lr *lineReader) all() iter.Seq[parsedLine] {
	return func(yield func(parsedLine) bool) {
		for {
			data, err := lr.next()
			if err != nil && err != io.EOF {
				yield(parsedLine{failure: err})
				return
			}
			if data = bytes.TrimSpace(data); len(data) > 0 {
				l := parsedLine{number: lr.number, last: err == io.EOF}
				l.response, l.own, l.err = lr.parser.parse(data)
				if !yield(l) {
					return
				}
			}
			if err == io.EOF {
				return
			}
		}
	}
}

// next gives the next line; it is valid until the one after it. At the end, io.EOF comes with what stands after the last line
// break.
func (lr *lineReader) next() ([]byte, error) {
	lr.number++
	lr.long = lr.long[:0]
	for {
		part, err := lr.src.ReadSlice('\n')
		if err == nil && len(lr.long) == 0 {
			return part, nil
		}
		lr.long = append(lr.long, part...)
		if err != bufio.ErrBufferFull {
			return lr.long, err
		}
	}
}
