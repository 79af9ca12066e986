package main

import (
	"context"
	"errors"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type runCommand struct {
	Target targetFlags `embed:"" group:"What is asked"`
	Input  inputFlags  `embed:"" group:"What is sent"`
	Load   loadFlags   `embed:"" group:"How much, and when"`
	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *runCommand) Run(ctx context.Context, term *terminal) error {
	runner, err := c.runner()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	output := &c.Common.Output
	if output.DryRun {
		return output.plan(term, "run", []experiments.Step{{Name: runner.RunName, Runner: runner}}, "")
	}
	perSecond := 0.0
	if c.Load.Rate != nil {
		perSecond = *c.Load.Rate
	}
	if err := c.Common.headroom(&runner, c.Target.URL, perSecond); err != nil {
		return err
	}
	run, err := runner.Start(ctx)
	if err != nil {
		return err
	}
	output.watch(ctx, run, term)
	res, err := run.Wait()
	if res == nil {
		return err
	}
	return errors.Join(output.show(term, report.Run(res)), outcome(ctx, err, ranOf(res)))
}

// runner is the run that the flags describe; its error holds everything that is wrong with them.
func (c *runCommand) runner() (llmeter.Runner, error) {
	r, err := c.Common.runner(&c.Target)
	return r, errors.Join(err, c.Input.apply(&r), c.Load.apply(&r), c.Load.payloads(&r, &c.Input))
}
