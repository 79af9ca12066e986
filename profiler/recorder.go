package profiler

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A Recorder writes the steps of workflows while they happen, so that [Read] finds them. Make it with [NewRecorder]. It is safe
// for concurrent use. A nil Recorder records nothing: its methods, and those of the spans that it starts, do nothing.
//
// What is recorded reaches the writer within a quarter of a second. Of a program that is killed all is kept but that last
// quarter; spans that it had not ended are STARTs without an END.
//
// Events are lines of JSON that wait in memory, 32 MiB of them at most. If the writer is so slow that these are full, events wait
// for it: nothing is left out, but the program is held up, and [Recorder.Blocked] says for how long. Events that come after
// Close, or after the writer has failed, are left out.
type Recorder struct {
	began  time.Time
	shards [shardCount]shard
	lines  sync.Pool // of *scratch
	made   atomic.Uint32

	free    chan []byte // a buffer, or nil for one that is to be made
	full    chan batch
	wake    chan struct{} // a shard has something to write
	closing chan struct{}
	ticking sync.WaitGroup
	closed  atomic.Bool
	blocked atomic.Int64 // nanoseconds

	flushing sync.Mutex // guards what follows
	ended    bool       // nobody takes batches any more
	err      error
}

// A batch is lines for the writer. If somebody waits for it, the first error of the writer so far is the answer.
type batch struct {
	lines []byte
	done  chan<- error
}

const flushEvery = 250 * time.Millisecond

// NewRecorder makes a recorder that writes to w, and that must be closed. All writes come from one goroutine.
func NewRecorder(w io.Writer) *Recorder {
	r := &Recorder{
		began: time.Now(),
		free:  make(chan []byte, bufferCount),
		full:  make(chan batch, bufferCount+1), // so that passing a batch never waits
		wake:  make(chan struct{}, 1), closing: make(chan struct{}),
	}
	r.lines.New = func() any { return &scratch{shard: &r.shards[r.made.Add(1)%shardCount]} }
	for range bufferCount {
		r.free <- nil
	}
	go r.write(w)
	r.ticking.Go(r.tick)
	return r
}

// write writes batches until the channel is closed. After an error it drops them, so that nobody waits for a writer that has failed.
func (r *Recorder) write(w io.Writer) {
	var failed error
	for b := range r.full {
		if failed == nil && len(b.lines) > 0 {
			_, failed = w.Write(b.lines)
		}
		if b.done != nil {
			b.done <- failed
		} else {
			r.giveBack(b.lines)
		}
	}
}

// tick flushes from time to time. While nothing happens it sleeps.
func (r *Recorder) tick() {
	for {
		select {
		case <-r.wake:
		case <-r.closing:
			return
		}
		timer := time.NewTimer(flushEvery)
		select {
		case <-timer.C:
			_ = r.Flush() // kept, and returned by Close
		case <-r.closing:
			timer.Stop()
			return
		}
	}
}

// Flush waits until all that was recorded before is written. It returns the first error that the writer has met so far.
func (r *Recorder) Flush() error {
	if r == nil {
		return nil
	}
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.flush()
	return r.err
}

func (r *Recorder) flush() {
	if r.ended {
		return
	}
	// What is complete is asked first: all lines of these traces are in the shards by now, so they are written before the ends.
	var ends []byte
	for i := range r.shards {
		ends = r.shards[i].takeComplete(ends)
	}
	for i := range r.shards {
		r.shards[i].pass(r.full)
	}
	done := make(chan error, 1)
	r.full <- batch{ends, done}
	r.err = <-done
}

// Close writes what was recorded and ends the recorder. It returns the first error that the writer has met. It does not close the
// writer. Spans that have not ended stay without an end. Closing again does nothing more.
func (r *Recorder) Close() error {
	if r == nil {
		return nil
	}
	if !r.closed.Swap(true) {
		close(r.closing)
	}
	r.ticking.Wait()
	r.flushing.Lock()
	defer r.flushing.Unlock()
	if r.flush(); !r.ended {
		r.ended = true
		close(r.full)
	}
	return r.err
}

// Blocked is how long events have waited for the writer, added up over goroutines. What ran in that time was slowed by its recording.
func (r *Recorder) Blocked() time.Duration {
	if r == nil {
		return 0
	}
	return time.Duration(r.blocked.Load())
}

// seconds is a time as traces have it. It goes by the monotonic clock from the recorder's beginning on, so that setting the wall
// clock does not put events out of order.
func (r *Recorder) seconds(at time.Time) float64 { return Seconds(r.began.Add(at.Sub(r.began))) }

// A contextKey finds the innermost *OpenSpan of a context, or the *Recorder if there is none.
type contextKey struct{}

// NewContext is a context in which [FromContext], [Start] and the functions of [TrackFunction] find the recorder. Spans of the same
// recorder that ctx belongs to stay the parents of what is started in it.
func NewContext(ctx context.Context, r *Recorder) context.Context {
	if FromContext(ctx) == r {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, r)
}

// FromContext is the recorder of the context, of NewContext or of the span that it belongs to; nil if there is none.
func FromContext(ctx context.Context) *Recorder {
	switch v := ctx.Value(contextKey{}).(type) {
	case *Recorder:
		return v
	case *OpenSpan:
		return v.rec
	}
	return nil
}

// Start starts a span with the recorder of the context, see [Recorder.Start].
func Start(ctx context.Context, kind Category, name string, input ...any) (context.Context, *OpenSpan) {
	return FromContext(ctx).Start(ctx, kind, name, input...)
}
