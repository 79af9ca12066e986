package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// Times tell what one request spent its time on. Instants that were not reached are zero.
type Times struct {
	Dispatched   time.Time // the request reached net/http, which began to look for a connection
	ConnReady    time.Time // it had a connection, with TLS done
	WroteRequest time.Time // the request was written
	FirstByte    time.Time // the first byte of the response's header arrived, by the Clock of the connection

	// What opening the connection took; all 0 if it was open already.
	Resolve, Connect, TLS time.Duration

	Reused   bool   // the connection was open before the request: used by another one, or opened by Prewarm
	Conns    int    // connections asked for; net/http takes another one if a kept one turns out to be closed before anything is written
	Protocol string // as in "HTTP/1.1"; known after the response's header, through a client of New
	BaseURL  string // which of Options.URLs the request went to; "" if there is no choice

	LocalAddr, RemoteAddr net.Addr // nil before ConnReady
}

// A Timing collects the Times of one request, through any http.Client. The zero value is ready;
// it serves one request alone, as net/http may report to it after that has ended.
// It is safe for concurrent use: net/http reports from goroutines of its own.
type Timing struct {
	mu       sync.Mutex
	times    Times
	clock    Clock
	started  Times // instants at which Resolve, Connect and TLS began, as durations since Dispatched
	began    Phase // the last phase that began
	prewarmd bool
}
