//go:build unix

package health

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// cpuSeconds is the CPU time that the process has used, user and system; 0 if the system does not say.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return seconds(u.Utime) + seconds(u.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Nano()) / 1e9 }

// descriptors counts open files where the system lists them, and gives their limit.
func descriptors() (open, limit int) {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return 0, 0
	}
	limit = int(min(uint64(r.Cur), math.MaxInt32)) // it may be infinite
	dir, err := os.Open("/proc/self/fd")
	if errors.Is(err, syscall.EMFILE) { // none is left to count them with
		return limit, limit
	}
	if err != nil {
		return 0, limit
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	return len(names), limit
}
