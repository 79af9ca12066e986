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
	all atomic.Pointer[[]*func() bool]
)

// While lets Yield ask urgent until end is called. urgent reports whether goroutines that should go first are ready to run, and may make
// them so. It is called often, by any goroutine.
func While(urgent func() bool) (end func()) {
	change(func(asked []*func() bool) []*func() bool { return append(asked, &urgent) })
	return func() {
		change(func(asked []*func() bool) []*func() bool {
			return slices.DeleteFunc(asked, func(other *func() bool) bool { return other == &urgent })
		})
	}
}

func change(edit func([]*func() bool) []*func() bool) {
	mu.Lock()
	defer mu.Unlock()
	var asked []*func() bool
	if now := all.Load(); now != nil {
		asked = slices.Clone(*now)
	}
	asked = edit(asked)
	all.Store(&asked)
}

// Yield lets other goroutines run first if any of those asked says so. What the caller is about to do can wait.
func Yield() {
	asked := all.Load()
	if asked == nil {
		return
	}
	for _, urgent := range *asked {
		if (*urgent)() {
			runtime.Gosched()
			return
		}
	}
}
