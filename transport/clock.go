package transport

import (
	"crypto/tls"
	"net"
	"time"
)

// A Clock tells when the bytes read last from one connection arrived. With Kernel that is the time at
// which the kernel received them, which a busy client cannot delay; the difference to when the client
// read them is the client's own lateness. Without, it is the time after the read. The zero value is the
// latter.
//
// The kernel's time can be had on Linux for HTTP/1.1 over TCP, with TLS or without, through a client of New.
type Clock struct {
	source source
}

// A source is a connection with a clock.
type source interface {
	arrival() Arrival
	hold(*Timing) // keeps back what is written next until that request is due
}

// An Arrival is one read from a connection.
type Arrival struct {
	// At is when its last bytes arrived, on the monotonic clock. A read that gathers several segments has
	// the time of the last one; the others came between the At of the read before and this one.
	At     time.Time
	Read   time.Time // when the client had read them; Read.Sub(At) is the client's lateness
	Kernel bool      // At is the kernel's; else it equals Read
	Count  int       // the reads of this connection so far, from 1; 0 if unknown
	Bytes  int       // how many bytes were read, below TLS; 0 if unknown
}

// Kernel reports whether the connection gives the kernel's receive times. Single reads may still lack
// one, see Arrival.
func (c Clock) Kernel() bool { return c.source != nil }

// String returns "kernel" or "user".
func (c Clock) String() string {
	if c.Kernel() {
		return "kernel"
	}
	return "user"
}

// Last returns the last read of the connection. To learn when bytes of the response's body arrived, call
// it right after the Read that returned them. Without Kernel it is the time of the call.
func (c Clock) Last() Arrival {
	if c.source != nil {
		if a := c.source.arrival(); a.Count > 0 {
			return a
		}
	}
	now := time.Now()
	return Arrival{At: now, Read: now}
}

// Arrived returns Last().At.
func (c Clock) Arrived() time.Time { return c.Last().At }

// clockOf finds the clock of a connection as httptrace reports it, below TLS. On a connection that
// carries several streams the last read need not be that of this one, so HTTP/2 has the user's clock.
func clockOf(conn net.Conn) Clock {
	if t, ok := conn.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		return Clock{}
	}
	s, _ := belowTLS(conn).(source)
	return Clock{s}
}
