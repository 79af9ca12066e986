package llmeter

import (
	"context"
	"time"

	"github.com/llmeter-go/llmeter/result"
)

// A Watcher is a [Callback] that also looks at the run as a whole while it goes on: how far it is, what it has measured, how
// the client does; and that may stop it.
type Watcher interface {
	Callback
	// Watch is called once, when the first requests start, before any AfterInvoke, and AfterRun always follows. ctx is the run's,
	// as BeforeRun left it. It should return at once: nothing that was measured is processed before.
	Watch(ctx context.Context, run *Run)
}

// tellWatchers gives the run to the callbacks that watch it.
func (run *Run) tellWatchers() {
	for _, cb := range run.cfg.Callbacks {
		if w, ok := cb.(Watcher); ok {
			w.Watch(run.ctx, run)
		}
	}
}

// Config is what the run was made from, as the BeforeRun hooks left it, with the meaning of zero fields filled in. What it refers to
// is the run's own: it is for reading.
func (run *Run) Config() RunConfig { return run.cfg }

// Stats computes the statistics of what was processed until now. Rates count to the present moment. It can take a tenth of a
// second in a long run: Points is for looking often.
func (run *Run) Stats() Stats { return run.statistics((*result.Accumulator).Stats) }

// Points computes the same without the intervals of latencies and rates, in well under a millisecond.
func (run *Run) Points() Stats { return run.statistics((*result.Accumulator).Points) }

func (run *Run) statistics(compute func(*result.Accumulator, *Result) Stats) Stats {
	select {
	case <-run.done:
		if run.result != nil {
			return run.result.Stats()
		}
	default:
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.final != nil {
		return *run.final
	}
	return compute(&run.acc, run.shell(time.Now()))
}

// complete makes res what the responses say. The accumulator is its own from then on, so that others are given what is computed here.
func (run *Run) complete(res *Result) Stats {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.acc.Complete(res, run.responses)
	final := res.Stats()
	run.final = &final
	return final
}

// Health tells how the client itself has done until now, for [result.Judge]; at the end it is the Result's. How many requests were in
// flight together is known of finished ones alone: until then InFlight, MaxInFlight and Little are 0, which judges nothing. It
// takes some milliseconds in a long run.
func (run *Run) Health() result.Health {
	h := run.health(run.clock())
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.final == nil {
		h.InFlight, h.MaxInFlight, h.Little = 0, 0, 0
	}
	return h
}
