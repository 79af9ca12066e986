package llmeter

import (
	"context"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"
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

// A launch is a request that waits for its instant in a goroutine of its own.
type launch struct {
	due  time.Time
	card card
	now  chan bool // true: send it, it is due; false: sending has ended before
}

// A dispatcher starts the requests of an open loop when they are due. Offsets count from the run's start, never from the
// request before, so that lateness does not add up. Nothing due is ever dropped.
type dispatcher struct {
	run          *Run
	ctx, sending context.Context
	clients      *errgroup.Group
	slots        chan struct{} // nil without a cap
	idle         chan launch   // goroutines whose request has ended wait here for another one

	next    func() (time.Duration, bool)
	due     time.Time // of the next request that is not made ready yet
	more    bool
	planned int
	pending []launch // made ready, in order of their instants
}

// openLoop starts requests when they are due. ctx aborts requests, sending only ends sending.
func (run *Run) openLoop(ctx, sending context.Context, clients *errgroup.Group) {
	d := &dispatcher{run: run, ctx: ctx, sending: sending, clients: clients, idle: make(chan launch)}
	if n := run.cfg.MaxInFlight; n > 0 {
		d.slots = make(chan struct{}, n)
	}
	clients.Go(d.dispatch)
}

func (d *dispatcher) dispatch() error {
	defer close(d.idle)
	wait, release := newPacer(d.sending)
	defer release()
	next, stop := iter.Pull(d.run.cfg.Arrivals.Offsets(d.run.cfg.Seed))
	defer stop()
	d.next = next
	d.advance()
	for d.more || len(d.pending) > 0 {
		if err := d.makeReady(); err != nil {
			d.dismiss()
			return err
		}
		if len(d.pending) == 0 && !d.more {
			break
		}
		if !wait(d.nextInstant()) {
			break
		}
		d.fire()
	}
	d.dismiss()
	return nil
}

// advance reads the next offset of the schedule.
func (d *dispatcher) advance() {
	cfg := &d.run.cfg
	offset, ok := d.next()
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
		l := launch{d.due, c, make(chan bool, 1)}
		d.pending = append(d.pending, l)
		d.prepare(l)
		d.advance()
	}
	return nil
}

// prepare gives a request to a goroutine. One that has sent a request before is preferred: its stack has grown already, which
// takes a tenth of the CPU time of a short request.
func (d *dispatcher) prepare(l launch) {
	select {
	case d.idle <- l:
	default:
		d.clients.Go(func() error {
			for more := true; more; l, more = <-d.idle {
				d.launch(l)
			}
			return nil
		})
	}
}

// nextInstant is when there is something to do: a request to send, or one to make ready.
func (d *dispatcher) nextInstant() time.Time {
	if len(d.pending) > 0 && (!d.more || d.pending[0].due.Before(d.due.Add(-lead))) {
		return d.pending[0].due
	}
	return d.due.Add(-lead)
}

// fire sends what is due.
func (d *dispatcher) fire() {
	for len(d.pending) > 0 && time.Until(d.pending[0].due) <= 0 {
		d.pending[0].now <- true
		d.pending = d.pending[1:]
	}
}

// dismiss ends the goroutines of requests that will not become due any more.
func (d *dispatcher) dismiss() {
	for _, l := range d.pending {
		l.now <- false
	}
}

func (d *dispatcher) launch(l launch) {
	rq := d.run.ready(d.ctx, l.card)
	if !<-l.now || rq.stopped {
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
	d.run.converse(d.ctx, d.sending, -1, l.due, rq, 0)
}
