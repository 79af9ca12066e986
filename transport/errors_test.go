package transport_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/internal/sse"
	"github.com/llmeter-go/llmeter/transport"
)

// failure returns the Error in err.
func failure(t *testing.T, err error) *transport.Error {
	t.Helper()
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	return e
}

// silent connects to somebody who reads everything and never answers.
func silent(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go io.Copy(io.Discard, server)
	return client, nil
}

// unreachable never connects.
func unreachable(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// stuck connects to somebody who reads nothing.
func stuck(context.Context, string, string) (net.Conn, error) {
	client, _ := net.Pipe()
	return client, nil
}

func TestEachPhaseEndsAtItsOwnLimit(t *testing.T) {
	for name, test := range map[string]struct {
		o     transport.Options
		url   string
		phase transport.Phase
		after time.Duration
	}{
		"connect":            {transport.Options{DialContext: unreachable, ConnectTimeout: 3 * time.Second}, "http://h/", transport.PhaseConnect, 3 * time.Second},
		"connect by default": {transport.Options{DialContext: unreachable}, "http://h/", transport.PhaseConnect, transport.DefaultConnectTimeout},
		"TLS":                {transport.Options{DialContext: silent, TLSTimeout: 4 * time.Second}, "https://h/", transport.PhaseTLS, 4 * time.Second},
		"TLS by default":     {transport.Options{DialContext: silent}, "https://h/", transport.PhaseTLS, transport.DefaultTLSTimeout},
		"first byte":         {transport.Options{DialContext: silent, FirstByteTimeout: 5 * time.Second}, "http://h/", transport.PhaseFirstByte, 5 * time.Second},
		"first of all limits": {transport.Options{DialContext: silent, FirstByteTimeout: 5 * time.Second, IdleTimeout: time.Second},
			"http://h/", transport.PhaseFirstByte, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, test.o)
				began := time.Now()
				_, _, err := get(t.Context(), client, test.url)
				require.Equal(t, test.after, time.Since(began))
				e := failure(t, err)
				require.Equal(t, test.phase, e.Phase)
				require.Equal(t, test.after, e.Limit)
				require.True(t, e.Timeout())
				require.EqualError(t, e, fmt.Sprintf("%s: timed out after %v", test.phase, test.after))
				client.CloseIdleConnections()
			})
		})
	}
}

func TestTheDeadlineOfTheContextSaysInWhichPhaseItStruck(t *testing.T) {
	for phase, dial := range map[transport.Phase]func(context.Context, string, string) (net.Conn, error){
		transport.PhaseConnect: unreachable, transport.PhaseTLS: silent, transport.PhaseFirstByte: silent,
	} {
		t.Run(string(phase), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				url := "http://h/"
				if phase == transport.PhaseTLS {
					url = "https://h/"
				}
				client := newClient(t, transport.Options{DialContext: dial, FirstByteTimeout: time.Minute, IdleTimeout: time.Minute})
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				began := time.Now()
				_, _, err := get(ctx, client, url)
				require.Equal(t, 2*time.Second, time.Since(began))
				e := failure(t, err)
				require.Equal(t, phase, e.Phase)
				require.Zero(t, e.Limit)
				require.True(t, e.Timeout())
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		})
	}
}

func TestARequestThatTheServerDoesNotReadFailsInWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, transport.Options{DialContext: stuck, FirstByteTimeout: time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://h/", strings.NewReader(strings.Repeat("x", 1<<20)))
		require.NoError(t, err)
		_, err = client.Do(req)
		require.Equal(t, transport.PhaseWrite, failure(t, err).Phase)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestACancelledRequestIsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, transport.Options{DialContext: silent, FirstByteTimeout: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, _, err := get(ctx, client, "http://h/")
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, transport.PhaseFirstByte, failure(t, err).Phase)
		require.False(t, failure(t, err).Timeout())
	})
}

// stall sends three events 100 ms apart and then nothing more.
func stall(w http.ResponseWriter, r *http.Request) {
	for i := range 3 {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprintf(w, "data: %d\n\n", i)
		w.(http.Flusher).Flush()
	}
	<-r.Context().Done()
}

func TestAStreamThatStallsKeepsWhatWasRead(t *testing.T) {
	o := transport.Options{IdleTimeout: 5 * time.Second}
	inBubble(t, 0, o, false, stall, func(t *testing.T, client *http.Client, _ *pipes) {
		began := time.Now()
		resp, err := client.Get("http://model.test/")
		require.NoError(t, err)
		defer resp.Body.Close()
		events := sse.NewReader(resp.Body)
		for i := range 3 {
			e, err := events.Next()
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), string(e.Data))
			require.Equal(t, time.Duration(i+1)*100*time.Millisecond, e.At.Sub(began))
		}
		_, err = events.Next()
		require.Equal(t, 300*time.Millisecond+5*time.Second, time.Since(began))
		e := failure(t, err)
		require.Equal(t, transport.PhaseBody, e.Phase)
		require.Equal(t, 5*time.Second, e.Limit)
		require.EqualError(t, err, "body: timed out after 5s")
		require.True(t, e.Timeout())
	})
}

