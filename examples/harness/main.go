// Harness is an experiment of one's own in the style of package experiments: what does a server's cache of prompts save? For
// each length of prompt it makes two runs, one with new prompts and one with a prompt that the server has seen.
//
// Stop it with Ctrl-C and start it again: runs that are in its folder are not made twice.
package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/prompt"
)

// PromptCache is the experiment: a Runner for all that its runs have in common, and what is varied.
type PromptCache struct {
	Runner   llmeter.Runner
	Lengths  []int // of the prompts, in tokens
	Progress func(experiments.Progress)
}

// A Saving is the median time to the first token, in seconds.
type Saving struct {
	Length     int
	Cold, Warm float64
}

// Run makes all runs. What the output folder holds already is loaded.
func (c PromptCache) Run(ctx context.Context) (all []Saving, err error) {
	series, err := experiments.Plan{
		Kind: "prompt cache", Runner: c.Runner, Runs: 2 * len(c.Lengths), Progress: c.Progress,
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range c.Lengths {
		s := Saving{Length: n}
		for _, run := range []struct {
			name    string
			prompts int
			median  *float64
		}{{"cold", c.Runner.Requests, &s.Cold}, {"warm", 1, &s.Warm}} {
			r := c.Runner
			if r.Payloads, err = prompts(n, run.prompts); err != nil {
				return all, err
			}
			res, err := series.Run(ctx, fmt.Sprintf("%05d-tokens-%s", n, run.name), r)
			if err != nil {
				return all, err
			}
			*run.median, _ = res.Stats().Lookup("ttft-p50")
		}
		all = append(all, s)
	}
	return all, nil
}

// prompts are so many different ones of a length.
func prompts(tokens, n int) (payloads []llmeter.Payload, err error) {
	samples, err := prompt.Collection{
		InputLengths: []int{tokens}, OutputLengths: []int{1}, RequestsPerCombination: n, UniquePrefix: true, Seed: uint64(n),
	}.Samples()
	for _, s := range samples {
		payloads = append(payloads, endpoint.JSON(map[string]string{"prompt": s.Text}))
	}
	return payloads, err
}

// caching answers in the place of a server: it reads 20 tokens of a prompt in a millisecond, unless it has seen it.
func caching() llmeter.Endpoint {
	var seen sync.Map
	answer := func(ctx context.Context, p endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			text, _ := p.Get("prompt")
			if _, cached := seen.LoadOrStore(text, true); !cached {
				time.Sleep(time.Duration(len(strings.Fields(text.(string)))) * time.Millisecond / 20)
			}
			yield(endpoint.Chunk{Text: "yes"}, nil)
		}
	}
	return endpoint.NewStream(endpoint.Info{Name: "caching", Model: "m"}, answer)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	savings, err := PromptCache{
		Runner:  llmeter.Runner{Endpoint: caching(), Clients: 1, Requests: 10, OutputPath: "runs", RunName: "prompt-cache"},
		Lengths: []int{100, 400, 1600},
		Progress: func(p experiments.Progress) {
			if p.Current.Sent == 0 {
				fmt.Printf("%d of %d runs, %d of them found\n", p.Done, p.Runs, p.Found)
			}
		},
	}.Run(ctx)
	fmt.Println("tokens      cold      warm")
	for _, s := range savings {
		fmt.Printf("%6d %6.1f ms %6.1f ms\n", s.Length, s.Cold*1e3, s.Warm*1e3)
	}
	return err
}
