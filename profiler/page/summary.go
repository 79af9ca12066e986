package page

import (
	"fmt"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

// summary is the key numbers, and what the reader should know before believing them.
func (f *facts) summary() []figure.Block {
	if f.steps == 0 {
		return append([]figure.Block{figure.Note{Tone: figure.Warn, Title: "Nothing to show", Text: "The traces hold no step."}}, f.doubts()...)
	}
	ci := f.InferenceOptimization.ConfidenceIntervals
	tiles := figure.Tiles{
		tile("Run time, mean", ci.WorkflowRuntime.Corrected, figure.Seconds),
		percentile("Run time, p95", ci.WorkflowRuntime.Corrected, "p95"),
		tile("LLM call, mean", ci.LLMLatency.Corrected, figure.Seconds),
		percentile("LLM call, p95", ci.LLMLatency.Corrected, "p95"),
		tile("Throughput", ci.Throughput.Corrected, "requests/s"),
	}
	tiles = append(tiles, f.shares()...)
	tiles = append(tiles, figure.Tile{Label: "Tokens", Value: count(f.tokens.PromptTokens + f.tokens.CompletionTokens), Note: f.tokenNote()})
	if share, n := f.cacheable(); n > 0 {
		tiles = append(tiles, figure.Tile{Label: "Prompts that a cache could save", Value: figure.Fraction.Format(share), Note: fmt.Sprintf("in blocks of %d tokens", profiler.BlockTokens)})
	}
	return append([]figure.Block{tiles}, f.doubts()...)
}

func tile(label string, e *profiler.Estimate, u figure.Unit) figure.Tile {
	t := figure.Tile{Label: label, Value: "–"}
	if e == nil {
		return t
	}
	if e.Mean != nil {
		t.Value = u.Format(*e.Mean)
	}
	t.Note = note(e.NinetyFifth, u, e.N)
	return t
}

func note(b *profiler.Bounds, u figure.Unit, n int) string {
	if b == nil {
		return fmt.Sprintf("no interval, n = %s", count(n))
	}
	return fmt.Sprintf("%s, n = %s", b.Format(u), count(n))
}

func percentile(label string, e *profiler.Estimate, name string) figure.Tile {
	t := figure.Tile{Label: label, Value: "–"}
	if e == nil {
		return t
	}
	for _, p := range e.Percentiles {
		if p.Name == name {
			t.Value, t.Note = figure.Seconds.Format(p.Value), note(p.Interval, figure.Seconds, e.N)
		}
	}
	return t
}

// shares say what requests waited for.
func (f *facts) shares() (tiles []figure.Tile) {
	if !(f.nested.Wall > 0) {
		return nil
	}
	times := map[profiler.Category]float64{}
	for i := range f.nested.Nodes {
		times[f.nested.Nodes[i].OperationType] += f.nested.Nodes[i].CriticalTime
	}
	for _, c := range []struct {
		category profiler.Category
		label    string
	}{{profiler.LLM, "Waited for models"}, {profiler.Tool, "Waited for tools"}} {
		tiles = append(tiles, figure.Tile{
			Label: c.label, Value: figure.Fraction.Format(times[c.category] / f.nested.Wall), Note: figure.Seconds.Format(times[c.category]) + " on critical paths",
		})
	}
	rest := max(0, f.nested.Wall-times[profiler.LLM]-times[profiler.Tool])
	return append(tiles, figure.Tile{Label: "Everything else", Value: figure.Fraction.Format(rest / f.nested.Wall), Note: "the workflow's own code, and pauses"})
}

func (f *facts) tokenNote() string {
	parts := []string{count(f.tokens.PromptTokens) + " in"}
	if f.tokens.CachedTokens > 0 {
		parts[0] += fmt.Sprintf(" (%s cached)", count(f.tokens.CachedTokens))
	}
	out := count(f.tokens.CompletionTokens) + " out"
	if f.tokens.ReasoningTokens > 0 {
		out += fmt.Sprintf(" (%s reasoning)", count(f.tokens.ReasoningTokens))
	}
	return strings.Join(append(parts, out), ", ")
}

// cacheable is the share of prompt tokens that a cache could save, over all models, and how many tokens there are.
func (f *facts) cacheable() (share, tokens float64) {
	saved := 0.0
	for _, c := range f.InferenceOptimization.CommonPrefixes {
		saved += c.Blocks.CachedTokens
		tokens += c.Blocks.PromptTokens
	}
	if tokens == 0 {
		return 0, 0
	}
	return saved / tokens, tokens
}

// doubts are what was left out and what went wrong.
func (f *facts) doubts() (blocks []figure.Block) {
	in := f.InferenceOptimization.Input
	var lines []string
	if in.Unreadable > 0 {
		lines = append(lines, fmt.Sprintf("%s of the traces could not be read and %s left out; see Input.", plural(in.Unreadable, "part"), wasWere(in.Unreadable)))
	}
	if n := len(in.UnknownTypes); n > 0 {
		lines = append(lines, fmt.Sprintf("Steps of %s were not looked at; see Input.", plural(n, "unknown type")))
	}
	if in.Empty > 0 {
		lines = append(lines, fmt.Sprintf("%s without any step.", plural(in.Empty, "request")))
	}
	open := 0
	for state, n := range in.Incomplete {
		if state != profiler.Failed {
			open += n
		}
	}
	if open > 0 {
		lines = append(lines, fmt.Sprintf("%s without a start or an end: no time is counted for them; see Incomplete and failed.", plural(open, "span")))
	}
	if len(lines) > 0 {
		blocks = append(blocks, figure.Note{Tone: figure.Warn, Title: "Not everything could be used", Text: strings.Join(lines, "\n")})
	}
	if n := in.Incomplete[profiler.Failed]; n > 0 {
		blocks = append(blocks, figure.Note{Tone: figure.Bad, Title: plural(n, "span") + " failed", Text: "Their time counts on critical paths, but in no mean and no percentile."})
	}
	return blocks
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
