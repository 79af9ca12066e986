package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const (
	maxPrefixes = 200 // of a model, in its tree
	prefixRows  = 15
	prefixText  = 160 // characters
)

// prompts is what prompts have in common.
func (f *facts) prompts() figure.Section {
	o := f.InferenceOptimization
	if o.CommonPrefixes == nil && o.TokenUniqueness == nil {
		return figure.Section{}
	}
	s := figure.Section{Title: "Prompts", Note: "What prompts to a model have in common from their beginning on is what a cache of the server can save."}
	if o.CommonPrefixes != nil {
		s.Blocks = append(s.Blocks, cacheTable(o.CommonPrefixes))
		for _, model := range slices.Sorted(maps.Keys(o.CommonPrefixes)) {
			s.Blocks = append(s.Blocks, prefixTree(model, o.CommonPrefixes[model])...)
		}
	}
	if len(o.TokenUniqueness) > 0 {
		s.Blocks = append(s.Blocks, uniqueness(o.TokenUniqueness))
	}
	return s
}

func cacheTable(models map[string]profiler.CommonPrefixes) figure.Table {
	t := figure.Table{
		Title: "What a cache could save", Note: fmt.Sprintf("Prompt tokens that stand in a block of %d which another prompt had before, with a cache without limit.", profiler.BlockTokens),
		Columns: []figure.Column{{Name: "model"}, {Name: "prompts", Right: true}, {Name: "tokens", Right: true}, {Name: "saved", Right: true}, {Name: "share", Right: true}, {Name: "tokens are"}},
	}
	for _, model := range slices.Sorted(maps.Keys(models)) {
		c := models[model]
		t.Rows = append(t.Rows, cells(clip(model, 60), count(c.TotalCalls), figure.None.Format(c.Blocks.PromptTokens), figure.None.Format(c.Blocks.CachedTokens), figure.Fraction.Format(c.Blocks.Share), c.Blocks.Method))
	}
	return t
}

// prefixTree is a flame graph whose width is calls: each prefix below the one that it continues.
func prefixTree(model string, c profiler.CommonPrefixes) []figure.Block {
	if len(c.PrefixInfo) == 0 {
		return []figure.Block{figure.Note{Title: clip(model, 60), Text: "No beginning is shared by enough prompts."}}
	}
	list := slices.Clone(c.PrefixInfo)
	slices.SortStableFunc(list, func(a, b profiler.PrefixInfo) int { return strings.Compare(a.Prefix, b.Prefix) })
	root := figure.Frame{Name: fmt.Sprintf("%s: %s", clip(model, 60), plural(c.TotalCalls, "prompt")), Value: float64(c.TotalCalls), Children: prefixFrames(list[:min(len(list), maxPrefixes)], "")}
	tree := figure.Figure{
		Title: "Prefixes of prompts to " + clip(model, 60), Wide: true, X: figure.Axis{Label: "prompts"},
		Note:   "A frame is a beginning that so many prompts share, and shows what it adds to the one above it.",
		Series: []figure.Series{figure.Flame{Kinds: []figure.Kind{{Name: "prompts", Color: figure.Sky}}, Root: root}},
	}
	t := figure.Table{Title: "Longest prefixes", Columns: []figure.Column{
		{Name: "prefix"}, {Name: "calls", Right: true}, {Name: "share", Right: true}, {Name: "characters", Right: true}, {Name: "tokens", Right: true}, {Name: "blocks", Right: true},
	}}
	for _, p := range c.PrefixInfo[:min(len(c.PrefixInfo), prefixRows)] {
		t.Rows = append(t.Rows, cells(clip(p.Prefix, prefixText), count(p.CallsCount), figure.Fraction.Format(p.CallsPercentage), count(p.PrefixLength), figure.None.Format(p.Tokens), count(p.Blocks)))
	}
	if n := len(c.PrefixInfo) + c.Omitted; n > prefixRows {
		t.Note = fmt.Sprintf("The first %d of %s.", prefixRows, count(n))
	}
	return []figure.Block{tree, figure.Details{Title: "Longest prefixes of prompts to " + clip(model, 60), Blocks: []figure.Block{t}}}
}

// prefixFrames nests prefixes, which are in the order of their text, so that each is followed by those that continue it.
func prefixFrames(list []profiler.PrefixInfo, above string) (frames []figure.Frame) {
	for len(list) > 0 {
		p := list[0]
		n := 1
		for n < len(list) && strings.HasPrefix(list[n].Prefix, p.Prefix) {
			n++
		}
		frames = append(frames, figure.Frame{
			Name: clip(strings.TrimPrefix(p.Prefix, above), 80), Value: float64(p.CallsCount), Children: prefixFrames(list[1:n], p.Prefix),
		})
		list = list[n:]
	}
	return frames
}

func uniqueness(models map[string]profiler.UniquenessMetrics) figure.Table {
	t := figure.Table{
		Title: "New in each prompt", Note: "Against the prompt before it to the same model in the same request: tokens behind what both begin with, which a server with a cache must read, and words that the one before does not have.",
		Columns: []figure.Column{{Name: "model"}, {Name: "pairs", Right: true}, {Name: "new tokens p50", Right: true}, {Name: "p90", Right: true}, {Name: "p99", Right: true}, {Name: "share of all", Right: true}, {Name: "new words p90", Right: true}},
	}
	for _, model := range slices.Sorted(maps.Keys(models)) {
		u := models[model]
		t.Rows = append(t.Rows, cells(clip(model, 60), count(u.NewTokens.N), figure.None.Format(u.NewTokens.P50), figure.None.Format(u.NewTokens.P90), figure.None.Format(u.NewTokens.P99), figure.Fraction.Format(u.NewTokens.Share), figure.None.Format(u.P90)))
	}
	return t
}
