//go:build !unix

package health

import "math"

// cpuSeconds is the CPU time that the process has used; NaN because this system is not asked.
func cpuSeconds() float64 { return math.NaN() }
