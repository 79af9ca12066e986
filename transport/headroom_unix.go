//go:build unix

package transport

import (
	"math"
	"os"
	"syscall"

	"github.com/llmeter-go/llmeter/internal/health"
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
	l.Ports = health.LocalPorts()
	return l
}
