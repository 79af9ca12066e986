package transport

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/llmeter-go/llmeter/internal/urgent"
)

// From linux/net_tstamp.h and asm-generic/socket.h. The option with 64-bit times (Linux 5.1) has one
// layout on all machines.
const (
	soTimestamping    = 65     // SO_TIMESTAMPING_NEW, and the type of the control message
	rxSoftware        = 1 << 3 // SOF_TIMESTAMPING_RX_SOFTWARE: stamp what comes in
	reportSoftware    = 1 << 4 // SOF_TIMESTAMPING_SOFTWARE: and report it
	timestampsMessage = 3 * 16 // struct scm_timestamping64: seconds and nanoseconds of software, deprecated, hardware
)

// A kernelConn is a TCP connection whose reads take the kernel's receive time along. A request can be
// held until its Write. All else is that of the TCP connection.
type kernelConn struct {
	*net.TCPConn
	raw  syscall.RawConn
	born time.Time

	reading sync.Mutex // held through a Read; guards what follows
	wall    wallClock
	recv    func(fd uintptr) bool // the method receive, bound once so that a Read allocates nothing
	message unix.Msghdr
	segment unix.Iovec
	oob     [128]byte
	n       int
	err     error

	mu   sync.Mutex
	last Arrival

	held atomic.Pointer[Timing] // the request that is written next, if that must wait until it is due
}

// withKernelClock returns conn with the kernel's receive times if it can have them, else conn itself.
func withKernelClock(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soTimestamping, rxSoftware|reportSoftware)
	})
	if err != nil || refused != nil {
		return conn
	}
	c := &kernelConn{TCPConn: tcp, raw: raw, born: time.Now()}
	c.recv = c.receive
	c.message.Iov, c.message.Control = &c.segment, &c.oob[0]
	c.message.SetIovlen(1)
	c.wall.accept(c.look(c.born))
	return c
}

// Read reads like the TCP connection and notes the Arrival.
func (c *kernelConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	urgent.Yield() // whatever has come has the kernel's stamp, and is no later for being read later
	c.reading.Lock()
	defer c.reading.Unlock()
	c.segment.Base = &p[0]
	c.segment.SetLen(len(p))
	err := c.raw.Read(c.recv)
	c.segment.Base = nil
	switch {
	case err != nil:
		return 0, c.failed(err)
	case c.err != nil:
		return 0, c.failed(os.NewSyscallError("recvmsg", c.err))
	case c.n == 0:
		return 0, io.EOF
	}
	c.note()
	return c.n, nil
}

func (c *kernelConn) hold(t *Timing) { c.held.Store(t) }

// Write writes like the TCP connection, what is held when it is due.
func (c *kernelConn) Write(p []byte) (int, error) {
	if t := c.held.Swap(nil); t != nil {
		t.release()
	}
	return c.TCPConn.Write(p)
}

// receive reads once and reports whether there was anything, or an error; if not it is called again when
// there is.
//
// Note: the socket never blocks, so the scheduler need not know of the call. Told of it, it would wake its monitor
// each time that the process has been idle, which costs as much as the call.
func (c *kernelConn) receive(fd uintptr) bool {
	for {
		c.message.SetControllen(len(c.oob))
		n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&c.message)), 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		case 0:
			c.n, c.err = int(n), nil
		default:
			c.err = errno
		}
		return true
	}
}

// note makes the read just done the last Arrival.
func (c *kernelConn) note() {
	now := time.Now()
	look := c.look(now)
	stepped := c.wall.stepped(look)
	if stepped { // or the process was interrupted between its looks at the two clocks
		now = time.Now()
		look = c.look(now)
		stepped = c.wall.stepped(look)
	}
	c.wall.accept(look)
	at := now
	stamp, ok := stampIn(c.oob[:c.message.Controllen])
	if ok = ok && !stepped; ok {
		at = now.Add(min(0, time.Duration(stamp-look.wall)))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = Arrival{At: at, Read: now, Kernel: ok, Count: c.last.Count + 1, Bytes: c.n}
}

// look returns the two clocks of t.
func (c *kernelConn) look(t time.Time) reading {
	return reading{wall: t.UnixNano(), mono: int64(t.Sub(c.born))}
}

func (c *kernelConn) arrival() Arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// failed returns an error of a read in the form of the net package.
func (c *kernelConn) failed(err error) error {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	return &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// stampIn finds the receive time among control messages, in nanoseconds of the wall clock. The kernel
// sends none for segments that came in before it began to stamp.
func stampIn(oob []byte) (int64, bool) {
	for len(oob) >= syscall.SizeofCmsghdr {
		size, level, kind := cmsg(oob)
		if size < syscall.SizeofCmsghdr || size > len(oob) {
			break
		}
		if level == syscall.SOL_SOCKET && kind == soTimestamping && size >= syscall.CmsgLen(timestampsMessage) {
			data := oob[syscall.CmsgLen(0):]
			sec := int64(binary.NativeEndian.Uint64(data))
			nsec := int64(binary.NativeEndian.Uint64(data[8:]))
			return sec*1e9 + nsec, sec > 0
		}
		oob = oob[min(len(oob), syscall.CmsgSpace(size-syscall.CmsgLen(0))):]
	}
	return 0, false
}

// cmsg reads the header of a control message: a length in the machine's word, then two 32-bit numbers.
func cmsg(oob []byte) (size, level, kind int) {
	word := syscall.SizeofCmsghdr - 8
	if word == 8 {
		size = int(binary.NativeEndian.Uint64(oob))
	} else {
		size = int(binary.NativeEndian.Uint32(oob))
	}
	level = int(int32(binary.NativeEndian.Uint32(oob[word:])))
	kind = int(int32(binary.NativeEndian.Uint32(oob[word+4:])))
	return size, level, kind
}

const tcpEstablished = 1 // from linux/tcp_states.h, the first byte of struct tcp_info

// alive reports whether a connection that nobody reads from is still open at both ends, as far as can be known.
func alive(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	up := true
	err = raw.Control(func(fd uintptr) {
		if info, err := syscall.GetsockoptInet4Addr(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO); err == nil {
			up = info[0] == tcpEstablished
		}
	})
	return up && err == nil
}
