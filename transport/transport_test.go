package transport_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/transport"
)

// httpServer serves on a real socket, HTTP/1.1 and h2c, and returns its base URL.
func httpServer(t testing.TB, network, address string, h http.Handler) string {
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	srv := &http.Server{Handler: h, Protocols: new(http.Protocols), ErrorLog: log.New(io.Discard, "", 0)}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return "http://" + l.Addr().String()
}

// tlsServer serves HTTP/1.1 and HTTP/2 with a certificate of ca, and tells who the client is. With clients
// it demands a certificate of theirs.
func tlsServer(t testing.TB, ca, clients *authority) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "127.0.0.1")}}
	if clients != nil {
		cfg.ClientCAs, cfg.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		cfg.ClientCAs.AddCert(clients.cert)
	}
	srv := &http.Server{TLSConfig: cfg, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(w, "%s %s %s", r.Proto, tls.VersionName(r.TLS.Version), who)
	})}
	go srv.ServeTLS(l, "", "")
	t.Cleanup(func() { srv.Close() })
	return "https://" + l.Addr().String()
}

func TestTLSIsAsTheOptionsSay(t *testing.T) {
	ca, clients := newAuthority(t), newAuthority(t)
	cert, key := clients.issuePEM(t, "tester")
	open, closed := tlsServer(t, ca, nil), tlsServer(t, ca, clients)
	for name, test := range map[string]struct {
		o         transport.Options
		url, want string
	}{
		"own authority":      {transport.Options{RootPEM: ca.certPEM}, open, "HTTP/1.1 TLS 1.3 nobody"},
		"any certificate":    {transport.Options{Insecure: true}, open, "HTTP/1.1 TLS 1.3 nobody"},
		"least version":      {transport.Options{RootPEM: ca.certPEM, MinTLS: tls.VersionTLS13}, open, "HTTP/1.1 TLS 1.3 nobody"},
		"client certificate": {transport.Options{RootPEM: ca.certPEM, CertPEM: cert, KeyPEM: key}, closed, "HTTP/1.1 TLS 1.3 tester"},
		"HTTP/2":             {transport.Options{RootPEM: ca.certPEM, Protocol: transport.HTTP2}, open, "HTTP/2.0 TLS 1.3 nobody"},
		"h2c over TLS":       {transport.Options{RootPEM: ca.certPEM, Protocol: transport.H2C}, open, "HTTP/2.0 TLS 1.3 nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, test.o)
			require.NoError(t, transport.Prewarm(t.Context(), client, test.url, 2))
			times, body, err := get(t.Context(), client, test.url)
			require.NoError(t, err)
			require.Equal(t, test.want, body)
			require.True(t, times.Reused, "opened by Prewarm")
			require.Equal(t, strings.Fields(test.want)[0], times.Protocol)
		})
	}
	_, _, err := get(t.Context(), newClient(t, transport.Options{RootPEM: ca.certPEM}), closed)
	require.ErrorContains(t, err, "certificate required")
	require.Equal(t, transport.PhaseTLS, failure(t, err).Phase, "though the handshake had ended on this side")
}

func TestTheNameIsResolvedAndTimed(t *testing.T) {
	base := httpServer(t, "tcp", "127.0.0.1:0", http.NotFoundHandler())
	times, _, err := get(t.Context(), newClient(t, transport.Options{}), strings.Replace(base, "127.0.0.1", "localhost", 1))
	require.NoError(t, err)
	require.Positive(t, times.Resolve)
	require.Positive(t, times.Connect)
	require.LessOrEqual(t, times.Resolve+times.Connect, times.ConnReady.Sub(times.Dispatched))
}

func TestHTTP2WithoutTLS(t *testing.T) {
	base := httpServer(t, "tcp", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	client := newClient(t, transport.Options{Protocol: transport.H2C})
	require.NoError(t, transport.Prewarm(t.Context(), client, base, 1))
	times, body, err := get(t.Context(), client, base)
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0", body)
	require.Equal(t, "HTTP/2.0", times.Protocol)
	require.True(t, times.Reused)
}

func TestEverythingGoesToTheUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	httpServer(t, "unix", path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) }))
	client := newClient(t, transport.Options{UnixSocket: path})
	require.NoError(t, transport.Prewarm(t.Context(), client, "http://model.test/", 1))
	times, body, err := get(t.Context(), client, "http://model.test/v1")
	require.NoError(t, err)
	require.Equal(t, "model.test", body)
	require.Equal(t, "unix", times.RemoteAddr.Network())
	require.True(t, times.Reused)
}

