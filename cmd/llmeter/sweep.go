package main

import (
	"context"
	"errors"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/report"
)

type sweepCommand struct {
	URL      []string `name:"url" required:"" placeholder:"URL" sep:"none" help:"Base URL of the server, e.g. http://127.0.0.1:8000/v1. Given more than once, requests go to each in turn."`
	Model    string   `placeholder:"NAME" help:"Model to ask for."`
	apiFlags `embed:"" group:"What is asked"`
	Input    inputFlags `embed:"" group:"What is sent"`

	Models  []string    `placeholder:"NAME" help:"Models to ask for, each in turn."`
	Clients []int       `placeholder:"N" help:"Numbers of requests in flight at once, e.g. 1,2,4."`
	Rates   []load.Rate `placeholder:"N" help:"Numbers of requests started per second, e.g. 1,5,20."`
	Lengths lengthFlags `embed:"" group:"What is sent"`

	Requests  int           `placeholder:"N" help:"Requests of each client, or in all with --rates; without it and --duration, each payload once per client."`
	Duration  time.Duration `placeholder:"TIME" help:"How long each run lasts."`
	Evenly    bool          `help:"Start the requests of a rate evenly, instead of at random (Poisson)."`
	untilFlag `embed:""`

	Common commonFlags `embed:""`
}

// Run executes the command.
func (c *sweepCommand) Run(ctx context.Context, term *terminal) error {
	sweep, err := c.sweep()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindSweep, urls: c.URL, steps: sweep.Steps,
		run: func(ctx context.Context, progress func(experiments.Progress)) (found finding, err error) {
			sweep.Progress = progress
			res, err := sweep.Run(ctx)
			if res == nil {
				return found, err
			}
			errs := []error{err}
			for _, row := range res.Rows {
				if row.Result != nil {
					found.runs = append(found.runs, ranOf(row.Result))
				}
				errs = append(errs, row.Err)
			}
			found.report = report.Sweep(res)
			return found, errors.Join(errs...)
		},
	})
}

// sweep is what the flags describe; its error holds everything that is wrong with them.
func (c *sweepCommand) sweep() (s experiments.Sweep, err error) {
	models := c.Models
	if len(models) == 0 {
		models = []string{c.Model}
	}
	target := targetFlags{URL: c.URL, Model: models[0], apiFlags: c.apiFlags}
	s.Runner, err = c.Common.runner(&target)
	r := &s.Runner
	errs := []error{err, c.Input.apply(r), c.Lengths.check(), positive("--clients", c.Clients...), positive("--rates", c.Rates...),
		notNegative("--requests", c.Requests), notNegative("--duration", c.Duration)}
	r.Requests, r.Duration = c.Requests, c.Duration
	if err := c.complete(); err != nil {
		return s, errors.Join(append(errs, err)...)
	}
	errs = append(errs, c.untilFlag.apply(r))
	s.Prompts = prompt.Collection{
		RequestsPerCombination: c.Lengths.RequestsPerCombination, SourceFile: c.Lengths.Source, Loop: c.Lengths.Loop,
		UniquePrefix: c.Lengths.UniquePrefix, Tokenizer: r.Tokenizer, Seed: r.Seed,
	}
	if len(c.Models) > 0 {
		axis, err := c.modelAxis()
		s.Axes, errs = append(s.Axes, axis), append(errs, err)
	}
	s.Axes = append(s.Axes, c.axes(&s)...)
	return s, errors.Join(errs...)
}

// complete reports what is missing, and what does not go together.
func (c *sweepCommand) complete() error {
	var errs []error
	complain := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, errors.New(text))
		}
	}
	complain(c.Model == "" && len(c.Models) == 0, "--model or --models is missing")
	complain(len(c.Models)+len(c.Clients)+len(c.Rates)+len(c.Lengths.InputLengths)+len(c.Lengths.OutputLengths) == 0,
		"nothing varies: --models, --clients, --rates, --input-lengths or --output-lengths is missing")
	complain(len(c.Clients) > 0 && len(c.Rates) > 0, "--clients and --rates exclude each other: either requests wait for others, or they start when they are due")
	complain(len(c.Rates) > 0 && c.Requests == 0 && c.Duration == 0, "--rates needs --requests or --duration")
	complain(c.Requests > 0 && c.Duration > 0 && len(c.Rates) == 0, "--requests and --duration can't be used together without --rates")
	lengths := len(c.Lengths.InputLengths) > 0
	complain(lengths && c.Input.given(), "--input-lengths makes prompts: --prompt and --payloads cannot be used with it")
	complain(!lengths && len(c.Lengths.OutputLengths) > 0 && c.Input.Prompt == "", "--output-lengths needs --input-lengths or --prompt")
	if !c.Lengths.given() && !c.Input.given() {
		errs = append(errs, errNothingToSend)
	}
	return errors.Join(errs...)
}

// modelAxis makes an endpoint of each model, with connections of its own.
func (c *sweepCommand) modelAxis() (experiments.Axis, error) {
	var endpoints []llmeter.Endpoint
	var errs []error
	for _, model := range c.Models {
		target := targetFlags{URL: c.URL, Model: model, apiFlags: c.apiFlags}
		client, errClient := c.Common.Transport.client(c.URL)
		ep, err := target.endpoint(client)
		endpoints, errs = append(endpoints, ep), append(errs, errClient, err)
	}
	return experiments.Models(endpoints...), errors.Join(errs...)
}

// axes are those of the load and of the lengths.
func (c *sweepCommand) axes(s *experiments.Sweep) (axes []experiments.Axis) {
	if len(c.Clients) > 0 {
		axes = append(axes, experiments.Clients(c.Clients...))
	}
	if len(c.Rates) > 0 {
		arrivals := schedule(c.Evenly)
		axis := experiments.Rates(c.Rates...)
		if arrivals != nil {
			axis = experiments.Vary("rate", func(t *experiments.Trial, r load.Rate) { t.Runner.Arrivals = arrivals(r) }, c.Rates...)
		}
		axes = append(axes, axis)
	}
	switch in, out := c.Lengths.InputLengths, c.Lengths.OutputLengths; {
	case len(in) > 0 && len(out) > 0:
		axes = append(axes, experiments.InputLengths(in...), experiments.OutputLengths(out...))
	case len(in) > 0:
		s.Prompts.OutputLengths = []int{c.Input.MaxTokens}
		axes = append(axes, experiments.InputLengths(in...))
	case len(out) > 0:
		axes = append(axes, experiments.Vary("output", c.limit, out...))
	}
	return axes
}

// limit gives a run the prompt with at most n tokens of answer.
func (c *sweepCommand) limit(t *experiments.Trial, n int) {
	p, err := c.Input.payload(t.Runner.Endpoint, n)
	t.Runner.Payloads = []llmeter.Payload{p}
	if err != nil {
		t.Runner.Payloads = nil // what is wrong with it was said before
	}
}
