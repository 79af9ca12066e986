package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// numberFlags say what is asked of the numbers.
type numberFlags struct {
	Check    []string   `sep:"none" placeholder:"TEXT" help:"What the run must keep, e.g. \"ttft-p99 < 500ms\" or \"goodput(ttft<300ms,tpot<40ms) > 95%\" (repeatable). Exit code 1 if it is missed, 4 if the client's own part in the number leaves it open."`
	Until    string     `placeholder:"TEXT" help:"End the run when its numbers are precise enough, e.g. \"ttft-p99 ci < 5%\"; needs a limit too."`
	Warmup   result.Cut `default:"auto" placeholder:"CUT" help:"What of the beginning is not steady: auto (where latencies settle), none, a time or a number such as \"50 requests\"."`
	Cooldown result.Cut `default:"auto" placeholder:"CUT" help:"What of the end is not steady, likewise."`
}

func (f *numberFlags) apply(r *llmeter.Runner) error {
	objectives, err := slo.ParseAll(f.Check, result.Keys()...)
	errs := []error{prefixed("--check", err)}
	r.Objectives, r.Warmup, r.Cooldown = objectives, f.Warmup, f.Cooldown
	if f.Until != "" {
		r.Until, err = slo.ParseUntil(f.Until, result.LiveKeys()...)
		errs = append(errs, prefixed("--until", err))
		if r.Requests == 0 && r.Duration == 0 && r.Arrivals == nil {
			errs = append(errs, errors.New("--until needs a limit: --requests or --duration"))
		}
	}
	return errors.Join(errs...)
}

func prefixed(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// kept turns how the objectives came out into an error with the exit code. An objective of which there is no number is missed.
func kept(outcomes []slo.Outcome) error {
	var missed, open []string
	for _, o := range outcomes {
		switch o.Status {
		case slo.Met:
		case slo.Inconclusive:
			open = append(open, report.Objective(o))
		default:
			missed = append(missed, report.Objective(o))
		}
	}
	switch {
	case len(open) > 0:
		return &exitError{exitDoubtful, errors.New("objectives left open: " + strings.Join(append(open, missed...), "\n"))}
	case len(missed) > 0:
		return &exitError{exitFailed, errors.New("objectives missed: " + strings.Join(missed, "\n"))}
	}
	return nil
}
