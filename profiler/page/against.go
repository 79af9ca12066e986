package page

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

// Comparison is a section that tells by what a profile differs from another one: A is the other one, and B that of the page.
func Comparison(c *profiler.Comparison) figure.Section {
	s := figure.Section{Title: "Against the baseline", Note: fmt.Sprintf("A: %s before, B: %s of this profile. Differences have intervals at 95 %%, each by itself; "+
		"verdicts are corrected for the number of comparisons.", plural(c.RequestsA, "request"), plural(c.RequestsB, "request"))}
	t := figure.Table{Columns: []figure.Column{{Name: "what"}, {Name: "A", Right: true}, {Name: "B", Right: true}, {Name: "change", Right: true}, {Name: "difference", Right: true}, {Name: "p", Right: true}, {Name: "verdict"}}}
	for _, d := range c.Differences {
		u := unitOf(d.Unit)
		if d.Unit == "" {
			u = figure.Fraction
		}
		change, difference, p := "–", "–", "–"
		if r := d.Relative(); !math.IsNaN(r) {
			change = fmt.Sprintf("%+.3g %%", 100*r)
		}
		if d.Interval.Exists() {
			difference = (&profiler.Bounds{d.Interval.Lo, d.Interval.Hi}).Format(u)
		}
		if !math.IsNaN(d.Adjusted) {
			p = fmt.Sprintf("%.2g", d.Adjusted)
		}
		tone := map[string]figure.Tone{"better": figure.Good, "worse": figure.Bad}[d.Verdict()]
		t.Rows = append(t.Rows, append(cells(clip(d.Key, 60), u.Format(d.A), u.Format(d.B), change, difference, p), figure.Cell{Text: d.Verdict(), Tone: tone}))
	}
	if len(t.Rows) == 0 {
		t.Note = "Nothing that can be compared differs between any two requests."
	}
	s.Blocks = []figure.Block{t}
	for i, keys := range [][]string{c.OnlyA, c.OnlyB} {
		if len(keys) > 0 {
			s.Blocks = append(s.Blocks, figure.Note{Title: "Only in " + string("AB"[i]), Text: clip(strings.Join(keys, ", "), 1000)})
		}
	}
	return s
}

// server is what was collected of the server, whatever it is: its numbers by name.
func (f *facts) server() figure.Section {
	if f.InferenceOptimization.DynamoMetrics == nil {
		return figure.Section{}
	}
	text, err := json.Marshal(f.InferenceOptimization.DynamoMetrics)
	values := map[string]any{}
	if err != nil || json.Unmarshal(text, &values) != nil {
		return figure.Section{}
	}
	t := figure.Table{Columns: []figure.Column{{Name: "metric"}, {Name: "value", Right: true}}}
	numbers("", values, &t)
	s := figure.Section{Title: "Server", Note: "What Prometheus knows of the server, other clients included. Over the run is what was counted from its start to its end."}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, t)
	}
	if errs, _ := values["errors"].([]any); len(errs) > 0 {
		var lines []string
		for _, e := range errs {
			lines = append(lines, clip(fmt.Sprint(e), 300))
		}
		s.Blocks = append(s.Blocks, figure.Note{Tone: figure.Warn, Title: "Not all could be collected", Text: strings.Join(lines, "\n")})
	}
	return s
}

// numbers lists the numbers of an object, those of objects in it behind.
func numbers(prefix string, values map[string]any, t *figure.Table) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v, ok := values[name].(float64); ok {
			t.Rows = append(t.Rows, cells(prefix+strings.ReplaceAll(name, "_", " "), figure.None.Format(v)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if inner, ok := values[name].(map[string]any); ok {
			numbers(prefix+strings.ReplaceAll(name, "_", " ")+": ", inner, t)
		}
	}
}
