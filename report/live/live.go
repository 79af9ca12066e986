// Package live shows runs and experiments while they go on: on a terminal as a dashboard that stays in its place, elsewhere as a
// line now and then. It knows terminals, their keys, and what a Run tells of itself. It measures nothing that a Result holds, and
// knows nothing of how results are reported.
package live

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/llmeter-go/llmeter"
)

// A View shows a run while it goes on. It is a [llmeter.Callback]: add it to Runner.Callbacks. [View.Follow] shows a run without being part
// of it, [View.Experiment] a whole experiment. It shows one run at a time: one that begins meanwhile is not shown.
//
// On a terminal in the foreground it is a dashboard that takes the whole screen until the run ends, and then gives the screen back.
// It reads keys: q stops the run, in which case what is in flight finishes, and a second q aborts it. Ctrl-C does the same,
// unless Interrupt is set. A signal is left to the program; when the context of the run is done, the screen is given back at once.
//
// Elsewhere it is a line every two seconds. No colours are used where NO_COLOR is set.
type View struct {
	// Out is where the run is shown. Required.
	Out io.Writer
	// Plain writes lines on a terminal too.
	Plain bool
	// Specs are further numbers to show, in the form of LLMeter's progress_bar_stats. nil = none; DefaultSpecs are LLMeter's own.
	Specs Specs
	// Interrupt is called for Ctrl-C, which is no signal while keys are read, and for a second q. It should cancel the context of the
	// run. nil = a View that is a Callback aborts its run; others then read no keys, so that Ctrl-C is a signal.
	Interrupt func()

	busy atomic.Bool
}

var _ llmeter.Watcher = (*View)(nil)

// New is a View that shows on w what most want to see.
func New(w io.Writer) *View { return &View{Out: w} }

// ErrAborted is why a run ended whose View was told to abort it by its keys.
var ErrAborted = errors.New("aborted from the live view")

// Validate reports what is wrong with the View.
func (v *View) Validate() error {
	var missing error
	if v.Out == nil {
		missing = errors.New("live: Out is missing")
	}
	return errors.Join(missing, v.Specs.Validate())
}

// A session is the part of a View in one run.
type session struct {
	abort context.CancelCauseFunc
	show  *run          // nil if nothing is shown
	over  func()        // ends showing
	ended chan struct{} // closed when nothing is shown any more
}

// sessionOf is where the context of a run holds the session of a View.
type sessionOf struct{ *View }

// BeforeRun fails if the View is not valid.
func (v *View) BeforeRun(ctx context.Context, _ *llmeter.RunConfig) (context.Context, error) {
	if err := v.Validate(); err != nil {
		return nil, err
	}
	ctx, abort := context.WithCancelCause(ctx)
	return context.WithValue(ctx, sessionOf{v}, &session{abort: abort}), nil
}

// Watch begins to show the run.
func (v *View) Watch(ctx context.Context, of *llmeter.Run) {
	s, _ := ctx.Value(sessionOf{v}).(*session)
	if s == nil || !v.busy.CompareAndSwap(false, true) {
		return
	}
	abort := func() { s.abort(ErrAborted) }
	if v.Interrupt != nil {
		abort = v.Interrupt
	}
	s.show, s.ended = newRun(of), make(chan struct{})
	ctx, s.over = context.WithCancel(ctx)
	go func() {
		defer close(s.ended)
		defer v.busy.Store(false)
		v.run(ctx, s.show, keys{stop: of.Stop, abort: abort})
	}()
}

// BeforeInvoke does nothing.
func (v *View) BeforeInvoke(ctx context.Context, _ *llmeter.Payload) (context.Context, error) {
	return ctx, nil
}

// AfterInvoke takes note of a response.
func (v *View) AfterInvoke(ctx context.Context, r *llmeter.Response) error {
	if s, _ := ctx.Value(sessionOf{v}).(*session); s != nil && s.show != nil {
		s.show.add(r)
	}
	return nil
}

// AfterRun ends showing: the terminal is as it was before.
func (v *View) AfterRun(ctx context.Context, _ *llmeter.Result) error {
	s, _ := ctx.Value(sessionOf{v}).(*session)
	if s == nil {
		return nil
	}
	if s.show != nil {
		s.over()
		<-s.ended
	}
	s.abort(nil)
	return nil
}

// Follow shows a run of which the View is no Callback, until it has ended or ctx is done. For a dashboard it reads Run.Responses. It
// fails if the View is not valid.
func (v *View) Follow(ctx context.Context, of *llmeter.Run) error {
	if err := v.Validate(); err != nil {
		return err
	}
	if !v.busy.CompareAndSwap(false, true) {
		return nil
	}
	defer v.busy.Store(false)
	ctx, over := context.WithCancel(ctx)
	defer over()
	go func() {
		select {
		case <-of.Done():
			over()
		case <-ctx.Done():
		}
	}()
	r, k := newRun(of), keys{}
	if v.onTerminal() {
		r.follow()
	}
	if v.Interrupt != nil {
		k = keys{stop: of.Stop, abort: v.Interrupt}
	}
	v.run(ctx, r, k)
	return nil
}

// run shows a run until ctx is done.
func (v *View) run(ctx context.Context, r *run, k keys) {
	if !v.dashboard(ctx, r.frame, k) {
		v.lines(ctx, r.of)
	}
}
