package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/report/live"
)

// outputFlags say what becomes of the result.
type outputFlags struct {
	Output    string `placeholder:"DIR" help:"Folder for the files. An experiment that is given its folder again goes on where it ended."`
	Overwrite bool   `help:"Replace what the folder already holds."`
	Name      string `placeholder:"NAME" help:"Name of the run or experiment; by default the time."`
	LowMemory bool   `name:"low-memory" help:"Keep responses on disk only; needs --output."`
	NoEvents  bool   `name:"no-events" help:"Write no event log (events.bin), which holds every instant of every request."`

	Format    string `enum:"text,json,csv,markdown,benchfmt,html" default:"text" help:"Form of the result: text, json, csv, markdown, benchfmt (for benchstat) or html."`
	HTML      string `name:"html" placeholder:"FILE" help:"Write the page with figures to this file as well."`
	Quiet     bool   `short:"q" help:"Print nothing but the result."`
	Progress  string `enum:"auto,plain,none" default:"auto" help:"Progress on standard error: auto (on a terminal), plain (lines, anywhere) or none."`
	LiveStats string `name:"live-stats" placeholder:"FILE" help:"Further numbers of the progress: a JSON file in the form of LLMeter's progress_bar_stats; null is its defaults."`
	DryRun    bool   `name:"dry-run" help:"Print what would be sent: how many requests, how long, tokens. Send nothing."`

	specs live.Specs // what the file of LiveStats says
}

func (f *outputFlags) apply(r *llmeter.Runner) error {
	r.Folder, r.Overwrite, r.RunName, r.LowMemory, r.NoEvents = f.Output, f.Overwrite, f.Name, f.LowMemory, f.NoEvents
	var errs []error
	if f.LowMemory && f.Output == "" {
		errs = append(errs, errors.New("--low-memory needs --output"))
	}
	return errors.Join(append(errs, f.readSpecs())...)
}

func (f *outputFlags) readSpecs() error {
	if f.LiveStats == "" {
		return nil
	}
	data, err := os.ReadFile(f.LiveStats)
	if err != nil {
		return prefixed("--live-stats", err)
	}
	if f.specs, err = live.ParseSpecs(data); err != nil {
		return fmt.Errorf("--live-stats: %s: %w", f.LiveStats, err)
	}
	return nil
}

func (f *outputFlags) progress() string {
	if f.Quiet {
		return "none"
	}
	return f.Progress
}

// show prints a report in the form that was asked for, and writes its page where one was asked for.
func (f *outputFlags) show(t *terminal, r *report.Report) error {
	r.Color = t.color()
	err := r.Write(t.out, report.Format(f.Format))
	if f.HTML == "" {
		return err
	}
	return errors.Join(err, writeFile(f.HTML, r.HTML))
}

// color reports whether standard output is a terminal whose user has nothing against colours.
func (t *terminal) color() bool {
	f, ok := t.out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))
}

// writeFile makes a file of what f writes.
func writeFile(path string, f func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}
