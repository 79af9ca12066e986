package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/stats"
)

// compare compares the results with the traces of a baseline; nil without one.
func (c *profileCommand) compare(ctx context.Context, before []traceSource, results *profiler.Results) (*profiler.Comparison, error) {
	if len(before) == 0 || results == nil {
		return nil, nil
	}
	var requests []*profiler.Request
	var errs []error
	for t, err := range readTraces(ctx, before) {
		if ctx.Err() != nil {
			return nil, nil
		}
		if err != nil {
			errs = append(errs, prefixed("--baseline", err))
			continue
		}
		requests = append(requests, profiler.Resolve(t))
	}
	return profiler.Compare(requests, results.Requests, stats.Comparer{Tolerance: c.Tolerance}), errors.Join(errs...)
}

// worse turns what is worse than the baseline into an error with the exit code.
func worse(c *profiler.Comparison) error {
	if c == nil || len(c.Worse()) == 0 {
		return nil
	}
	var keys []string
	for _, d := range c.Worse() {
		keys = append(keys, d.Key)
	}
	return &exitError{exitFailed, fmt.Errorf("worse than the baseline: %s", strings.Join(keys, ", "))}
}

func line(w io.Writer) error {
	_, err := io.WriteString(w, "\n")
	return err
}
