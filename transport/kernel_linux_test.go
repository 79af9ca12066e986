package transport

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tcpPair returns both ends of a connection over loopback.
func tcpPair(t testing.TB) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	server, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// stamped returns a connection with the kernel's clock, which gives the time of the next read, and its other end.
func stamped(t testing.TB) (*kernelConn, net.Conn) {
	client, server := tcpPair(t)
	c, ok := withKernelClock(client).(*kernelConn)
	if !ok {
		t.Skip("this kernel refuses SO_TIMESTAMPING_NEW")
	}
	// The kernel begins to stamp a moment after the first socket has asked for it.
	var p [1]byte
	for deadline := time.Now().Add(10 * time.Second); !c.arrival().Kernel; {
		require.True(t, time.Now().Before(deadline), "no stamp comes")
		_, err := server.Write(p[:])
		require.NoError(t, err)
		_, err = c.Read(p[:])
		require.NoError(t, err)
	}
	return c, server
}

// busyFor keeps the goroutine busy, as a client is that has no time to read.
func busyFor(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
	}
}

func TestTheKernelTellsWhenBytesArrivedThatTheClientReadsLate(t *testing.T) {
	c, server := stamped(t)
	const late = 50 * time.Millisecond
	before := time.Now()
	_, err := server.Write([]byte("hello"))
	require.NoError(t, err)
	busyFor(late)
	var p [100]byte
	count := c.arrival().Count
	n, err := c.Read(p[:])
	require.NoError(t, err)
	require.Equal(t, "hello", string(p[:n]))
	a := c.arrival()
	require.True(t, a.Kernel)
	require.Equal(t, 5, a.Bytes)
	require.Equal(t, count+1, a.Count)
	// Over loopback the bytes arrive while Write runs, or soon after it on a machine that is busy.
	require.False(t, a.At.Before(before.Add(-readingError)))
	require.Greater(t, a.Read.Sub(a.At), late/2)
}

func TestTheReadThatGathersSegmentsHasTheTimeOfTheLast(t *testing.T) {
	c, server := stamped(t)
	_, err := server.Write([]byte("one"))
	require.NoError(t, err)
	busyFor(20 * time.Millisecond)
	second := time.Now()
	_, err = server.Write([]byte("two"))
	require.NoError(t, err)
	var p [100]byte
	n, err := c.Read(p[:])
	require.NoError(t, err)
	require.Equal(t, "onetwo", string(p[:n]))
	require.False(t, c.arrival().At.Before(second.Add(-readingError)))
}

func TestWhatIsHeldGoesToTheConnectionWhenItIsDue(t *testing.T) {
	c, server := stamped(t)
	written := time.Now() // net/http says so when a request goes to its buffer
	timing := &Timing{due: written.Add(3 * time.Millisecond), times: Times{WroteRequest: written}}
	c.hold(timing)
	for _, text := range []string{"held", "not held"} {
		_, err := c.Write([]byte(text))
		require.NoError(t, err)
	}
	require.False(t, timing.Times().WroteRequest.Before(timing.due))
	var p [100]byte
	n, err := io.ReadFull(server, p[:len("heldnot held")])
	require.NoError(t, err)
	require.Equal(t, "heldnot held", string(p[:n]))
}

func TestAReadAcrossAStepOfTheWallClockHasTheUsersTime(t *testing.T) {
	c, server := stamped(t)
	var p [1]byte
	for _, step := range []time.Duration{time.Second, -time.Second} {
		c.wall.base.wall += int64(step) // as if the clock had been set since the last read
		for _, kernel := range []bool{false, true} {
			_, err := server.Write(p[:])
			require.NoError(t, err)
			_, err = c.Read(p[:])
			require.NoError(t, err)
			a := c.arrival()
			require.Equal(t, kernel, a.Kernel)
			require.True(t, kernel || a.At.Equal(a.Read))
		}
	}
}

