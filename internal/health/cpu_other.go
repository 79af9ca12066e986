//go:build !unix

package health

// cpuSeconds is the CPU time that the process has used; 0 because this system is not asked.
func cpuSeconds() float64 { return 0 }

func descriptors() (open, limit int) { return 0, 0 }
