package transport

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// A body is the body of a response. Its errors other than io.EOF are Errors.
type body struct {
	io.ReadCloser
	idle    *idleTimer // nil = no limit
	release func()     // ends the request's claim on its base URL; nil = none
	once    sync.Once
}

// Read reads from the connection, for at most the limit.
func (b *body) Read(p []byte) (int, error) {
	if b.idle != nil {
		b.idle.begin()
	}
	n, err := b.ReadCloser.Read(p)
	if b.idle != nil {
		b.idle.end()
	}
	if err == nil {
		return n, nil
	}
	b.finish()
	if err == io.EOF {
		return n, err
	}
	var known *Error
	if errors.As(err, &known) { // the cause with which the timer has cancelled the request
		return n, known
	}
	return n, &Error{Phase: PhaseBody, Err: err}
}

// Close ends the response, whatever of it was read.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.finish()
	return err
}

// finish lets go of what the request held.
func (b *body) finish() {
	b.once.Do(func() {
		if b.idle != nil {
			b.idle.stop()
		}
		if b.release != nil {
			b.release()
		}
	})
}

// An idleTimer cancels a request whose body has been waited for too long. It runs all the time and is
// not set anew for each read: when it fires it looks whether a read waits and since when.
type idleTimer struct {
	limit  time.Duration
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	since   time.Time // when the read that waits began; zero if none does
	timer   *time.Timer
	stopped bool
}

// begin says that a read begins to wait.
func (t *idleTimer) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since = time.Now()
	if t.timer == nil && !t.stopped {
		t.timer = time.AfterFunc(t.limit, t.fire)
	}
}

// end says that it has something.
func (t *idleTimer) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since = time.Time{}
}

// fire runs when the limit would strike if the read at the last look were still waiting.
func (t *idleTimer) fire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	left := t.limit
	if !t.since.IsZero() {
		left -= time.Since(t.since)
	}
	if left > 0 {
		t.timer.Reset(left)
		return
	}
	t.cancel(&Error{Phase: PhaseBody, Limit: t.limit, Err: context.DeadlineExceeded})
}

// stop ends the timer and releases the request's context.
func (t *idleTimer) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.cancel(nil)
}
