package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/openai"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/tokenizer"
	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

type runCommand struct {
	URL    string   `required:"" placeholder:"URL" help:"Base URL of the server, e.g. http://127.0.0.1:8000/v1."`
	Model  string   `required:"" placeholder:"NAME" help:"Model to ask for."`
	API    string   `name:"api" enum:"chat,completions,responses,embeddings" default:"chat" help:"Which API: chat, completions, responses or embeddings."`
	APIKey string   `name:"api-key" placeholder:"KEY" help:"API key; better in $$OPENAI_API_KEY, where other users of the machine cannot see it."`
	Header []string `placeholder:"NAME: VALUE" sep:"none" help:"Header of every request (repeatable)."`

	Prompt    string `placeholder:"TEXT" xor:"input" required:"" help:"Prompt to send, or @FILE to read it from a file."`
	Payloads  string `placeholder:"FILE" xor:"input" required:"" help:"Payloads to send: a JSON or JSON Lines file, or a folder of them."`
	MaxTokens int    `name:"max-tokens" default:"256" help:"Most tokens to generate for --prompt."`
	Stream    bool   `negatable:"" default:"true" help:"Ask for a stream, which is what TTFT needs."`

	Clients  int           `default:"1" help:"Requests in flight at once."`
	Requests int           `xor:"limit" placeholder:"N" help:"Requests of each client; without it and --duration, each payload once per client."`
	Duration time.Duration `xor:"limit" placeholder:"TIME" help:"How long to send, e.g. 30s or 5m."`
	Timeout  time.Duration `default:"60s" help:"Longest time of one request."`
	Seed     uint64        `help:"Seed of everything random; 0 sends payloads in their order."`

	Output    string `placeholder:"DIR" help:"Folder for the files of this run."`
	Overwrite bool   `help:"Replace the run that the folder already holds."`
	Name      string `placeholder:"NAME" help:"Name of the run; by default the time."`
	Tokenizer string `placeholder:"NAME" help:"Counts tokens that the server does not report: words (the default), a tiktoken encoding, or an OpenAI model."`
	LowMemory bool   `name:"low-memory" help:"Keep responses on disk only; needs --output."`

	Format   string `enum:"text,json" default:"text" help:"Form of the result: text or json."`
	Quiet    bool   `short:"q" help:"Print nothing but the result."`
	Progress string `enum:"auto,plain,none" default:"auto" help:"Progress on standard error: auto (on a terminal), plain (lines, anywhere) or none."`
}

// Run executes the command.
func (c *runCommand) Run(ctx context.Context, term *terminal) error {
	runner, err := c.runner()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	run, err := runner.Start(ctx)
	if err != nil {
		return err
	}
	watch(run, term.err, c.progress())
	res, err := run.Wait()
	if res == nil {
		return err
	}
	return errors.Join(c.print(term, res), outcome(ctx, res, err))
}

// outcome turns how a run ended into the command's exit code. A run that was interrupted or reached nobody says so even
// where its requests also failed.
func outcome(ctx context.Context, res *llmeter.Result, err error) error {
	stats := res.Stats()
	failed, _ := stats.Lookup("failed_requests")
	switch {
	case errors.Is(err, llmeter.ErrUnreachable):
		return &exitError{exitNoRun, err}
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, errors.New("interrupted: this is the partial result")}
	case err != nil:
		return &exitError{exitNoRun, err}
	case res.TotalRequests > 0 && int(failed) == res.TotalRequests:
		return &exitError{exitFailed, errors.New("every request failed")}
	}
	return nil
}

func (c *runCommand) print(term *terminal, res *llmeter.Result) error {
	if c.Format == "json" {
		return result.WriteJSON(term.out, res)
	}
	return report.Text(term.out, res)
}

func (c *runCommand) progress() string {
	if c.Quiet {
		return "none"
	}
	return c.Progress
}

// runner is the run that the flags describe.
func (c *runCommand) runner() (llmeter.Runner, error) {
	var errs []error
	header, err := headers(c.Header)
	errs = append(errs, err)
	tok, err := newTokenizer(c.Tokenizer)
	errs = append(errs, err)
	if c.LowMemory && c.Output == "" {
		errs = append(errs, errors.New("--low-memory needs --output"))
	}
	for _, n := range []struct {
		flag  string
		value int64
	}{{"--clients", int64(c.Clients)}, {"--max-tokens", int64(c.MaxTokens)}, {"--timeout", int64(c.Timeout)}} {
		if n.value <= 0 {
			errs = append(errs, fmt.Errorf("%s must be more than 0", n.flag))
		}
	}
	if c.Requests < 0 || c.Duration < 0 {
		errs = append(errs, errors.New("--requests and --duration must not be negative"))
	}
	ep := c.endpoint(header)
	r := llmeter.Runner{
		Endpoint: ep, PayloadPath: c.Payloads, Clients: c.Clients, Requests: c.Requests, Duration: c.Duration,
		Timeout: c.Timeout, Seed: c.Seed, Tokenizer: tok, Folder: c.Output, Overwrite: c.Overwrite, RunName: c.Name,
		LowMemory: c.LowMemory,
	}
	if c.Prompt != "" {
		p, err := c.payload(ep)
		errs = append(errs, err)
		r.Payloads = []llmeter.Payload{p}
	}
	return r, errors.Join(errs...)
}

func (c *runCommand) endpoint(header http.Header) endpoint.Endpoint {
	cfg := &openai.Config{BaseURL: c.URL, Model: c.Model, APIKey: c.APIKey, Header: header}
	switch {
	case c.API == "embeddings":
		return (*openai.EmbeddingsEndpoint)(cfg)
	case c.API == "responses" && c.Stream:
		return (*openai.ResponseStreamEndpoint)(cfg)
	case c.API == "responses":
		return (*openai.ResponseEndpoint)(cfg)
	case c.API == "completions" && c.Stream:
		return (*openai.TextCompletionStreamEndpoint)(cfg)
	case c.API == "completions":
		return (*openai.TextCompletionEndpoint)(cfg)
	case c.Stream:
		return (*openai.CompletionStreamEndpoint)(cfg)
	}
	return (*openai.CompletionEndpoint)(cfg)
}

func (c *runCommand) payload(ep endpoint.Endpoint) (llmeter.Payload, error) {
	text := c.Prompt
	if file, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return llmeter.Payload{}, fmt.Errorf("--prompt: %w", err)
		}
		text = string(data)
	}
	creator, _ := endpoint.As[endpoint.PayloadCreator](ep)
	return creator.CreatePayload(c.MaxTokens, endpoint.Text(text))
}

func headers(lines []string) (http.Header, error) {
	var errs []error
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			// Note: the line itself may hold a credential and is not shown.
			errs = append(errs, errors.New(`--header must be "NAME: VALUE"`))
			continue
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, errors.Join(errs...)
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
