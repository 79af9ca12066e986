package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report"
)

type calibrateCommand struct {
	Within time.Duration `default:"9s" help:"Longest time to take."`
	Format string        `enum:"text,json" default:"text" help:"Form of the result: text or json."`
	Quiet  bool          `short:"q" help:"Print nothing but the result."`

	Config configFile `embed:""`
}

// Run measures this machine and prints what it can measure.
func (c *calibrateCommand) Run(ctx context.Context, out *terminal) error {
	if c.Within <= 0 {
		return &exitError{exitUsage, errors.New("--within must be more than 0")}
	}
	calibrate := experiments.Calibrate{Within: c.Within}
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
