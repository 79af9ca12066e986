package llmeter

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A Retry says whether and how a failed request is sent again. The zero value never does: a retry that nobody asked for
// hides failures inside latencies. With retries, every attempt is kept in Response.Attempts with the events that it brought, and all latencies count
// from the first dispatch, waits included; [endpoint.Response.WithoutRetries] counts from the last one.
type Retry struct {
	// Attempts is the most attempts of one request, the first included. 0 and 1 = no retries.
	Attempts int
	// Backoff is the pause before the second attempt; it doubles before each further one. Of each pause a random part
	// of up to a half is left out, so that clients do not come back in step. 0 = 500 ms.
	Backoff time.Duration
	// MaxBackoff bounds the pause. 0 = 30 s. Where the server asks for a longer one (Retry-After), its wish is obeyed.
	MaxBackoff time.Duration
	// Kinds are the kinds of error that are worth another attempt. nil = connect, reset, rate_limited, http_5xx and
	// the timeouts before the first byte.
	Kinds []endpoint.ErrorKind
}

// The pauses of a Retry that does not say.
const (
	DefaultBackoff    = 500 * time.Millisecond
	DefaultMaxBackoff = 30 * time.Second
)

var retriedKinds = []endpoint.ErrorKind{
	endpoint.KindConnect, endpoint.KindReset, endpoint.KindRateLimited, endpoint.KindServerStatus,
	endpoint.KindTimeoutConnect, endpoint.KindTimeoutTLS, endpoint.KindTimeoutFirstByte,
}

// again reports whether a request that failed with err at its n-th attempt (from 1) is sent once more.
func (p Retry) again(n int, err *endpoint.Error) bool {
	kinds := p.Kinds
	if kinds == nil {
		kinds = retriedKinds
	}
	return err != nil && n < p.Attempts && slices.Contains(kinds, err.Kind)
}

// pause is the wait after the n-th attempt (from 1). random is uniform in [0, 1).
func (p Retry) pause(n int, err *endpoint.Error, random float64) time.Duration {
	pause, most := p.Backoff, p.MaxBackoff
	if pause == 0 {
		pause = DefaultBackoff
	}
	if most == 0 {
		most = DefaultMaxBackoff
	}
	for range n - 1 {
		if pause *= 2; pause >= most {
			break
		}
	}
	pause = min(pause, most)
	pause -= time.Duration(random / 2 * float64(pause))
	return max(pause, err.RetryAfter)
}

// invokeWithRetries sends a request until it succeeds, fails for good or the run is aborted.
func (run *Run) invokeWithRetries(ctx context.Context, seq int, p Payload) *Response {
	first := run.invoke(ctx, p)
	if !run.cfg.Retry.again(1, first.Error) {
		return first
	}
	return run.retry(ctx, seq, p, first)
}

// retry goes on after a first attempt that failed. It is a function of its own because few requests need what it holds.
//
//go:noinline
func (run *Run) retry(ctx context.Context, seq int, p Payload, first *Response) *Response {
	r, random := first, rand.New(rand.NewPCG(run.cfg.Seed, uint64(seq)))
	var before []endpoint.Attempt
	for n := 1; run.cfg.Retry.again(n, r.Error); n++ {
		pause := run.cfg.Retry.pause(n, r.Error, random.Float64())
		if !waitUntil(ctx, time.Now().Add(pause)) {
			break
		}
		before = append(before, attempts(r)...)
		before[len(before)-1].Events = r.EventsFrom(first)
		r = run.invoke(ctx, p)
	}
	if r != first {
		r.Attempts = append(before, attempts(r)...)
		r.CountFrom(first)
	}
	return r
}

// attempts are those that the endpoint reported, or what the response tells of one.
func attempts(r *Response) []endpoint.Attempt {
	if len(r.Attempts) > 0 {
		return r.Attempts
	}
	return []endpoint.Attempt{{Start: r.Dispatched, End: r.End, Status: r.Status(), Error: r.Error}}
}
