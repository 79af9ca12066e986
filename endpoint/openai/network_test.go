package openai_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/endpointtest"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/transport"
)

func baseConfig(url string) *openai.Config {
	return &openai.Config{Model: "m", BaseURL: url, APIKey: key}
}

// invoke sends a short payload.
func invoke(t *testing.T, e endpoint.Endpoint, timeout time.Duration) (*endpoint.Response, error) {
	p, err := e.(endpoint.PayloadCreator).CreatePayload(64, endpoint.Text("hello"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	r, err := e.Invoke(ctx, p)
	require.NotNil(t, r)
	require.NotContains(t, r.Attempts, key)
	return r, err
}

type dialFunc = func(context.Context, string, string) (net.Conn, error)

// clients are a client of package transport and one of the user's own; errors are the same with both.
func clients(t *testing.T, o transport.Options) map[string]*http.Client {
	ours, err := transport.New(o)
	require.NoError(t, err)
	foreign := &http.Client{Transport: &http.Transport{
		DialContext: o.DialContext, TLSHandshakeTimeout: o.TLSTimeout, ResponseHeaderTimeout: o.FirstByteTimeout,
	}}
	t.Cleanup(ours.CloseIdleConnections)
	t.Cleanup(foreign.CloseIdleConnections)
	return map[string]*http.Client{"transport": ours, "foreign": foreign}
}

func TestNoConnection(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, refused.Close())
	secure := httptest.NewUnstartedServer(answer{})
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(answer{})
	defer plain.Close()
	dialing := func(err error) transport.Options {
		return transport.Options{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	unreachable := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "llm.invalid", IsNotFound: true}}

	for _, c := range []struct {
		name, url string
		options   transport.Options
		want      endpoint.ErrorKind
		message   string
	}{
		{"refused", "http://" + refused.Addr().String(), transport.Options{}, endpoint.KindConnect, "connection refused"},
		{"unreachable", "http://llm.test", dialing(unreachable), endpoint.KindConnect, "no route to host"},
		{"no such host", "http://llm.invalid", dialing(unknown), endpoint.KindDNS, "no such host"},
		{"unknown certificate", secure.URL, transport.Options{}, endpoint.KindTLS, "certificate"},
		{"no TLS", "https://" + plain.Listener.Addr().String(), transport.Options{}, endpoint.KindTLS, "HTTP response to HTTPS client"},
	} {
		for name, client := range clients(t, c.options) {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				for _, k := range []kind{chat, chatStream} {
					config := baseConfig(c.url)
					config.Client = client
					r, err := invoke(t, k(config), time.Minute)
					require.ErrorContains(t, err, c.message)
					require.Equal(t, c.want, r.Error.Kind)
					require.True(t, r.Error.Kind.NoConnection())
					require.Zero(t, r.Status())
					require.True(t, r.Attempts[0].Ready.IsZero())
				}
			})
		}
	}
}

func TestStallsAreTimeoutsByPhase(t *testing.T) {
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	deaf := func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }() // takes all, says nothing
		return near, nil
	}
	const second = time.Second
	for _, c := range []struct {
		name, url string
		dial      dialFunc
		options   transport.Options
		deadline  time.Duration
		want      endpoint.ErrorKind
		at        time.Duration
	}{
		{"connect", "http://a", silent, transport.Options{ConnectTimeout: second}, 9 * second, endpoint.KindTimeoutConnect, second},
		{"connect, deadline", "http://a", silent, transport.Options{}, 2 * second, endpoint.KindTimeoutConnect, 2 * second},
		{"TLS", "https://a", deaf, transport.Options{TLSTimeout: second}, 9 * second, endpoint.KindTimeoutTLS, second},
		{"TLS, deadline", "https://a", deaf, transport.Options{}, 2 * second, endpoint.KindTimeoutTLS, 2 * second},
		{"first byte", "http://a", deaf, transport.Options{FirstByteTimeout: second}, 9 * second, endpoint.KindTimeoutFirstByte, second},
		{"first byte, deadline", "http://a", deaf, transport.Options{}, 2 * second, endpoint.KindTimeoutFirstByte, 2 * second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.options.DialContext = c.dial
				client, err := transport.New(c.options)
				require.NoError(t, err)
				config := baseConfig(c.url)
				config.Client = client
				r, err := invoke(t, chatStream(config), c.deadline)
				require.Error(t, err)
				require.Equal(t, c.want, r.Error.Kind, "%v", err)
				require.Equal(t, c.at, r.End.Sub(r.Dispatched))
				client.CloseIdleConnections()
				time.Sleep(time.Minute) // net/http goes on connecting for a while, for other requests
			})
		})
	}
}

