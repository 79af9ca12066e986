package main

import (
	"cmp"
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
	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

// inputFlags say what is sent.
type inputFlags struct {
	Prompt    string `placeholder:"TEXT" xor:"input" help:"Prompt to send, or @FILE to read it from a file."`
	Payloads  string `placeholder:"FILE" xor:"input" help:"Payloads to send: a JSON or JSON Lines file, or a folder of them."`
	MaxTokens int    `name:"max-tokens" default:"256" help:"Most tokens to generate for --prompt."`
	Tokenizer string `placeholder:"NAME" help:"Counts tokens that the server does not report: words (the default), a tiktoken encoding, or an OpenAI model."`
}

func (f *inputFlags) apply(r *llmeter.Runner, ep endpoint.Endpoint) error {
	var errs []error
	if f.MaxTokens <= 0 {
		errs = append(errs, errors.New("--max-tokens must be more than 0"))
	}
	tok, err := newTokenizer(f.Tokenizer)
	r.Tokenizer, errs = tok, append(errs, err)
	r.PayloadPath = f.Payloads
	if f.Prompt != "" {
		p, err := f.payload(ep)
		r.Payloads, errs = []llmeter.Payload{p}, append(errs, err)
	}
	return errors.Join(errs...)
}

func (f *inputFlags) payload(ep endpoint.Endpoint) (llmeter.Payload, error) {
	text := f.Prompt
	if file, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return llmeter.Payload{}, fmt.Errorf("--prompt: %w", err)
		}
		text = string(data)
	}
	creator, _ := endpoint.As[endpoint.PayloadCreator](ep)
	return creator.CreatePayload(f.MaxTokens, endpoint.Text(text))
}

func newTokenizer(name string) (tokenizer.Tokenizer, error) {
	if cmp.Or(name, "words") == "words" {
		return nil, nil
	}
	if t, err := tiktoken.New(name); err == nil {
		return t, nil
	}
	t, err := tiktoken.ForModel(name)
	if err != nil {
		return nil, fmt.Errorf("--tokenizer: %w", err)
	}
	return t, nil
}

// loadFlags say how much is sent, and when.
type loadFlags struct {
	Clients     *int          `placeholder:"N" help:"Requests in flight at once; by default 1."`
	Requests    int           `placeholder:"N" help:"Requests of each client, or in all with --rate, --arrivals or --trace; without it and --duration, each payload once per client."`
	Duration    time.Duration `placeholder:"TIME" help:"How long to send, e.g. 30s or 5m."`
	Rate        float64       `xor:"arrivals" placeholder:"N" help:"Requests started per second, evenly, whether or not others have ended."`
	Arrivals    string        `xor:"arrivals" placeholder:"TEXT" help:"When requests start, e.g. \"poisson 50/s for 2m\" or \"ramp 1/s to 200/s over 5m\"."`
	Trace       string        `xor:"arrivals" placeholder:"FILE" help:"Recorded arrivals: Mooncake JSON Lines, or CSV of Azure, BurstGPT or offset,input,output. Without --prompt and --payloads, prompts of the recorded lengths are sent."`
	TraceFormat string        `name:"trace-format" enum:"auto,mooncake,azure,burstgpt,csv,jsonl" default:"auto" help:"Format of --trace: auto, mooncake, azure, burstgpt, csv or jsonl."`
	TraceSpeed  float64       `name:"trace-speed" default:"1" help:"2 replays --trace twice as fast."`
	MaxInFlight int           `name:"max-in-flight" placeholder:"N" help:"Most requests in flight with --rate, --arrivals or --trace; those that wait count their waiting."`
	Timeout     time.Duration `default:"60s" help:"Longest time of one attempt."`
	Retries     int           `placeholder:"N" help:"Send a failed request up to N more times; its latencies then include that."`
	Prewarm     bool          `negatable:"" default:"true" help:"Open connections before the start."`
	Seed        uint64        `placeholder:"N" help:"Seed of everything random; 0 sends payloads in their order."`

	StopOnErrorRate float64 `name:"stop-on-error-rate" placeholder:"SHARE" help:"End the run when this share of its requests has failed, e.g. 0.2."`
	StopOnError     bool    `name:"stop-on-error" help:"End the run at the first failed request."`
}

