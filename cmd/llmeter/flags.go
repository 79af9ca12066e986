package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/tokenizer"
	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

// inputFlags say what is sent.
type inputFlags struct {
	Prompt    string `placeholder:"TEXT" xor:"input" help:"Prompt to send, or @FILE to read it from a file."`
	Payloads  string `placeholder:"FILE" xor:"input" help:"Payloads to send: a JSON or JSON Lines file, or a folder of them."`
	MaxTokens int    `name:"max-tokens" default:"256" help:"Most tokens to generate for --prompt."`
}

// given reports whether they say what to send.
func (f *inputFlags) given() bool { return f.Prompt != "" || f.Payloads != "" }

// errNothingToSend is the error of flags that do not say what to send.
var errNothingToSend = errors.New("--prompt or --payloads is missing")

func (f *inputFlags) apply(r *llmeter.Runner) error {
	var errs []error
	if f.MaxTokens <= 0 {
		errs = append(errs, errors.New("--max-tokens must be more than 0"))
	}
	r.PayloadPath = f.Payloads
	if f.Prompt != "" {
		p, err := f.payload(r.Endpoint, f.MaxTokens)
		r.Payloads, errs = []llmeter.Payload{p}, append(errs, err)
	}
	return errors.Join(errs...)
}

// payload is the prompt as a request for at most so many tokens.
func (f *inputFlags) payload(ep endpoint.Endpoint, maxTokens int) (llmeter.Payload, error) {
	text := f.Prompt
	if file, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return llmeter.Payload{}, fmt.Errorf("--prompt: %w", err)
		}
		text = string(data)
	}
	creator, _ := endpoint.As[endpoint.PayloadCreator](ep)
	return creator.CreatePayload(maxTokens, endpoint.Text(text))
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

// sendFlags say how requests are sent.
type sendFlags struct {
	Timeout   time.Duration `default:"60s" help:"Longest time of one attempt."`
	Retries   int           `placeholder:"N" help:"Send a failed request up to N more times; its latencies then include that."`
	Prewarm   bool          `negatable:"" default:"true" help:"Open connections before the start."`
	Seed      uint64        `placeholder:"N" help:"Seed of everything random; 0 sends payloads in their order."`
	Tokenizer string        `placeholder:"NAME" help:"Counts tokens of prompts, and those that the server does not report: words (the default), a tiktoken encoding, or an OpenAI model."`

	StopOnErrorRate float64 `name:"stop-on-error-rate" placeholder:"SHARE" help:"End the run when this share of its requests has failed, e.g. 0.2."`
	StopOnError     bool    `name:"stop-on-error" help:"End the run at the first failed request."`
}

func (f *sendFlags) apply(r *llmeter.Runner) error {
	var errs []error
	if f.Timeout <= 0 {
		errs = append(errs, errors.New("--timeout must be more than 0"))
	}
	if f.Retries < 0 {
		errs = append(errs, errors.New("--retries must not be negative"))
	}
	if !(f.StopOnErrorRate >= 0 && f.StopOnErrorRate <= 1) {
		errs = append(errs, fmt.Errorf("--stop-on-error-rate %v is not between 0 and 1", f.StopOnErrorRate))
	}
	tok, err := newTokenizer(f.Tokenizer)
	r.Tokenizer = tok
	r.Timeout, r.Seed, r.NoPrewarm = f.Timeout, f.Seed, !f.Prewarm
	r.StopWhen = llmeter.StopWhen{FirstError: f.StopOnError, ErrorRate: f.StopOnErrorRate}
	if f.Retries > 0 {
		r.Retry.Attempts = f.Retries + 1
	}
	return errors.Join(append(errs, err)...)
}

// lengthFlags say how long prompts and answers are.
type lengthFlags struct {
	InputLengths           []int  `name:"input-lengths" placeholder:"N" help:"Lengths of the prompts in tokens, exactly."`
	OutputLengths          []int  `name:"output-lengths" placeholder:"N" help:"Most tokens of the answers."`
	RequestsPerCombination int    `name:"requests-per-combination" default:"1" help:"Different prompts for each combination of lengths."`
	Source                 string `placeholder:"FILE" help:"Text that prompts are cut from; by default they are random words."`
	Loop                   bool   `help:"Let prompts go round a --source that is too short for them."`
	UniquePrefix           bool   `name:"unique-prefix" help:"Begin each prompt with words of its own, so that the server's cache of prefixes is of no use."`
}

// given reports whether they say what to send.
func (f *lengthFlags) given() bool { return len(f.InputLengths)+len(f.OutputLengths) > 0 }

func (f *lengthFlags) check() error {
	return errors.Join(positive("--input-lengths", f.InputLengths...), positive("--output-lengths", f.OutputLengths...),
		positive("--requests-per-combination", f.RequestsPerCombination))
}

// positive complains of values that are not more than 0.
func positive[T ~int | ~float64](flag string, values ...T) error {
	for _, v := range values {
		if !(v > 0) {
			return fmt.Errorf("%s must be more than 0, not %v", flag, v)
		}
	}
	return nil
}

func notNegative[T ~int | ~int64 | ~float64](flag string, value T) error {
	if value < 0 {
		return fmt.Errorf("%s must not be negative", flag)
	}
	return nil
}
