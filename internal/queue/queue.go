// Package queue holds an unbounded queue between goroutines: what is downstream can never delay what is upstream.
// It knows nothing of what it carries.
package queue

import (
	"context"
	"sync"
)

// A Queue passes values from many writers to one reader in the order of Push. The zero Queue is ready for use.
//
// Note: readers wait on a channel and not on a sync.Cond, because a goroutine that waits for a mutex does not count as
// blocked in a synctest bubble, and because waiting must end with a context.
type Queue[T any] struct {
	mu     sync.Mutex
	items  []T
	head   int
	closed bool
	once   sync.Once
	wake   chan struct{}
}

func (q *Queue[T]) signal() chan struct{} {
	q.once.Do(func() { q.wake = make(chan struct{}, 1) })
	return q.wake
}

func (q *Queue[T]) notify() {
	select {
	case q.signal() <- struct{}{}:
	default:
	}
}

// Push appends v. It never blocks. After Close it does nothing.
func (q *Queue[T]) Push(v T) {
	q.mu.Lock()
	if !q.closed {
		q.items = append(q.items, v)
	}
	q.mu.Unlock()
	q.notify()
}

// Close says that nothing more will come. What is in the queue can still be read. It may be called more than once.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.notify()
}

// Len is the number of values that wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) - q.head
}

// Pop takes the first value, waiting for one. ok is false when the queue is closed and empty, or ctx is done.
// One goroutine at a time may call it.
func (q *Queue[T]) Pop(ctx context.Context) (v T, ok bool) {
	for {
		v, ok, closed := q.take()
		if ok || closed {
			return v, ok
		}
		select {
		case <-q.signal():
		case <-ctx.Done():
			return v, false
		}
	}
}

func (q *Queue[T]) take() (v T, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.items) {
		return v, false, q.closed
	}
	var none T
	v, q.items[q.head] = q.items[q.head], none
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head >= 1024 && q.head*2 >= len(q.items) { // give back the room of what was read
		q.items = append(q.items[:0:0], q.items[q.head:]...)
		q.head = 0
	}
	return v, true, false
}
