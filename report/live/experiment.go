package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

// Experiment shows a whole experiment, until done is called or ctx is done. show is for the experiment's field Progress. Keys are read
// where Interrupt is set, and Ctrl-C alone has a meaning. A View that is not valid shows nothing.
func (v *View) Experiment(ctx context.Context) (show func(experiments.Progress), done func()) {
	if v.Validate() != nil || !v.busy.CompareAndSwap(false, true) {
		return func(experiments.Progress) {}, func() {}
	}
	e := &experiment{view: v}
	ctx, over := context.WithCancel(ctx)
	ended := make(chan struct{})
	start := sync.OnceFunc(func() {
		go func() {
			defer close(ended)
			if !v.dashboard(ctx, e.frame, keys{abort: v.Interrupt}) {
				e.plain()
			}
		}()
	})
	return func(p experiments.Progress) { e.take(p); start() }, sync.OnceFunc(func() {
		over()
		start()
		<-ended
		v.busy.Store(false)
	})
}

// An experiment gives the frames of an experiment.
type experiment struct {
	view *View

	mu    sync.Mutex
	stage stage
	run   *run // that goes on, or has just ended
	lines bool
	last  time.Duration // of the last line
}

// A stage is where an experiment stands.
type stage struct {
	experiments.Progress
	share float64       // of the experiment that is done; negative if not known
	left  time.Duration // until its end; negative if not known
}

func (e *experiment) take(p experiments.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.Live != nil && (e.run == nil || e.run.of != p.Live) {
		e.run = newRun(p.Live)
		if e.view.onTerminal() {
			e.run.follow()
		}
	}
	within := 0.0
	if p.Live != nil {
		within, _ = e.run.remaining(p.Current)
	}
	e.stage = stageOf(p, max(within, 0))
	if e.lines && p.Elapsed-e.last >= lineEvery {
		e.last = p.Elapsed
		e.print()
	}
}

// plain makes lines of what is told from now on.
func (e *experiment) plain() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = true
}

// print writes a line: which run it is, and where that stands.
func (e *experiment) print() {
	p := &e.stage.Progress
	if p.Live == nil {
		return
	}
	of := ""
	if p.Runs > 0 {
		of = " of " + report.Number(float64(p.Runs))
	}
	fmt.Fprintf(e.view.Out, "run %d%s, %s: %s\n", p.Done+1, of, p.Run, line(p.Current, p.Live.Points(), e.view.Specs))
}

func (e *experiment) frame() (f frame) {
	e.mu.Lock()
	run, s := e.run, e.stage
	e.mu.Unlock()
	if run != nil {
		f = run.frame()
	}
	f.experiment = &s
	return f
}

// stageOf estimates how much of an experiment is done, and how long the rest takes if its runs take as long as those until now. Within is
// how much of the present run is done.
func stageOf(p experiments.Progress, within float64) stage {
	s := stage{p, -1, -1}
	if p.Runs == 0 {
		return s
	}
	s.share = min((float64(p.Done)+within)/float64(p.Runs), 1)
	if made := float64(p.Done-p.Found) + within; made > 0 {
		s.left = time.Duration(float64(p.Elapsed) / made * max(float64(p.Runs-p.Done)-within, 0))
	}
	return s
}

// draw says how far the experiment is.
func (s *stage) draw(width int) []string {
	runs := count(s.Done, "run") + " done"
	if s.Runs > 0 {
		runs = fmt.Sprintf("%s of %s runs done", report.Number(float64(s.Done)), report.Number(float64(s.Runs)))
	}
	if s.Found > 0 {
		runs += ", " + report.Number(float64(s.Found)) + " of them before"
	}
	return append(measure(s.share, width), spread(strong.Render(runs), clocks(s.Elapsed, s.left), width)...)
}
