package endpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// An ErrorKind says where a request failed. The text is stable: it stands in files and reports.
type ErrorKind string

// The kinds of failure, in the order in which a request can meet them.
const (
	KindCallback         ErrorKind = "callback"           // a BeforeInvoke hook failed; nothing was sent
	KindPayload          ErrorKind = "payload"            // the payload cannot be sent by this endpoint; nothing was sent
	KindDNS              ErrorKind = "dns"                // the host's name could not be resolved
	KindConnect          ErrorKind = "connect"            // no connection: refused, unreachable, no port or descriptor left
	KindTLS              ErrorKind = "tls"                // the TLS handshake failed
	KindTimeoutConnect   ErrorKind = "timeout_connect"    // the time ran out before there was a connection
	KindTimeoutTLS       ErrorKind = "timeout_tls"        // the time ran out in the TLS handshake
	KindTimeoutFirstByte ErrorKind = "timeout_first_byte" // the time ran out before the answer's first byte
	KindTimeoutIdle      ErrorKind = "timeout_idle"       // the stream paused longer than allowed
	KindTimeout          ErrorKind = "timeout"            // the whole time of the request ran out while the answer was read
	KindUnauthorized     ErrorKind = "unauthorized"       // HTTP 401 or 403
	KindNotFound         ErrorKind = "not_found"          // HTTP 404: no such model or path
	KindRateLimited      ErrorKind = "rate_limited"       // HTTP 429, or the same said in a stream
	KindClientStatus     ErrorKind = "http_4xx"           // any other HTTP status from 300 to 499
	KindServerStatus     ErrorKind = "http_5xx"           // HTTP status 500 and above
	KindStream           ErrorKind = "stream_error"       // the server reported an error after HTTP 200
	KindTruncated        ErrorKind = "truncated"          // the answer ended before its end was announced
	KindReset            ErrorKind = "reset"              // the connection broke
	KindEmpty            ErrorKind = "empty"              // the answer held nothing at all
	KindMalformed        ErrorKind = "malformed"          // the answer is not what the protocol allows
	KindCancelled        ErrorKind = "cancelled"          // the run was aborted; counted apart from failures
	KindUnknown          ErrorKind = "unknown"            // anything else, and errors read from files without a kind
)

// FailureKinds are the kinds with which requests fail: all but [KindCancelled].
func FailureKinds() []ErrorKind {
	return []ErrorKind{
		KindCallback, KindPayload, KindDNS, KindConnect, KindTLS, KindTimeoutConnect, KindTimeoutTLS, KindTimeoutFirstByte,
		KindTimeoutIdle, KindTimeout, KindUnauthorized, KindNotFound, KindRateLimited, KindClientStatus, KindServerStatus,
		KindStream, KindTruncated, KindReset, KindEmpty, KindMalformed, KindUnknown,
	}
}

// NoConnection reports whether a request that failed with this kind never had a connection to the server.
func (k ErrorKind) NoConnection() bool {
	switch k {
	case KindDNS, KindConnect, KindTLS, KindTimeoutConnect, KindTimeoutTLS:
		return true
	}
	return false
}

// An Error is why a request failed. Its text never holds a credential.
type Error struct {
	Kind       ErrorKind
	Status     int           // HTTP status, 0 if there was none
	Code       string        // the provider's code or type of error, if it gave one
	Message    string        // one line for people; at most [MaxMessage] bytes are kept in files
	RetryAfter time.Duration // what the server asked to wait, 0 if it did not
	Err        error         // the cause, may be nil
}

// MaxMessage is how many bytes of a message Error keeps when it is shown: a server may answer with a whole page.
const MaxMessage = 1000

// Error gives kind, status, code and message on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " [%s]", e.Code)
	}
	if m := e.message(); m != "" {
		b.WriteString(": ")
		b.WriteString(m)
	}
	return b.String()
}

func (e *Error) message() string {
	m := e.Message
	if m == "" && e.Err != nil {
		m = e.Err.Error()
	}
	m = strings.Join(strings.Fields(m), " ")
	if len(m) <= MaxMessage {
		return m
	}
	m = m[:MaxMessage]
	for len(m) > 0 && !utf8.ValidString(m) { // the cut may have hit the middle of a character
		m = m[:len(m)-1]
	}
	return m + "…"
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError gives err as an *Error. An error of another type becomes one: an expired deadline is a timeout, a cancelled
// context is cancelled, all else is unknown. AsError of nil is nil, also of a nil *Error inside an error.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: KindTimeout, Message: "no complete answer in time", Err: err}
	case errors.Is(err, context.Canceled):
		return &Error{Kind: KindCancelled, Message: "the request was cancelled", Err: err}
	}
	return &Error{Kind: KindUnknown, Err: err}
}
