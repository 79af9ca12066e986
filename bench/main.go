//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/internal/heap"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childCommand {
		heap.GiveRoom() // as the command does
		os.Exit(child(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A part is one table of the report.
type part struct {
	name  string
	title string
	run   func(*bench) ([]table, error)
	limit time.Duration // what it may take at most
}

var parts = []part{
	{"receive", "Receive error and time to first token", receive, 4 * time.Minute},
	{"cpu", "CPU per streamed chunk", chunkCPU, 12 * time.Minute},
	{"pacing", "Pacing of an open loop", pacing, 10 * time.Minute},
	{"lag", "The lag that a run reports, against the server's record", lag, 2 * time.Minute},
	{"open", "Many open streams", openStreams, 3 * time.Minute},
	{"memory", "Memory of a long run with LowMemory", longRun, 5 * time.Minute},
	{"ingest", "Events ingested without a network", ingest, 2 * time.Minute},
}

// A bench is one run of this program.
type bench struct {
	ctx     context.Context
	short   bool
	cores   cores
	scratch string // a folder for the files of runs
}

// pick gives the first value in a full run and the second in a short one.
func pick[T any](b *bench, full, short T) T {
	if b.short {
		return short
	}
	return full
}

func run(ctx context.Context) error {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	only := flag.String("part", "", "run these parts alone, separated by commas: "+strings.Join(names, ", "))
	short := flag.Bool("short", false, "run shorter: enough to see that it works, not to trust the numbers")
	doc := flag.String("doc", "", "also write the tables into this file, each between its markers")
	profile := flag.String("profile", "", "write pprof profiles of the processes into this folder, which must be there; they cost time")
	flag.Parse()
	if *profile != "" {
		if err := os.Setenv(profileVariable, *profile); err != nil {
			return err
		}
	}
	chosen := slices.Clone(parts)
	if *only != "" {
		wanted := strings.Split(*only, ",")
		chosen = slices.DeleteFunc(chosen, func(p part) bool { return !slices.Contains(wanted, p.name) })
		if len(chosen) != len(wanted) {
			return fmt.Errorf("-part %s: the parts are %s", *only, strings.Join(names, ", "))
		}
	}
	scratch, err := os.MkdirTemp("", "llmeter-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{ctx: ctx, short: *short, cores: assignCores(), scratch: scratch}
	var errs []error
	for _, p := range chosen {
		errs = append(errs, b.show(p, *doc))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// show runs a part and prints its table. A part that fails does not keep the others from being run.
func (b *bench) show(p part, doc string) error {
	limited, cancel := context.WithTimeout(b.ctx, p.limit)
	defer cancel()
	facts := machineFacts(b)
	start := time.Now()
	tables, err := p.run(&bench{limited, b.short, b.cores, b.scratch})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, cmp.Or(context.Cause(limited), err))
	}
	text := fmt.Sprintf("%s, %.0f s.\n", facts, time.Since(start).Seconds())
	for _, t := range tables {
		text += "\n" + t.markdown()
	}
	fmt.Printf("## %s\n\n%s\n", p.title, text)
	if doc == "" {
		return nil
	}
	return rewrite(doc, p.name, text)
}
