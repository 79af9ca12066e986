package experiments

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// Capacity searches the highest load under which an endpoint still meets its objectives.
//
// The load is doubled until an objective is missed, and then halved in between. A level ends as soon as it is sure that it
// meets or misses the objectives, by an exact test that allows for having looked several times and for requests that are
// alike in time. A level that is not sure by its end counts for neither side: the search goes on above and below it. So the
// answer comes with an interval that holds the true capacity with the Level asked for, as long as more load is never better.
//
// A failed request misses every bound: a server that turns requests away is over its capacity. An open loop that its server
// cannot keep up with is recognized by its growing number of requests in flight, and its level ends.
type Capacity struct {
	// Runner is what all levels have in common. Its Clients, Arrivals and Requests are set by the search; its Duration, if
	// any, is the time after which a level ends. Every level has a seed of its own, made from its Seed.
	Runner llmeter.Runner

	// Objectives are what must be met. nil = those of Runner; one is required. The sure ones are those about a quantile ("ttft-p99 < 500ms"), a mean, goodput
	// and failed_requests_rate; any other statistic is compared with its bound when its level has ended.
	Objectives []slo.Objective

	// Rates searches among requests per second of an open loop; otherwise among clients of a closed loop.
	Rates bool
	// Arrivals is the schedule of a rate, which may be endless. nil = [load.Poisson].
	Arrivals func(load.Rate) load.Arrivals

	// Start is the first load, in clients or requests per second. 0 = 1.
	Start float64
	// Max is the highest load that is tried. 0 = 1,024.
	Max float64
	// RequestsPerLevel is after how many requests a level ends that is not sure. 0 = so many that an objective that is just
	// missed sees 32 requests on the wrong side, at least 200 and 10 of each client; at a rate, at least as many as it takes
	// for too high a rate to show.
	RequestsPerLevel int
	// Precision is how close to each other the ends of the interval are to be, as a share. Clients are whole. 0 = 0.05.
	Precision float64
	// Level is how sure the interval is. 0 = 0.95.
	Level float64

	// Progress is told where the search stands; see [Plan.Progress].
	Progress func(Progress)
}

// A Decision says whether a level meets the objectives.
type Decision string

// The decisions.
const (
	Met     Decision = "met"
	Missed  Decision = "missed"
	Unclear Decision = "unclear" // the requests were too few to be sure
)

// A Check is what a level says of one objective.
type Check struct {
	Objective slo.Objective
	Decision  Decision
	N         int // requests that it was judged by

	// Value and Limit are the share of requests that are on the wrong side of the bound, and the share that may be, where the
	// objective is about a quantile, goodput or failures. Otherwise they are the number itself and its bound.
	Value, Limit float64
	Interval     stats.Interval // of Value; it need not exist
}

// A CapacityLevel is one level of the search.
type CapacityLevel struct {
	Load
	Decision  Decision
	Saturated bool // requests came faster than they were answered
	Checks    []Check
	Result    *llmeter.Result
}

// A CapacityResult is the answer of a Capacity.
type CapacityResult struct {
	Name       string
	OutputPath string // the folder of the search, "" if there is none

	// Load is the best estimate of the capacity, by all levels around it. It is zero if even the lowest load misses.
	Load Load
	// Interval holds the capacity, in clients or requests per second: Lo is the highest load that met the objectives for sure, 0
	// if none did; Hi is the lowest one that missed them for sure, infinite if none did. Of a rate, Lo is lower by
	// Precision: a queue that grows more slowly than that need not show before its level ends.
	Interval stats.Interval
	Levels   []CapacityLevel // the curve: every level that was tried, by its load
	Warnings []result.Warning
}

// The codes of warnings about capacities.
const (
	WarnBound     = "bound"     // the capacity lies beyond the loads that were tried
	WarnImprecise = "imprecise" // the interval is wider than was asked for
)

