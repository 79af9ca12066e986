package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// A dialer opens connections for http.Transport, or hands out those that Prewarm has opened before.
type dialer struct {
	dial                       func(ctx context.Context, network, address string) (net.Conn, error)
	tls                        *tls.Config
	connectTimeout, tlsTimeout time.Duration
	kernelClock                bool

	mu     sync.Mutex
	parked map[peer][]parkedConn
}

// A peer is where a connection leads, as http.Transport names it to its dial functions.
type peer struct {
	tls     bool
	address string // host:port
}

// A parkedConn is open and has never been used.
type parkedConn struct {
	net.Conn
	since time.Time
}

func newDialer(o Options, cfg *tls.Config) *dialer {
	d := &dialer{
		tls:            cfg,
		connectTimeout: cmp.Or(o.ConnectTimeout, DefaultConnectTimeout),
		tlsTimeout:     cmp.Or(o.TLSTimeout, DefaultTLSTimeout),
		kernelClock:    !o.UserClock && o.Protocol != H2C,
		parked:         make(map[peer][]parkedConn),
	}
	switch {
	case o.DialContext != nil:
		d.dial = traced(o.DialContext)
	case o.UnixSocket != "":
		d.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", o.UnixSocket)
		}
	default:
		d.dial = new(net.Dialer).DialContext
	}
	return d
}

// traced reports a dial to the trace in its context as net.Dialer does.
func traced(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		trace := httptrace.ContextClientTrace(ctx)
		if trace != nil && trace.ConnectStart != nil {
			trace.ConnectStart(network, address)
		}
		conn, err := dial(ctx, network, address)
		if trace != nil && trace.ConnectDone != nil {
			trace.ConnectDone(network, address, err)
		}
		return conn, err
	}
}

// DialContext is for http.Transport.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.take(ctx, network, peer{false, address})
}

// DialTLSContext is for http.Transport, which has no other place where a connection with TLS done could come from.
func (d *dialer) DialTLSContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.take(ctx, network, peer{true, address})
}

// take hands out a parked connection, or opens one.
func (d *dialer) take(ctx context.Context, network string, to peer) (net.Conn, error) {
	for {
		conn, ok := d.unpark(to)
		if !ok {
			return d.open(ctx, network, to)
		}
		if time.Since(conn.since) < IdleConnTimeout && alive(belowTLS(conn.Conn)) {
			if t := timingOf(ctx); t != nil {
				t.prewarmed()
			}
			return conn.Conn, nil
		}
		conn.Close()
	}
}

// open connects, and does the TLS handshake if to needs one.
func (d *dialer) open(ctx context.Context, network string, to peer) (net.Conn, error) {
	conn, err := d.connect(ctx, network, to.address)
	if err != nil || !to.tls {
		return conn, err
	}
	secured, err := d.handshake(ctx, conn, to.address)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

func (d *dialer) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.connectTimeout, errLimit)
	defer cancel()
	if t := timingOf(ctx); t != nil && t.sparing {
		ctx = t.dialing(ctx)
	}
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, failed(ctx, PhaseConnect, d.connectTimeout, err)
	}
	if d.kernelClock {
		conn = withKernelClock(conn)
	}
	return conn, nil
}

func (d *dialer) handshake(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.tlsTimeout, errLimit)
	defer cancel()
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, failed(ctx, PhaseTLS, d.tlsTimeout, err)
	}
	cfg := d.tls.Clone()
	cfg.ServerName = host
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	secured := tls.Client(conn, cfg)
	err = secured.HandshakeContext(ctx)
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(secured.ConnectionState(), err)
	}
	if err != nil {
		return nil, failed(ctx, PhaseTLS, d.tlsTimeout, err)
	}
	return secured, nil
}

// park keeps an open connection for take.
func (d *dialer) park(conn net.Conn, to peer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.parked[to] = append(d.parked[to], parkedConn{conn, time.Now()})
}

// unpark returns the connection that was parked last.
func (d *dialer) unpark(to peer) (parkedConn, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	parked := d.parked[to]
	if len(parked) == 0 {
		return parkedConn{}, false
	}
	last := len(parked) - 1
	d.parked[to] = parked[:last]
	return parked[last], true
}

// closeParked closes all connections that nobody took.
func (d *dialer) closeParked() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, parked := range d.parked {
		for _, conn := range parked {
			conn.Close()
		}
	}
	clear(d.parked)
}

// belowTLS returns the connection that carries conn.
func belowTLS(conn net.Conn) net.Conn {
	for {
		t, ok := conn.(*tls.Conn)
		if !ok {
			return conn
		}
		conn = t.NetConn()
	}
}
