//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cores are the processors of client and server, as taskset names them; "" = wherever the system puts them.
type cores struct{ client, server string }

// assignCores gives one processor to each where there are two and taskset.
func assignCores() cores {
	allowed := processors(procField("/proc/self/status", "Cpus_allowed_list"))
	if _, err := exec.LookPath("taskset"); err != nil || len(allowed) < 2 {
		return cores{}
	}
	return cores{client: strconv.Itoa(allowed[0]), server: strconv.Itoa(allowed[1])}
}

// processors reads a list such as "0-3,8".
func processors(list string) (all []int) {
	for _, span := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(span, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil {
			return nil
		}
		for n := from; n <= to; n++ {
			all = append(all, n)
		}
	}
	return all
}

// procField gives a field of a file of "name: value" lines, "" if there is none.
func procField(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// machineFacts says when and where a part was measured, and how busy the machine was with other things.
func machineFacts(b *bench) string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	where := "client and server on any processor"
	if b.cores.client != "" {
		where = "client pinned to one processor, server to another"
	}
	commit := ""
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		commit = " at " + strings.TrimSpace(string(out))
	}
	kind := ""
	if b.short {
		kind = ", short run"
	}
	return fmt.Sprintf("%s UTC%s%s, %d × %s, Linux %s, %s; %s. Load average before it: %s",
		time.Now().UTC().Format("2006-01-02 15:04"), commit, kind, runtime.NumCPU(), procField("/proc/cpuinfo", "model name"),
		strings.TrimSpace(string(kernel)), runtime.Version(), where, strings.Fields(string(load) + " ?")[0])
}

// cpuTime is the processor time of this process so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for arguments that are wrong
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMemory is the most memory that this process has had resident, in bytes.
func peakMemory() int64 { return memoryField("VmHWM") }

// residentMemory is what it has resident now.
func residentMemory() int64 { return memoryField("VmRSS") }

func memoryField(name string) int64 {
	kb, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/self/status", name), " kB"), 10, 64)
	return kb << 10
}

// folder makes a path for the files of one run; nothing is there yet.
func (b *bench) folder(name string) string {
	path := filepath.Join(b.scratch, name)
	_ = os.RemoveAll(path) // of a run before; what cannot be removed is found when it is written
	return path
}
