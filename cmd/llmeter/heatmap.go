package main

import (
	"context"
	"errors"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type heatmapCommand struct {
	Target  targetFlags `embed:"" group:"What is asked"`
	Lengths lengthFlags `embed:"" group:"What is sent"`

	Clients  int  `default:"4" help:"Requests in flight at once."`
	Isolated bool `help:"Give each combination a run of its own, in random order, so that combinations do not load one another."`

	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *heatmapCommand) Run(ctx context.Context, term *terminal) error {
	heatmap, err := c.heatmap()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindHeatmap, urls: c.Target.URL, steps: heatmap.Steps,
		run: func(ctx context.Context, progress func(experiments.Progress)) (found finding, err error) {
			heatmap.Progress = progress
			res, err := heatmap.Run(ctx)
			if res == nil {
				return found, err
			}
			for _, run := range res.Runs {
				found.runs = append(found.runs, ranOf(run))
			}
			found.report = report.Heatmap(res)
			return found, err
		},
	})
}

// heatmap is what the flags describe; its error holds everything that is wrong with them.
func (c *heatmapCommand) heatmap() (h experiments.LatencyHeatmap, err error) {
	h = experiments.LatencyHeatmap{
		InputLengths: c.Lengths.InputLengths, OutputLengths: c.Lengths.OutputLengths,
		RequestsPerCombination: c.Lengths.RequestsPerCombination, SourceFile: c.Lengths.Source, Loop: c.Lengths.Loop,
		UniquePrefix: c.Lengths.UniquePrefix, Isolated: c.Isolated,
	}
	h.Runner, err = c.Common.runner(&c.Target)
	h.Runner.Clients = c.Clients
	return h, errors.Join(err, positive("--clients", c.Clients), c.Lengths.check())
}
