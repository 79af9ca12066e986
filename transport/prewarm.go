package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"
)

const dialsAtOnce = 64 // a server's queue of connections not yet accepted must not overflow

// ErrForeignClient is returned by Prewarm for a client that New did not make.
var ErrForeignClient = errors.New("not a client of transport.New: it cannot be warmed")

// Prewarm opens n connections to the server of rawURL, with TLS done, for the first requests of the client
// to use, so that no request measures how long it takes to connect. It sends no request. If the URL begins
// with the first of Options.URLs, the n are shared evenly between all of them, rounded up. Connections that
// the server closes before they are used are replaced by new ones when needed, where that can be seen (on
// Linux); those not used within IdleConnTimeout too. Through a proxy that is asked to CONNECT, and through SOCKS,
// only the way to the proxy is warmed.
//
// The error joins the Errors of the connections that could not be opened, each kind once; the others stay open. Before these stand the
// *Shortages of what the system does not have enough of for so many connections, also where it was just enough for these.
func Prewarm(ctx context.Context, client *http.Client, rawURL string, n int) error {
	rt, ok := client.Transport.(*roundTripper)
	if !ok {
		return ErrForeignClient
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return err
	}
	urls := []*url.URL{u}
	if all := rt.targets.all; len(all) > 0 && all[0].holds(u) {
		urls = urls[:0]
		for _, g := range all {
			urls = append(urls, g.url)
		}
	}
	scarce := Headroom(SystemLimits(), Need{Conns: n, Addresses: len(urls)})
	var group errgroup.Group
	group.SetLimit(dialsAtOnce)
	each := (n + len(urls) - 1) / len(urls)
	errs := make([]error, len(urls)*each)
	for i, u := range urls {
		to, err := rt.peerOf(u)
		if err != nil {
			return err
		}
		for k := range each {
			group.Go(func() error {
				conn, err := rt.dialer.open(ctx, "tcp", to)
				if err != nil {
					errs[i*each+k] = fmt.Errorf("%s: %w", to.address, err)
					return nil
				}
				rt.dialer.park(conn, to)
				return nil
			})
		}
	}
	group.Wait() // the errors are in errs: one failure does not end the others
	return errors.Join(append([]error{scarce}, distinct(errs)...)...)
}

// peerOf returns where http.Transport will connect to for a request to u.
func (rt *roundTripper) peerOf(u *url.URL) (peer, error) {
	proxy, err := rt.proxyFor(u)
	if err != nil {
		return peer{}, err
	}
	if proxy != nil {
		u = proxy
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	if u.Hostname() == "" || port == "" {
		return peer{}, fmt.Errorf("%q is not an http or https URL with a host", u.Redacted())
	}
	return peer{u.Scheme == "https", net.JoinHostPort(u.Hostname(), port)}, nil
}

// distinct returns the errors that are not nil and differ in what they say.
func distinct(errs []error) []error {
	var out []error
	seen := make(map[string]bool)
	for _, err := range errs {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			out = append(out, err)
		}
	}
	return out
}
