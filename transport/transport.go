package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// New returns a client as o describes it, or all problems of o. Its errors are Errors within the
// url.Error of http.Client, which repeats the URL: a key in its query would show. It returns redirects as
// they are. Its CloseIdleConnections also closes what
// Prewarm has opened and nobody used; call it when the client is no longer needed.
func New(o Options) (*http.Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	// Validate has reported these errors.
	cfg, _ := o.tlsConfig()
	proxy, _ := o.proxy()
	targets, _ := newTargets(o.URLs, o.Balance)
	d := newDialer(o, cfg)
	return &http.Client{
		Transport: &roundTripper{
			dialer:           d,
			targets:          targets,
			firstByteTimeout: o.FirstByteTimeout,
			idleTimeout:      o.IdleTimeout,
			tlsTimeout:       d.tlsTimeout,
			http: &http.Transport{
				DialContext:           d.DialContext,
				DialTLSContext:        d.DialTLSContext,
				TLSClientConfig:       cfg.Clone(), // for TLS through a proxy, which the dialer does not do
				TLSHandshakeTimeout:   d.tlsTimeout,
				ResponseHeaderTimeout: o.FirstByteTimeout,
				IdleConnTimeout:       IdleConnTimeout,
				MaxIdleConnsPerHost:   keptConns,
				ReadBufferSize:        connBuffer,
				WriteBufferSize:       connBuffer,
				DisableKeepAlives:     o.NoKeepAlive,
				DisableCompression:    true, // decompression would hold chunks back
				Protocols:             o.protocols(),
				Proxy:                 proxy,
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Do sends req with c under ctx, and t collects its Times, as c.Do with a context of Trace does. Through a client of New a request costs less this
// way than through its own Do: nothing of req is copied that only a redirect would need. req and what it points to stay as they are. Errors are Errors, those of
// other clients as they come.
func Do(ctx context.Context, c *http.Client, t *Timing, req *http.Request) (*http.Response, error) {
	rt, ok := c.Transport.(*roundTripper)
	if !ok || c.Jar != nil || c.Timeout != 0 || req.URL.User != nil {
		foreign := req.WithContext(Trace(ctx, t))
		u := *req.URL
		foreign.URL, foreign.Header = &u, req.Header.Clone()
		return c.Do(foreign)
	}
	t.sparing = true
	req = req.WithContext(t.requesting(ctx))
	if req.Header == nil {
		req.Header = http.Header{}
	}
	resp, err := rt.RoundTrip(req)
	if err != nil || resp.StatusCode/100 != 3 {
		return resp, err
	}
	following := *c
	following.Transport = &answered{rt, resp}
	return following.Do(req)
}

// answered is a roundTripper that has the answer to its first request already.
type answered struct {
	*roundTripper
	resp *http.Response
}

func (a *answered) RoundTrip(req *http.Request) (*http.Response, error) {
	if resp := a.resp; resp != nil {
		a.resp = nil
		return resp, nil
	}
	return a.roundTripper.RoundTrip(req)
}

// A roundTripper is an http.Transport that chooses among base URLs, ends stalled streams, and says in which phase a
// request failed.
type roundTripper struct {
	http             *http.Transport
	dialer           *dialer
	targets          *targets
	firstByteTimeout time.Duration
	idleTimeout      time.Duration
	tlsTimeout       time.Duration
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (rt *roundTripper) CloseIdleConnections() {
	rt.http.CloseIdleConnections()
	rt.dialer.closeParked()
}

// RoundTrip implements http.RoundTripper.
func (rt *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	timing := timingOf(ctx)
	if timing == nil {
		timing = new(Timing)
		ctx = Trace(ctx, timing)
		req = req.WithContext(ctx) // the caller's request must stay as it is
	}
	b := new(body)
	if rt.idleTimeout > 0 {
		b.idle = &idleTimer{limit: rt.idleTimeout}
		ctx, b.idle.cancel = context.WithCancelCause(ctx)
		req = req.WithContext(ctx)
	}
	if g := rt.targets.pick(req.URL); g != nil {
		req = g.redirected(req, rt.targets.all[0])
		timing.sentTo(g.name)
		b.release = func() { rt.targets.release(g) }
	}
	resp, err := rt.http.RoundTrip(req)
	if err != nil {
		err = rt.failed(ctx, timing, err) // before finish ends ctx
		b.finish()
		return nil, err
	}
	timing.answered(resp.Proto)
	b.ReadCloser, resp.Body = resp.Body, b
	return resp, nil
}

// failed returns an error of http.Transport as an Error.
func (rt *roundTripper) failed(ctx context.Context, t *Timing, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	known = &Error{Phase: t.reached(), Err: err}
	if refused(err) {
		known.Phase = PhaseTLS
	}
	if known.Timeout() && ctx.Err() == nil {
		switch known.Phase {
		case PhaseFirstByte:
			known.Limit = rt.firstByteTimeout
		case PhaseTLS:
			known.Limit = rt.tlsTimeout
		}
	}
	return known
}

// proxyFor returns the proxy that a request to u goes through, or nil.
func (rt *roundTripper) proxyFor(u *url.URL) (*url.URL, error) {
	if rt.http.Proxy == nil {
		return nil, nil
	}
	return rt.http.Proxy(&http.Request{URL: u})
}
