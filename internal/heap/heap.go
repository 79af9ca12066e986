// Package heap gives the garbage collector of a measuring process room. With few live bytes it would run many times a second,
// and on a machine with few processors what is due waits for it: at 5,000 requests a second on one processor that is most of
// the lateness of the latest hundredth.
//
// It knows how much is alive and what the collector may let lie. It changes a setting of the whole process, so it is for
// programs and not for libraries.
package heap

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Room is the size that the heap may grow to before anything is collected, in bytes: half a gigabyte, which takes an open loop of 5,000
// requests a second more than ten seconds to fill.
const Room = 512 << 20

// GiveRoom gives it for as long as the process lives, unless GOGC in the environment has decided otherwise. Where half of it is
// alive, the collector works as usual.
func GiveRoom() {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := percentFor(0)
	debug.SetGCPercent(percent)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for range time.Tick(250 * time.Millisecond) {
			metrics.Read(live)
			// To set it stops all goroutines for some microseconds, so it is left alone for small changes.
			if next := percentFor(live[0].Value.Uint64()); next*5 < percent*4 || next*4 > percent*5 {
				percent = next
				debug.SetGCPercent(percent)
			}
		}
	}()
}

// percentFor is GOGC for so many live bytes: how much may lie about, in percent of them. The runtime takes 4 MiB for the least.
func percentFor(live uint64) int {
	live = max(live, 4<<20)
	return int(max(100, (Room-min(live, Room))*100/live))
}
