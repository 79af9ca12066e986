// Package urgent lets what is due go before what can wait. Go's scheduler knows no priorities: on few processors, all goroutines
// whose answers have come would be run before the one that has something to send. So those that are about to read ask first.
package urgent

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

var (
	mu  sync.Mutex // of those who change it
	all atomic.Pointer[[]*Source]
)

// A Source says when goroutines of its own should go first.
type Source struct {
	// Urgent reports whether any is ready to run, and may make it so. It is called often, by any goroutine.
	Urgent func() bool
}

// Begin lets Yield ask s until the function that it returns is called.
func (s *Source) Begin() (end func()) {
	change(func(sources []*Source) []*Source { return append(sources, s) })
	return func() {
		change(func(sources []*Source) []*Source {
			return slices.DeleteFunc(sources, func(other *Source) bool { return other == s })
		})
	}
}

func change(edit func([]*Source) []*Source) {
	mu.Lock()
	defer mu.Unlock()
	var sources []*Source
	if now := all.Load(); now != nil {
		sources = slices.Clone(*now)
	}
	sources = edit(sources)
	all.Store(&sources)
}

// Yield lets other goroutines run first if any Source says so. What the caller is about to do can wait.
func Yield() {
	sources := all.Load()
	if sources == nil {
		return
	}
	for _, s := range *sources {
		if s.Urgent() {
			runtime.Gosched()
			return
		}
	}
}
