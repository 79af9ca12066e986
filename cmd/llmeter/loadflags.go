package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// loadFlags say how much is sent, and when.
type loadFlags struct {
	Clients     *int          `instead:"load" placeholder:"N" help:"Requests in flight at once; by default 1."`
	Requests    int           `instead:"end" placeholder:"N" help:"Requests of each client, or in all with --rate, --arrivals or --trace; without it and --duration, each payload once per client."`
	Duration    time.Duration `instead:"end" placeholder:"TIME" help:"How long to send, e.g. 30s or 5m."`
	Rate        *float64      `xor:"arrivals" instead:"load" placeholder:"N" help:"Requests started per second, evenly, whether or not others have ended."`
	Arrivals    *string       `xor:"arrivals" instead:"load" placeholder:"TEXT" help:"When requests start, e.g. \"poisson 50/s for 2m\" or \"ramp 1/s to 200/s over 5m\"."`
	Trace       *string       `xor:"arrivals" instead:"load" placeholder:"FILE" help:"Recorded arrivals: Mooncake JSON Lines, or CSV of Azure, BurstGPT or offset,input,output. Without --prompt and --payloads, prompts of the recorded lengths are sent."`
	TraceFormat string        `name:"trace-format" enum:"auto,mooncake,azure,burstgpt,csv,jsonl" default:"auto" help:"Format of --trace: auto, mooncake, azure, burstgpt, csv or jsonl."`
	TraceSpeed  float64       `name:"trace-speed" default:"1" help:"2 replays --trace twice as fast."`
	MaxInFlight int           `name:"max-in-flight" placeholder:"N" help:"Most requests in flight with --rate, --arrivals or --trace; those that wait count their waiting."`
	untilFlag   `embed:""`
}

func (f *loadFlags) apply(r *llmeter.Runner) error {
	var errs []error
	complain := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, errors.New(text))
		}
	}
	open := f.Rate != nil || f.Arrivals != nil || f.Trace != nil
	complain(open && f.Clients != nil, "--clients cannot be used with --rate, --arrivals or --trace: requests start when they are due; --max-in-flight caps those in flight")
	complain(!open && f.MaxInFlight != 0, "--max-in-flight needs --rate, --arrivals or --trace; --clients is the number in flight without them")
	complain(!open && f.Requests > 0 && f.Duration > 0, "--requests and --duration can't be used together without --rate, --arrivals or --trace")
	complain(f.Clients != nil && *f.Clients <= 0, "--clients must be more than 0")
	complain(f.Requests < 0 || f.Duration < 0 || f.MaxInFlight < 0, "--requests, --duration and --max-in-flight must not be negative")
	complain(f.Rate != nil && f.Requests == 0 && f.Duration == 0, "--rate needs --requests or --duration")
	arrivals, err := f.arrivals()
	errs = append(errs, err)
	r.Arrivals = arrivals
	if f.Clients != nil {
		r.Clients = *f.Clients
	}
	r.Requests, r.Duration, r.MaxInFlight = f.Requests, f.Duration, f.MaxInFlight
	errs = append(errs, f.untilFlag.apply(r))
	return errors.Join(errs...)
}

func (f *loadFlags) arrivals() (load.Arrivals, error) {
	switch {
	case f.Rate != nil:
		a := load.Constant{Rate: load.Rate(*f.Rate)}
		if err := positive("--rate", *f.Rate); err != nil {
			return nil, err
		}
		if err := load.Validate(a); err != nil {
			return nil, fmt.Errorf("--rate: %w", err)
		}
		return a, nil
	case f.Arrivals != nil:
		a, err := load.Parse(*f.Arrivals)
		if err != nil {
			return nil, fmt.Errorf("--arrivals: %w", err)
		}
		if _, ends := load.Length(a); !ends && f.Requests == 0 && f.Duration == 0 {
			return nil, errors.New("--arrivals has no end: say for how long, or add --requests or --duration")
		}
		return a, nil
	case f.Trace != nil:
		return f.trace(*f.Trace)
	}
	return nil, nil
}

func (f *loadFlags) trace(path string) (load.Arrivals, error) {
	if err := positive("--trace-speed", f.TraceSpeed); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--trace: %w", err)
	}
	defer file.Close()
	read, err := f.traceReader(file)
	if err != nil {
		return nil, err
	}
	t, err := load.NewTrace(read(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.Speed = f.TraceSpeed
	if err := load.Validate(t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// traceReader chooses the reader by the flag, else by the file's ending and first line.
func (f *loadFlags) traceReader(file io.ReadSeeker) (func(io.Reader) iter.Seq2[load.Entry, error], error) {
	format := f.TraceFormat
	if format == "auto" {
		head := make([]byte, 4096)
		n, err := io.ReadFull(file, head)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", *f.Trace, err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("%s: %w", *f.Trace, err)
		}
		line, _, _ := strings.Cut(string(head[:n]), "\n")
		format = traceFormat(*f.Trace, line)
	}
	switch format {
	case "mooncake":
		return load.ReadMooncake, nil
	case "azure":
		return load.ReadAzure, nil
	case "burstgpt":
		return load.ReadBurstGPT, nil
	case "jsonl":
		return load.ReadJSONL, nil
	}
	return load.ReadCSV, nil
}

func traceFormat(path, line string) string {
	switch {
	case strings.Contains(line, "hash_ids") || strings.Contains(line, "input_length"):
		return "mooncake"
	case strings.Contains(line, "ContextTokens"):
		return "azure"
	case strings.Contains(line, "Request tokens"):
		return "burstgpt"
	case strings.HasPrefix(line, "{") || filepath.Ext(path) == ".jsonl":
		return "jsonl"
	}
	return "csv"
}

// payloads makes prompts of the lengths that the trace recorded, as they are needed, where the flags do not say what to send.
func (f *loadFlags) payloads(r *llmeter.Runner, input *inputFlags) error {
	if input.given() || f.Trace != nil && r.Arrivals == nil { // a trace that cannot be read has been complained of
		return nil
	}
	trace, ok := r.Arrivals.(load.Trace)
	if !ok {
		return errNothingToSend
	}
	creator, _ := endpoint.As[endpoint.PayloadCreator](r.Endpoint)
	tok := r.Tokenizer
	if tok == nil {
		tok = new(tokenizer.Words)
	}
	r.Source = func(yield func(llmeter.Payload, error) bool) {
		for i, e := range trace.Entries {
			text, err := prompt.Synthetic(max(e.Input, 1), tok, r.Seed+uint64(i))
			var p llmeter.Payload
			if err == nil {
				p, err = creator.CreatePayload(max(e.Output, 1), endpoint.Text(text))
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
	return nil
}
