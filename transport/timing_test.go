package transport_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/transport"
)

func TestTimesAreExact(t *testing.T) {
	for name, handshake := range map[string]time.Duration{"http": 0, "https": handshakeTime} {
		secure := handshake > 0
		t.Run(name, func(t *testing.T) {
			inBubble(t, 30*time.Millisecond, transport.Options{}, secure, slowly, func(t *testing.T, client *http.Client, _ *pipes) {
				first, body, err := get(t.Context(), client, name+"://model.test/v1")
				require.NoError(t, err)
				require.Equal(t, "hello", body)
				require.Equal(t, 30*time.Millisecond, first.Connect)
				require.Equal(t, handshake, first.TLS)
				require.Equal(t, 30*time.Millisecond+handshake, first.ConnReady.Sub(first.Dispatched))
				require.Equal(t, first.ConnReady, first.WroteRequest)
				require.Equal(t, 200*time.Millisecond, first.FirstByte.Sub(first.WroteRequest))
				require.False(t, first.Reused)
				require.Equal(t, 1, first.Conns)
				require.Equal(t, "HTTP/1.1", first.Protocol)
				require.NotNil(t, first.RemoteAddr)
				require.NotNil(t, first.LocalAddr)

				second, _, err := get(t.Context(), client, name+"://model.test/v1")
				require.NoError(t, err)
				require.True(t, second.Reused)
				require.Equal(t, second.Dispatched, second.ConnReady)
				require.Zero(t, second.Connect)
				require.Zero(t, second.TLS)
			})
		})
	}
}

func TestConnectionsOpenedBeforeTheStartCostTheFirstRequestsNothing(t *testing.T) {
	for name, handshake := range map[string]time.Duration{"http": 0, "https": handshakeTime} {
		secure := handshake > 0
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var arrived []time.Time
			handler := func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				arrived = append(arrived, time.Now())
				mu.Unlock()
				slowly(w, r)
			}
			inBubble(t, 50*time.Millisecond, transport.Options{}, secure, handler, func(t *testing.T, client *http.Client, p *pipes) {
				began := time.Now()
				require.NoError(t, transport.Prewarm(t.Context(), client, name+"://model.test/v1", 8))
				require.Equal(t, 50*time.Millisecond+handshake, time.Since(began), "all at once")
				synctest.Wait()
				require.Empty(t, arrived, "no request was sent")

				start := time.Now()
				times := make([]transport.Times, 8)
				var all sync.WaitGroup
				for i := range times {
					all.Go(func() { times[i], _, _ = get(t.Context(), client, name+"://model.test/v1") })
				}
				all.Wait()
				require.EqualValues(t, 8, p.dials.Load(), "no other connection was opened")
				for _, at := range arrived {
					require.Equal(t, start, at)
				}
				for _, got := range times {
					require.Equal(t, start, got.WroteRequest)
					require.Equal(t, start.Add(200*time.Millisecond), got.FirstByte)
					require.True(t, got.Reused)
					require.Zero(t, got.Connect+got.TLS)
				}
				ninth, _, err := getTraced(t.Context(), client, name+"://other.test/v1")
				if secure {
					require.ErrorContains(t, err, "other.test")
				} else {
					require.NoError(t, err)
				}
				require.False(t, ninth.Reused, "a connection to another host is another connection")
			})
		})
	}
}

func TestAForeignClientCanBeTracedButNotWarmed(t *testing.T) {
	inBubble(t, 30*time.Millisecond, transport.Options{}, false, slowly, func(t *testing.T, _ *http.Client, p *pipes) {
		tr := &http.Transport{DialContext: p.DialContext}
		defer tr.CloseIdleConnections()
		times, _, err := get(t.Context(), &http.Client{Transport: tr}, "http://model.test/")
		require.NoError(t, err)
		require.Equal(t, 200*time.Millisecond, times.FirstByte.Sub(times.WroteRequest))
		require.Equal(t, 30*time.Millisecond, times.ConnReady.Sub(times.Dispatched))
		require.ErrorIs(t, transport.Prewarm(t.Context(), http.DefaultClient, "http://model.test/", 1), transport.ErrForeignClient)
	})
}

func TestPrewarmReportsEachKindOfFailureOnce(t *testing.T) {
	refused := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	client := newClient(t, transport.Options{DialContext: refused})
	err := transport.Prewarm(t.Context(), client, "http://model.test/", 10)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, transport.PhaseConnect, e.Phase)
	require.Equal(t, "model.test:80: connect: dial: connection refused", err.Error())
	require.Error(t, transport.Prewarm(t.Context(), client, "model.test", 1))
	require.Error(t, transport.Prewarm(t.Context(), client, "http://%zz/", 1))
}
