package mock

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// DialContext connects to the server in memory, whatever the address; it is what an http.Transport's DialContext wants.
// The connection is a net.Pipe: each write of the server is one read of the client, and a client that does not read
// stops the server. Inside a testing/synctest bubble the server must have been made there too.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	s.memory.start.Do(func() { go s.Serve(&s.memory) })
	return s.memory.dial(ctx)
}

// Client returns a new client that reaches the server in memory. It sets no time limits.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         s.DialContext,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 1 << 10,
	}}
}

// A pipeListener accepts the far ends of the pipes that dial makes.
type pipeListener struct {
	start sync.Once
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.close.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