// Run searches. Beside an error it gives the levels until then, and no answer.
func (c Capacity) Run(ctx context.Context) (*CapacityResult, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	series, err := Plan{
		Kind: KindCapacity, Runner: c.Runner, Progress: c.Progress, Details: capacityDetails{c.start(), c.most()},
		Settings: capacitySettings{c.objectives(), c.Rates, c.RequestsPerLevel, c.level(), c.precision()},
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	return c.search(ctx, series)
}

// search makes the levels that it needs in a series.
func (c Capacity) search(ctx context.Context, series *Series) (*CapacityResult, error) {
	res := &CapacityResult{Name: series.Name(), OutputPath: series.Folder()}
	s := search{
		whole: !c.Rates, start: c.start(), most: c.most(), precision: c.precision(),
		probe: func(at float64) (Decision, float64, error) {
			level, err := c.try(ctx, series, at)
			if level.Result != nil {
				res.Levels = append(res.Levels, level)
			}
			return level.Decision, excess(level.Checks), err
		},
	}
	found, err := s.run()
	slices.SortFunc(res.Levels, func(a, b CapacityLevel) int { return a.compare(b.Load) })
	if err != nil {
		return res, err
	}
	res.Load, res.Interval = c.at(found.best), stats.Interval{Lo: found.lo, Hi: found.hi}
	if c.Rates {
		res.Interval.Lo /= 1 + c.precision()
	}
	if found.best == 0 {
		res.Load = Load{}
	}
	res.Warnings = c.warnings(res)
	return res, nil
}

// try runs one level and judges it.
func (c Capacity) try(ctx context.Context, series *Series, at float64) (CapacityLevel, error) {
	level := CapacityLevel{Load: c.at(at)}
	r, j := c.runner(level.Load), c.judge(level.Load)
	r.AddCallback(&watcher{judge: j})
	res, err := series.Run(ctx, level.runName(), r)
	if err != nil {
		return level, fmt.Errorf("%v: %w", level.Load, err)
	}
	var seen []observation
	for r, err := range res.Responses() {
		if err != nil {
			return level, fmt.Errorf("%v: %w", level.Load, err)
		}
		seen = append(seen, j.observe(r))
	}
	level.Result = res
	level.Decision, level.Checks, level.Saturated = j.decide(seen, res)
	return level, nil
}

// runner is what one level is made from.
func (c Capacity) runner(l Load) llmeter.Runner {
	r := c.Runner
	r.Objectives = c.objectives()
	l.on(&r, c.Arrivals)
	if r.Duration == 0 || c.Rates {
		r.Requests = c.requests(l)
	}
	if !c.Rates {
		r.Requests = (r.Requests + r.Clients - 1) / r.Clients
	}
	r.Seed = levelSeed(r.Seed, l.runName())
	return r
}

// levelSeed makes levels independent of each other, and the same again when a search is gone on with.
func levelSeed(seed uint64, name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return seed ^ h.Sum64()
}

func (c Capacity) at(value float64) Load {
	if c.Rates {
		return Load{Rate: load.Rate(value)}
	}
	return Load{Clients: int(value)}
}

// requests is how many requests a level has at most.
func (c Capacity) requests(l Load) int {
	if c.RequestsPerLevel > 0 {
		return c.RequestsPerLevel
	}
	if c.Rates && c.Runner.Duration > 0 {
		return 0 // as many as fall into the time
	}
	const onTheWrongSide, least, most, perClient = 64, 200, 20_000, 10
	j := c.judge(l)
	n := float64(least)
	for _, cr := range j.criteria {
		if cr.allowed > 0 {
			n = max(n, min(onTheWrongSide/cr.allowed, most))
		}
	}
	n = max(n, perClient*float64(l.Clients), 1.2*float64(l.Rate)*j.settling.Seconds())
	return int(math.Ceil(n))
}

func (c Capacity) warnings(res *CapacityResult) (all []result.Warning) {
	warn := func(code, format string, args ...any) {
		all = append(all, result.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	lo, hi, wide := res.Interval.Lo, res.Interval.Hi, 1+c.precision()
	if c.Rates {
		wide *= wide
	}
	switch {
	case math.IsInf(hi, 1):
		warn(WarnBound, "no load up to %v missed the objectives for sure: the capacity may be higher", res.Levels[len(res.Levels)-1].Load)
	case lo == 0:
		warn(WarnBound, "no load down to %v met the objectives for sure", res.Levels[0].Load)
	case hi > 1.001*wide*lo && (c.Rates || hi-lo > 1):
		warn(WarnImprecise, "levels between %v and %v were not sure: more requests per level would narrow the interval", c.at(lo), c.at(hi))
	}
	for _, level := range res.Levels {
		if v := level.Result.Verdict.Level; v == result.Invalid || v == result.Degraded {
			warn(WarnUntrusted, "the run at %v is %s: what is found may be the capacity of this client", level.Load, v)
		}
	}
	return all
}

func (c Capacity) validate() error {
	var p problems
	if len(c.objectives()) == 0 {
		p.complain("Objectives are missing")
	}
	for i, o := range c.objectives() {
		if _, err := criterionOf(o); err != nil {
			p.complain("Objectives[%d]: %w", i, err)
		}
	}
	p.negative("Start", c.Start)
	p.negative("Max", c.Max)
	p.negative("Precision", c.Precision)
	p.negative("RequestsPerLevel", float64(c.RequestsPerLevel))
	p.level(c.level())
	if !c.Rates && (c.Start != math.Trunc(c.Start) || c.Max != math.Trunc(c.Max)) {
		p.complain("Start and Max are numbers of clients, and must be whole")
	}
	if c.most() < c.start() {
		p.complain("Max is below Start")
	}
	if !c.Rates && c.Runner.Duration > 0 && c.RequestsPerLevel > 0 {
		p.complain("Runner.Duration and RequestsPerLevel exclude each other in a closed loop")
	}
	p.alreadySet(c.Runner, "the search")
	r := without(c.Runner)
	if c.Rates {
		c.at(c.start()).on(&r, c.Arrivals)
		if j := c.judge(Load{Rate: 1}); p == nil && r.Duration > 0 && r.Duration < j.settling {
			p.complain("Runner.Duration: at a rate, levels must last at least %v for a rate that is too high by Precision to show", j.settling)
		}
	}
	p.also(r.Validate())
	if p != nil {
		return fmt.Errorf("invalid capacity search: %w", p.join())
	}
	return nil
}

func (c Capacity) objectives() []slo.Objective {
	if c.Objectives == nil {
		return c.Runner.Objectives
	}
	return c.Objectives
}

func (c Capacity) start() float64     { return orDefault(c.Start, 1) }
func (c Capacity) most() float64      { return orDefault(c.Max, 1024) }
func (c Capacity) level() float64     { return orDefault(c.Level, 0.95) }
func (c Capacity) precision() float64 { return orDefault(c.Precision, 0.05) }
