package result

import "iter"

// How far reading runs ahead of who takes what was read: less than a hundred responses, which may be long, in batches that make
// passing them on cheap.
const (
	batchSize    = 16
	batchesAhead = 4
)

// pullAhead is iter.Pull with a goroutine of its own for the sequence, which runs ahead of next by a few batches. After stop,
// or when next has reported the end, the sequence is done. stop may be called more than once.
func pullAhead[T any](seq iter.Seq[T]) (next func() (T, bool), stop func()) {
	batches, quit := make(chan []T, batchesAhead), make(chan struct{})
	go func() {
		defer close(batches)
		batch := make([]T, 0, batchSize)
		send := func() bool {
			select {
			case batches <- batch:
				batch = make([]T, 0, batchSize)
				return true
			case <-quit:
				return false
			}
		}
		for v := range seq {
			if batch = append(batch, v); len(batch) == batchSize && !send() {
				return
			}
		}
		if len(batch) > 0 {
			send()
		}
	}()
	var batch []T
	next = func() (v T, ok bool) {
		for len(batch) == 0 {
			if batch, ok = <-batches; !ok {
				return v, false
			}
		}
		v, batch = batch[0], batch[1:]
		return v, true
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			close(quit)
		}
		for range batches { // until the goroutine has ended
		}
	}
	return next, stop
}
