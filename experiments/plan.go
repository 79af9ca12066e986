package experiments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/store"
)

// A Plan says what an experiment is, before its first run. The experiments of this package stand on it, and so can your own:
// Open it, and let [Series.Run] make the runs, which then have folders, progress, and are not made twice.
type Plan struct {
	// Kind is what sort of experiment it is, such as "load test". Required.
	Kind string
	// Name names the experiment, and its folder below Runner.OutputPath. "" = Runner.RunName, or else the time.
	Name string
	// Runner says where the files go: to Runner.Folder, or to a folder named as the experiment below Runner.OutputPath, in
	// Runner.Store; neither = everything is kept in memory. With Runner.Overwrite runs that are there are made again.
	Runner llmeter.Runner
	// Settings are what must be the same for an interrupted experiment to be gone on with: a value that encoding/json
	// encodes as an object. What Runner has of this is added by itself.
	Settings any
	// Details are what readers of the folder need to know beyond that, encodable as well. They may change. nil = nothing.
	Details any
	// Runs is how many runs there will be, for Progress alone; 0 = not known.
	Runs int
	// Progress is called when a run begins and ends, and a few times a second in between; never concurrently. It should
	// return soon: the next run waits for it. nil = nobody wants to know.
	Progress func(Progress)
}

// A Progress is where an experiment stands.
type Progress struct {
	Run     string           // the name of the run that goes on, or has just ended
	Done    int              // runs that have ended, those that were found finished included
	Found   int              // of these
	Runs    int              // runs in all; 0 = not known
	Elapsed time.Duration    // since the experiment began
	Current llmeter.Progress // of the run that goes on; zero when there is none
	Live    *llmeter.Run     // the run that goes on, for more than that; nil when there is none
}

// A Series is an experiment that goes on: its runs, one after another. It is used by one goroutine at a time.
type Series struct {
	plan     Plan
	name     string
	folder   string // "" = in memory
	store    store.Store
	resuming bool // what the folder holds is this experiment's
	reading  bool // only what the folder holds is wanted: nothing is sent
	start    time.Time
	done     int
	found    int
}

// progressEvery is the pause between two calls of Progress while a run goes on.
const progressEvery = 250 * time.Millisecond

// Open begins the experiment, or goes on with the one that the folder holds. It fails if that is another one ([ErrOther]), or
// nothing can be written there.
func (p Plan) Open(ctx context.Context) (*Series, error) {
	s := &Series{plan: p, start: time.Now(), store: storeOf(p.Runner)}
	s.name = cmp.Or(p.Name, p.Runner.RunName, s.start.Format("20060102-150405.000"))
	switch {
	case p.Runner.Folder != "":
		s.folder = p.Runner.Folder
	case p.Runner.OutputPath != "":
		s.folder = store.Join(p.Runner.OutputPath, s.name)
	default:
		return s, nil
	}
	return s, s.claim(ctx)
}

// Name is the name of the experiment.
func (s *Series) Name() string { return s.name }

// Folder is the folder of the experiment, "" if everything is kept in memory.
func (s *Series) Folder() string { return s.folder }

// Run makes one run of the experiment, in the folder of its name. If that holds it already, finished, it is loaded instead.
// The Result is nil only beside an error, as [llmeter.Runner.Run] has it.
func (s *Series) Run(ctx context.Context, name string, r llmeter.Runner) (*llmeter.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	r.RunName, r.OutputPath, r.Folder = name, "", ""
	if s.folder != "" {
		r.Folder, r.Overwrite = store.Join(s.folder, name), s.resuming || s.plan.Runner.Overwrite
	}
	if s.resuming && !s.plan.Runner.Overwrite {
		res, err := finished(ctx, r)
		if err != nil {
			return nil, err
		}
		if res != nil {
			s.done, s.found = s.done+1, s.found+1
			s.tell(name, nil)
			return res, nil
		}
	}
	if s.reading {
		return nil, fmt.Errorf("%s: %w: it is not there, or did not come to its end", r.Folder, result.ErrNoRun)
	}
	run, err := r.Start(ctx)
	if err != nil {
		return nil, err
	}
	s.follow(name, run)
	res, err := run.Wait()
	s.done++
	s.tell(name, nil)
	return res, err
}

// follow tells of a run until it ends.
func (s *Series) follow(name string, run *llmeter.Run) {
	if s.plan.Progress == nil {
		return
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		s.tell(name, run)
		select {
		case <-run.Done():
			return
		case <-tick.C:
		}
	}
}

// tell tells of the experiment, and of the run that goes on, nil if there is none.
func (s *Series) tell(name string, run *llmeter.Run) {
	if s.plan.Progress == nil {
		return
	}
	p := Progress{Run: name, Done: s.done, Found: s.found, Runs: s.plan.Runs, Elapsed: time.Since(s.start), Live: run}
	if run != nil {
		p.Current = run.Progress()
	}
	s.plan.Progress(p)
}

// finished loads the run that a Runner's folder holds; nil if there is none, or it did not come to its end.
func finished(ctx context.Context, r llmeter.Runner) (*llmeter.Result, error) {
	res, err := result.Load(ctx, r.Folder, result.LoadOptions{Store: r.Store, LowMemory: r.LowMemory})
	if errors.Is(err, result.ErrNoRun) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if res.Interrupted || unreachable(res) {
		return nil, nil
	}
	for _, w := range res.Warnings {
		if w.Code == result.WarnRecovered {
			return nil, nil
		}
	}
	return res, nil
}

// unreachable reports whether no request of a run ever got a connection: such a run says nothing and is made again.
func unreachable(res *llmeter.Result) bool {
	without := 0
	for _, e := range res.Errors() {
		if e.Kind.NoConnection() {
			without += e.Count
		}
	}
	return without > 0 && without == res.TotalRequests
}

func storeOf(r llmeter.Runner) store.Store {
	if r.Store == nil {
		return store.Local{}
	}
	return r.Store
}
