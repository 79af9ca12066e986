package llmeter

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/health"
	"github.com/llmeter-go/llmeter/internal/queue"
	"github.com/llmeter-go/llmeter/result"
)

// A Run is one execution of a [Runner]. Its methods may be called from any goroutine.
type Run struct {
	cfg   Runner
	deck  deck
	limit int // requests of each client, or in all under an open loop; 0 = no limit

	ctx   context.Context // of hooks, requests and everything else; done when the run is aborted
	abort context.CancelCauseFunc
	stop  context.CancelFunc // ends sending only

	start    time.Time // monotonic zero of the run
	sent     atomic.Int64
	inFlight atomic.Int64
	occupied atomic.Int64            // sum over requests of the nanoseconds in which they were in flight
	finished queue.Queue[invocation] // from clients to the collector
	live     queue.Queue[*Response]  // from the collector to Responses
	reading  atomic.Bool             // somebody reads live, or still may

	mu            sync.Mutex
	acc           result.Accumulator // guarded by mu, as are vitals, backlog and final: the collector adds, watchers read
	vitals        result.Vitals
	backlog       int
	final         *Stats // once acc belongs to the Result
	monitor       *health.Monitor
	responses     []*Response     // the collector's own, as are hookErr and stopped
	hookErr       error           // first error of an AfterInvoke
	stopped       *result.Warning // why StopWhen ended the run
	patience      patience
	cold          error // why not all connections were open at the start
	estimated     int   // answers whose tokens the server did not count
	conversations atomic.Int64
	writer        *result.Writer

	done   chan struct{}
	result *Result
	err    error
}

// An invocation is a finished response on its way to the collector, with the context that BeforeInvoke made for it.
type invocation struct {
	ctx      context.Context
	response *Response
}

// Start begins a run and returns while it goes on. Errors are those of [Runner.Run] that come before the first request.
// The run ends by its limits, by [Run.Stop] or when ctx is done, and always ends by itself after that: Wait is needed
// only for the Result.
func (r Runner) Start(ctx context.Context, overrides ...func(*RunConfig)) (*Run, error) {
	for _, edit := range overrides {
		edit(&r)
	}
	if err := r.resolve(); err != nil {
		return nil, err
	}
	for _, cb := range r.Callbacks {
		next, err := cb.BeforeRun(ctx, &r)
		if err != nil {
			return nil, hookError(cb, "BeforeRun", err)
		}
		if next != nil {
			ctx = next
		}
	}
	if len(r.Callbacks) > 0 { // once more: hooks may have edited anything
		if err := r.resolve(); err != nil {
			return nil, err
		}
	}
	run := &Run{acc: result.Accumulator{Objectives: r.Objectives}, cfg: r, limit: r.Requests, done: make(chan struct{})}
	if r.Arrivals == nil {
		run.limit = r.requestsPerClient()
	}
	if err := run.openFolder(ctx); err != nil {
		return nil, err
	}
	run.deck.fill(&run.cfg)
	run.reading.Store(!run.cfg.LowMemory)
	run.begin(ctx)
	return run, nil
}

// begin wires the stages: clients → collect. A failed request is data and never reaches a group. Their contexts nest:
// what ends the collector's stage ends the clients, and the collector drains what the clients still bring.
func (run *Run) begin(ctx context.Context) {
	run.ctx, run.abort = context.WithCancelCause(ctx)
	if p, ok := endpoint.As[endpoint.Prewarmer](run.cfg.Endpoint); ok && !run.cfg.NoPrewarm {
		run.cold = p.Prewarm(run.ctx, run.cfg.connections())
	}
	stages, ctx := errgroup.WithContext(run.ctx)
	clients, ctx := errgroup.WithContext(ctx)
	sending, stop := context.WithCancel(ctx) // of the innermost group, so that whatever ends the run ends sending
	run.stop = stop
	run.start = time.Now()
	if run.cfg.Arrivals != nil {
		run.start = run.start.Add(lead) // so that the first requests are made ready before they are due, like all others
	}
	run.monitor = health.Start()
	run.vitals = result.Vitals{Start: run.start, Capped: run.cfg.MaxInFlight > 0}
	if run.writer != nil {
		run.writer.Start(run.start)
	}
	if run.cfg.Duration > 0 {
		sending, run.stop = context.WithDeadline(sending, run.start.Add(run.cfg.Duration))
	}
	if run.cfg.Arrivals == nil {
		run.closedLoop(ctx, sending, clients)
	} else {
		run.openLoop(ctx, sending, clients)
	}
	run.tellWatchers()
	var end time.Time
	stages.Go(func() error {
		defer run.finished.Close()
		defer func() { end = time.Now() }() // not when the collector catches up
		return clients.Wait()
	})
	stages.Go(func() error {
		run.collect()
		return nil
	})
	go func() {
		err := stages.Wait()
		stop()
		run.stop()
		run.finish(end, err)
		run.abort(nil)
		close(run.done)
	}()
}

