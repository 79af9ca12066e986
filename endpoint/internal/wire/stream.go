package wire

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/sse"
)

// Stream sends the request and yields its answer as it comes, as endpoint.NewStream wants it. A server that answers with
// one document though it was asked for a stream is understood: that is a stream of one event.
func (q *Request) Stream(ctx context.Context, d Decoder) iter.Seq2[endpoint.Chunk, error] {
	return func(yield func(endpoint.Chunk, error) bool) {
		x := &exchange{Request: q, ctx: ctx}
		defer x.close()
		if !yield(endpoint.Chunk{Attempt: &x.attempt}, nil) {
			return
		}
		x.sink.yield = yield
		err := x.send()
		if err == nil {
			err = x.stream(d)
		}
		if failure := x.settle(err); failure != nil && !x.sink.unwanted {
			yield(endpoint.Chunk{}, failure)
		}
	}
}

func (x *exchange) stream(d Decoder) error {
	if x.form() == eventStream {
		return x.events(d)
	}
	body, err := x.readAll()
	if err != nil {
		return err
	}
	x.sink.begin(x.last, x.late, len(body), 1)
	return x.document(body, d, x.sink.emit)
}

var readers = sync.Pool{New: func() any { return new(sse.Reader) }}

// events reads a stream of events.
func (x *exchange) events(d Decoder) error {
	s := &x.sink
	r := readers.Get().(*sse.Reader)
	r.Stamp = x.arrived
	r.Reset(x)
	defer func() {
		r.Stamp = nil
		r.Reset(nil)
		readers.Put(r)
	}()
	emit := s.emit
	for !s.unwanted {
		event, err := r.Next()
		if err != nil {
			return x.ended(d, err)
		}
		s.begin(event.At, x.late, event.Bytes, event.Read)
		done, err := d.Event(event.Type, event.Data, emit)
		switch {
		case err != nil && event.Partial: // what ended the stream in the middle of the event is the cause
			_, cause := r.Next()
			return x.ended(d, cause)
		case err != nil:
			return err
		}
		s.finish()
		if done {
			x.end = event.At
			x.drain()
			return nil
		}
	}
	return nil
}

// ended says what it means that a stream ended with cause and without an announcement.
func (x *exchange) ended(d Decoder, cause error) error {
	var tooLong *sse.TooLongError
	switch {
	case errors.As(cause, &tooLong):
		return &endpoint.Error{Kind: endpoint.KindMalformed, Message: cause.Error(), Err: cause}
	case cause != io.EOF:
		return x.failed(cause)
	case x.sink.read == 0:
		return x.noEvents()
	case !d.Complete():
		return &endpoint.Error{Kind: endpoint.KindTruncated, Message: "the stream ended before the answer did"}
	}
	return nil
}

// A sink passes chunks on with the stamps of the event that they came in.
type sink struct {
	yield    func(endpoint.Chunk, error) bool
	at       time.Time
	late     time.Duration
	bytes    int
	read     int // the read that brought the present event, from 1
	same     bool
	emitted  bool // the present event has brought a chunk
	unwanted bool // nobody wants the rest
}

func (s *sink) begin(at time.Time, late time.Duration, bytes, read int) {
	s.at, s.late, s.bytes, s.same, s.read, s.emitted = at, late, bytes, read == s.read, read, false
}

func (s *sink) emit(c *endpoint.Chunk) {
	if s.unwanted {
		return
	}
	c.At, c.Late, c.Bytes, c.SameRead = s.at, s.late, s.bytes, s.same
	s.bytes, s.same, s.emitted = 0, true, true // as for the next chunk of the same event
	s.unwanted = !s.yield(*c, nil)
}

// finish ends the present event: one that brought no chunk is still an event of the stream.
func (s *sink) finish() {
	if !s.emitted {
		s.emit(new(endpoint.Chunk))
	}
}
