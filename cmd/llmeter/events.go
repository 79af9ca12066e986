package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"

	"github.com/llmeter-go/llmeter/result"
)

type eventsCommand struct {
	Folder string `arg:"" name:"dir" help:"Folder of the run."`
}

// Run prints the event log of a run as JSON Lines: one line a request, up to where the log is damaged.
func (c *eventsCommand) Run(ctx context.Context, term *terminal) error {
	out := bufio.NewWriterSize(term.out, 1<<16)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for record, err := range result.Events(ctx, nil, c.Folder) {
		if err == nil {
			err = lines.Encode(record)
		}
		if ctx.Err() != nil {
			return &exitError{exitInterrupted, out.Flush()}
		}
		if err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	return out.Flush()
}
