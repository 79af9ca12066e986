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
	Warmup   result.Cut `default:"auto" placeholder:"CUT" help:"What of the beginning is not steady: auto (where latencies settle), none, a time or a number such as \"50 requests\"."`
	Cooldown result.Cut `default:"auto" placeholder:"CUT" help:"What of the end is not steady, likewise."`
}

func (f *numberFlags) apply(r *llmeter.Runner) error {
	objectives, err := slo.ParseAll(f.Check, result.Keys()...)
	errs := []error{prefixed("--check", err)}
	r.Objectives, r.Warmup, r.Cooldown = objectives, f.Warmup, f.Cooldown
	return errors.Join(errs...)
}

// untilFlag says when a run is precise enough.
type untilFlag struct {
	Until string `placeholder:"TEXT" help:"End the run when its numbers are precise enough, e.g. \"ttft-p99 ci < 5%\"; needs a limit too."`
}

// apply needs the limits of the run to be set.
func (f untilFlag) apply(r *llmeter.Runner) (err error) {
	if f.Until == "" {
		return nil
	}
	r.Until, err = slo.ParseUntil(f.Until, result.LiveKeys()...)
	errs := []error{prefixed("--until", err)}
	if r.Requests == 0 && r.Duration == 0 && r.Arrivals == nil {
		errs = append(errs, errors.New("--until needs a limit: --requests or --duration"))
	}
	return errors.Join(errs...)
}

func prefixed(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}

// objectives are those of one or several runs that were not kept, as texts.
type objectives struct{ missed, open []string }

// add adds how the objectives of a run came out. One of which there is no number is missed. name is "" where there is one run alone.
func (k *objectives) add(name string, outcomes []slo.Outcome) {
	for _, o := range outcomes {
		text := report.Objective(o)
		if name != "" {
			text = name + ": " + text
		}
		switch o.Status {
		case slo.Met:
		case slo.Inconclusive:
			k.open = append(k.open, text)
		default:
			k.missed = append(k.missed, text)
		}
	}
}

// err has the exit code.
func (k *objectives) err() error {
	switch {
	case len(k.open) > 0:
		return &exitError{exitDoubtful, errors.New("objectives left open: " + strings.Join(append(k.open, k.missed...), "\n"))}
	case len(k.missed) > 0:
		return &exitError{exitFailed, errors.New("objectives missed: " + strings.Join(k.missed, "\n"))}
	}
	return nil
}
