//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileVariable names the folder to which children write their profiles, ROLE.cpu and ROLE.heap, those of a role's last
// child.
const profileVariable = "LLMETER_BENCH_PROFILE"

// profiled runs f, under a profile of the processor and with one of the heap after it, if that is asked for.
func profiled(role string, f func() error) error {
	dir := os.Getenv(profileVariable)
	if dir == "" {
		return f()
	}
	cpu, err := os.Create(filepath.Join(dir, role+".cpu"))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return err
	}
	err = f()
	pprof.StopCPUProfile()
	heap, err2 := os.Create(filepath.Join(dir, role+".heap"))
	if err2 != nil {
		return errors.Join(err, err2)
	}
	return errors.Join(err, cpu.Close(), pprof.WriteHeapProfile(heap), heap.Close())
}
