package main

import (
	"context"
	"errors"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/report"
)

type loadCommand struct {
	Target targetFlags `embed:"" group:"What is asked"`
	Input  inputFlags  `embed:"" group:"What is sent"`

	Clients              []int         `placeholder:"N" help:"Levels of so many requests in flight at once, e.g. 1,2,4."`
	Rates                []load.Rate   `placeholder:"N" help:"Levels of so many requests started per second, whether or not others have ended, e.g. 1,5,20."`
	Evenly               bool          `help:"Start the requests of a rate evenly, instead of at random (Poisson)."`
	MinRequestsPerClient int           `name:"min-requests-per-client" default:"1" help:"Requests of each client at least."`
	MinRequestsPerRun    int           `name:"min-requests-per-run" default:"10" help:"Requests of a level at least; at a rate, exactly."`
	Duration             time.Duration `placeholder:"TIME" help:"How long each level lasts, instead of a number of requests."`
	untilFlag            `embed:""`

	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *loadCommand) Run(ctx context.Context, term *terminal) error {
	test, err := c.test()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindLoadTest, urls: c.Target.URL, steps: test.Steps,
		run: func(ctx context.Context, progress func(experiments.Progress)) (found finding, err error) {
			test.Progress = progress
			res, err := test.Run(ctx)
			if res == nil {
				return found, err
			}
			for _, level := range res.Levels {
				found.runs = append(found.runs, ranOf(level.Result))
			}
			found.report = report.LoadTest(res)
			return found, err
		},
	})
}

// test is what the flags describe; its error holds everything that is wrong with them.
func (c *loadCommand) test() (t experiments.LoadTest, err error) {
	t = experiments.LoadTest{
		SequenceOfClients: c.Clients, SequenceOfRates: c.Rates, Arrivals: schedule(c.Evenly),
		MinRequestsPerClient: c.MinRequestsPerClient, MinRequestsPerRun: c.MinRequestsPerRun,
	}
	t.Runner, err = c.Common.runner(&c.Target)
	errs := []error{err, c.Input.apply(&t.Runner), notNegative("--duration", c.Duration)}
	t.Runner.Duration = c.Duration
	if !c.Input.given() {
		errs = append(errs, errNothingToSend)
	}
	if len(c.Clients)+len(c.Rates) == 0 {
		errs = append(errs, errors.New("--clients or --rates is missing"))
	}
	errs = append(errs, positive("--clients", c.Clients...), positive("--rates", c.Rates...),
		positive("--min-requests-per-client", c.MinRequestsPerClient), positive("--min-requests-per-run", c.MinRequestsPerRun))
	limited := t.Runner
	limited.Requests = 1 // every level has a limit
	errs = append(errs, c.untilFlag.apply(&limited))
	t.Runner.Until = limited.Until
	return t, errors.Join(errs...)
}

// schedule is how the requests of a rate are spread over time; nil = at random, as is the standard.
func schedule(evenly bool) func(load.Rate) load.Arrivals {
	if !evenly {
		return nil
	}
	return func(r load.Rate) load.Arrivals { return load.Constant{Rate: r} }
}
