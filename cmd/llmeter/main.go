// Command llmeter measures LLM endpoints: it runs load tests against any OpenAI-compatible server, shows what it found and
// saves it, and it can be such a server itself.
//
//	llmeter run --url http://127.0.0.1:8000/v1 --model m --prompt "Hello" --clients 10 --requests 4
//	llmeter load --url http://127.0.0.1:8000/v1 --model m --prompt "Hello" --clients 1,2,4 --output runs/load
//	llmeter compare runs/first runs/second
//	llmeter report runs/load --format html --output report.html
//	llmeter run --config llmeter.yaml --dry-run
//	llmeter mock --listen 127.0.0.1:8000
//
// docs/commands.md has an example of every command. Results go to standard output, progress to standard error and only to a
// terminal. Exit codes: 0 done; 1 an objective of --check was missed, B is worse than A, or every request failed; 2 usage; 3 no
// run possible, or its files could not be written or read; 4 the client's own part in a number leaves an objective open; 130
// interrupted, with the partial result shown and saved.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/llmeter-go/llmeter/internal/heap"
)

func main() {
	heap.GiveRoom()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the process at once
	}()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNoRun       = 3
	exitDoubtful    = 4
	exitInterrupted = 130
)

// An exitError ends the command with a code of its own. err may be nil: all has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

type commands struct {
	Run        runCommand        `cmd:"" help:"Run one test against an endpoint: many requests, measured."`
	Load       loadCommand       `cmd:"" help:"Run the same requests at several levels of load."`
	Heatmap    heatmapCommand    `cmd:"" help:"Measure how latency depends on the lengths of prompts and answers."`
	Capacity   capacityCommand   `cmd:"" help:"Search the highest load that still meets objectives."`
	Compare    compareCommand    `cmd:"" help:"Compare two saved runs, or two endpoints: is B slower than A?"`
	Sweep      sweepCommand      `cmd:"" help:"Run every combination of loads, lengths and models, as one table."`
	Soak       soakCommand       `cmd:"" help:"Run the same load for hours, and tell what drifts."`
	Events     eventsCommand     `cmd:"" help:"Print every instant of every request of a saved run as JSON Lines."`
	Report     reportCommand     `cmd:"" help:"Show saved runs: as a table, as JSON, or as a page with figures."`
	Profile    profileCommand    `cmd:"" help:"Find where the time of an agent workflow goes, from its traces."`
	Sizing     sizingCommand     `cmd:"" help:"Estimate how many GPUs a number of users needs, from what was measured."`
	Calibrate  calibrateCommand  `cmd:"" help:"Measure what this machine can measure: streams, events per second, and at which error."`
	Mock       mockCommand       `cmd:"" help:"Serve an OpenAI-compatible model that answers with known timing."`
	Init       initCommand       `cmd:"" help:"Write a commented file for --config."`
	Completion completionCommand `cmd:"" help:"Print the script that completes this command in a shell."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// terminal is what commands print to.
type terminal struct {
	out, err io.Writer
}

// command is all but the process; it gives the exit code.
func command(ctx context.Context, args []string, out, errOut io.Writer) (code int) {
	defer func() { // --help leaves through kong.Exit
		switch p := recover().(type) {
		case nil:
		case exitCode:
			code = int(p)
		default:
			panic(p)
		}
	}()
	parser, err := newParser(ctx, &terminal{out, errOut})
	if err != nil {
		panic(err) // the struct tags of a command are wrong
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "llmeter: %v\n(llmeter --help lists commands and flags)\n", err)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		code = exitNoRun
		var exit *exitError
		if errors.As(err, &exit) {
			code, err = exit.code, exit.err
		}
		if err != nil {
			fmt.Fprintf(errOut, "llmeter: %v\n", err)
		}
	}
	return code
}

// newParser reads the command line.
func newParser(ctx context.Context, t *terminal) (*kong.Kong, error) {
	return kong.New(new(commands),
		kong.Name("llmeter"),
		kong.Description("Measure LLM endpoints. Every flag --name may also be set as LLMETER_NAME in the environment, or in the file of --config."),
		kong.PostBuild(environment),
		kong.ValueFormatter(helpOf),
		kong.Writers(t.out, t.err),
		kong.Exit(func(code int) { panic(exitCode(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
	)
}

type exitCode int
