//go:build unix

package transport

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// SystemLimits reads the Limits of this process: the descriptors on Unix, the ports and what is open on Linux.
func SystemLimits() Limits {
	var l Limits
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		l.Files = int(min(uint64(files.Cur), math.MaxInt32)) // it may be infinite
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		l.FilesOpen = len(open)
	}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		l.Ports = portsIn(string(text))
	}
	return l
}

// portsIn returns how many ports a range like "32768 60999" has, or 0 if it is none.
func portsIn(text string) int {
	var low, high int
	if n, _ := fmt.Sscan(text, &low, &high); n < 2 || high < low {
		return 0
	}
	return high - low + 1
}
