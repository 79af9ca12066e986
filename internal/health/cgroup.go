package health

import (
	"math"
	"os"
	"strconv"
	"strings"
)

// Where a container's CPU limit stands on Linux; elsewhere these files do not exist.
const (
	cgroup2 = "/sys/fs/cgroup/cpu.max"
	quota1  = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"
	period1 = "/sys/fs/cgroup/cpu/cpu.cfs_period_us"
)

// cpuLimit is how many processors the process's control group allows, +Inf if it sets no limit.
func cpuLimit() float64 {
	if text, err := os.ReadFile(cgroup2); err == nil {
		return limitOf(string(text))
	}
	quota, err1 := os.ReadFile(quota1)
	period, err2 := os.ReadFile(period1)
	if err1 != nil || err2 != nil {
		return math.Inf(1)
	}
	return limitOf(strings.TrimSpace(string(quota)) + " " + string(period))
}

// limitOf reads "quota period" as in cpu.max; "max" and -1 are no limit.
func limitOf(text string) float64 {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return math.Inf(1)
	}
	quota, err1 := strconv.ParseFloat(fields[0], 64)
	period, err2 := strconv.ParseFloat(fields[1], 64)
	if err1 != nil || err2 != nil || quota <= 0 || period <= 0 {
		return math.Inf(1)
	}
	return quota / period
}
