package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

type reportCommand struct {
	Folders []string `arg:"" name:"folder" help:"Folders of runs."`
	Format  string   `default:"text" enum:"text,json,html" help:"text, json, or html: one page that opens from disk."`
	Output  string   `placeholder:"PATH" help:"File to write instead of standard output."`
}

// Run shows saved runs. Those that cannot be loaded are reported, and the others shown.
func (c *reportCommand) Run(ctx context.Context, term *terminal) error {
	results, broken := c.load(ctx)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, broken}
	}
	if len(results) == 0 {
		return broken
	}
	return errors.Join(broken, c.write(term, func(w io.Writer) error { return c.print(w, results) }))
}

func (c *reportCommand) load(ctx context.Context) (results []*result.Result, broken error) {
	for _, folder := range c.Folders {
		res, err := c.loadOne(ctx, folder)
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		results = append(results, res)
	}
	return results, broken
}

// loadOne takes the saved statistics. It computes them from the responses where some are not saved, as in folders of LLMeter, or
// where the table is to show an example of each error, which is in the responses alone.
func (c *reportCommand) loadOne(ctx context.Context, folder string) (*result.Result, error) {
	res, err := result.Load(ctx, folder, result.LoadOptions{WithoutResponses: true})
	if err != nil {
		return nil, err
	}
	if _, ours := res.Stats().Lookup("requests_per_second"); ours && (c.Format != "text" || res.FailedRequests() == 0) {
		return res, nil
	}
	return result.Load(ctx, folder, result.LoadOptions{LowMemory: true})
}

func (c *reportCommand) print(w io.Writer, results []*result.Result) error {
	switch {
	case c.Format == "html":
		return report.HTML(w, results...)
	case c.Format == "json" && len(c.Folders) == 1:
		return result.WriteJSON(w, results[0])
	case c.Format == "json":
		return result.WriteJSON(w, result.Runs(results))
	}
	for i, res := range results {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := report.Text(w, res); err != nil {
			return err
		}
	}
	return nil
}

// write gives f the file of --output, or standard output.
func (c *reportCommand) write(term *terminal, f func(io.Writer) error) error {
	if c.Output == "" {
		return f(term.out)
	}
	file, err := os.Create(c.Output)
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}
