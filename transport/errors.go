package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// A Phase is a part of a request's life on the wire.
type Phase string

// The phases, in their order.
const (
	PhaseResolve   Phase = "resolve"    // finding the address of the host
	PhaseConnect   Phase = "connect"    // connecting, to the server or to a proxy and through it
	PhaseTLS       Phase = "tls"        // the TLS handshake
	PhaseWrite     Phase = "write"      // writing the request
	PhaseFirstByte Phase = "first byte" // waiting for the response, up to the end of its header
	PhaseBody      Phase = "body"       // reading the response's body
)

// An Error says in which phase a request failed. Every error of a request and of reading its response's
// body is or wraps one, except io.EOF.
type Error struct {
	Phase Phase
	// Limit is the timeout of this phase, if that is what ended the request; else 0. A request whose
	// context reached its deadline has 0 here and context.DeadlineExceeded in Err.
	Limit time.Duration
	Err   error
}

// Error says the phase and the cause, and what to raise if the machine ran out of it.
func (e *Error) Error() string {
	if e.Limit > 0 {
		return fmt.Sprintf("%s: timed out after %v", e.Phase, e.Limit)
	}
	return fmt.Sprintf("%s: %v%s", e.Phase, e.Err, remedy(e.Err))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out: that of the phase, of the context, or of the system.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return e.Limit > 0 || errors.As(e.Err, &t) && t.Timeout()
}

// remedy returns the advice for an error that more descriptors or ports would cure.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return " (out of file descriptors: " + raiseFiles + ")"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (perhaps out of local ports: " + raisePorts + ")"
	}
	return ""
}

// refused reports whether the server broke off with an alert of TLS. In TLS 1.3 it judges the client's certificate only after the
// client has ended its handshake and begun to write.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// errLimit is the cause of a context that a phase's own timeout has ended.
var errLimit = errors.New("timeout of the phase")

// failed returns err as an Error of the phase, which had a limit of its own in ctx.
func failed(ctx context.Context, phase Phase, limit time.Duration, err error) *Error {
	var dns *net.DNSError
	if phase == PhaseConnect && errors.As(err, &dns) {
		phase = PhaseResolve
	}
	var header tls.RecordHeaderError
	if errors.As(err, &header) && string(header.RecordHeader[:]) == "HTTP/" {
		err = http.ErrSchemeMismatch // what http.Client says of the bare error
	}
	if !errors.Is(context.Cause(ctx), errLimit) {
		limit = 0
	}
	return &Error{Phase: phase, Limit: limit, Err: err}
}
