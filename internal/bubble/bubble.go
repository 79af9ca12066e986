// Package bubble tells whether time is that of a bubble of testing/synctest.
package bubble

import "time"

// Inside reports whether time stands still while anything runs: who spins there until an instant spins for ever. On a real clock
// it takes two looks at it.
func Inside() bool {
	start := time.Now()
	for range 1000 {
		if !time.Now().Equal(start) {
			return false
		}
	}
	return true
}
