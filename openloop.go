package llmeter

import (
	"context"
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/bubble"
	"github.com/llmeter-go/llmeter/internal/urgent"
)

// lead is how long before it is due a request is made ready: hooks and encoding are then not late at the start.
const lead = 20 * time.Millisecond

// prewarmedArrivals is the most connections that are opened before an open loop, whose need depends on latencies not known yet.
const prewarmedArrivals = 256

// connections is how many connections are opened before the start.
func (r *Runner) connections() int {
	if r.Arrivals == nil {
		return max(r.Clients, 1)
	}
	most := prewarmedArrivals
	if r.MaxInFlight > 0 {
		most = min(most, r.MaxInFlight)
	}
	n := 0
	for offset := range r.Arrivals.Offsets(r.Seed) {
		if n == most || offset > time.Second {
			break
		}
		n++
	}
	return max(n, 1)
}

// An endpoint that is punctual gets a request a little before it is due and holds it: what comes before its first byte is then
// no part of its lateness. That head start is a tenth of the time between two requests, since its last part is spun: a tenth of a processor at
// most. It is at least what sending a request takes, and no more than other goroutines hold a processor for.
const (
	leastHeadStart = 50 * time.Microsecond
	mostHeadStart  = 200 * time.Microsecond
)

// A launch is a goroutine with a request that waits for its instant.
type launch struct {
	due   time.Time
	start time.Time // when the request is given to its endpoint
	card  card
	next  chan bool // true: there is another request; false: there will be none
	now   chan bool // true: send it; false: sending has ended before
}

// A dispatcher starts the requests of an open loop when they are due. Offsets count from the run's start, never from the
// request before, so that lateness does not add up. Nothing due is ever dropped.
type dispatcher struct {
	run          *Run
	ctx, sending context.Context
	clients      *errgroup.Group
	slots        chan struct{} // nil without a cap
	punctual     bool          // the endpoint holds requests that it gets early

	offsets func() (time.Duration, bool)
	due     time.Time // of the next request that is not made ready yet
	last    time.Time // when the one before it is due
	more    bool
	planned int

	waiting atomic.Int64 // goroutines that may send but do not run yet
	first   atomic.Int64 // when the first of pending may, in nanoseconds since the run's start

	mu      sync.Mutex
	pending []*launch // made ready, in order of their instants
	idle    []*launch // their request has ended
	ended   bool      // there will be no other
}

// openLoop starts requests when they are due. ctx aborts requests, sending only ends sending.
func (run *Run) openLoop(ctx, sending context.Context, clients *errgroup.Group) {
	d := &dispatcher{run: run, ctx: ctx, sending: sending, clients: clients}
	d.noteFirst()
	_, d.punctual = endpoint.As[endpoint.Punctual](run.cfg.Endpoint)
	if n := run.cfg.MaxInFlight; n > 0 {
		d.slots = make(chan struct{}, n)
	}
	clients.Go(d.dispatch)
}

func (d *dispatcher) dispatch() error {
	defer d.end()
	if !bubble.Inside() { // what reads outside a bubble cannot send within it
		defer urgent.While(d.urgent)()
	}
	wait, release := newPacer(d.sending, d.punctual)
	defer release()
	next, stop := iter.Pull(d.run.cfg.Arrivals.Offsets(d.run.cfg.Seed))
	defer stop()
	d.offsets = next
	d.last = d.run.start
	d.advance()
	for {
		if err := d.makeReady(); err != nil {
			return err
		}
		at, ok := d.nextInstant()
		if !ok || !wait(at) {
			return nil
		}
		d.fire()
	}
}

// advance reads the next offset of the schedule.
func (d *dispatcher) advance() {
	cfg := &d.run.cfg
	offset, ok := d.offsets()
	d.more = ok && (d.run.limit == 0 || d.planned < d.run.limit) && (cfg.Duration == 0 || offset < cfg.Duration)
	d.due = d.run.start.Add(offset)
	d.planned++
}

// makeReady starts the goroutines of all requests that are due within lead.
func (d *dispatcher) makeReady() error {
	for d.more && time.Until(d.due) <= lead {
		c, ok, err := d.run.deck.deal(d.sending)
		if err != nil {
			return err
		}
		if !ok {
			d.more = false
			return nil
		}
		d.prepare(c)
		d.last = d.due
		d.advance()
	}
	return nil
}

// headStart is how much earlier than it is due the next request is given to its endpoint.
func (d *dispatcher) headStart() time.Duration {
	if !d.punctual {
		return 0
	}
	return min(max(d.due.Sub(d.last)/10, leastHeadStart), mostHeadStart)
}

// prepare gives the next request to a goroutine. One that has sent a request before is preferred, the last one first: its stack has grown
// already, which takes a tenth of the CPU time of a short request.
func (d *dispatcher) prepare(c card) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var l *launch
	if n := len(d.idle); n > 0 {
		l = d.idle[n-1]
		d.idle = d.idle[:n-1]
	} else {
		l = &launch{next: make(chan bool, 1), now: make(chan bool, 1)}
		d.clients.Go(func() error {
			for <-l.next {
				d.launch(l)
				d.rest(l)
			}
			return nil
		})
	}
	l.due, l.start, l.card = d.due, d.due.Add(-d.headStart()), c
	d.pending = append(d.pending, l)
	d.noteFirst()
	l.next <- true
}

// rest lets a goroutine wait for another request.
func (d *dispatcher) rest(l *launch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.card = card{}
	d.idle = append(d.idle, l)
	if d.ended {
		l.next <- false
	}
}

// end dismisses all goroutines: nothing more is sent.
func (d *dispatcher) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for _, l := range d.pending {
		l.now <- false
	}
	d.pending = nil
	for _, l := range d.idle {
		l.next <- false
	}
}

// nextInstant is when there is something to do: a request to send, or one to make ready. ok is false if there is nothing left.
func (d *dispatcher) nextInstant() (at time.Time, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) > 0 && (!d.more || d.pending[0].start.Before(d.due.Add(-lead))) {
		return d.pending[0].start, true
	}
	return d.due.Add(-lead), d.more
}

// fire sends what is due. Any goroutine may call it.
func (d *dispatcher) fire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.pending) > 0 && time.Until(d.pending[0].start) <= 0 {
		d.waiting.Add(1)
		d.pending[0].now <- true
		d.pending = slices.Delete(d.pending, 0, 1)
	}
	d.noteFirst()
}

// noteFirst keeps first.
func (d *dispatcher) noteFirst() {
	first := int64(math.MaxInt64)
	if len(d.pending) > 0 {
		first = int64(d.pending[0].start.Sub(d.run.start))
	}
	d.first.Store(first)
}

// urgent sends what is due, and reports whether goroutines are about to send.
func (d *dispatcher) urgent() bool {
	if int64(time.Since(d.run.start)) >= d.first.Load() {
		d.fire()
	}
	return d.waiting.Load() > 0
}

func (d *dispatcher) launch(l *launch) {
	rq := d.run.ready(d.ctx, l.card)
	if !<-l.now {
		return
	}
	d.waiting.Add(-1)
	if rq.stopped {
		return
	}
	if d.slots != nil {
		// Note: the run's end does not end this wait, only its abort does. Blocked senders are served in their order.
		select {
		case d.slots <- struct{}{}:
			defer func() { <-d.slots }()
		case <-d.ctx.Done():
		}
	}
	if d.punctual {
		rq.ctx = endpoint.WithDue(rq.ctx, l.due)
	}
	d.run.converse(d.ctx, d.sending, -1, l.due, rq, 0)
}