func TestNothingIsAskedForThatDelaysOrHidesTheAnswer(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
		io.WriteString(w, r.Header.Get("Accept-Encoding"))
	}
	inBubble(t, 0, transport.Options{}, false, handler, func(t *testing.T, client *http.Client, _ *pipes) {
		require.Zero(t, client.Timeout)
		resp, err := client.Get("http://model.test/")
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusTemporaryRedirect, resp.StatusCode, "not followed")
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Empty(t, body, "no compression is accepted")
	})
}

func TestManyConnectionsAreKeptUnlessNoneIs(t *testing.T) {
	for noKeepAlive, want := range map[bool]int32{false: 50, true: 100} {
		inBubble(t, 0, transport.Options{NoKeepAlive: noKeepAlive}, false, slowly, func(t *testing.T, client *http.Client, p *pipes) {
			for range 2 {
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() { get(t.Context(), client, "http://model.test/") })
				}
				all.Wait()
			}
			require.Equal(t, want, p.dials.Load())
		})
	}
}

// proxyServer is a proxy that counts what passes through it: requests, and tunnels by CONNECT.
func proxyServer(t *testing.T) (string, *atomic.Int32) {
	var passed atomic.Int32
	return httpServer(t, "tcp", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic dTpzZWNyZXQ=" { // u:secret
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		passed.Add(1)
		if r.Method != http.MethodConnect {
			io.WriteString(w, "through the proxy to "+r.URL.Host)
			return
		}
		server, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(server, buffered)
		io.Copy(client, server)
	})), &passed
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	ca := newAuthority(t)
	secure := tlsServer(t, ca, nil)
	proxy, passed := proxyServer(t)
	withUser := strings.Replace(proxy, "://", "://u:secret@", 1)
	client := newClient(t, transport.Options{Proxy: withUser, RootPEM: ca.certPEM})
	require.NoError(t, transport.Prewarm(t.Context(), client, "http://model.test/", 1))

	times, body, err := get(t.Context(), client, "http://model.test/")
	require.NoError(t, err)
	require.Equal(t, "through the proxy to model.test", body)
	require.True(t, times.Reused)

	times, body, err = get(t.Context(), client, secure)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 TLS 1.3 nobody", body)
	require.Positive(t, times.TLS)
	require.EqualValues(t, 2, passed.Load())

	_, _, err = get(t.Context(), newClient(t, transport.Options{Proxy: proxy}), secure)
	require.ErrorContains(t, err, "Proxy Authentication Required")
	require.Equal(t, transport.PhaseConnect, failure(t, err).Phase)
}

func TestAProxyThatIsDownIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	down := l.Addr().String()
	l.Close()
	client := newClient(t, transport.Options{Proxy: "http://u:secret@" + down})
	_, _, err = get(t.Context(), client, "http://model.test/")
	require.ErrorContains(t, err, "proxyconnect")
	require.ErrorContains(t, err, down)
	require.NotContains(t, err.Error(), "secret")
	require.Equal(t, transport.PhaseConnect, failure(t, err).Phase)
}