func TestAReaderThatTakesItsTimeIsNoStall(t *testing.T) {
	handler := func(w http.ResponseWriter, _ *http.Request) {
		for range 5 {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(900 * time.Millisecond)
		}
	}
	inBubble(t, 0, transport.Options{IdleTimeout: time.Second}, false, handler, func(t *testing.T, client *http.Client, _ *pipes) {
		resp, err := client.Get("http://model.test/")
		require.NoError(t, err)
		defer resp.Body.Close()
		var one [1]byte
		for range 5 {
			time.Sleep(1700 * time.Millisecond)
			_, err := io.ReadFull(resp.Body, one[:])
			require.NoError(t, err)
		}
		_, err = io.ReadFull(resp.Body, one[:])
		require.Equal(t, io.EOF, err)
	})
}

func TestTheDeadlineInMidStreamIsOfTheBody(t *testing.T) {
	inBubble(t, 0, transport.Options{}, false, stall, func(t *testing.T, client *http.Client, _ *pipes) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, body, err := get(ctx, client, "http://model.test/")
		require.Equal(t, "data: 0\n\ndata: 1\n\ndata: 2\n\n", body)
		require.Equal(t, transport.PhaseBody, failure(t, err).Phase)
		require.Zero(t, failure(t, err).Limit)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// answering connects to somebody who reads a request, answers with raw bytes and hangs up.
func answering(raw string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			if req, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
				io.Copy(io.Discard, req.Body)
				io.WriteString(server, raw)
			}
		}()
		return client, nil
	}
}

func TestErrorsSayTheirPhase(t *testing.T) {
	fails := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	for name, test := range map[string]struct {
		dial  func(context.Context, string, string) (net.Conn, error)
		url   string
		phase transport.Phase
		is    error
		text  string
	}{
		"refused":       {fails(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "http://h/", transport.PhaseConnect, syscall.ECONNREFUSED, ""},
		"unknown host":  {fails(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h"}}), "http://h/", transport.PhaseResolve, nil, "no such host"},
		"no files left": {fails(os.NewSyscallError("socket", syscall.EMFILE)), "http://h/", transport.PhaseConnect, syscall.EMFILE, "ulimit -n"},
		"no ports left": {fails(os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)), "http://h/", transport.PhaseConnect, syscall.EADDRNOTAVAIL, "ip_local_port_range"},
		"hangs up":      {answering(""), "http://h/", transport.PhaseFirstByte, io.EOF, ""},
		"not HTTP":      {answering("SSH-2.0-OpenSSH_9.6\r\n"), "http://h/", transport.PhaseFirstByte, nil, "malformed HTTP"},
		"cut body":      {answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "http://h/", transport.PhaseBody, io.ErrUnexpectedEOF, ""},
		"cut chunk":     {answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "http://h/", transport.PhaseBody, io.ErrUnexpectedEOF, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, transport.Options{DialContext: test.dial, FirstByteTimeout: time.Minute, IdleTimeout: time.Minute})
			_, _, err := get(t.Context(), client, test.url)
			e := failure(t, err)
			require.Equal(t, test.phase, e.Phase)
			require.Zero(t, e.Limit)
			require.False(t, e.Timeout())
			require.ErrorContains(t, err, test.text)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
		})
	}
}

func TestATLSFailureSaysWhy(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	secure := tlsServer(t, ca, nil)
	plain := httpServer(t, "tcp", "127.0.0.1:0", http.NotFoundHandler())
	for name, test := range map[string]struct {
		o   transport.Options
		url string
		as  func(error) bool
	}{
		"another authority": {transport.Options{RootPEM: other.certPEM}, secure, as[x509.UnknownAuthorityError]},
		"own authority":     {transport.Options{}, secure, as[x509.UnknownAuthorityError]},
		"plain server":      {transport.Options{}, "https" + plain[len("http"):], func(err error) bool { return errors.Is(err, http.ErrSchemeMismatch) }},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := get(t.Context(), newClient(t, test.o), test.url)
			require.Equal(t, transport.PhaseTLS, failure(t, err).Phase)
			require.True(t, test.as(err), err)
		})
	}
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
