package main

import (
	"context"
	"errors"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type capacityCommand struct {
	Target targetFlags `embed:"" group:"What is asked"`
	Input  inputFlags  `embed:"" group:"What is sent"`

	By               string        `enum:"clients,rate" default:"clients" help:"What is searched: clients (requests in flight at once) or rate (requests started per second)."`
	Start            float64       `default:"1" help:"First load that is tried."`
	Max              float64       `default:"1024" help:"Highest load that is tried."`
	Precision        float64       `default:"0.05" help:"How close to each other the ends of the answer's interval are to be."`
	Level            float64       `default:"0.95" help:"How sure the interval is to be."`
	RequestsPerLevel int           `name:"requests-per-level" placeholder:"N" help:"Requests after which a level ends that is not sure; by default as many as the objectives need."`
	Duration         time.Duration `placeholder:"TIME" help:"Time after which a level ends that is not sure, instead of a number of requests."`
	Evenly           bool          `help:"Start the requests of a rate evenly, instead of at random (Poisson)."`

	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *capacityCommand) Run(ctx context.Context, term *terminal) error {
	search, err := c.search()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindCapacity, urls: c.Target.URL, steps: search.Steps,
		note: "These are levels up to the first that misses an objective. Others follow between\nthem, and a level ends as soon as it is sure.",
		run: func(ctx context.Context, progress func(experiments.Progress)) (found finding, err error) {
			search.Progress = progress
			res, err := search.Run(ctx)
			if res == nil {
				return found, err
			}
			for _, level := range res.Levels {
				run := ranOf(level.Result)
				run.objectives = nil // that levels miss them is what is searched for
				found.runs = append(found.runs, run)
			}
			found.report = report.Capacity(res)
			found.verdict = capacityFound(res)
			return found, err
		},
	})
}

// capacityFound is the exit code of an answer: 1 if no load meets the objectives, 4 if the lowest one that misses them does so by
// less than the client's own part in its numbers.
func capacityFound(res *experiments.CapacityResult) error {
	if res.Load == (experiments.Load{}) {
		return &exitError{exitFailed, errors.New("objectives missed: no load meets them")}
	}
	for _, level := range res.Levels {
		if level.Decision != experiments.Missed {
			continue
		}
		var kept objectives
		if kept.add(level.String(), level.Result.Check(level.Result.Objectives)); len(kept.missed) == 0 && !level.Saturated {
			return kept.err()
		}
		break // what misses them is the endpoint
	}
	return nil
}

// search is what the flags describe; its error holds everything that is wrong with them.
func (c *capacityCommand) search() (s experiments.Capacity, err error) {
	s = experiments.Capacity{
		Rates: c.By == "rate", Arrivals: schedule(c.Evenly), Start: c.Start, Max: c.Max, RequestsPerLevel: c.RequestsPerLevel,
		Precision: c.Precision, Level: c.Level,
	}
	s.Runner, err = c.Common.runner(&c.Target)
	errs := []error{err, c.Input.apply(&s.Runner), positive("--start", c.Start), positive("--max", c.Max),
		positive("--precision", c.Precision), notNegative("--duration", c.Duration)}
	s.Runner.Duration = c.Duration
	if !c.Input.given() {
		errs = append(errs, errNothingToSend)
	}
	if len(c.Common.Numbers.Check) == 0 {
		errs = append(errs, errors.New("--check is missing: it says what the endpoint must keep"))
	}
	return s, errors.Join(errs...)
}
