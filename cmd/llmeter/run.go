package main

import (
	"context"
	"errors"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/transport"
)

type runCommand struct {
	Target    targetFlags    `embed:""`
	Input     inputFlags     `embed:""`
	Load      loadFlags      `embed:""`
	Numbers   numberFlags    `embed:""`
	Transport transportFlags `embed:""`
	Output    outputFlags    `embed:""`
}

// Run executes the command.
func (c *runCommand) Run(ctx context.Context, term *terminal) error {
	runner, err := c.runner()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := c.headroom(&runner); err != nil {
		return err
	}
	run, err := runner.Start(ctx)
	if err != nil {
		return err
	}
	watch(run, term.err, c.Output.progress())
	res, err := run.Wait()
	if res == nil {
		return err
	}
	return errors.Join(c.print(term, res), outcome(ctx, res, err))
}

// headroom reports beforehand what the system does not have enough of for the connections of the run.
func (c *runCommand) headroom(r *llmeter.Runner) error {
	need := transport.Need{Conns: max(r.Clients, r.MaxInFlight, 1), Addresses: len(c.Target.URL)}
	if c.Transport.HTTP2 {
		need.Conns = 1
	}
	if c.Transport.UnixSocket != "" {
		need.Addresses = 0
	}
	if !c.Transport.KeepAlive {
		need.PerSecond = c.Load.Rate
	}
	return transport.Headroom(transport.SystemLimits(), need)
}

// outcome turns how a run ended into the command's exit code. A run that was interrupted or reached nobody says so even
// where its requests also failed, and one whose requests all failed whatever its objectives say.
func outcome(ctx context.Context, res *llmeter.Result, err error) error {
	stats := res.Stats()
	failed, _ := stats.Lookup("failed_requests")
	switch {
	case errors.Is(err, llmeter.ErrUnreachable):
		return &exitError{exitNoRun, err}
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, errors.New("interrupted: this is the partial result")}
	case err != nil:
		return &exitError{exitNoRun, err}
	case res.TotalRequests > 0 && int(failed) == res.TotalRequests:
		return &exitError{exitFailed, errors.New("every request failed")}
	}
	return kept(res.Check(res.Objectives))
}

func (c *runCommand) print(term *terminal, res *llmeter.Result) error {
	if c.Output.Format == "json" {
		return result.WriteJSON(term.out, res)
	}
	return report.Text(term.out, res)
}

// runner is the run that the flags describe; its error holds everything that is wrong with them.
func (c *runCommand) runner() (r llmeter.Runner, err error) {
	client, err := c.Transport.client(c.Target.URL)
	errs := []error{err}
	ep, err := c.Target.endpoint(client)
	errs = append(errs, err)
	r.Endpoint = ep
	errs = append(errs, c.Input.apply(&r, ep), c.Load.apply(&r), c.Numbers.apply(&r), c.Output.apply(&r))
	if c.Input.Payloads == "" && c.Input.Prompt == "" {
		if c.Load.Trace == "" {
			errs = append(errs, errors.New("--prompt or --payloads is missing"))
		}
		c.Load.tracePayloads(&r, ep)
	}
	return r, errors.Join(errs...)
}
