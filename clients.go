package llmeter

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter/endpoint"
)

// closedLoop lets each client send its requests one after another. ctx aborts requests, sending only ends sending.
func (run *Run) closedLoop(ctx, sending context.Context, clients *errgroup.Group) {
	for client := range run.cfg.Clients {
		clients.Go(func() error {
			budget := run.limit
			for run.limit == 0 || budget > 0 {
				if run.over(sending) {
					return nil
				}
				c, ok, err := run.deck.deal()
				if err != nil || !ok {
					return err
				}
				budget -= run.converse(ctx, sending, client, time.Now(), c, budget)
			}
			return nil
		})
	}
}

// openLoop starts requests when they are due, each in a goroutine of its own. Offsets count from the run's start, never
// from the request before, so that lateness does not add up.
func (run *Run) openLoop(ctx, sending context.Context, clients *errgroup.Group) {
	slots := make(chan struct{}, max(run.cfg.MaxInFlight, 1))
	clients.Go(func() error {
		n := 0
		for offset := range run.cfg.Arrivals.Offsets(run.cfg.Seed) {
			if run.limit > 0 && n >= run.limit || run.cfg.Duration > 0 && offset >= run.cfg.Duration {
				return nil
			}
			c, ok, err := run.deck.deal()
			if err != nil || !ok {
				return err
			}
			due := run.start.Add(offset)
			if !waitUntil(sending, due) {
				return nil
			}
			if run.cfg.MaxInFlight > 0 {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done(): // Note: not sending's: what was due is sent, however late
					return nil
				}
			}
			clients.Go(func() error {
				run.converse(ctx, sending, -1, due, c, 0)
				if run.cfg.MaxInFlight > 0 {
					<-slots
				}
				return nil
			})
			n++
		}
		return nil
	})
}

// over reports whether nothing more is to be sent. The clock is asked beside the context, so that a request that would
// start exactly at the end of Duration never does.
func (run *Run) over(sending context.Context) bool {
	return sending.Err() != nil || run.cfg.Duration > 0 && time.Since(run.start) >= run.cfg.Duration
}

// converse sends a payload, and what its Next makes of each answer, up to most requests (0 = no limit). It returns how
// many it sent.
func (run *Run) converse(ctx, sending context.Context, client int, intended time.Time, c card, most int) (sent int) {
	if c.given.Next != nil {
		run.conversations.Add(1)
	}
	for {
		r, ok := run.send(ctx, client, sent, intended, c)
		if !ok {
			return max(sent, 1) // a hook stopped the run: the client must not try again
		}
		sent++
		if next := r.Payload.Next; next == nil || sent == most {
			return sent
		}
		p, wait, ok := r.Payload.Next(r)
		if !ok || p == nil {
			return sent
		}
		c, intended = run.deck.prepare(*p), time.Now().Add(wait)
		if !waitUntil(sending, intended) || run.over(sending) {
			return sent
		}
		if wait <= 0 {
			intended = time.Now()
		}
	}
}

// send sends one request and hands its response to the collector. ok is false if a hook ended the run instead.
func (run *Run) send(ctx context.Context, client, turn int, intended time.Time, c card) (r *Response, ok bool) {
	p, err := c.prepared, c.err
	if len(run.cfg.Callbacks) > 0 {
		var edited Payload
		edited, ctx, err = beforeInvoke(ctx, run.cfg.Callbacks, c.copyForHooks())
		if errors.Is(err, ErrStop) {
			run.Stop()
			return nil, false
		}
		if err == nil {
			p, err = run.deck.edited(c, edited)
		}
	}
	seq := int(run.sent.Add(1)) - 1
	if err == nil {
		r = run.invoke(ctx, p)
	} else {
		r = notSent(p, err)
	}
	r.Seq, r.Client, r.Turn = seq, client, turn
	if client < 0 || turn > 0 {
		r.Intended = intended
	}
	if r.Payload.Body == nil {
		r.Payload = p
	}
	run.finished.Push(invocation{ctx, r})
	return r, true
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
	run.inFlight.Add(1)
	defer run.inFlight.Add(-1)
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

// waitUntil waits for an instant and reports whether it came before ctx was done.
func waitUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
