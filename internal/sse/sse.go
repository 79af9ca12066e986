// Package sse reads server-sent events as the WHATWG HTML standard defines them
// (https://html.spec.whatwg.org/multipage/server-sent-events.html) and stamps each with the time
// at which the bytes that completed it were read, before anything looked at them.
//
// It knows the framing alone: lines, fields, events, and when they came. It knows nothing of HTTP,
// of JSON or of what the events mean, and it neither reconnects nor keeps the "retry" field.
//
// It departs from the standard in three ways, all for the sake of a measurement: bytes that are not
// UTF-8 are passed on as they are, an event that the end of the stream leaves without its blank line
// is delivered and marked Partial instead of being discarded, and a line longer than a limit is an error.
package sse

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// DefaultLimit is the length in bytes of the longest event accepted unless Reader.Limit says otherwise: 16 MiB.
const DefaultLimit = 16 << 20

const (
	firstBuffer = 4 << 10  // bytes; thousands of streams are open at once, and an event of a chat has 200 to 300
	leastRoom   = 1 << 10  // bytes; a read offered less would split what arrived together
	keptBuffer  = 64 << 10 // bytes; Reset lets go of a larger buffer
	idleReads   = 100      // reads in a row that return neither bytes nor an error
)

// An Event is one server-sent event. Its slices are valid until the next call of Next or Reset.
type Event struct {
	Type []byte // the "event" field; empty means "message"
	Data []byte // the "data" fields joined by line feeds
	ID   []byte // the last "id" field of the stream so far, as the standard has it; empty if there was none

	At    time.Time // when the read that completed the event returned
	Read  int       // which read that was, from 1: events with the same Read arrived in one read
	Bytes int       // bytes of the stream from the end of the event before to the end of this one, comments included

	Partial bool // the stream ended before the blank line that ends an event: Data may be cut short
}

// A TooLongError says that an event, or a line between events, is longer than the limit.
type TooLongError struct {
	Limit int // bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("server-sent event is longer than the limit of %d bytes", e.Limit)
}

// A Reader reads events from a stream. Use NewReader, or Reset on a zero Reader. A Reader that is
// reset keeps its buffer: once that has grown to the longest event, reading allocates nothing.
// It is not safe for concurrent use.
type Reader struct {
	// Limit is the length in bytes of the longest event accepted, without its blank line; 0 means DefaultLimit.
	Limit int
	// Stamp is called after every read that returned bytes and gives the time of their arrival;
	// nil means time.Now. A caller that knows the kernel's receive time gives it here.
	Stamp func() time.Time

	src      io.Reader
	err      error // what ended the stream, kept until all that was read before it is delivered
	at       time.Time
	reads    int
	comments int

	// buf[start:end] is what was read and not delivered. The event being read begins at start, its
	// present line at line. There is no line end in buf[line:scanned] and no LF in buf[scanned:feed].
	buf                             []byte
	start, line, scanned, feed, end int
	delivered                       int  // bytes before start that no event has counted yet
	began                           bool // the place for a byte order mark is behind us
	afterCR                         bool // an LF coming next belongs to the CR before it

	typ    span   // of the present event, relative to start
	data   span   // the first data field, relative to start
	lines  int    // data fields of the present event
	joined []byte // all data fields, if there are several
	id     []byte
}

// A span is a part of the present event: offsets from its start survive the moves of the buffer.
type span struct{ from, to int }

// NewReader returns a Reader of the events in src with the default limit, stamping with time.Now.
func NewReader(src io.Reader) *Reader {
	r := new(Reader)
	r.Reset(src)
	return r
}

// Reset makes r read the events in src from the beginning; Limit, Stamp and the buffers stay.
func (r *Reader) Reset(src io.Reader) {
	*r = Reader{Limit: r.Limit, Stamp: r.Stamp, src: src, buf: r.buf, joined: r.joined[:0], id: r.id[:0]}
	if cap(r.buf)+cap(r.joined) > keptBuffer {
		r.buf, r.joined = nil, nil
	}
}

// Comments returns how many comment lines were read so far; servers send them to keep a connection alive.
func (r *Reader) Comments() int { return r.comments }

// Reads returns how many reads returned bytes so far.
func (r *Reader) Reads() int { return r.reads }

