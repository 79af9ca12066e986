package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type calibrateCommand struct {
	Format string `enum:"text,json" default:"text" help:"Form of the result: text or json."`
	Quiet  bool   `short:"q" help:"Print nothing but the result."`
}

// Run measures this machine and prints what it can measure.
func (c *calibrateCommand) Run(ctx context.Context, out *terminal) error {
	var calibrate experiments.Calibrate
	f, isFile := out.err.(*os.File)
	if isFile && !c.Quiet && term.IsTerminal(int(f.Fd())) {
		calibrate.Progress = func(streams int) { fmt.Fprintf(f, "\r\x1b[Kmeasuring %d streams", streams) }
		defer fmt.Fprint(f, "\r\x1b[K")
	}
	cal, err := calibrate.Run(ctx)
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, ctx.Err()}
	}
	if err != nil {
		return err
	}
	if c.Format == "json" {
		lines := json.NewEncoder(out.out)
		lines.SetIndent("", "  ")
		return lines.Encode(struct {
			Schema string `json:"schema"`
			*experiments.Calibration
		}{"llmeter.calibration/1", cal})
	}
	return report.Calibration(out.out, cal)
}
