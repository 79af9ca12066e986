package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const maxPlaces = 40 // of the prediction trie

// patterns are calls that requests have in common.
func (f *facts) patterns() figure.Section {
	p := f.Patterns
	if p == nil {
		return figure.Section{}
	}
	s := figure.Section{Title: "Patterns", Note: fmt.Sprintf("Lists of calls that at least %s of %s contain in this order, and that cannot be made longer without losing one. Calls of a model are the same only if their prompts are, as far as max_text_len goes; with 0 the model alone counts.", count(p.Support), plural(p.Requests, "request"))}
	if len(p.Patterns) == 0 {
		s.Blocks = []figure.Block{figure.Note{Text: "There are none."}}
		return s
	}
	t := figure.Table{Columns: []figure.Column{{Name: "calls"}, {Name: "requests", Right: true}, {Name: "coverage", Right: true}, {Name: "mean time", Right: true}}}
	for _, x := range p.Patterns {
		var names []string
		for _, call := range x.Pattern {
			names = append(names, clip(call, 90))
		}
		t.Rows = append(t.Rows, cells(strings.Join(names, " → "), count(x.Frequency), figure.Fraction.Format(x.Coverage), figure.Seconds.Format(x.AverageDuration)))
	}
	if p.Truncated {
		t.Note = "There were too many; less frequent ones may be missing."
	}
	s.Blocks = []figure.Block{t}
	return s
}

// forecasts are what will follow, and how far off that is.
func (f *facts) forecasts() figure.Section {
	s := figure.Section{Title: "What will follow"}
	if f.Forecast != nil {
		s.Blocks = append(s.Blocks, forecastTable(f.Forecast))
		s.Blocks = append(s.Blocks, forecastFigures(f.Forecast)...)
	}
	if f.Trie != nil && f.Trie.Root != nil {
		s.Blocks = append(s.Blocks, trieTable(f.Trie))
	}
	return s
}

func forecastTable(m *profiler.Forecast) figure.Table {
	t := figure.Table{
		Title: "Forecasts of token use", Note: fmt.Sprintf("Learnt from %s with %s. Errors are those on requests that the model had not learnt from, beside those of the naive forecast: the value of the call before.", plural(m.Requests, "request"), plural(m.Calls, "call")),
		Columns: []figure.Column{{Name: "what"}, {Name: "mean", Right: true}, {Name: "error of the model", Right: true}, {Name: "naive error", Right: true}, {Name: "nine of ten within ±", Right: true}, {Name: "skill", Right: true}, {Name: "used"}},
	}
	if m.Folds == 0 {
		t.Note = fmt.Sprintf("Learnt from %s with %s: too few to say how far off it is.", plural(m.Requests, "request"), plural(m.Calls, "call"))
	}
	for _, x := range m.Targets {
		u := unitOf(x.Unit)
		skill := "–"
		if x.Skill != nil {
			skill = figure.Fraction.Format(*x.Skill)
		}
		row := cells(strings.ReplaceAll(x.Name, "_", " "), u.Format(x.Mean))
		if m.Folds == 0 {
			row = append(row, cells("–", "–", "–")...)
		} else {
			row = append(row, cells(u.Format(x.Model.Mean), u.Format(x.Naive.Mean), u.Format(used(x).P90))...)
		}
		t.Rows = append(t.Rows, append(row, cells(skill, x.Use)...))
	}
	return t
}

func used(t profiler.ForecastTarget) profiler.ForecastError {
	if t.Use == "model" {
		return t.Model
	}
	return t.Naive
}

func unitOf(name string) figure.Unit {
	switch name {
	case "s", "seconds":
		return figure.Seconds
	case "":
		return figure.None
	}
	return figure.Unit(name)
}

// forecastFigures show the mean of each target with the error of its forecast, one figure a unit.
func forecastFigures(m *profiler.Forecast) (blocks []figure.Block) {
	if m.Folds == 0 {
		return nil
	}
	byUnit := map[string][]profiler.ForecastTarget{}
	for _, t := range m.Targets {
		byUnit[t.Unit] = append(byUnit[t.Unit], t)
	}
	for _, unit := range slices.Sorted(maps.Keys(byUnit)) {
		fig := figure.Figure{
			Title: "Forecasts of " + unit, Note: "A forecast of the mean, with the error that nine of ten forecasts keep.",
			X: figure.Axis{Label: unit},
		}
		if unitOf(unit) == figure.Seconds {
			fig.Title, fig.X = "Forecasts of time", figure.Axis{Label: "time", Unit: figure.Seconds}
		}
		i := figure.Intervals{Name: "mean and nine of ten"}
		for _, t := range byUnit[unit] {
			off := used(t).P90
			fig.Y.Categories = append(fig.Y.Categories, strings.ReplaceAll(t.Name, "_", " "))
			i.At, i.Lo, i.Hi = append(i.At, t.Mean), append(i.Lo, max(0, t.Mean-off)), append(i.Hi, t.Mean+off)
		}
		fig.Series = []figure.Series{i}
		blocks = append(blocks, fig)
	}
	return blocks
}

// trieTable lists the places of the workflow with the most calls, and what follows them.
func trieTable(trie *profiler.PredictionTrie) figure.Table {
	type place struct {
		path  string
		index string
		p     profiler.Prediction
	}
	var places []place
	var walk func(n *profiler.TrieNode, path []string)
	walk = func(n *profiler.TrieNode, path []string) {
		for _, index := range slices.Sorted(maps.Keys(n.ByIndex)) {
			places = append(places, place{strings.Join(path, " → "), count(index), n.ByIndex[index]})
		}
		for _, name := range slices.Sorted(maps.Keys(n.Children)) {
			walk(n.Children[name], append(slices.Clip(path), clip(name, 40)))
		}
	}
	walk(trie.Root, []string{"any"})
	samples := func(p place) int { return max(p.p.RemainingCalls.SampleCount, p.p.OutputTokens.SampleCount) }
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(samples(b), samples(a)) })
	t := figure.Table{
		Title: "After a call of a model", Note: "By function and by the number of the call in it: medians, and in brackets the 90th percentiles. Sensitivity: how much the request suffers from a slow call, 1 the least.",
		Columns: []figure.Column{{Name: "function"}, {Name: "call", Right: true}, {Name: "n", Right: true}, {Name: "calls to follow", Right: true}, {Name: "until the next", Right: true}, {Name: "output tokens", Right: true}, {Name: "sensitivity", Right: true}},
	}
	for _, x := range places[:min(len(places), maxPlaces)] {
		sensitivity := "–"
		if x.p.LatencySensitivity != nil {
			sensitivity = count(*x.p.LatencySensitivity)
		}
		t.Rows = append(t.Rows, cells(x.path, x.index, count(samples(x)), spread(x.p.RemainingCalls, 1, figure.None), spread(x.p.InterarrivalMS, 1e-3, figure.Seconds), spread(x.p.OutputTokens, 1, figure.None), sensitivity))
	}
	if len(places) > maxPlaces {
		t.Note += fmt.Sprintf(" The %d places with the most calls of %s.", maxPlaces, count(len(places)))
	}
	return t
}

func spread(m profiler.PredictionMetrics, scale float64, u figure.Unit) string {
	if m.SampleCount == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s)", u.Format(m.P50*scale), u.Format(m.P90*scale))
}
