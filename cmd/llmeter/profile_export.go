package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/atif"
	"github.com/llmeter-go/llmeter/profiler/otlp"
)

// saved are the traces that the profiler has written, read again.
func (c *profileCommand) saved() iter.Seq2[*profiler.Trace, error] {
	return profiler.ReadFiles(filepath.Join(c.Output, profileTraces))
}

func (c *profileCommand) export(form string, results *profiler.Results) error {
	switch form {
	case "otlp":
		return c.file("traces.otlp.jsonl", func(w io.Writer) error { return otlp.Write(w, c.saved()) })
	case "atif":
		return c.file("trajectories.atif.jsonl", func(w io.Writer) error { return atif.Write(w, c.saved()) })
	}
	return c.file("trace.chrome.json", func(w io.Writer) error { return profiler.WriteChromeTrace(w, results.Requests) })
}

// evaluate writes the evaluators and the usage of each request.
func (c *profileCommand) evaluate(ctx context.Context) error {
	usage := map[int]profiler.ItemUsage{}
	evaluators := profiler.Evaluators()
	items := make([][]profiler.Evaluation, len(evaluators))
	for t, err := range c.saved() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		usage[t.Number] = profiler.UsageOf(t)
		for i, e := range evaluators {
			items[i] = append(items[i], e.Item(t))
		}
	}
	for i, e := range evaluators {
		output := profiler.NewEvaluationOutput(items[i])
		if err := c.file(e.Name+"_output.json", encoded(output)); err != nil {
			return err
		}
	}
	return c.file("usage_stats.json", encoded(profiler.NewRunUsage(usage)))
}

func encoded(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}

// counted lists numbers by name: "3 failed, 1 unfinished".
func counted[K cmp.Ordered](numbers map[K]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		parts = append(parts, fmt.Sprintf("%d %v", numbers[name], name))
	}
	return strings.Join(parts, ", ")
}
