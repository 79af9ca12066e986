package mock

import (
	"context"
	"slices"
	"sync"
)

// Slots are places to work in. A freed place goes straight to whoever has waited longest, so nobody can slip in between.
type slots struct {
	limit int // 0 = none

	mu      sync.Mutex
	taken   int
	waiting []chan struct{} // closed when the place is theirs
}

// acquire waits for a place. With an error, the caller has none.
func (s *slots) acquire(ctx context.Context) error {
	if s.limit == 0 {
		return nil
	}
	s.mu.Lock()
	if s.taken < s.limit {
		s.taken++
		s.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	s.waiting = append(s.waiting, turn)
	s.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	i := slices.Index(s.waiting, turn)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 { // the place came at the same time
		s.release()
	}
	return ctx.Err()
}

func (s *slots) release() {
	if s.limit == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.taken--
		return
	}
	close(s.waiting[0])
	s.waiting = s.waiting[1:]
}
