package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/price"
)

// costs are what the calls of models cost.
func (f *facts) costs() figure.Section {
	c := f.Profile.Costs
	if c == nil || len(c.ByModel) == 0 && len(c.Unpriced) == 0 {
		return figure.Section{}
	}
	money := figure.Unit(c.Currency)
	amount := func(a price.Amount) string { return money.Format(a.Units()) }
	s := figure.Section{Title: "Cost", Note: "By the prices that were given."}
	if c.Total != nil {
		tiles := figure.Tiles{{Label: "Total", Value: amount(*c.Total)}}
		if c.ByRequest != nil {
			tiles = append(tiles, tile("A request, mean", c.ByRequest, money))
		}
		s.Blocks = append(s.Blocks, tiles)
	}
	if len(c.ByModel) > 0 {
		t := figure.Table{Title: "By model", Columns: []figure.Column{{Name: "model"}, {Name: "calls", Right: true}, {Name: "input", Right: true}, {Name: "cached input", Right: true}, {Name: "output", Right: true},
			{Name: "reasoning", Right: true}, {Name: "compute", Right: true}, {Name: "total", Right: true}}}
		for _, model := range slices.Sorted(maps.Keys(c.ByModel)) {
			m := c.ByModel[model]
			t.Rows = append(t.Rows, cells(clip(model, 60), count(m.Calls), amount(m.Cost.Input), amount(m.Cost.CachedInput), amount(m.Cost.Output), amount(m.Cost.Reasoning), amount(m.Cost.Compute), amount(m.Total)))
		}
		s.Blocks = append(s.Blocks, t)
	}
	if len(c.BySteps) > 0 {
		fig := figure.Figure{Title: "Cost by step", Note: "Of the calls of a model from a function; compute is in none.", Wide: true, X: figure.Axis{Label: "cost", Unit: money}}
		bars := figure.Bars{Name: "cost", Color: figure.Purple}
		for _, step := range c.BySteps[:min(len(c.BySteps), maxOperation)] {
			fig.Y.Categories = append(fig.Y.Categories, clip(step.Function, 24)+" → "+clip(step.Model, 24))
			bars.Values = append(bars.Values, step.Cost.Units())
		}
		fig.Series = []figure.Series{bars}
		s.Blocks = append(s.Blocks, fig)
	}
	if len(c.TopRequests) > 0 {
		t := figure.Table{Title: "The costliest requests", Columns: []figure.Column{{Name: "request"}, {Name: "calls", Right: true}, {Name: "cost", Right: true}}}
		for _, r := range c.TopRequests[:min(len(c.TopRequests), 10)] {
			t.Rows = append(t.Rows, cells(count(r.Request), count(r.Calls), amount(r.Cost)))
		}
		s.Blocks = append(s.Blocks, figure.Details{Title: t.Title, Blocks: []figure.Block{t}})
	}
	var unpriced []string
	for _, model := range slices.Sorted(maps.Keys(c.Unpriced)) {
		u := c.Unpriced[model]
		unpriced = append(unpriced, fmt.Sprintf("%s: %s with %s tokens in and %s out", clip(model, 60), plural(u.Calls, "call"), count(u.PromptTokens), count(u.CompletionTokens)))
	}
	if len(unpriced) > 0 {
		s.Blocks = append(s.Blocks, figure.Note{Tone: figure.Warn, Title: "No price, and so in no cost", Text: strings.Join(unpriced, "; ") + "."})
	}
	if c.WithoutUsage > 0 {
		s.Blocks = append(s.Blocks, figure.Note{Tone: figure.Warn, Text: plural(c.WithoutUsage, "call") + " did not report tokens and cost nothing here."})
	}
	return s
}
