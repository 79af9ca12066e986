package prompt

import (
	"bufio"
	"bytes"
	"io"
)

// byteOrderMark is what some editors write at the start of a UTF-8 file.
const byteOrderMark = "\ufeff"

// buffered reads r from behind its byte order mark, if there is one.
func buffered(r io.Reader) *bufio.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	if start, _ := b.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = b.Discard(len(byteOrderMark)) // it was just seen
	}
	return b
}

// lines reads a text line by line.
type lines struct {
	r    *bufio.Reader
	max  int    // bytes that a line may have
	line int    // number of the line that next gave, from 1
	long []byte // holds lines that do not fit into r's buffer
}

// next gives the next line with its end, valid until the next call, and io.EOF behind the last. A line of more than max
// bytes gives ErrTooLong and its beginning; the line after it can be read.
func (l *lines) next() ([]byte, error) {
	l.line++
	line, err := l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = l.readLong(line)
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err == nil && len(bytes.TrimRight(line, "\r\n")) > l.max {
		err = ErrTooLong
	}
	return line, err
}

// readLong reads the rest of a line and keeps no more of it than tells that it is too long.
func (l *lines) readLong(start []byte) ([]byte, error) {
	l.long = append(l.long[:0], start...)
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long) <= l.max+len("\r\n") {
			l.long = append(l.long, part...)
		}
		if err != bufio.ErrBufferFull {
			return l.long, err
		}
	}
}
