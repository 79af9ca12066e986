package main

import (
	"context"
	"fmt"

	"github.com/llmeter-go/llmeter/mock"
)

type mockCommand struct {
	Listen         string         `default:"127.0.0.1:8000" help:"Address to listen on; port 0 takes a free one."`
	TTFT           mock.Delay     `name:"ttft" default:"100ms" help:"Time to first token: 200ms, \"exp 200ms\", \"lognormal 200ms sigma 0.3\" or \"uniform 100ms to 300ms\"."`
	ITL            mock.Delay     `name:"itl" default:"10ms" help:"Time between tokens, likewise."`
	Tokens         mock.Count     `placeholder:"N" help:"Tokens of an answer, a number or a distribution; by default as many as the request allows."`
	TokensPerEvent mock.Count     `name:"tokens-per-event" placeholder:"N" help:"Tokens in one event of a stream; by default 1."`
	Reasoning      mock.Count     `placeholder:"N" help:"How many of an answer's first tokens are reasoning."`
	RoleFirst      bool           `name:"role-first" help:"Send a chunk that names the role before the first token."`
	Usage          mock.UsageMode `default:"last" help:"Where a stream reports usage: last, first, absent or wrong."`
	Slots          int            `placeholder:"N" help:"Requests that are worked on at once; others queue. 0 = no limit."`
	Fault          []mock.Fault   `sep:"none" placeholder:"FAULT" help:"What goes wrong, e.g. \"status 429 rate 0.05\" or \"cut after 5 on 3,7\" (repeatable)."`
	Seed           uint64         `placeholder:"N" help:"Seed of everything random."`
	ModelNames     []string       `name:"models" placeholder:"NAME" help:"Models that exist; by default every name does."`
	APIKey         string         `name:"api-key" placeholder:"KEY" env:"LLMETER_MOCK_API_KEY" help:"Key that requests must bring."`
	Records        int            `default:"100000" help:"How many requests are remembered for GET /mock/records."`

	Config configFile `embed:""`
}

// Run serves until the context is done.
func (c *mockCommand) Run(ctx context.Context, term *terminal) error {
	o := mock.Options{
		TTFT: c.TTFT, ITL: c.ITL, Tokens: c.Tokens, TokensPerEvent: c.TokensPerEvent, Reasoning: c.Reasoning,
		RoleFirst: c.RoleFirst, Usage: c.Usage, Slots: c.Slots, Faults: c.Fault, Seed: c.Seed, Models: c.ModelNames,
		APIKey: c.APIKey, RecordLimit: c.Records, Addr: c.Listen,
	}
	if err := o.Validate(); err != nil {
		return &exitError{exitUsage, err}
	}
	server, err := mock.Start(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(term.out, "serving %s/v1 (what was sent when: %s/mock/records)\n", server.URL, server.URL)
	<-ctx.Done()
	return server.Close()
}