// stalls is a server that says one word and then nothing more.
func stalls(after ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, data := range after {
			_, _ = io.WriteString(w, "data: "+data+"\n\n")
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
}

func TestStallInTheStreamKeepsWhatCame(t *testing.T) {
	for _, c := range []struct {
		name  string
		idle  time.Duration
		total time.Duration
		want  endpoint.ErrorKind
		at    time.Duration
	}{
		{"idle", 3 * time.Second, time.Minute, endpoint.KindTimeoutIdle, 3 * time.Second},
		{"deadline", 0, 5 * time.Second, endpoint.KindTimeout, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := transport.New(transport.Options{IdleTimeout: c.idle, DialContext: endpointtest.Serve(t, stalls(delta(`{"content":"Hi"}`)))})
				require.NoError(t, err)
				config := baseConfig("http://a")
				config.Client = client
				r, err := invoke(t, chatStream(config), c.total)
				require.Error(t, err)
				require.Equal(t, c.want, r.Error.Kind, "%v", err)
				require.Equal(t, c.at, r.End.Sub(r.Dispatched))
				require.Equal(t, "Hi", r.Text)
				require.Len(t, r.Events, 1)
				require.Equal(t, 200, r.Status())
			})
		})
	}
}

func TestStreamThatHangsAfterItsEndIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := chatStream(configure(t, stalls(delta(`{"content":"Hi"}`), stop, done)))
		r, err := invoke(t, e, time.Minute)
		require.NoError(t, err)
		require.Equal(t, "Hi", r.Text)
		require.Zero(t, r.End.Sub(r.Dispatched), "the answer ended with its announcement")
		require.Less(t, time.Since(r.Dispatched), 100*time.Millisecond, "its client is not held up for long")
	})
}

func TestConnectionIsUsedAgain(t *testing.T) {
	for name, a := range map[string]answer{
		"stream": events(delta(`{"content":"Hi"}`), stop, done),
		"error":  {status: 500, kind: "application/json", body: `{"error":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := chatStream(configure(t, a))
				for i := range 3 {
					r, _ := invoke(t, e, time.Minute)
					synctest.Wait()
					require.Equal(t, i > 0, r.Attempts[0].Reused)
				}
			})
		})
	}
}

func TestForeignClientsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{DialContext: endpointtest.Serve(t, stalls(delta(`{"content":"Hi"}`)))}}
		config := baseConfig("http://a")
		config.Client = client
		r, err := invoke(t, chatStream(config), time.Minute)
		require.Error(t, err)
		require.Equal(t, endpoint.KindTimeout, r.Error.Kind)
		require.Equal(t, 4*time.Second, r.End.Sub(r.Dispatched))
		require.Equal(t, "Hi", r.Text)
	})
}

func TestNotHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<12))
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n")
			_ = c.Close()
		}
	}()
	e := chatStream(baseConfig("http://" + l.Addr().String()))
	defer func() { require.NoError(t, endpoint.Close(e)) }()
	r, err := invoke(t, e, time.Minute)
	require.Error(t, err)
	require.Equal(t, endpoint.KindMalformed, r.Error.Kind, "%v", err)
}

func TestAttemptIsTimed(t *testing.T) {
	server := httptest.NewTLSServer(events(delta(`{"content":"Hi"}`), stop, done))
	defer server.Close()
	roots := server.TLS.Certificates[0]
	require.NotNil(t, roots)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}}
	defer client.CloseIdleConnections()
	config := baseConfig(server.URL + "/v1")
	config.Client = client
	r, err := invoke(t, chatStream(config), time.Minute)
	require.NoError(t, err)
	a := r.Attempts[0]
	require.Equal(t, server.URL+"/v1", a.URL)
	require.Equal(t, server.Listener.Addr().String(), a.RemoteAddr)
	require.Equal(t, "HTTP/1.1", a.Protocol)
	require.Equal(t, 200, a.Status)
	require.False(t, a.Reused)
	require.Positive(t, a.Connect)
	require.Positive(t, a.TLS)
	for _, order := range [][2]time.Time{{r.Dispatched, a.Start}, {a.Start, a.Ready}, {a.Ready, a.Written}, {a.Ready, a.FirstByte}, {a.FirstByte, r.FirstToken}, {r.FirstToken, a.End}} {
		require.False(t, order[1].Before(order[0]), "%v", order)
	}
	require.Equal(t, a.End, r.End)
}
