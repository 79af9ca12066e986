package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/report/png"
	"github.com/llmeter-go/llmeter/result"
)

type reportCommand struct {
	Folders []string   `arg:"" name:"folder" help:"Folders of runs or experiments. Runs stand side by side."`
	Format  string     `default:"text" enum:"text,json,csv,markdown,benchfmt,html,png,svg" help:"text, json, csv, markdown, benchfmt (for benchstat), html (one page that opens from disk), or png or svg: each figure a file."`
	Output  string     `placeholder:"PATH" help:"File to write instead of standard output; the folder of the figures."`
	Open    bool       `help:"Open the page in a browser. It is report.html in the first folder, if --output does not say otherwise."`
	Config  configFile `embed:""`
}

// Run shows saved runs and experiments. Those that cannot be loaded are reported, and the others shown.
func (c *reportCommand) Run(ctx context.Context, term *terminal) error {
	if c.Open {
		c.Format = "html"
		if c.Output == "" {
			c.Output = filepath.Join(c.Folders[0], "report.html")
		}
	}
	if c.draws() && c.Output == "" {
		return &exitError{exitUsage, fmt.Errorf("--format %s needs --output, the folder of the figures", c.Format)}
	}
	reports, broken := c.load(ctx)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, broken}
	}
	if len(reports) == 0 {
		return broken
	}
	if err := c.write(term, reports); err != nil {
		return errors.Join(broken, err)
	}
	if c.Open {
		return errors.Join(broken, open(ctx, term, c.Output))
	}
	return broken
}

// load gives one report of all runs, and one of each experiment.
func (c *reportCommand) load(ctx context.Context) (reports []*report.Report, broken error) {
	var runs []*result.Result
	for _, folder := range c.Folders {
		res, other, err := c.loadOne(ctx, folder)
		switch {
		case err != nil:
			broken = errors.Join(broken, err)
		case res != nil:
			runs = append(runs, res)
		default:
			reports = append(reports, other)
		}
	}
	if len(runs) > 0 {
		reports = append([]*report.Report{report.Run(runs...)}, reports...)
	}
	return reports, broken
}

// loadOne gives a run, or the report of anything else.
func (c *reportCommand) loadOne(ctx context.Context, folder string) (*result.Result, *report.Report, error) {
	if info, err := os.Stat(folder); err != nil {
		return nil, nil, err
	} else if !info.IsDir() {
		return nil, nil, fmt.Errorf("%s is a file, not the folder of a run", folder)
	}
	kind, err := experiments.Kind(ctx, nil, folder)
	if err != nil {
		return nil, nil, err
	}
	if kind == "" {
		res, err := c.loadRun(ctx, folder)
		if err == nil || !errors.Is(err, result.ErrNoRun) {
			return res, nil, err
		}
	}
	other, err := report.Load(ctx, folder, result.LoadOptions{LowMemory: true})
	return nil, other, err
}

// loadRun takes the saved statistics. It computes them from the responses where some are not saved, as in folders of LLMeter, or
// where an example of each error is to be shown and was not saved.
func (c *reportCommand) loadRun(ctx context.Context, folder string) (*result.Result, error) {
	res, err := result.Load(ctx, folder, result.LoadOptions{WithoutResponses: true})
	if err != nil {
		return nil, err
	}
	examples := c.Format == "text" || c.Format == "markdown"
	missing := func(e result.ErrorCount) bool { return e.Sample == "" }
	if _, ours := res.Stats().Lookup("requests_per_second"); ours && !(examples && slices.ContainsFunc(res.Errors(), missing)) {
		return res, nil
	}
	return result.Load(ctx, folder, result.LoadOptions{LowMemory: true})
}

// draws reports whether the figures are to be drawn.
func (c *reportCommand) draws() bool { return c.Format == "png" || c.Format == "svg" }

// draw makes a file of each figure, and names them.
func (c *reportCommand) draw(t *terminal, r *report.Report) error {
	drawer := report.Drawer(png.PNG{})
	if c.Format == "svg" {
		drawer = png.SVG{}
	}
	paths, err := r.Draw(c.Output, drawer)
	for _, path := range paths {
		fmt.Fprintln(t.out, path)
	}
	return err
}

// write writes the reports one after another, where the format lets them be told apart.
func (c *reportCommand) write(t *terminal, reports []*report.Report) error {
	if len(reports) > 1 && c.Format != "text" && c.Format != "markdown" {
		return &exitError{exitUsage, fmt.Errorf("--format %s is for runs or for one experiment, not for several", c.Format)}
	}
	if c.draws() {
		return c.draw(t, reports[0])
	}
	all := func(w io.Writer) error {
		for i, r := range reports {
			if i > 0 {
				fmt.Fprintln(w)
			}
			r.Color = c.Output == "" && t.color()
			if err := r.Write(w, report.Format(c.Format)); err != nil {
				return err
			}
		}
		return nil
	}
	if c.Output == "" {
		return all(t.out)
	}
	return writeFile(c.Output, all)
}
