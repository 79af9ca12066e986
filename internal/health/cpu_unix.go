//go:build unix

package health

import (
	"math"
	"syscall"
)

// cpuSeconds is the CPU time that the process has used, user and system; NaN if the system does not say.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return math.NaN()
	}
	return seconds(u.Utime) + seconds(u.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Nano()) / 1e9 }