func (f *loadFlags) apply(r *llmeter.Runner) error {
	var errs []error
	complain := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, errors.New(text))
		}
	}
	open := f.Rate != 0 || f.Arrivals != "" || f.Trace != ""
	complain(open && f.Clients != nil, "--clients cannot be used with --rate, --arrivals or --trace: requests start when they are due; --max-in-flight caps those in flight")
	complain(!open && f.MaxInFlight != 0, "--max-in-flight needs --rate, --arrivals or --trace; --clients is the number in flight without them")
	complain(!open && f.Requests > 0 && f.Duration > 0, "--requests and --duration can't be used together without --rate, --arrivals or --trace")
	complain(f.Clients != nil && *f.Clients <= 0, "--clients must be more than 0")
	complain(f.Timeout <= 0, "--timeout must be more than 0")
	complain(f.Requests < 0 || f.Duration < 0 || f.Retries < 0 || f.MaxInFlight < 0, "--requests, --duration, --retries and --max-in-flight must not be negative")
	complain(f.Rate != 0 && f.Requests == 0 && f.Duration == 0, "--rate needs --requests or --duration")
	arrivals, err := f.arrivals()
	errs = append(errs, err)
	r.Arrivals = arrivals
	if f.Clients != nil {
		r.Clients = *f.Clients
	}
	r.Requests, r.Duration, r.MaxInFlight = f.Requests, f.Duration, f.MaxInFlight
	r.Timeout, r.Seed, r.NoPrewarm = f.Timeout, f.Seed, !f.Prewarm
	r.StopWhen = llmeter.StopWhen{FirstError: f.StopOnError, ErrorRate: f.StopOnErrorRate}
	if f.Retries > 0 {
		r.Retry.Attempts = f.Retries + 1
	}
	return errors.Join(errs...)
}

func (f *loadFlags) arrivals() (load.Arrivals, error) {
	switch {
	case f.Rate != 0:
		a := load.Constant{Rate: load.Rate(f.Rate)}
		if err := load.Validate(a); err != nil {
			return nil, fmt.Errorf("--rate: %w", err)
		}
		return a, nil
	case f.Arrivals != "":
		a, err := load.Parse(f.Arrivals)
		if err != nil {
			return nil, fmt.Errorf("--arrivals: %w", err)
		}
		if _, ends := load.Length(a); !ends && f.Requests == 0 && f.Duration == 0 {
			return nil, errors.New("--arrivals has no end: say for how long, or add --requests or --duration")
		}
		return a, nil
	case f.Trace != "":
		return f.trace()
	}
	return nil, nil
}

func (f *loadFlags) trace() (load.Arrivals, error) {
	file, err := os.Open(f.Trace)
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
		return nil, fmt.Errorf("%s: %w", f.Trace, err)
	}
	t.Speed = f.TraceSpeed
	if err := load.Validate(t); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Trace, err)
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
			return nil, fmt.Errorf("%s: %w", f.Trace, err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Trace, err)
		}
		line, _, _ := strings.Cut(string(head[:n]), "\n")
		format = traceFormat(f.Trace, line)
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

// tracePayloads makes prompts of the lengths that the trace recorded, as they are needed.
func (f *loadFlags) tracePayloads(r *llmeter.Runner, ep endpoint.Endpoint) {
	trace, ok := r.Arrivals.(load.Trace)
	if !ok {
		return
	}
	creator, _ := endpoint.As[endpoint.PayloadCreator](ep)
	tok := r.Tokenizer
	if tok == nil {
		tok = new(tokenizer.Words)
	}
	r.Source = func(yield func(llmeter.Payload, error) bool) {
		for i, e := range trace.Entries {
			text, err := prompt.Synthetic(max(e.Input, 1), tok, f.Seed+uint64(i))
			var p llmeter.Payload
			if err == nil {
				p, err = creator.CreatePayload(max(e.Output, 1), endpoint.Text(text))
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// outputFlags say what becomes of the result.
type outputFlags struct {
	Output    string `placeholder:"DIR" help:"Folder for the files of this run."`
	Overwrite bool   `help:"Replace the run that the folder already holds."`
	Name      string `placeholder:"NAME" help:"Name of the run; by default the time."`
	LowMemory bool   `name:"low-memory" help:"Keep responses on disk only; needs --output."`
	NoEvents  bool   `name:"no-events" help:"Write no event log (events.bin), which holds every instant of every request."`

	Format   string `enum:"text,json" default:"text" help:"Form of the result: text or json."`
	Quiet    bool   `short:"q" help:"Print nothing but the result."`
	Progress string `enum:"auto,plain,none" default:"auto" help:"Progress on standard error: auto (on a terminal), plain (lines, anywhere) or none."`
}

func (f *outputFlags) apply(r *llmeter.Runner) error {
	r.Folder, r.Overwrite, r.RunName, r.LowMemory, r.NoEvents = f.Output, f.Overwrite, f.Name, f.LowMemory, f.NoEvents
	if f.LowMemory && f.Output == "" {
		return errors.New("--low-memory needs --output")
	}
	return nil
}

func (f *outputFlags) progress() string {
	if f.Quiet {
		return "none"
	}
	return f.Progress
}
