package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/transport"
)

// failed makes an error of the HTTP client, or of reading the answer, into one that says where the request failed.
func (x *exchange) failed(err error) *endpoint.Error {
	if u, ok := err.(*url.Error); ok {
		err = u.Err // u itself shows the whole URL
	}
	phase, limited := x.phase(err)
	e := &endpoint.Error{Message: err.Error(), Err: err}
	switch {
	case errors.Is(x.ctx.Err(), context.Canceled):
		e.Kind, e.Message = endpoint.KindCancelled, "the request was cancelled"
	case limited:
		e.Kind = timeoutKinds[phase]
		if phase == transport.PhaseBody {
			e.Kind = endpoint.KindTimeoutIdle
		}
	case x.ctx.Err() != nil:
		e.Kind, e.Message = timeoutKinds[phase], fmt.Sprintf("the request's time ran out in the phase %q", phase)
	case isTimeout(err):
		e.Kind = timeoutKinds[phase]
	default:
		e.Kind = brokenKind(phase, err)
		for named := true; named; { // the kind stands before the message, and what comes below may name it once more
			e.Message, named = strings.CutPrefix(e.Message, string(e.Kind)+": ")
		}
	}
	return e
}

// phase tells in which phase err happened, and whether a timeout of that phase alone was the cause.
func (x *exchange) phase(err error) (phase transport.Phase, limited bool) {
	var known *transport.Error
	if errors.As(err, &known) {
		return known.Phase, known.Limit > 0
	}
	t := x.timing.Times() // the client is not one of package transport
	var dns *net.DNSError
	switch {
	case x.resp != nil:
		return transport.PhaseBody, false
	case !t.ConnReady.IsZero():
		return transport.PhaseFirstByte, false
	case errors.As(err, &dns):
		return transport.PhaseResolve, false
	case isTLS(err):
		return transport.PhaseTLS, false
	}
	return transport.PhaseConnect, false
}

var timeoutKinds = map[transport.Phase]endpoint.ErrorKind{
	transport.PhaseResolve:   endpoint.KindTimeoutConnect,
	transport.PhaseConnect:   endpoint.KindTimeoutConnect,
	transport.PhaseTLS:       endpoint.KindTimeoutTLS,
	transport.PhaseWrite:     endpoint.KindTimeoutFirstByte,
	transport.PhaseFirstByte: endpoint.KindTimeoutFirstByte,
	transport.PhaseBody:      endpoint.KindTimeout,
}

// brokenKind is the kind of a failure that is no matter of time.
func brokenKind(phase transport.Phase, err error) endpoint.ErrorKind {
	switch phase {
	case transport.PhaseResolve:
		return endpoint.KindDNS
	case transport.PhaseConnect:
		return endpoint.KindConnect
	case transport.PhaseTLS:
		return endpoint.KindTLS
	}
	switch text := err.Error(); {
	case strings.Contains(text, "malformed"), strings.Contains(text, "chunk"):
		return endpoint.KindMalformed // net/http has no types for what is not HTTP
	case phase == transport.PhaseBody && errors.Is(err, io.ErrUnexpectedEOF):
		return endpoint.KindTruncated
	}
	return endpoint.KindReset
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func isTLS(err error) bool {
	text := err.Error()
	return errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(text, "TLS handshake") ||
		strings.Contains(text, "tls: ") || strings.Contains(text, "x509: ")
}
