package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter/internal/bubble"
)

// Times tell what one request spent its time on. Instants that were not reached are zero.
type Times struct {
	Dispatched   time.Time // net/http had the request and began to look for a connection
	ConnReady    time.Time // the request had a connection, with TLS done
	WroteRequest time.Time // the request was written, but for its last 2 KiB at most: net/http reports it as these go to the connection. Of a held one, when its first bytes go there
	FirstByte    time.Time // the first byte of the response's header arrived, by the Clock of the connection

	// What opening the connection took; all 0 if it was open already. An open connection that becomes
	// free while a new one is being opened is taken instead.
	Resolve, Connect, TLS time.Duration

	Reused   bool   // the connection was open before the request: kept after another one, or opened by Prewarm
	Conns    int    // connections asked for: more than 1 if net/http found a kept one closed before anything was written to it
	Protocol string // as in "HTTP/1.1"; known with the response's header, through a client of New
	BaseURL  string // which of Options.URLs the request went to; "" if there was no choice

	LocalAddr, RemoteAddr net.Addr // of the connection; nil before ConnReady
}

// A Timing collects the Times of one request. The zero value is ready, see Trace. It serves one request
// alone, because net/http may still report to it after that has ended, and it is safe for concurrent
// use, because net/http reports from several goroutines.
type Timing struct {
	sparing bool      // its context is that of requesting alone: few requests open a connection, and then the dialer adds the rest
	due     time.Time // see Hold

	mu                    sync.Mutex
	times                 Times
	clock                 Clock
	phase                 Phase     // the last that began, or PhaseConnect in between
	resolve, connect, tls time.Time // when these began
	warm                  bool      // the connection being opened was there already, opened by Prewarm
}

type timingKey struct{}

// Trace returns a context for one request, whose Times t will collect. It works with any http.Client; one
// of New knows more, see Times and Clock. Traces that ctx has already are called too.
func Trace(ctx context.Context, t *Timing) context.Context { return t.dialing(t.requesting(ctx)) }

// requesting is Trace without what happens while a connection is opened.
func (t *Timing) requesting(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, timingKey{}, t)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              t.getConn,
		TLSHandshakeStart:    t.tlsStart,
		TLSHandshakeDone:     t.tlsDone,
		GotConn:              t.gotConn,
		WroteRequest:         t.wroteRequest,
		GotFirstResponseByte: t.firstByte,
	})
}

// dialing adds what requesting left out.
func (t *Timing) dialing(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     t.dnsStart,
		DNSDone:      t.dnsDone,
		ConnectStart: t.connectStart,
		ConnectDone:  t.connectDone,
	})
}

// Hold keeps the request from being sent before due: all that comes before is done, and its first bytes go to the connection then. The last of
// the wait is spun, so that nothing lies between its end and the system call. That is so on a connection with the kernel's
// clock; on others the request is held as soon as it has its connection. Call it before the request begins. The Times begin at due.
func (t *Timing) Hold(due time.Time) { t.due = due }

// spun is how long before its end a wait is spun. Go's timers are late by up to a millisecond.
const spun = 1500 * time.Microsecond

// wait waits until the request is due.
func (t *Timing) wait() {
	if rest := time.Until(t.due); rest > spun {
		time.Sleep(rest - spun)
	}
	if time.Now().Before(t.due) && bubble.Inside() {
		time.Sleep(time.Until(t.due))
	}
	for time.Now().Before(t.due) {
	}
}

// release waits until the request is due, in the moment in which it is written.
func (t *Timing) release() {
	t.wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.times.WroteRequest.IsZero() { // it was said when the request had gone to a buffer
		t.times.WroteRequest = time.Now()
	}
}

// now is the time, as far as the request is concerned: nothing happens to it before it is due.
func (t *Timing) now() time.Time {
	now := time.Now()
	if now.Before(t.due) {
		return t.due
	}
	return now
}

// timingOf returns the Timing that Trace put into ctx, or nil.
func timingOf(ctx context.Context) *Timing {
	t, _ := ctx.Value(timingKey{}).(*Timing)
	return t
}

// Times returns what was collected so far.
func (t *Timing) Times() Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.times
}

// Clock returns the clock of the request's connection; before ConnReady that of user space.
func (t *Timing) Clock() Clock {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clock
}

// reached returns the phase in which the request is before its response's header.
func (t *Timing) reached() Phase {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phase
}

func (t *Timing) getConn(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times.Dispatched.IsZero() {
		t.times.Dispatched = t.now()
	}
	t.times = Times{Dispatched: t.times.Dispatched, Conns: t.times.Conns + 1, BaseURL: t.times.BaseURL}
	t.clock, t.phase, t.warm = Clock{}, PhaseConnect, false
	t.resolve, t.connect, t.tls = time.Time{}, time.Time{}, time.Time{}
}

func (t *Timing) dnsStart(httptrace.DNSStartInfo) { t.begin(PhaseResolve, &t.resolve) }

func (t *Timing) dnsDone(httptrace.DNSDoneInfo) { t.end(&t.times.Resolve, t.resolve, nil) }

// connectStart and connectDone are called for each address tried: the first start and the success count.
func (t *Timing) connectStart(_, _ string) { t.begin(PhaseConnect, &t.connect) }

func (t *Timing) connectDone(_, _ string, err error) { t.end(&t.times.Connect, t.connect, err) }

func (t *Timing) tlsStart() { t.begin(PhaseTLS, &t.tls) }

func (t *Timing) tlsDone(_ tls.ConnectionState, err error) { t.end(&t.times.TLS, t.tls, err) }

// begin notes the beginning of a phase of opening the connection. Once the request has one, a connection
// still being opened on its behalf is no longer its own.
func (t *Timing) begin(phase Phase, at *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times.ConnReady.IsZero() && at.IsZero() {
		*at, t.phase = time.Now(), phase
	}
}

// end notes the length of a phase that began at start and succeeded. net/http reports a TLS handshake that
// the dialer has done once more, as one that takes no time: the first report counts.
func (t *Timing) end(took *time.Duration, start time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times.ConnReady.IsZero() && err == nil && *took == 0 {
		*took = time.Since(start)
		if t.phase == PhaseResolve {
			t.phase = PhaseConnect
		}
	}
}

// prewarmed notes that the connection which net/http takes for opened now was opened by Prewarm.
func (t *Timing) prewarmed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.warm = true
}

func (t *Timing) gotConn(info httptrace.GotConnInfo) {
	clock := t.connected(info)
	switch {
	case t.due.IsZero():
	case clock.Kernel():
		clock.source.hold(t)
	default:
		t.wait()
	}
}

// connected notes the request's connection.
func (t *Timing) connected(info httptrace.GotConnInfo) Clock {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times.ConnReady, t.phase = t.now(), PhaseWrite
	t.times.Reused = info.Reused || info.WasIdle || t.warm
	if t.times.Reused {
		t.times.Resolve, t.times.Connect, t.times.TLS = 0, 0, 0
	}
	t.times.LocalAddr, t.times.RemoteAddr = info.Conn.LocalAddr(), info.Conn.RemoteAddr()
	t.clock = clockOf(info.Conn)
	return t.clock
}

func (t *Timing) wroteRequest(info httptrace.WroteRequestInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if info.Err == nil {
		t.times.WroteRequest, t.phase = t.now(), PhaseFirstByte
	}
}

func (t *Timing) firstByte() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times.FirstByte = t.clock.Arrived()
}

// sentTo notes the base URL chosen for the request.
func (t *Timing) sentTo(base string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times.BaseURL = base
}

// answered notes the protocol of the response.
func (t *Timing) answered(protocol string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times.Protocol = protocol
}
