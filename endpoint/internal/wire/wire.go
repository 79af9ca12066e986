// Package wire is what all providers that speak HTTP have in common: sending a request and noting when what happened,
// reading a stream of events or a whole answer, and making of every failure an endpoint.Error that says where it
// happened and shows no credential.
//
// It knows HTTP, the framing of streams, and the shapes in which servers commonly report errors. It knows no provider:
// what an answer means is said by a [Decoder].
package wire

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/transport"
)

// A Request asks for one answer. All fields but Clock are required; Header and Secrets may be empty.
type Request struct {
	Client  *http.Client
	URL     *url.URL    // where to, never changed
	BaseURL string      // how the attempt names it; nothing secret in it
	Header  http.Header // sent as it is, never changed
	Body    []byte
	Secrets []string // texts that no error may show

	// Clock is called with the clock of the connection that the answer came over; nil = not.
	Clock func(transport.Clock)
}

// A Decoder understands the answers of one provider. Each serves one answer. The chunks that it emits, and
// their text, are only read until emit returns, so they may be the decoder's memory.
type Decoder interface {
	// Event reads one event of a stream, its type and data, and emits what it brings, in order; nothing if it brings no
	// news. done says that the answer ended with it.
	Event(kind, data []byte, emit func(*endpoint.Chunk)) (done bool, err error)

	// Complete reports whether a stream that ended without done had said all that it had to say.
	Complete() bool

	// Whole reads an answer that came as one document.
	Whole(body []byte, emit func(*endpoint.Chunk)) error
}

// An exchange is one attempt to get an answer.
type exchange struct {
	*Request
	ctx  context.Context // the caller's
	body bytes.Reader
	resp *http.Response

	clock transport.Clock
	last  time.Time     // when the last bytes of the answer arrived
	late  time.Duration // how long they waited to be read, where the kernel's clock tells
	head  []byte        // the beginning of an answer that does not look like a stream of events
	end   time.Time     // when it ended; zero = when the exchange is settled
	sink  sink          // of a stream

	timing  transport.Timing
	attempt endpoint.Attempt
}

// send sends the request. Its error says why there is no answer to be read.
func (x *exchange) send() error {
	if due := endpoint.Due(x.ctx); !due.IsZero() {
		x.timing.Hold(due)
	}
	x.body.Reset(x.Body)
	var err error
	x.resp, err = transport.Do(x.ctx, x.Client, &x.timing, &http.Request{
		Method: http.MethodPost, URL: x.URL, Host: x.URL.Host, Header: x.Header,
		Body: io.NopCloser(&x.body), ContentLength: int64(len(x.Body)), GetBody: x.bodyAgain,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	})
	x.clock = x.timing.Clock()
	if err != nil {
		return x.failed(err)
	}
	if x.Clock != nil {
		x.Clock(x.clock)
	}
	if x.resp.StatusCode/100 != 2 {
		return x.refused()
	}
	return nil
}

// bodyAgain is for net/http, which sends once more what it wrote to a kept connection that turned out to be closed.
func (x *exchange) bodyAgain() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(x.Body)), nil
}

// headSize is how much of an answer that is no stream of events is kept to be shown, in bytes.
const headSize = 1 << 10

// Read reads from the answer and notes when its bytes arrived, before anybody looks at them.
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.resp.Body.Read(p)
	if n > 0 {
		first := x.last.IsZero()
		arrival := x.clock.Last()
		x.last, x.late = arrival.At, arrival.Read.Sub(arrival.At)
		if first {
			x.keepHead(p[:n])
		}
	}
	return n, err
}

// keepHead keeps the beginning of an answer that cannot be a stream of events.
func (x *exchange) keepHead(p []byte) {
	if p = bytes.TrimLeft(p, " \t\r\n"); len(p) > 0 && (p[0] == '{' || p[0] == '<') {
		x.head = bytes.Clone(p[:min(len(p), headSize)])
	}
}

func (x *exchange) arrived() time.Time { return x.last }

// drainTime is how long the rest of a complete answer is waited for. On most servers it comes with the end that they
// announce. It is short because the client could send its next request in that time.
const drainTime = 50 * time.Millisecond

// drain reads what follows an answer that is complete: without it the connection could not be used again.
func (x *exchange) drain() {
	timer := time.AfterFunc(drainTime, func() { x.resp.Body.Close() })
	defer timer.Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(x.resp.Body, 64<<10)) // an error costs the connection, no more
}

// settle ends the exchange: it notes in the attempt all that is known of it, and gives err as an error to be shown.
func (x *exchange) settle(err error) *endpoint.Error {
	failure := endpoint.AsError(err)
	if failure != nil {
		failure = x.redact(failure)
	}
	t := x.timing.Times()
	x.attempt = endpoint.Attempt{
		URL: cmp.Or(t.BaseURL, x.BaseURL), Protocol: t.Protocol, Reused: t.Reused,
		Start: t.Dispatched, Ready: t.ConnReady, Written: t.WroteRequest, FirstByte: t.FirstByte, End: x.end,
		DNS: t.Resolve, Connect: t.Connect, TLS: t.TLS,
		Error: failure,
	}
	if t.RemoteAddr != nil {
		x.attempt.RemoteAddr = t.RemoteAddr.String()
	}
	if x.resp != nil {
		x.attempt.Status, x.attempt.Protocol = x.resp.StatusCode, x.resp.Proto
		x.attempt.RateLimit = rateLimit(x.resp.Header)
	}
	if x.end.IsZero() {
		x.attempt.End = time.Now()
	}
	if x.attempt.End.Before(x.attempt.Start) { // it failed before it was due
		x.attempt.End = x.attempt.Start
	}
	return failure
}

// close lets go of the connection.
func (x *exchange) close() {
	if x.resp != nil {
		x.resp.Body.Close()
	}
}
