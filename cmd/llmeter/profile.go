package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/dynamo"
	"github.com/llmeter-go/llmeter/profiler/page"
)

type profileCommand struct {
	Traces      []string     `arg:"" name:"traces" help:"Traces: files of NAT (JSON, JSON Lines), OpenTelemetry (OTLP as JSON or protobuf) or ATIF, gzipped or not, folders of such files, and folders of runs."`
	Output      string       `required:"" placeholder:"DIR" help:"Folder for the files and the page."`
	InputFormat string       `name:"input-format" enum:"auto,nat,otlp,atif,run" default:"auto" help:"Form of the traces: auto, nat, otlp, atif, or run (the folder of a run)."`
	Config      string       `env:"LLMETER_PROFILE_CONFIG" placeholder:"FILE" help:"Analyses, in YAML or JSON: NAT's configuration, or its eval.general.profiler alone. Flags go before it."`
	All         bool         `help:"Every analysis, --evaluate included."`
	Analyses    profileFlags `embed:""`
	Tokenizer   string       `placeholder:"NAME" help:"Counts the tokens of prompts: a tiktoken encoding, an OpenAI model, or words; by default they are estimated."`
	Baseline    []string     `placeholder:"TRACES" help:"Compare with these traces. Exit code 1 if something is surely worse."`
	Tolerance   float64      `placeholder:"SHARE" help:"Share of the baseline's number up to which a difference does not matter, e.g. 0.05."`
	Evaluate    bool         `help:"Write NAT's evaluators and the usage of each request too: avg_llm_latency_output.json and others, usage_stats.json."`
	Export      []string     `enum:"chrome,otlp,atif" placeholder:"FORM" help:"Write the traces in other forms too: chrome (for Perfetto), otlp or atif."`
	Format      string       `enum:"text,json" default:"text" help:"Form of the summary: text or json."`
	Quiet       bool         `short:"q" help:"Print nothing but the summary."`
}

// Files of a profile: the page, and the traces as NAT writes them.
const (
	profilePage   = "profile.html"
	profileTraces = "all_requests_profiler_traces.json"

	profileComparison = "profile_comparison" // as text and JSON
)

// Run profiles traces. What cannot be read is reported, and the rest profiled.
func (c *profileCommand) Run(ctx context.Context, term *terminal) error {
	runner, err := c.runner()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	sources, err := findTraces(c.Traces, c.InputFormat)
	if err != nil {
		return err
	}
	if err := c.overwrites(sources); err != nil {
		return &exitError{exitUsage, err}
	}
	before, err := findTraces(c.Baseline, c.InputFormat)
	if err != nil {
		return prefixed("--baseline", err)
	}
	results, err := runner.Run(ctx, readTraces(ctx, sources))
	against, errBefore := c.compare(ctx, before, results)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("interrupted: the profile is not complete")}
	}
	if results == nil {
		return err
	}
	err = errors.Join(err, errBefore, c.write(ctx, results, against), unreadable(results))
	if !c.Quiet {
		c.warn(term, results)
	}
	return errors.Join(err, c.print(term, results, against), worse(against))
}

func (c *profileCommand) runner() (profiler.Runner, error) {
	config := profiler.NATConfig()
	var errs []error
	if c.Config != "" {
		read, err := readProfilerConfig(c.Config)
		config, errs = read, append(errs, prefixed("--config", err))
	}
	if c.All {
		enableAll(&config)
		c.Evaluate = true
	}
	errs = append(errs, c.Analyses.apply(&config))
	tok, err := newTokenizer(c.Tokenizer)
	errs = append(errs, err, config.Validate(), notNegative("--tolerance", c.Tolerance))
	return profiler.Runner{Config: config, OutputDir: c.Output, Tokenizer: tok, Dynamo: dynamo.Collect}, errors.Join(errs...)
}

// overwrites refuses to read a file that the profile would write.
func (c *profileCommand) overwrites(sources []traceSource) error {
	target, err := os.Stat(filepath.Join(c.Output, profileTraces))
	if err != nil {
		return nil
	}
	for _, source := range sources {
		if info, err := os.Stat(source.path); err == nil && os.SameFile(info, target) {
			return fmt.Errorf("%s would be overwritten while it is read: choose another --output", source.path)
		}
	}
	return nil
}

// write writes what is not the profiler's own: the page, the comparison, other forms of the traces, evaluators.
func (c *profileCommand) write(ctx context.Context, results *profiler.Results, against *profiler.Comparison) error {
	var further []figure.Section
	var errs []error
	if against != nil {
		further = append(further, page.Comparison(against))
		errs = append(errs, c.file(profileComparison+".txt", against.WriteReport), c.file(profileComparison+".json", encoded(against)))
	}
	errs = append(errs, c.file(profilePage, func(w io.Writer) error { return page.HTML(w, results, further...) }))
	for _, form := range c.Export {
		errs = append(errs, c.export(form, results))
	}
	if c.Evaluate {
		errs = append(errs, c.evaluate(ctx))
	}
	return errors.Join(errs...)
}

// file writes a file of the output folder.
func (c *profileCommand) file(name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(c.Output, name))
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	err = errors.Join(write(b), b.Flush(), f.Close())
	return prefixed(f.Name(), err)
}

func (c *profileCommand) print(term *terminal, results *profiler.Results, against *profiler.Comparison) error {
	if c.Format == "json" {
		lines := json.NewEncoder(term.out)
		lines.SetEscapeHTML(false)
		lines.SetIndent("", "  ")
		return lines.Encode(struct {
			Schema     string `json:"schema"`
			OutputPath string `json:"output_path"`
			*profiler.Results
			Optimization *profiler.InferenceOptimization `json:"inference_optimization"`
			Profile      *profiler.Profile               `json:"profile"`
			Comparison   *profiler.Comparison            `json:"comparison,omitempty"`
		}{"llmeter.profiling/1", c.Output, results, &results.InferenceOptimization, &results.Profile, against})
	}
	if err := results.WriteSummary(term.out); err != nil {
		return err
	}
	if against != nil {
		if err := errors.Join(line(term.out), against.WriteReport(term.out), line(term.out)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(term.out, "\nEverything is in %s; open %s.\n", c.Output, filepath.Join(c.Output, profilePage))
	return err
}

// unreadable is an error if there was text, and none of it was a step.
func unreadable(results *profiler.Results) error {
	if in := &results.InferenceOptimization.Input; in.Steps > 0 || in.Unreadable == 0 {
		return nil
	}
	return errors.New("nothing could be read: none of the files holds a step")
}

// warn says what was left out.
func (c *profileCommand) warn(term *terminal, results *profiler.Results) {
	in := &results.InferenceOptimization.Input
	if in.Unreadable > 0 {
		fmt.Fprintf(term.err, "llmeter: what could not be read was left out, %d in all; the first: %s\n", in.Unreadable, in.Problems[0])
	}
	if len(in.UnknownTypes) > 0 {
		fmt.Fprintf(term.err, "llmeter: steps of unknown types are kept but not looked at: %s\n", counted(in.UnknownTypes))
	}
	if len(in.Incomplete) > 0 {
		fmt.Fprintf(term.err, "llmeter: spans that are not complete: %s\n", counted(in.Incomplete))
	}
}
