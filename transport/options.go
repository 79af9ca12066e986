package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// DefaultConnectTimeout limits name resolution and connecting together unless Options says otherwise.
	DefaultConnectTimeout = 10 * time.Second
	// DefaultTLSTimeout limits the TLS handshake unless Options says otherwise.
	DefaultTLSTimeout = 10 * time.Second
	// IdleConnTimeout is how long a connection that no request uses is kept.
	IdleConnTimeout = 90 * time.Second

	keptConns = 1 << 20 // idle connections kept per host; net/http would keep 2

	// connBuffer is what each connection reads and writes through, in bytes; net/http would take twice 4 KiB. It holds several
	// events of a chat. Longer bodies pass it by, and of 10,000 open streams it takes 40 MB less.
	connBuffer = 2 << 10
)

// ProxyFromEnvironment as Options.Proxy takes the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
const ProxyFromEnvironment = "env"

// A Protocol is the version of HTTP that a client speaks.
type Protocol int

// The protocols. HTTP/2 carries many streams on one connection, so the kernel's receive time of its bytes
// belongs to none of them: with it the times are those of user space.
const (
	HTTP1 Protocol = iota // HTTP/1.1: each stream has a connection of its own
	HTTP2                 // HTTP/2 over TLS where the server agrees to it, else HTTP/1.1
	H2C                   // HTTP/2 without TLS, known to be there without asking; over TLS as HTTP2
)

// A Balance says which of several base URLs a request goes to.
type Balance int

// The ways to balance.
const (
	RoundRobin    Balance = iota // each in turn
	LeastInFlight                // the one with the fewest unfinished requests; among equals, in turn
)

// Options describe a client. The zero value is HTTP/1.1 with as many connections as there are requests in
// flight, all kept; no proxy; TLS 1.2 or later with the system's roots.
type Options struct {
	Protocol    Protocol
	NoKeepAlive bool // open a connection for each request

	// Proxy is the URL of a proxy (http, https, socks5, socks5h), or ProxyFromEnvironment. Empty means none,
	// whatever the environment says: a measurement must not pass through a proxy that nobody asked for.
	Proxy string
	// UnixSocket is the path of a socket that every connection goes to, whatever the host of the URL.
	UnixSocket string
	// DialContext opens connections instead of net.Dialer, as an in-memory server needs it.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// URLs are base URLs with the same service behind each. Requests are built with the first; those
	// that begin with it are sent to one of all, as Balance says, and Times.BaseURL tells to which.
	URLs    []string
	Balance Balance

	// ConnectTimeout limits name resolution and connecting; 0 means DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// TLSTimeout limits the TLS handshake; 0 means DefaultTLSTimeout.
	TLSTimeout time.Duration
	// FirstByteTimeout limits the wait from the request written to the response's header; 0 means no limit.
	FirstByteTimeout time.Duration
	// IdleTimeout limits each wait for more of the response's body; 0 means no limit. What was read before it
	// strikes stays. The time that the reader of the body takes for itself does not count.
	// The limit of the whole request is the deadline of its context.
	IdleTimeout time.Duration

	RootPEM  []byte // certificates in PEM to trust instead of the system's
	CertPEM  []byte // the client's certificate in PEM, with its chain; needs KeyPEM
	KeyPEM   []byte // the client's private key in PEM
	Insecure bool   // accept any certificate
	MinTLS   uint16 // the oldest TLS version accepted, as crypto/tls numbers them; 0 means TLS 1.2

	// UserClock does without the kernel's receive times, see Clock.
	UserClock bool
}

// Validate returns all problems of o together, or nil.
func (o Options) Validate() error {
	_, errTLS := o.tlsConfig()
	_, errProxy := o.proxy()
	_, errURLs := newTargets(o.URLs, o.Balance)
	errs := []error{errTLS, errProxy, errURLs}
	if o.Protocol < HTTP1 || o.Protocol > H2C {
		errs = append(errs, fmt.Errorf("protocol %d is none of HTTP1, HTTP2, H2C", o.Protocol))
	}
	if o.UnixSocket != "" && o.DialContext != nil {
		errs = append(errs, errors.New("a Unix socket and DialContext exclude each other"))
	}
	if o.Proxy != "" && o.UnixSocket != "" {
		errs = append(errs, errors.New("a proxy and a Unix socket exclude each other"))
	}
	for _, limit := range []struct {
		name  string
		value time.Duration
	}{
		{"connect", o.ConnectTimeout}, {"TLS", o.TLSTimeout}, {"first byte", o.FirstByteTimeout}, {"idle", o.IdleTimeout},
	} {
		if limit.value < 0 {
			errs = append(errs, fmt.Errorf("%s timeout %v is negative", limit.name, limit.value))
		}
	}
	return errors.Join(errs...)
}

// tlsConfig returns the TLS configuration of a client.
func (o Options) tlsConfig() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: cmp.Or(o.MinTLS, tls.VersionTLS12), InsecureSkipVerify: o.Insecure}
	if o.Protocol != HTTP1 {
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	var errs []error
	if o.MinTLS > tls.VersionTLS13 {
		errs = append(errs, fmt.Errorf("TLS version %#x is unknown", o.MinTLS))
	}
	if len(o.RootPEM) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(o.RootPEM) {
			errs = append(errs, errors.New("root certificates: no PEM certificate found"))
		}
	}
	if len(o.CertPEM) > 0 || len(o.KeyPEM) > 0 {
		cert, err := tls.X509KeyPair(o.CertPEM, o.KeyPEM)
		if err != nil {
			errs = append(errs, fmt.Errorf("client certificate: %w", err))
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	return cfg, errors.Join(errs...)
}

// proxy returns what http.Transport.Proxy is to be. Its errors do not repeat the URL: it may hold a password.
func (o Options) proxy() (func(*http.Request) (*url.URL, error), error) {
	switch o.Proxy {
	case "":
		return nil, nil
	case ProxyFromEnvironment:
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(o.Proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: not a URL with scheme and host")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return http.ProxyURL(u), nil
	}
	return nil, fmt.Errorf("proxy: scheme %q is none of http, https, socks5, socks5h", u.Scheme)
}

// protocols returns what http.Transport.Protocols is to be.
func (o Options) protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(o.Protocol != H2C)
	p.SetHTTP2(o.Protocol != HTTP1)
	p.SetUnencryptedHTTP2(o.Protocol == H2C)
	return p
}

// newTargets parses base URLs; none means that requests go where they say.
func newTargets(urls []string, b Balance) (*targets, error) {
	var errs []error
	if b < RoundRobin || b > LeastInFlight {
		errs = append(errs, fmt.Errorf("balance %d is none of RoundRobin, LeastInFlight", b))
	}
	t := &targets{balance: b}
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("base URL %q is not an http or https URL with a host", redacted(u, s)))
			continue
		}
		u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
		t.all = append(t.all, &target{name: strings.TrimRight(s, "/"), url: u})
	}
	return t, errors.Join(errs...)
}

// redacted returns s without what may be secret in it.
func redacted(u *url.URL, s string) string {
	if u != nil {
		return u.Redacted()
	}
	if _, rest, found := strings.Cut(s, "@"); found {
		return "…@" + rest
	}
	return s
}
