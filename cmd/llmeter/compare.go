package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

type compareCommand struct {
	Folders []string `arg:"" optional:"" name:"folder" help:"Folders of two saved runs, A and B. Without them two endpoints are run in turn: that of --url and --model, and that of --url-b and --model-b."`

	Keys      []string `placeholder:"KEY" help:"What is compared: quantiles of latencies, such as ttft-p99, or failed_requests_rate; by default p50, p90 and p99 of every latency, and failures."`
	Level     float64  `default:"0.95" help:"How sure an alarm is to be."`
	Tolerance float64  `placeholder:"SHARE" help:"Share of A's number up to which a difference does not matter, e.g. 0.05."`
	Rounds    int      `default:"3" help:"How often two endpoints are run A, B, B, A."`

	URL      []string `name:"url" unless:"folder" placeholder:"URL" sep:"none" help:"Base URL of A (repeatable)."`
	Model    string   `unless:"folder" placeholder:"NAME" help:"Model of A."`
	URLB     []string `name:"url-b" unless:"folder" placeholder:"URL" sep:"none" help:"Base URL of B (repeatable); by default that of A."`
	ModelB   string   `name:"model-b" unless:"folder" placeholder:"NAME" help:"Model of B; by default that of A."`
	APIKeyB  string   `name:"api-key-b" placeholder:"KEY" secret:"" help:"API key of B; by default that of A."`
	apiFlags `embed:"" group:"What is asked"`
	Input    inputFlags  `embed:"" group:"What is sent"`
	Load     loadFlags   `embed:"" group:"How much, and when"`
	Common   commonFlags `embed:""`
}

// Run executes the command.
func (c *compareCommand) Run(ctx context.Context, term *terminal) error {
	if err := c.validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	compare := experiments.Compare{Keys: c.Keys, Level: c.Level, Tolerance: c.Tolerance, Rounds: c.Rounds, Seed: c.Common.Send.Seed}
	if len(c.Folders) > 0 {
		return c.folders(ctx, term, compare)
	}
	a, errA := c.runner(targetFlags{c.URL, c.Model, c.apiFlags})
	api := c.apiFlags
	api.APIKey = cmp.Or(c.APIKeyB, api.APIKey)
	urlB := c.URLB
	if len(urlB) == 0 {
		urlB = c.URL
	}
	b, errB := c.runner(targetFlags{urlB, cmp.Or(c.ModelB, c.Model), api})
	if errA != nil || errB != nil { // what is wrong with the flags of A is wrong with those of B
		return &exitError{exitUsage, cmp.Or(errA, errB)}
	}
	return c.Common.perform(ctx, term, experiment{kind: experiments.KindCompare, urls: c.URL,
		steps: func() ([]experiments.Step, error) { return compare.Steps(a, b) },
		run: func(ctx context.Context, progress func(experiments.Progress)) (finding, error) {
			compare.Progress = progress
			comparison, err := compare.Run(ctx, a, b)
			return compared(comparison), err
		},
	})
}

// validate reports what is missing, and what does not go together.
func (c *compareCommand) validate() error {
	var errs []error
	complain := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, errors.New(text))
		}
	}
	live := len(c.URL)+len(c.URLB) > 0 || c.Model != "" || c.ModelB != ""
	switch folders := len(c.Folders); {
	case folders > 0 && live:
		errs = append(errs, errors.New("folders are compared as they are: --url, --model, --url-b and --model-b cannot be used with them"))
	case folders > 0:
		complain(folders != 2, fmt.Sprintf("two folders are compared, not %d", folders))
		complain(c.Common.Output.Output != "" || c.Common.Output.DryRun, "--output and --dry-run are for endpoints that are run: a comparison of folders sends and writes nothing")
	case !live:
		errs = append(errs, errors.New("two folders are missing, or --url and --model of A and --url-b or --model-b of B"))
	default:
		complain(len(c.URL) == 0, "--url is missing")
		complain(c.Model == "", "--model is missing")
		complain(len(c.URLB) == 0 && c.ModelB == "", "--url-b or --model-b is missing: they say what B is")
	}
	errs = append(errs, positive("--rounds", c.Rounds), notNegative("--tolerance", c.Tolerance))
	return errors.Join(errs...)
}

// folders compares two saved runs.
func (c *compareCommand) folders(ctx context.Context, term *terminal, compare experiments.Compare) error {
	comparison, err := compare.Folders(ctx, c.Folders[0], c.Folders[1], result.LoadOptions{})
	if err != nil {
		return noResult(ctx, err)
	}
	found := compared(comparison)
	for i := range found.runs {
		found.runs[i].objectives = nil // the runs were held to them when they ended
	}
	shown := c.Common.Output.show(term, found.report)
	return errors.Join(shown, cmp.Or(outcome(ctx, nil, found.runs...), found.verdict))
}

// compared is what a comparison brought. B worse than A is exit code 1.
func compared(c *experiments.Comparison) (found finding) {
	if c == nil {
		return found
	}
	for _, runs := range [][]*result.Result{c.A, c.B} {
		for _, run := range runs {
			found.runs = append(found.runs, ranOf(run))
		}
	}
	found.report = report.Comparison(c)
	var worse []error
	for _, d := range c.Worse() {
		worse = append(worse, errors.New(d.String()))
	}
	if worse != nil {
		found.verdict = &exitError{exitFailed, fmt.Errorf("worse than A: %w", errors.Join(worse...))}
	}
	return found
}

func (c *compareCommand) runner(target targetFlags) (llmeter.Runner, error) {
	r, err := c.Common.runner(&target)
	return r, errors.Join(err, c.Input.apply(&r), c.Load.apply(&r), c.Load.payloads(&r, &c.Input))
}
