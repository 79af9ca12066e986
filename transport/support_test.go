package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/llmeter-go/llmeter/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener in memory. Connecting takes latency.
type pipes struct {
	latency time.Duration
	dials   atomic.Int32
	conns   chan net.Conn
	closed  chan struct{}
}

func newPipes(latency time.Duration) *pipes {
	return &pipes{latency: latency, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	p.dials.Add(1)
	select {
	case <-time.After(p.latency):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "memory"} }

// handshakeTime is how long the TLS server in memory takes for its side of the handshake.
const handshakeTime = 70 * time.Millisecond

// inBubble runs f in a synctest bubble with a client of o for a server of h in memory, which connects
// after latency. With secure the server speaks TLS.
func inBubble(t *testing.T, latency time.Duration, o transport.Options, secure bool, h http.HandlerFunc, f func(*testing.T, *http.Client, *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes(latency)
		if o.DialContext == nil {
			o.DialContext = p.DialContext
		}
		var l net.Listener = p
		if secure {
			ca := newAuthority(t)
			o.RootPEM = ca.certPEM
			l = tls.NewListener(p, &tls.Config{
				Certificates: []tls.Certificate{ca.issue(t, "model.test")},
				GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
					time.Sleep(handshakeTime) // in the bubble
					return nil, nil
				},
			})
		}
		srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
		go srv.Serve(l)
		defer srv.Close()
		client := newClient(t, o)
		defer client.CloseIdleConnections()
		f(t, client, p)
	})
}

// slowly answers after 200 ms.
func slowly(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	time.Sleep(200 * time.Millisecond) // in a bubble
	io.WriteString(w, "hello")
}

func newClient(t testing.TB, o transport.Options) *http.Client {
	t.Helper()
	client, err := transport.New(o)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// get sends one request and reads all of the response.
func get(ctx context.Context, client *http.Client, url string) (times transport.Times, body string, err error) {
	return getTimed(ctx, client, url, new(transport.Timing))
}

func getTimed(ctx context.Context, client *http.Client, url string, timing *transport.Timing) (times transport.Times, body string, err error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return times, "", err
	}
	return read(timing)(transport.Do(ctx, client, timing, req))
}

// getTraced is get by the client's own Do.
func getTraced(ctx context.Context, client *http.Client, url string) (times transport.Times, body string, err error) {
	timing := new(transport.Timing)
	req, err := http.NewRequestWithContext(transport.Trace(ctx, timing), http.MethodGet, url, nil)
	if err != nil {
		return times, "", err
	}
	return read(timing)(client.Do(req))
}

// read reads all of a response.
func read(timing *transport.Timing) func(*http.Response, error) (transport.Times, string, error) {
	return func(resp *http.Response, err error) (transport.Times, string, error) {
		if err != nil {
			return timing.Times(), "", err
		}
		defer resp.Body.Close()
		all, err := io.ReadAll(resp.Body)
		return timing.Times(), string(all), err
	}
}

// An authority issues certificates.
type authority struct {
	certPEM []byte
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), cert, key}
}

// issuePEM returns a certificate for a host, for servers and clients alike, and its key.
func (a *authority) issuePEM(t testing.TB, host string) (certPEM, keyPEM []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func (a *authority) issue(t testing.TB, host string) tls.Certificate {
	pair, err := tls.X509KeyPair(a.issuePEM(t, host))
	require.NoError(t, err)
	return pair
}
