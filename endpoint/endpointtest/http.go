package endpointtest

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A Format is how a provider writes its answers over HTTP. Script.Handler makes a server of it.
type Format struct {
	// ContentType is that of a good answer.
	ContentType string

	// Part writes a part of a streamed answer; nil = answers come whole.
	Part func(p Part) string
	// End writes what follows the last part of a streamed answer: finish reason, token counts, the end.
	End func(s Script) string
	// TurnedError writes how a streamed answer turns into a report of an error with the given message.
	TurnedError func(message string) string
	// Garbage is what the protocol does not allow, in a stream or instead of a whole answer.
	Garbage string

	// Whole writes a whole answer.
	Whole func(s Script) string
	// Error writes the body of an answer that reports an error with the given message.
	Error func(message string) string
}

// Handler is a server that answers every request as the script says, in the format of a provider.
func (s Script) Handler(f Format) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch s.Fault {
		case Refused:
			refuse(w, http.StatusUnauthorized, f.Error("the credential "+r.Header.Get("Authorization")+s.Key+" is not valid"))
		case Overloaded:
			w.Header().Set("Retry-After", strconv.Itoa(int(RetryAfter/time.Second)))
			refuse(w, http.StatusTooManyRequests, f.Error("too many requests"))
		case Crashed:
			refuse(w, http.StatusInternalServerError, f.Error("the model crashed"))
		case Empty:
			w.Header().Set("Content-Type", f.ContentType)
		default:
			w.Header().Set("Content-Type", f.ContentType)
			if f.Part != nil {
				s.stream(w, r, f)
			} else {
				s.whole(w, r, f)
			}
		}
	})
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (s Script) stream(w http.ResponseWriter, r *http.Request, f Format) {
	flusher := http.NewResponseController(w)
	send := func(text string) {
		_, _ = io.WriteString(w, text) // Note: a client that has gone is seen by the request's context
		_ = flusher.Flush()
	}
	send("")
	if s.Play(r.Context(), func(p Part) bool { send(f.Part(p)); return true }) != nil {
		return
	}
	switch s.Fault {
	case Cut:
		panic(http.ErrAbortHandler)
	case TurnedError:
		send(f.TurnedError(turnedMessage))
	case Garbage:
		send(f.Garbage)
	case Unfinished:
	default:
		send(f.End(s))
	}
}

const turnedMessage = "the model ran out of memory"

func (s Script) whole(w http.ResponseWriter, r *http.Request, f Format) {
	if s.Play(r.Context(), func(Part) bool { return true }) != nil {
		return
	}
	body := f.Whole(s)
	switch s.Fault {
	case Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.WriteString(w, body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case TurnedError:
		body = f.Error(turnedMessage)
	case Garbage:
		body = f.Garbage
	}
	_, _ = io.WriteString(w, body)
}

// Serve runs h as a server in memory until the test ends, and gives the function that connects to it, whatever the
// address: what http.Transport and transport.Options take as DialContext. Every connection is a net.Pipe, so that server
// and client can live in one testing/synctest bubble, in which all times are exact.
func Serve(t testing.TB, h http.Handler) func(ctx context.Context, network, address string) (net.Conn, error) {
	l := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
	return l.dial
}

// A listener accepts the far ends of the pipes that dial makes.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }
