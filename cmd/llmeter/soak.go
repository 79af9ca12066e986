package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type soakCommand struct {
	Target targetFlags `embed:"" group:"What is asked"`
	Input  inputFlags  `embed:"" group:"What is sent"`
	Load   loadFlags   `embed:"" group:"How much, and when"`

	Segment   time.Duration `placeholder:"TIME" help:"Length of one segment, which is one point in time; by default a sixtieth of --duration."`
	Keys      []string      `placeholder:"KEY" help:"Statistics that are watched; by default medians and p99 of latencies, throughput, failures and the client's memory."`
	Level     float64       `default:"0.95" help:"How sure a change must be to be told."`
	Tolerance float64       `placeholder:"SHARE" help:"Share of its value up to which a change of a statistic does not matter, e.g. 0.05."`

	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *soakCommand) Run(ctx context.Context, term *terminal) error {
	soak, err := c.soak()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindSoak, urls: c.Target.URL, steps: soak.Steps,
		run: func(ctx context.Context, progress func(experiments.Progress)) (finding, error) {
			soak.Progress = progress
			res, err := soak.Run(ctx)
			if res == nil {
				return finding{}, err
			}
			return finding{report: report.Soak(res), runs: segmentsOf(res)}, err
		},
	})
}

// segmentsOf are the runs of a soak, of which only their statistics are left.
func segmentsOf(res *experiments.SoakResult) (runs []ran) {
	for i, s := range res.Segments {
		failed, _ := s.Stats.Lookup("failed_requests")
		runs = append(runs, ran{fmt.Sprintf("segment %d", i+1), s.Requests, int(failed), s.Outcomes})
	}
	return runs
}

// soak is what the flags describe; its error holds everything that is wrong with them.
func (c *soakCommand) soak() (s experiments.Soak, err error) {
	s = experiments.Soak{Segment: c.Segment, Keys: c.Keys, Level: c.Level, Tolerance: c.Tolerance}
	s.Runner, err = c.Common.runner(&c.Target)
	errs := []error{err, c.Input.apply(&s.Runner), c.Load.apply(&s.Runner), c.Load.payloads(&s.Runner, &c.Input),
		notNegative("--segment", c.Segment), notNegative("--tolerance", c.Tolerance)}
	if c.Load.Requests > 0 {
		errs = append(errs, errors.New("--requests is not for a soak, which ends by its --duration"))
	}
	if c.Load.Duration == 0 {
		errs = append(errs, errors.New("--duration is missing"))
	}
	return s, errors.Join(errs...)
}
