//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"syscall"
	"time"
)

// reuse is how long a connection of the spinning pacer rests after a request: its answer has come by then.
const reuse = 200 * time.Millisecond

// spin is a pacer that nothing disturbs but the machine: a thread of its own that looks at the clock and writes prepared
// requests to raw sockets. What the server answers is thrown away by the kernel when the socket's next turn is near.
func spin(job paceJob) (paced, error) {
	u, err := url.Parse(job.URL)
	if err != nil {
		return paced{}, err
	}
	const body = `{"model":"mock","stream":true,"messages":[{"role":"user","content":"hi"}],"max_tokens":4}`
	request := fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		u.Host, len(body), body)
	conns := make([]int, 1+int(job.Rate*reuse.Seconds()))
	for i := range conns {
		if conns[i], err = dialRaw(u.Host); err != nil {
			return paced{}, err
		}
		defer syscall.Close(conns[i])
	}
	runtime.LockOSThread()
	before, start := cpuTime(), time.Now().Add(10*time.Millisecond)
	scrap := make([]byte, 1<<16)
	for i := range job.Requests {
		for time.Since(start).Seconds() < float64(i)/job.Rate {
		}
		if n, err := syscall.Write(conns[i%len(conns)], request); n != len(request) {
			return paced{}, fmt.Errorf("wrote %d bytes: %w", n, err)
		}
		// Note: nothing to read is no error, the answer of the socket's first turn is then the first.
		_, _, _ = syscall.Recvfrom(conns[(i+1)%len(conns)], scrap, syscall.MSG_DONTWAIT|syscall.MSG_TRUNC)
	}
	used, took := cpuTime()-before, time.Since(start)
	time.Sleep(reuse) // the last answers
	return paced{CPU: used.Seconds() / took.Seconds()}, nil
}

// dialRaw connects a socket that no poller knows of.
func dialRaw(host string) (int, error) {
	address, err := netip.ParseAddrPort(host)
	if err != nil {
		return 0, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return 0, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}); err != nil {
		return 0, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return fd, nil
}