func TestAStampedConnectionIsAConnection(t *testing.T) {
	c, server := stamped(t)
	var p [10]byte
	n, err := c.Read(nil)
	require.Zero(t, n)
	require.NoError(t, err)

	require.NoError(t, c.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err = c.Read(p[:])
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	require.Equal(t, "read", op.Op)
	require.True(t, op.Timeout())
	require.NoError(t, c.SetReadDeadline(time.Time{}))

	blocked := make(chan error)
	go func() { _, err := c.Read(p[:]); blocked <- err }()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	require.ErrorIs(t, <-blocked, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))

	_, err = c.Write([]byte("up"))
	require.NoError(t, err)
	n, err = server.Read(p[:])
	require.NoError(t, err)
	require.Equal(t, "up", string(p[:n]))

	go func() { io.WriteString(server, "spliced"); server.(*net.TCPConn).CloseWrite() }()
	other, sink := tcpPair(t)
	moved, err := io.Copy(other, c) // splice(2), through TCPConn.WriteTo and ReadFrom
	require.NoError(t, err)
	require.EqualValues(t, 7, moved)
	n, err = sink.Read(p[:])
	require.NoError(t, err)
	require.Equal(t, "spliced", string(p[:n]))
	_, err = c.Read(p[:])
	require.Equal(t, io.EOF, err)

	go func() { blocked <- c.Close() }()
	require.NoError(t, <-blocked)
	_, err = c.Read(p[:])
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	c, _ := stamped(t)
	ended := make(chan error)
	go func() { _, err := c.Read(make([]byte, 1)); ended <- err }()
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-ended, net.ErrClosed)
}

func TestAResetIsAnErrorOfTheRead(t *testing.T) {
	c, server := stamped(t)
	require.NoError(t, server.(*net.TCPConn).SetLinger(0))
	require.NoError(t, server.Close())
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.ErrorContains(t, err, "read tcp 127.0.0.1:")
	require.ErrorContains(t, err, "connection reset by peer")
}

func TestOtherConnectionsKeepTheUsersClock(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	require.Same(t, a, withKernelClock(a))
	clock := clockOf(a)
	require.False(t, clock.Kernel())
	require.Equal(t, "user", clock.String())
	before := time.Now()
	last := clock.Last()
	require.False(t, last.Kernel)
	require.Equal(t, last.Read, last.At)
	require.False(t, last.At.Before(before))
}

// streamer sends n events, one a write, each the moment at which it was written.
func streamer(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for range n {
			fmt.Fprintf(w, "%020d", time.Now().UnixNano())
			w.(http.Flusher).Flush()
			busyFor(time.Millisecond)
		}
	}
}

func TestTheClockOfARequestIsThatOfItsConnection(t *testing.T) {
	if c, _ := tcpPair(t); withKernelClock(c) == c {
		t.Skip("this kernel refuses SO_TIMESTAMPING_NEW")
	}
	for name, test := range map[string]struct {
		o      Options
		secure bool
		h2     bool
		kernel bool
	}{
		"plain":      {Options{}, false, false, true},
		"TLS":        {Options{Insecure: true}, true, false, true},
		"user clock": {Options{UserClock: true}, false, false, false},
		"HTTP/2":     {Options{Insecure: true, Protocol: HTTP2}, true, true, false},
		"h2c":        {Options{Protocol: H2C}, false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(streamer(20))
			srv.Config.Protocols = new(http.Protocols)
			srv.Config.Protocols.SetHTTP1(true)
			srv.Config.Protocols.SetHTTP2(true)
			srv.Config.Protocols.SetUnencryptedHTTP2(true)
			srv.EnableHTTP2 = test.h2
			if test.secure {
				srv.TLS = new(tls.Config)
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			client, err := New(test.o)
			require.NoError(t, err)
			defer client.CloseIdleConnections()

			var timing Timing
			req, err := http.NewRequestWithContext(Trace(t.Context(), &timing), http.MethodGet, srv.URL, nil)
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			require.Equal(t, test.h2, resp.ProtoMajor == 2)
			clock := timing.Clock()
			require.Equal(t, test.kernel, clock.Kernel())
			var event [20]byte
			var last Arrival
			for range 20 {
				_, err := io.ReadFull(resp.Body, event[:])
				require.NoError(t, err)
				a := clock.Last()
				require.True(t, a.Kernel != last.Kernel || !a.At.Before(last.At))
				require.False(t, a.At.After(a.Read))
				require.Equal(t, test.kernel, a.Count > 0)
				last = a
			}
			times := timing.Times()
			require.False(t, times.FirstByte.IsZero())
			require.False(t, times.FirstByte.After(last.At))
		})
	}
}

