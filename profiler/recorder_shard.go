package profiler

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Lines are gathered in shards, in buffers that are passed to the writer when they are full, or from time to time. Who has a scratch
// adds to the shard that it came with, and a pool gives each processor scratches of its own, so that goroutines seldom meet.
const (
	shardCount  = 64
	bufferSize  = 64 << 10 // bytes
	bufferCount = 512      // in shards and on their way to the writer
)

// A shard is lines that wait.
type shard struct {
	mu       sync.Mutex
	buf      []byte   // nil = none
	complete []uint64 // traces whose last span has ended
	_        [64]byte // so that two shards are never in one cache line
}

// A scratch is where a line is made, outside of any lock.
type scratch struct {
	line, value []byte
	shard       *shard
}

func (r *Recorder) scratch() *scratch {
	b := r.lines.Get().(*scratch)
	b.line, b.value = b.line[:0], b.value[:0]
	return b
}

func (r *Recorder) release(b *scratch) {
	if cap(b.line)+cap(b.value) <= bufferSize {
		r.lines.Put(b)
	}
}

// add adds a line, and waits for a buffer if none is free. A buffer grows for a line that is longer.
func (r *Recorder) add(s *shard, line []byte) {
	for !s.add(line, r.full, &r.closed) {
		b := r.buffer()
		signal(r.wake)
		if !s.offer(b) {
			r.giveBack(b)
		}
	}
}

// add adds a line if there is a buffer with room for it, or if it is too late for any line.
func (s *shard) add(line []byte, full chan<- batch, closed *atomic.Bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if closed.Load() {
		return true
	}
	if len(s.buf) > 0 && len(s.buf)+len(line) > bufferSize {
		full <- batch{lines: s.buf}
		s.buf = nil
	}
	if s.buf == nil {
		return false
	}
	s.buf = append(s.buf, line...)
	return true
}

// offer gives the shard a buffer if it has none.
func (s *shard) offer(b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buf != nil {
		return false
	}
	s.buf = b
	return true
}

// buffer takes a free buffer, or waits for one.
func (r *Recorder) buffer() (b []byte) {
	select {
	case b = <-r.free:
	default:
		began := time.Now()
		b = <-r.free
		r.blocked.Add(int64(time.Since(began)))
	}
	if b == nil {
		b = make([]byte, 0, bufferSize)
	}
	return b
}

// giveBack makes a buffer free. One that has grown is given up.
func (r *Recorder) giveBack(b []byte) {
	if cap(b) > 2*bufferSize {
		b = nil
	}
	r.free <- b[:0]
}

// complete notes that a trace is complete. All its lines have been added.
func (r *Recorder) complete(s *shard, id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.closed.Load() {
		s.complete = append(s.complete, id)
		signal(r.wake)
	}
}

// takeComplete appends the lines that say which traces are complete.
func (s *shard) takeComplete(lines []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.complete {
		lines = appendLineEnd(appendComplete(lines, id))
	}
	s.complete = s.complete[:0]
	return lines
}

// pass passes what there is to the writer.
func (s *shard) pass(full chan<- batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.buf) > 0 {
		full <- batch{lines: s.buf}
		s.buf = nil
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// A recording is a trace while it is recorded.
type recording struct {
	id   uint64
	open atomic.Int64 // spans; once 0, the trace is complete
}

func newRecording() *recording {
	t := &recording{id: rand.Uint64()}
	t.open.Store(1)
	return t
}

// join adds a span to the trace unless that is complete.
func (t *recording) join() bool {
	for {
		n := t.open.Load()
		if n == 0 {
			return false
		}
		if t.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