// Stop ends sending. What is in flight finishes and counts.
func (run *Run) Stop() { run.stop() }

// Wait waits for the end of the run and gives what [Runner.Run] gives. It may be called more than once.
func (run *Run) Wait() (*Result, error) {
	<-run.done
	return run.result, run.err
}

// Done is closed when the run has ended and Wait does not block.
func (run *Run) Done() <-chan struct{} { return run.done }

// Responses gives every response when it has been processed, failed ones too, and ends with the run. It is
// single-use, and needs to be asked for before the run ends to be complete; leaving the loop early is fine. Under LowMemory
// it gives the responses that are processed after it was asked for. A slow reader delays nothing.
func (run *Run) Responses() iter.Seq[*Response] {
	run.reading.Store(true)
	return func(yield func(*Response) bool) {
		defer run.unread()
		for {
			r, ok := run.live.Pop(context.Background())
			if !ok || !yield(r) {
				return
			}
		}
	}
}

// unread forgets responses that nobody will read.
func (run *Run) unread() {
	run.reading.Store(false)
	run.live.Close()
}

// Progress is where a run stands.
type Progress struct {
	Elapsed  time.Duration // since the first request could start
	Sent     int           // requests that were started
	InFlight int           // requests that wait for the end of their answer
	Finished int           // responses that were processed, cancelled ones not included
	Failed   int           // of these
	Backlog  int           // responses that wait to be processed
	Planned  int           // requests in all if the plan says so, else 0
}

// Progress tells where the run stands. It is cheap.
func (run *Run) Progress() Progress {
	p := Progress{
		Elapsed: max(0, time.Since(run.start)), Sent: int(run.sent.Load()), InFlight: int(run.inFlight.Load()),
		Backlog: run.finished.Len(), Planned: run.limit,
	}
	if run.cfg.Arrivals == nil {
		p.Planned *= run.cfg.Clients
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	p.Finished, p.Failed = run.acc.Requests(), run.acc.FailedRequests()
	return p
}

// finish makes the Result, lets the AfterRun hooks see it, and saves it.
func (run *Run) finish(end time.Time, err error) {
	run.live.Close()
	run.deck.close()
	if err == nil {
		err = context.Cause(run.ctx)
	}
	res := run.shell(end)
	res.Interrupted, res.Config = err != nil, run.ownConfig()
	if run.stopped != nil {
		res.Warnings = append(res.Warnings, *run.stopped)
	}
	res.Warnings = append(res.Warnings, run.unprepared()...)
	res.Warnings = append(res.Warnings, run.estimates()...)
	res.Warnings = append(res.Warnings, run.imprecise(res.TotalTestTime)...)
	if run.writer != nil && run.cfg.LowMemory {
		run.writer.Flush() // so that the responses can be read back
	}
	final := run.complete(res)
	res.Health = run.health(res.Clock)
	res.Warnings = append(res.Warnings, limits(res.Health)...)
	res.Verdict = result.Judge(res.Health, final.Lookup)
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	if run.acc.Unreachable() {
		errs = append(errs, unreachable(res))
	}
	after := context.WithoutCancel(run.ctx)
	for _, cb := range run.cfg.Callbacks {
		if err := cb.AfterRun(after, res); err != nil && !errors.Is(err, ErrStop) {
			errs = append(errs, hookError(cb, "AfterRun", err))
		}
	}
	if run.writer != nil {
		if err := run.writer.Close(res); err != nil {
			errs = append(errs, err)
		}
	}
	run.err = errors.Join(errs...)
	if run.sent.Load() > 0 || len(errs) == 0 {
		run.result = res
	}
}
