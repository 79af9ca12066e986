package endpoint

import (
	"context"
	"sync"
	"time"
)

// A Watch lets another goroutine see the events of a request while its answer still streams, so that they can be saved before
// it ends. The stopwatch of [NewStream] shows them to the Watch in its context; endpoints without one show nothing. The zero
// Watch is ready, for one request and all attempts at it.
type Watch struct {
	mu         sync.Mutex
	dispatched time.Time     // of the first attempt
	shift      time.Duration // from there to the present attempt
	rec        *recorder     // of the present attempt while it goes on
	rest       []Event       // of an attempt that has ended: what was not read
	read       int           // events of the present attempt that were read
}

type watchKey struct{}

// WithWatch gives a context under which an invocation shows its events to w.
func WithWatch(ctx context.Context, w *Watch) context.Context {
	return context.WithValue(ctx, watchKey{}, w)
}

// watchIn gives the Watch of a context, nil if there is none.
func watchIn(ctx context.Context) *Watch {
	w, _ := ctx.Value(watchKey{}).(*Watch)
	return w
}

// Read appends to into the events that came since the last Read, and gives the result as events. first is the index of the
// first of them among the events of the request; where it is not the number of events read before, the request was sent
// again, and what came before counts no more. Like the events of a [Response], they count from the first dispatch, which is
// zero as long as there was none.
func (w *Watch) Read(into []Event) (dispatched time.Time, first int, events []Event) {
	w.mu.Lock()
	fresh := w.rest
	if w.rec != nil {
		fresh = w.rec.events[w.read:]
	}
	from, first, shift := len(into), w.read, w.shift
	into = append(into, fresh...)
	w.read += len(fresh)
	w.rest = nil
	dispatched = w.dispatched
	w.mu.Unlock()
	for i := range into[from:] {
		into[from+i].At += shift
	}
	return dispatched, first, into
}

// begin says that an attempt was dispatched. rec gathers its events, nil if there will be none.
func (w *Watch) begin(dispatched time.Time, rec *recorder) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dispatched.IsZero() {
		w.dispatched = dispatched
	}
	w.shift, w.rec, w.rest, w.read = dispatched.Sub(w.dispatched), rec, nil, 0
}

// end says that rec will gather no more and be used for something else.
func (w *Watch) end(rec *recorder) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rec == rec { // else another attempt has begun meanwhile
		w.rest, w.rec = append([]Event(nil), rec.events[w.read:]...), nil
	}
}
