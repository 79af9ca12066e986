package main

import (
	"context"
	"errors"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/transport"
)

// commonFlags are those of all commands that send requests.
type commonFlags struct {
	Send      sendFlags      `embed:"" group:"How it is sent"`
	Numbers   numberFlags    `embed:"" group:"What is asked of the numbers"`
	Transport transportFlags `embed:"" group:"How the server is reached"`
	Output    outputFlags    `embed:"" group:"What becomes of the result"`
	Config    configFile     `embed:""`
}

// runner is what they say of a run. Beside an error, which holds everything that is wrong with them, it can be completed, to
// find what else is wrong.
func (f *commonFlags) runner(target *targetFlags) (r llmeter.Runner, err error) {
	client, errClient := f.Transport.client(target.URL)
	ep, errTarget := target.endpoint(client)
	r.Endpoint = ep
	return r, errors.Join(errClient, errTarget, f.Send.apply(&r), f.Numbers.apply(&r), f.Output.apply(&r))
}

// headroom reports beforehand what the system does not have enough of for the connections of a run.
func (f *commonFlags) headroom(r *llmeter.Runner, urls []string, perSecond float64) error {
	need := transport.Need{Conns: max(r.Clients, r.MaxInFlight, 1), Addresses: len(urls)}
	if f.Transport.HTTP2 {
		need.Conns = 1
	}
	if f.Transport.UnixSocket != "" {
		need.Addresses = 0
	}
	if !f.Transport.KeepAlive {
		need.PerSecond = perSecond
	}
	return transport.Headroom(transport.SystemLimits(), need)
}

// An experiment is what its command makes of the flags.
type experiment struct {
	kind  string
	urls  []string
	steps func() ([]experiments.Step, error)
	run   func(ctx context.Context, progress func(experiments.Progress)) (finding, error)
	note  string // what --dry-run cannot tell
}

// A finding is what an experiment brought, also beside an error.
type finding struct {
	report  *report.Report // nil if there is nothing to tell
	runs    []ran
	verdict error // with an exit code of its own
}

// A ran is what the exit code needs to know of a run.
type ran struct {
	name             string
	requests, failed int
	objectives       []slo.Outcome
}

func ranOf(res *result.Result) ran {
	stats := res.Stats()
	failed, _ := stats.Lookup("failed_requests")
	return ran{res.RunName, res.TotalRequests, int(failed), res.Check(res.Objectives)}
}

// perform makes an experiment, prints what came of it, and gives its exit code; or it prints its plan.
func (f *commonFlags) perform(ctx context.Context, term *terminal, x experiment) error {
	steps, err := x.steps()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if f.Output.DryRun {
		return f.Output.plan(term, x.kind, steps, x.note)
	}
	for _, step := range steps {
		if err := f.headroom(&step.Runner, x.urls, 0); err != nil {
			return err
		}
	}
	progress, done := f.Output.experimentProgress(ctx, term)
	found, err := x.run(ctx, progress)
	done()
	if found.report == nil || len(found.runs) == 0 {
		return noResult(ctx, err)
	}
	shown := f.Output.show(term, found.report)
	if err := outcome(ctx, err, found.runs...); err != nil {
		return errors.Join(shown, err)
	}
	return errors.Join(shown, found.verdict)
}

// noResult is the exit code of what ended before there was anything to show.
func noResult(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("interrupted before there was a result")}
	}
	return err
}

// outcome turns how runs ended into the command's exit code. One that was interrupted or reached nobody says so even where its
// requests also failed, and runs whose requests all failed whatever their objectives say.
func outcome(ctx context.Context, err error, runs ...ran) error {
	requests, failed := 0, 0
	var kept objectives
	for _, run := range runs {
		requests, failed = requests+run.requests, failed+run.failed
		if len(runs) == 1 {
			run.name = ""
		}
		kept.add(run.name, run.objectives)
	}
	switch {
	case errors.Is(err, llmeter.ErrUnreachable):
		return &exitError{exitNoRun, err}
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, errors.New("interrupted: this is the partial result")}
	case err != nil:
		return &exitError{exitNoRun, err}
	case requests > 0 && failed == requests:
		return &exitError{exitFailed, errors.New("every request failed")}
	}
	return kept.err()
}
