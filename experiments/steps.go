package experiments

import (
	"fmt"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/store"
)

// A Step is one run of an experiment: what its Steps method tells of it beforehand. [llmeter.Runner.Plan] tells what it sends.
type Step struct {
	Name   string         // of the run, and of its folder in that of the experiment
	Runner llmeter.Runner // what it is made from
}

// step is a Step in the folder of the experiment, if base names one. Where the experiment's name is the time, as that of a base
// folder is without a name, its runs have no folder yet.
func step(base llmeter.Runner, experiment, name string, r llmeter.Runner) Step {
	r.RunName, r.Folder, r.OutputPath = name, "", ""
	switch {
	case base.Folder != "":
		r.Folder = store.Join(base.Folder, name)
	case base.OutputPath != "" && experiment != "":
		r.Folder = store.Join(base.OutputPath, experiment, name)
	}
	return Step{name, r}
}

// Steps are the runs that Run makes, in their order, or everything that keeps it from running. Nothing is sent or written.
func (t LoadTest) Steps() ([]Step, error) {
	if err := t.validate(); err != nil {
		return nil, fmt.Errorf("invalid load test: %w", err)
	}
	var steps []Step
	times := map[Load]int{}
	for _, l := range t.loads() {
		name := l.runName()
		if times[l]++; times[l] > 1 {
			name = fmt.Sprintf("%s-%d", name, times[l])
		}
		steps = append(steps, step(t.Runner, orDefault(t.TestName, t.Runner.RunName), name, t.runner(l)))
	}
	return steps, nil
}

// Steps are the runs that Run makes, in their order, or everything that keeps it from running. Nothing is sent or written.
func (h LatencyHeatmap) Steps() ([]Step, error) {
	payloads, err := h.payloads()
	if err != nil {
		return nil, fmt.Errorf("invalid latency heatmap: %w", err)
	}
	return h.steps(payloads), nil
}

func (h LatencyHeatmap) steps(payloads []llmeter.Payload) (steps []Step) {
	if !h.Isolated {
		return []Step{step(h.Runner, h.Runner.RunName, "mixed", h.runner(payloads))}
	}
	for _, cell := range h.shuffled(payloads) {
		steps = append(steps, step(h.Runner, h.Runner.RunName, cellName(cell[0]), h.runner(cell)))
	}
	return steps
}

// Steps are the levels of a search that meets its objectives at every one of them, up to Max. What Run makes after these, and
// how much earlier than with their last request they end, depends on the answers. Nothing is sent or written. The error holds
// everything that keeps the search from running.
func (c Capacity) Steps() ([]Step, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	var steps []Step
	for at := c.start(); ; at = min(2*at, c.most()) {
		l := c.at(at)
		steps = append(steps, step(c.Runner, c.Runner.RunName, l.runName(), c.runner(l)))
		if at == c.most() {
			return steps, nil
		}
	}
}

// Steps are the runs that Run makes of a and b, in their order, or everything that keeps it from running. Nothing is sent or
// written.
func (c Compare) Steps(a, b llmeter.Runner) ([]Step, error) {
	rounds := orDefault(c.Rounds, 3)
	b.Store, b.OutputPath, b.Folder, b.Overwrite = a.Store, a.OutputPath, a.Folder, a.Overwrite
	var p problems
	p.also(c.validate())
	p.negative("Rounds", float64(rounds))
	if err := a.Validate(); err != nil {
		p.complain("A: %w", err)
	}
	if err := b.Validate(); err != nil {
		p.complain("B: %w", err)
	}
	if p != nil {
		return nil, fmt.Errorf("invalid comparison: %w", p.join())
	}
	var steps []Step
	for i := range 4 * rounds {
		runner, name := a, "a"
		if isB(i) {
			runner, name = b, "b"
		}
		steps = append(steps, step(a, a.RunName, fmt.Sprintf("%03d-%s", i+1, name), runner))
	}
	return steps, nil
}

// isB reports whether the i-th run of a comparison is one of B, counted from 0: A B B A, and again.
func isB(i int) bool { return i%4 == 1 || i%4 == 2 }

// Steps are the runs that Run makes, in their order, or everything that keeps it from running. Nothing is sent or written.
func (s Sweep) Steps() ([]Step, error) {
	all, err := s.combinations()
	if err != nil {
		return nil, err
	}
	steps := make([]Step, len(all))
	for i, c := range all {
		steps[i] = c.Step
	}
	return steps, nil
}

// Steps are the runs that Run makes, in their order, or everything that keeps it from running. Nothing is sent or written.
func (s Soak) Steps() ([]Step, error) {
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("invalid soak: %w", err)
	}
	var steps []Step
	for begun, length := time.Duration(0), s.segment(); begun < s.Runner.Duration; begun += length {
		r, i := s.Runner, len(steps)
		r.Duration = min(length, s.Runner.Duration-begun)
		r.Seed += uint64(i) // so that random arrivals do not repeat
		r.AddCallback(memoryWatch{})
		steps = append(steps, step(s.Runner, s.Runner.RunName, fmt.Sprintf("segment-%05d", i+1), r))
	}
	return steps, nil
}