func TestSeveralURLsShareTheRequests(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	handler := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Host+r.URL.EscapedPath()]++
		mu.Unlock()
		if r.Host == "slow.test" {
			time.Sleep(10 * time.Second)
		}
		time.Sleep(100 * time.Millisecond)
	}
	urls := []string{"http://fast.test/v1", "http://slow.test/api/v1/", "http://quick.test"}
	for name, test := range map[string]struct {
		balance transport.Balance
		want    map[string]int
	}{
		"in turn":         {transport.RoundRobin, map[string]int{"fast.test/v1/chat%2Fx": 10, "slow.test/api/v1/chat%2Fx": 10, "quick.test/chat%2Fx": 10}},
		"least in flight": {transport.LeastInFlight, map[string]int{"fast.test/v1/chat%2Fx": 15, "slow.test/api/v1/chat%2Fx": 1, "quick.test/chat%2Fx": 14}},
	} {
		t.Run(name, func(t *testing.T) {
			clear(seen)
			inBubble(t, 0, transport.Options{URLs: urls, Balance: test.balance}, false, handler, func(t *testing.T, client *http.Client, _ *pipes) {
				var all sync.WaitGroup
				got := map[string]int{}
				for range 30 {
					all.Go(func() {
						times, _, err := get(t.Context(), client, "http://fast.test/v1/chat%2Fx")
						require.NoError(t, err)
						mu.Lock()
						got[times.BaseURL]++
						mu.Unlock()
					})
					time.Sleep(60 * time.Millisecond)
				}
				all.Wait()
				require.Equal(t, test.want, seen)
				require.Equal(t, map[string]int{
					"http://fast.test/v1":     test.want["fast.test/v1/chat%2Fx"],
					"http://slow.test/api/v1": test.want["slow.test/api/v1/chat%2Fx"],
					"http://quick.test":       test.want["quick.test/chat%2Fx"],
				}, got)
			})
		})
	}
}

func TestOtherURLsGoWhereTheySay(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host+r.URL.Path) }
	o := transport.Options{URLs: []string{"http://a.test/v1", "http://b.test/v1"}}
	inBubble(t, 0, o, false, handler, func(t *testing.T, client *http.Client, p *pipes) {
		for range 2 {
			for _, to := range []string{"a.test/v10", "a.test/", "c.test/v1"} {
				times, body, err := get(t.Context(), client, "http://"+to)
				require.NoError(t, err)
				require.Equal(t, to, body)
				require.Empty(t, times.BaseURL)
			}
		}
		p.dials.Store(0)
		require.NoError(t, transport.Prewarm(t.Context(), client, "http://a.test/v1/chat", 5))
		require.EqualValues(t, 6, p.dials.Load(), "three to each")
	})
}

func TestTheCallersRequestStaysAsItIs(t *testing.T) {
	o := transport.Options{URLs: []string{"http://a.test", "http://b.test"}, IdleTimeout: time.Second}
	inBubble(t, 0, o, false, slowly, func(t *testing.T, client *http.Client, _ *pipes) {
		req, err := http.NewRequest(http.MethodGet, "http://a.test/x", nil)
		require.NoError(t, err)
		for range 2 {
			resp, err := client.Transport.RoundTrip(req)
			require.NoError(t, err)
			resp.Body.Close()
		}
		require.Equal(t, &url.URL{Scheme: "http", Host: "a.test", Path: "/x"}, req.URL)
		require.Equal(t, "a.test", req.Host)
	})
}

func TestAllProblemsOfTheOptionsAreReportedAndNoSecret(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issuePEM(t, "a")
	_, key := ca.issuePEM(t, "b")
	_, err := transport.New(transport.Options{
		Protocol: 7, Balance: 9, Proxy: "ftp://u:secret@proxy", UnixSocket: "/s", DialContext: silent,
		URLs:        []string{"http://fine.test", "nowhere", "ftp://u:secret@h", "http://u:secret@%zz"},
		IdleTimeout: -1, FirstByteTimeout: -2, RootPEM: []byte("none"), CertPEM: cert, KeyPEM: key, MinTLS: 0x999,
	})
	for _, want := range []string{
		"protocol 7", "balance 9", `proxy: scheme "ftp"`, "a Unix socket and DialContext", "a proxy and a Unix socket",
		`base URL "nowhere"`, `base URL "ftp://u:xxxxx@h"`, `base URL "…@%zz"`, "idle timeout -1ns", "first byte timeout -2ns",
		"root certificates", "client certificate", "TLS version 0x999",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "secret")
	_, err = transport.New(transport.Options{Proxy: "http://u:secret@h:p"})
	require.EqualError(t, err, "proxy: not a URL with scheme and host")
	require.NoError(t, transport.Options{Proxy: transport.ProxyFromEnvironment}.Validate())
}