// FuzzStampIn feeds control messages that the kernel would never send.
func FuzzStampIn(f *testing.F) {
	good := make([]byte, syscall.CmsgSpace(timestampsMessage))
	binary.NativeEndian.PutUint32(good, uint32(syscall.CmsgLen(timestampsMessage)))
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 && syscall.SizeofCmsghdr == 16 {
		f.Skip("the seeds are for little-endian machines")
	}
	word := syscall.SizeofCmsghdr - 8
	binary.NativeEndian.PutUint32(good[word:], syscall.SOL_SOCKET)
	binary.NativeEndian.PutUint32(good[word+4:], soTimestamping)
	binary.NativeEndian.PutUint64(good[syscall.CmsgLen(0):], 1_700_000_000)
	binary.NativeEndian.PutUint64(good[syscall.CmsgLen(0)+8:], 123)
	stamp, ok := stampIn(good)
	require.True(f, ok)
	require.Equal(f, int64(1_700_000_000_000_000_123), stamp)

	other := append([]byte(nil), good...)
	binary.NativeEndian.PutUint32(other[word+4:], 1)
	stamp, ok = stampIn(append(other, good...))
	require.True(f, ok, "after a message of another kind")
	require.Equal(f, int64(1_700_000_000_000_000_123), stamp)

	f.Add(good)
	f.Add(other)
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, oob []byte) {
		if _, ok := stampIn(oob); ok {
			require.GreaterOrEqual(t, len(oob), syscall.CmsgLen(timestampsMessage))
		}
	})
}

// BenchmarkRead times reads of one event over loopback, with the kernel's clock and without, in turn: what the
// clock costs is the difference of the two medians.
func BenchmarkRead(b *testing.B) {
	kernel, toKernel := stamped(b)
	plain, toPlain := tcpPair(b)
	p, event := make([]byte, 4096), make([]byte, 250)
	timed := func(c, peer net.Conn, took *[]float64) {
		peer.Write(event)
		began := time.Now()
		c.Read(p)
		*took = append(*took, float64(time.Since(began).Nanoseconds()))
	}
	var withClock, without []float64
	for b.Loop() {
		timed(kernel, toKernel, &withClock)
		timed(plain, toPlain, &without)
	}
	b.ReportMetric(quantile(withClock, 0.5), "kernel-clock-ns")
	b.ReportMetric(quantile(without, 0.5), "plain-ns")
}

// BenchmarkDelay reads events on a client whose cores are all busy, and reports how long after they were written
// the kernel and the client say that they arrived.
func BenchmarkDelay(b *testing.B) {
	c, server := stamped(b)
	var stop atomic.Bool
	defer stop.Store(true)
	for range 4 {
		go func() {
			for !stop.Load() {
				busyFor(time.Millisecond)
			}
		}()
	}
	written := make(chan time.Time, 1)
	p := make([]byte, 4096)
	var kernel, user []float64
	for b.Loop() {
		go func() {
			written <- time.Now()
			server.Write(p[:250])
		}()
		_, err := c.Read(p)
		require.NoError(b, err)
		at := <-written
		a := c.arrival()
		kernel = append(kernel, float64(a.At.Sub(at).Microseconds()))
		user = append(user, float64(a.Read.Sub(at).Microseconds()))
	}
	for name, sample := range map[string][]float64{"kernel": kernel, "user": user} {
		b.ReportMetric(quantile(sample, 0.5), name+"-p50-µs")
		b.ReportMetric(quantile(sample, 0.99), name+"-p99-µs")
	}
}

func quantile(sample []float64, q float64) float64 {
	sorted := append([]float64(nil), sample...)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)-1))]
}