// Next returns the next event that has data. At the end of the stream it returns io.EOF, else the
// error of the source as it is, or a *TooLongError; the same again when called again. Whatever ended
// the stream, an event whose blank line is missing is delivered first, Partial, with the data of the
// lines that are complete; at a clean end the last line counts as complete without its line end.
func (r *Reader) Next() (Event, error) {
	for {
		for {
			from, to, ok := r.nextLine()
			if to-r.start > r.limit() {
				r.fail(&TooLongError{Limit: r.limit()})
				return Event{}, r.err
			}
			if !ok {
				break
			}
			if from < to {
				r.field(from, to)
			} else if r.lines > 0 {
				return r.event(false), nil
			} else {
				r.skip()
			}
		}
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
}

func (r *Reader) limit() int {
	if r.Limit > 0 {
		return r.Limit
	}
	return DefaultLimit
}

// nextLine finds the end of the present line and moves on to the next one. Without an end it returns
// what there is of the line so far, and false. A CR ends a line at once: to wait for the LF that may
// follow would hold the event back until the next read.
func (r *Reader) nextLine() (from, to int, ok bool) {
	if r.line == r.end || !r.begin() {
		return r.line, r.end, false
	}
	from = r.line
	if r.feed <= r.scanned {
		r.feed = r.find('\n', r.scanned, r.end)
	}
	to = r.find('\r', r.scanned, r.feed)
	next := to + 1
	switch {
	case to == r.end:
		r.scanned = r.end
		return from, to, false
	case to == r.feed:
	case next == r.end:
		r.afterCR = true
	case r.buf[next] == '\n':
		next++
	}
	r.line, r.scanned = next, next
	return from, to, true
}

// begin steps over what may stand before a line without being part of it: the byte order mark at the
// start of the stream, and the LF of a CRLF that came in two reads. It reports whether a line follows.
func (r *Reader) begin() bool {
	step := 0
	if !r.began {
		const mark = "\xEF\xBB\xBF"
		have := string(r.buf[:min(r.end, len(mark))])
		if len(have) < len(mark) && have == mark[:len(have)] && r.err == nil {
			return false
		}
		r.began = true
		if have == mark {
			step = len(mark)
		}
	}
	if r.afterCR {
		r.afterCR = false
		if r.buf[r.line] == '\n' {
			step = 1
		}
	}
	if step > 0 {
		r.line += step
		r.scanned = r.line
		if r.idle() {
			r.skip()
		}
	}
	return r.line < r.end
}

// find returns where c stands first in buf[from:to], or to.
func (r *Reader) find(c byte, from, to int) int {
	if i := bytes.IndexByte(r.buf[from:to], c); i >= 0 {
		return from + i
	}
	return to
}

// field takes the line buf[from:to], which is not empty, into the present event.
func (r *Reader) field(from, to int) {
	line := r.buf[from:to]
	colon := bytes.IndexByte(line, ':')
	if colon == 0 {
		r.comments++
	}
	name, value := line, span{to, to}
	if colon >= 0 {
		name, value.from = line[:colon], from+colon+1
		if value.from < to && r.buf[value.from] == ' ' {
			value.from++
		}
	}
	switch string(name) {
	case "data":
		r.addData(value)
	case "event":
		r.typ = span{value.from - r.start, value.to - r.start}
	case "id":
		if id := r.buf[value.from:value.to]; bytes.IndexByte(id, 0) < 0 {
			r.id = append(r.id[:0], id...)
		}
	}
	if r.idle() {
		r.skip()
	}
}

// addData adds one data field. The first is left where it stands; only a second one makes a copy.
func (r *Reader) addData(v span) {
	r.lines++
	if r.lines == 1 {
		r.data = span{v.from - r.start, v.to - r.start}
		return
	}
	if r.lines == 2 {
		r.joined = append(r.joined[:0], r.buf[r.start+r.data.from:r.start+r.data.to]...)
	}
	r.joined = append(r.joined, '\n')
	r.joined = append(r.joined, r.buf[v.from:v.to]...)
}

// idle reports whether nothing of an event has been read yet.
func (r *Reader) idle() bool { return r.lines == 0 && r.typ.to == 0 }

// skip forgets the lines before the present one: they belong to no event.
func (r *Reader) skip() {
	r.delivered += r.line - r.start
	r.start, r.typ = r.line, span{}
}

// event returns the present event and starts the next one.
func (r *Reader) event(partial bool) Event {
	e := Event{
		Type: r.buf[r.start+r.typ.from : r.start+r.typ.to],
		Data: r.buf[r.start+r.data.from : r.start+r.data.to],
		ID:   r.id, At: r.at, Read: r.reads, Bytes: r.delivered + r.line - r.start, Partial: partial,
	}
	if r.lines > 1 {
		e.Data = r.joined
	}
	r.start, r.delivered, r.typ, r.lines = r.line, 0, span{}, 0
	return e
}

// last returns the event that the end of the stream left unfinished, or what ended the stream.
func (r *Reader) last() (Event, error) {
	if r.err == io.EOF && r.line < r.end {
		from := r.line
		r.line, r.scanned = r.end, r.end
		r.field(from, r.end)
	}
	if r.lines > 0 {
		e := r.event(true)
		r.fail(r.err)
		return e, nil
	}
	r.fail(r.err)
	return Event{}, r.err
}

// fail ends reading for good.
func (r *Reader) fail(err error) {
	r.err = err
	r.start, r.line, r.scanned, r.feed = r.end, r.end, r.end, r.end
	r.lines, r.typ = 0, span{}
}

// fill reads once and stamps. An error is kept for when all bytes before it have been delivered.
func (r *Reader) fill() {
	r.makeRoom()
	for range idleReads {
		n, err := r.src.Read(r.buf[r.end:])
		if n > 0 {
			if r.Stamp != nil {
				r.at = r.Stamp()
			} else {
				r.at = time.Now()
			}
			r.reads++
			r.end += n
		}
		if r.err = err; n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// makeRoom moves the unfinished event to the front of the buffer, and doubles the buffer if it is still full.
func (r *Reader) makeRoom() {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.line, r.scanned, r.feed, r.end = r.line-r.start, r.scanned-r.start, r.feed-r.start, r.end-r.start
		r.start = 0
	}
	if len(r.buf)-r.end < leastRoom {
		buf := make([]byte, max(firstBuffer, 2*len(r.buf)))
		copy(buf, r.buf[:r.end])
		r.buf = buf
	}
}
