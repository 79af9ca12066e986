package experiments

import (
	"context"
	"fmt"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
)

// A LoadTest runs the same requests at several levels of load, one after another. What stands in LLMeter's LoadTest under
// endpoint, payload, run_duration, low_memory, output_path, tokenizer and callbacks, stands here in Runner.
type LoadTest struct {
	// Runner is what all levels have in common. Its Clients, Arrivals and Requests are set by the test. With a Duration
	// every level lasts that long, otherwise it has a number of requests.
	Runner llmeter.Runner

	// SequenceOfClients are levels of a closed loop, in the order in which they are run. It, SequenceOfRates or both are
	// required; clients come first.
	SequenceOfClients []int
	// SequenceOfRates are levels of an open loop, in requests per second.
	SequenceOfRates []load.Rate
	// Arrivals is the schedule of a rate, which may be endless. nil = [load.Poisson].
	Arrivals func(load.Rate) load.Arrivals

	// MinRequestsPerClient is the number of requests of each client at least. 0 = 1. Not used with Runner.Duration.
	MinRequestsPerClient int
	// MinRequestsPerRun is the number of requests of a level at least: where the clients' own are fewer, each sends as many
	// more as needed. At a rate it is the number of requests. 0 = 10. Not used with Runner.Duration.
	MinRequestsPerRun int

	// TestName names the test and its folder below Runner.OutputPath. "" = Runner.RunName, or else the time.
	TestName string
	// Progress is told where the test stands; see [Plan.Progress].
	Progress func(Progress)
}

// Level is one level of a LoadTest.
type Level struct {
	Load
	Result *llmeter.Result
}

// A LoadTestResult is what a LoadTest brought: its levels, in the order in which they were run, or from [LoadLoadTest] in
// the order of their load.
type LoadTestResult struct {
	TestName   string
	OutputPath string // the folder of the test, "" if there is none
	Levels     []Level
	Warnings   []result.Warning // what could not be loaded
}

// ByClients gives the result of the level with n clients; of several, the last one.
func (r *LoadTestResult) ByClients(n int) (*llmeter.Result, bool) { return r.by(Load{Clients: n}) }

// ByRate gives the result of the level with a rate; of several, the last one.
func (r *LoadTestResult) ByRate(rate load.Rate) (*llmeter.Result, bool) {
	return r.by(Load{Rate: rate})
}

func (r *LoadTestResult) by(l Load) (res *llmeter.Result, ok bool) {
	for _, level := range r.Levels {
		if level.Load == l {
			res, ok = level.Result, true
		}
	}
	return res, ok
}

// Run runs all levels. Beside an error, which ends the test, it gives those until then, the interrupted one last.
func (t LoadTest) Run(ctx context.Context) (*LoadTestResult, error) {
	steps, err := t.Steps()
	if err != nil {
		return nil, err
	}
	plan := Plan{
		Kind: KindLoadTest, Name: t.TestName, Runner: t.Runner, Runs: len(steps), Progress: t.Progress,
		Settings: map[string]int{"min_requests_per_client": t.perClient(), "min_requests_per_run": t.perRun()},
	}
	if t.Runner.Duration > 0 {
		plan.Settings = nil
	}
	series, err := plan.Open(ctx)
	if err != nil {
		return nil, err
	}
	res := &LoadTestResult{TestName: series.Name(), OutputPath: series.Folder()}
	for i, l := range t.loads() {
		r, err := series.Run(ctx, steps[i].Name, steps[i].Runner)
		if r != nil {
			res.Levels = append(res.Levels, Level{l, r})
		}
		if err != nil {
			return res, fmt.Errorf("%v: %w", l, err)
		}
	}
	return res, nil
}

func (t LoadTest) loads() (all []Load) {
	for _, n := range t.SequenceOfClients {
		all = append(all, Load{Clients: n})
	}
	for _, rate := range t.SequenceOfRates {
		all = append(all, Load{Rate: rate})
	}
	return all
}

// runner is what one level is made from.
func (t LoadTest) runner(l Load) llmeter.Runner {
	r := t.Runner
	l.on(&r, t.Arrivals)
	switch {
	case r.Duration > 0:
	case l.Rate != 0:
		r.Requests = t.perRun()
	default:
		r.Requests = t.requestsPerClient(l.Clients)
	}
	return r
}

// requestsPerClient is LLMeter's rule: at least so many of each client, and of all of them together.
func (t LoadTest) requestsPerClient(clients int) int {
	if clients*t.perClient() < t.perRun() {
		return (t.perRun() + clients - 1) / clients
	}
	return t.perClient()
}

func (t LoadTest) perClient() int { return orDefault(t.MinRequestsPerClient, 1) }
func (t LoadTest) perRun() int    { return orDefault(t.MinRequestsPerRun, 10) }

func (t LoadTest) validate() error {
	var p problems
	if len(t.SequenceOfClients)+len(t.SequenceOfRates) == 0 {
		p.complain("SequenceOfClients and SequenceOfRates are both empty")
	}
	for i, n := range t.SequenceOfClients {
		if n < 1 {
			p.complain("SequenceOfClients[%d]: %d is not a number of clients, which is at least 1", i, n)
		}
	}
	p.negative("MinRequestsPerClient", float64(t.MinRequestsPerClient))
	p.negative("MinRequestsPerRun", float64(t.MinRequestsPerRun))
	p.alreadySet(t.Runner, "the test")
	if p != nil {
		p.also(without(t.Runner).Validate())
		return p.join()
	}
	for i, rate := range t.SequenceOfRates {
		if err := t.runner(Load{Rate: rate}).Validate(); err != nil {
			p.complain("SequenceOfRates[%d]: %w", i, err)
		}
	}
	if len(t.SequenceOfClients) > 0 {
		p.also(t.runner(Load{Clients: t.SequenceOfClients[0]}).Validate())
	}
	return p.join()
}
