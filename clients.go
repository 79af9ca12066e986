package llmeter

import (
	"context"
	"errors"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter/endpoint"
)

// closedLoop lets each client send its requests one after another. ctx aborts requests, sending only ends sending.
func (run *Run) closedLoop(ctx, sending context.Context, clients *errgroup.Group) {
	for client := range run.cfg.Clients {
		clients.Go(func() error { return run.client(ctx, sending, client) })
		// Note: each client may send its first request before the next one starts. Started all at once, they would first all
		// take a stamp and then wait for each other: at 100 clients on one processor 4 ms, which are not the server's.
		runtime.Gosched()
	}
}

func (run *Run) client(ctx, sending context.Context, client int) error {
	budget := run.limit
	for turn := 0; run.limit == 0 || budget > 0; turn++ {
		if turn > 0 && !run.think(sending, client, turn) || run.over(sending) {
			return nil
		}
		rq, err := run.dealt(ctx, sending)
		if rq == nil || rq.stopped || run.over(sending) {
			return err
		}
		budget -= run.converse(ctx, sending, client, time.Time{}, rq, budget)
	}
	return nil
}

// dealt makes the next request of the deck ready, or gives nil when there is none. Inlined, what it holds by value would be
// part of a client's stack for as long as the client waits for answers; so would that of nextTurn and watched.
//
//go:noinline
func (run *Run) dealt(ctx, sending context.Context) (*request, error) {
	c, ok, err := run.deck.deal(sending)
	if err != nil || !ok {
		return nil, err
	}
	return run.ready(ctx, c), nil
}

// think waits as long as a user would, and reports whether there is still something to send afterwards.
func (run *Run) think(sending context.Context, client, turn int) bool {
	if run.cfg.ThinkTime == nil {
		return true
	}
	return waitUntil(sending, time.Now().Add(run.cfg.ThinkTime.Pause(run.cfg.Seed, client, turn)))
}

// over reports whether nothing more is to be sent. The clock is asked beside the context, so that a request that would
// start exactly at the end of Duration never does.
func (run *Run) over(sending context.Context) bool {
	return sending.Err() != nil || run.cfg.Duration > 0 && time.Since(run.start) >= run.cfg.Duration
}

// A request is a card whose hooks have run: what is left is to send it.
type request struct {
	ctx     context.Context // as BeforeInvoke left it
	payload Payload
	err     error // why it cannot be sent
	stopped bool  // a hook ended the run instead
}

// ready lets the hooks edit a card's payload and encodes the result: all that is not timed.
func (run *Run) ready(ctx context.Context, c card) *request {
	if len(run.cfg.Callbacks) == 0 {
		return &request{ctx: ctx, payload: c.prepared, err: c.err}
	}
	edited, ctx, err := beforeInvoke(ctx, run.cfg.Callbacks, c.copyForHooks())
	if errors.Is(err, ErrStop) {
		run.Stop()
		return &request{stopped: true}
	}
	if err != nil {
		return &request{ctx: ctx, payload: edited, err: err}
	}
	p, err := run.deck.edited(c, edited)
	return &request{ctx: ctx, payload: p, err: err}
}

// converse sends a request, and what its payload's Next makes of each answer, up to most requests (0 = no limit).
// It returns how many it sent.
func (run *Run) converse(ctx, sending context.Context, client int, intended time.Time, rq *request, most int) (sent int) {
	if rq.payload.Next != nil && !rq.stopped {
		run.conversations.Add(1)
	}
	for !rq.stopped {
		r := run.send(client, sent, intended, rq)
		sent++
		if r.Payload.Next == nil || sent == most {
			break
		}
		if rq, intended = run.nextTurn(ctx, r); rq == nil || !waitUntil(sending, intended) || run.over(sending) {
			break
		}
	}
	return sent
}

// nextTurn makes what a conversation sends after r ready, and says when it is due; nil at the end.
//
//go:noinline
func (run *Run) nextTurn(ctx context.Context, r *Response) (*request, time.Time) {
	p, wait, ok := r.Payload.Next(r)
	if !ok || p == nil {
		return nil, time.Time{}
	}
	intended := time.Now().Add(wait)
	return run.ready(ctx, run.deck.prepare(*p)), intended
}

// send sends one request and hands its response to the collector.
func (run *Run) send(client, turn int, intended time.Time, rq *request) *Response {
	seq := int(run.sent.Add(1)) - 1
	var r *Response
	if rq.err == nil {
		ctx := run.watched(rq.ctx, seq, client, turn, intended)
		run.inFlight.Add(1)
		start := endpoint.DispatchTime(ctx)
		r = run.invokeWithRetries(ctx, seq, rq.payload)
		run.occupied.Add(int64(max(0, time.Since(start))))
		run.inFlight.Add(-1)
	} else {
		r = notSent(rq.payload, rq.err)
	}
	r.Seq, r.Client, r.Turn = seq, client, turn
	if client < 0 || turn > 0 {
		r.Intended = intended
	}
	if r.Payload.Body == nil {
		r.Payload = rq.payload
	}
	run.finished.Push(invocation{rq.ctx, r})
	return r
}

// watched gives the context for a request of which r is what is known before it is sent. What streams in flight bring is then
// saved while they go on.
//
//go:noinline
func (run *Run) watched(ctx context.Context, seq, client, turn int, intended time.Time) context.Context {
	if run.writer == nil {
		return ctx
	}
	return run.writer.Watch(ctx, Response{Seq: seq, Client: client, Turn: turn, Intended: intended, Dispatched: endpoint.DispatchTime(ctx)})
}

// notSent is the response of a request that failed before it reached the endpoint.
func notSent(p Payload, err error) *Response {
	e := endpoint.AsError(err)
	if e.Kind == endpoint.KindUnknown || e.Kind == endpoint.KindCancelled || e.Kind == endpoint.KindTimeout {
		e = &endpoint.Error{Kind: endpoint.KindCallback, Message: err.Error(), Err: err}
	}
	return &Response{Payload: p, Error: e}
}

// invoke sends one request under its timeout.
func (run *Run) invoke(ctx context.Context, p Payload) *Response {
	timed, cancel := context.WithTimeout(ctx, run.cfg.Timeout)
	defer cancel()
	start := time.Now()
	r, err := run.cfg.Endpoint.Invoke(timed, p)
	if r == nil {
		r = &Response{Payload: p}
		if err == nil {
			err = &endpoint.Error{Kind: endpoint.KindEmpty, Message: "the endpoint gave neither a response nor an error"}
		}
	}
	if r.Dispatched.IsZero() { // an endpoint without the module's stopwatch
		r.RequestTime, r.Dispatched, r.End = start.UTC().Truncate(time.Microsecond), start, time.Now()
		if err == nil && r.LastToken.IsZero() {
			r.LastToken = r.End
		}
	}
	if err != nil {
		r.Error = endpoint.AsError(err)
		if run.ctx.Err() != nil { // whatever the endpoint calls it: the run was aborted under it
			r.Error = &endpoint.Error{Kind: endpoint.KindCancelled, Message: "the run was aborted", Err: err}
		}
	}
	return r
}
