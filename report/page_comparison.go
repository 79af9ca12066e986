package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// verdicts of a comparison on one number, in the order in which they matter.
var changes = []struct {
	change experiments.Change
	tone   figure.Tone
	color  figure.Color
}{
	{experiments.Worse, figure.Bad, figure.Red},
	{experiments.Better, figure.Good, figure.Green},
	{experiments.Negligible, figure.Plain, figure.Blue},
	{experiments.NoDifference, figure.Plain, figure.Gray},
	{experiments.TooFew, figure.Warn, figure.Orange},
}

func (c comparison) page() figure.Page {
	runs := slices.Concat(c.A, c.B)
	names := append(sideNames("A", c.A), sideNames("B", c.B)...)
	all := make([]*facts, len(runs))
	for i, run := range runs {
		all[i] = gather(run)
	}
	top := append(warned(c.Warnings), c.answer())
	top = append(top, sharedRemarks(all, names)...)
	if v, judged := sharedVerdict(runs, names, "run"); judged {
		top = append(top, v)
	}
	a, b := all[:len(c.A)], all[len(c.A):]
	return figure.Page{
		Title: "Comparison", Subtitle: clip("A: "+side(c.A)+" · B: "+side(c.B), 300),
		Footer: "Latencies are those of successful requests, in percentiles of type 7. p-values are adjusted for the number of comparisons (Holm); the intervals of differences are not.",
		Sections: []figure.Section{
			{Blocks: top},
			{Title: "Differences", Note: fmt.Sprintf("B less A, with %s confidence intervals.", Percent(c.Level)), Blocks: append([]figure.Block{c.relative()}, c.table())},
			{Title: "Distributions", Note: "Of successful requests.", Blocks: overEachOther(a, b)},
			{Title: "Each run", Blocks: each(all, names)},
		},
	}
}

// side says in short what one side is.
func side(runs []*result.Result) string {
	if len(runs) == 0 {
		return "nothing"
	}
	name := title(runs[0])
	if model := runs[0].ModelID; model != "" && model != name {
		name += " (" + model + ")"
	}
	if len(runs) > 1 {
		return fmt.Sprintf("%s and %s more", name, plural(len(runs)-1, "run"))
	}
	return name
}

func sideNames(name string, runs []*result.Result) []string {
	names := namesOf(runs)
	for i := range names {
		names[i] = name + ": " + names[i]
	}
	return names
}

// answer says in a sentence what was found.
func (c comparison) answer() figure.Note {
	found := map[experiments.Change][]string{}
	for _, d := range c.Differences {
		found[d.Change] = append(found[d.Change], d.Key)
	}
	note := figure.Note{Tone: figure.Good, Title: "No difference seen", Text: fmt.Sprintf("Of %s, none differs for sure.", plural(len(c.Differences), "number"))}
	if n := len(found[experiments.TooFew]); n == len(c.Differences) {
		return figure.Note{Tone: figure.Warn, Title: "Too few values", Text: "No difference, however large, could be seen."}
	}
	var titles, lines []string
	for _, change := range changes {
		keys := found[change.change]
		switch change.change {
		case experiments.Worse, experiments.Better:
			if len(keys) > 0 {
				titles = append(titles, fmt.Sprintf("%s in %s", change.change, plural(len(keys), "number")))
			}
		}
		if len(keys) > 0 {
			lines = append(lines, string(change.change)+": "+strings.Join(keys, ", "))
		}
	}
	if len(titles) > 0 {
		note.Title, note.Text = "B is "+strings.Join(titles, ", "), strings.Join(lines, "\n")
	}
	if len(found[experiments.Worse]) > 0 {
		note.Tone = figure.Bad
	}
	return note
}

// relative has the differences as shares of A's numbers.
func (c comparison) relative() figure.Figure {
	fig := figure.Figure{
		Title: "Relative differences", Note: "Of latencies of which there are enough values, as shares of A's; to the right of the line B is slower.", Wide: true,
		X: figure.Axis{Label: "difference, of A", Unit: figure.Fraction}, Y: figure.Axis{}, Marks: []figure.Mark{{Label: "no difference"}},
		Empty: "There are too few values.",
	}
	var shown []experiments.Difference
	for _, d := range c.Differences {
		if !math.IsNaN(d.Relative()) && d.Change != experiments.TooFew && d.Key != experiments.KeyFailedRate {
			shown = append(shown, d)
			fig.Y.Categories = append(fig.Y.Categories, d.Key)
		}
	}
	for _, change := range changes {
		s := figure.Intervals{Name: string(change.change), Color: change.color}
		for _, d := range shown {
			at, lo, hi := math.NaN(), math.NaN(), math.NaN()
			if d.Change == change.change {
				at = d.Relative()
			}
			if !math.IsNaN(at) && d.Interval.Exists() {
				lo, hi = d.Interval.Lo/d.A, d.Interval.Hi/d.A
			}
			s.At, s.Lo, s.Hi = append(s.At, at), append(s.Lo, lo), append(s.Hi, hi)
		}
		if hasValue(s.At) {
			fig.Series = append(fig.Series, s)
		}
	}
	return fig
}

func (c comparison) table() figure.Table {
	t := figure.Table{Note: "Detectable: the size that a difference must have to be seen in 4 of 5 such comparisons."}
	for i, name := range []string{"number", "", "A", "B", "B − A", "of A", Percent(c.Level) + " interval", "p", "adjusted p", "detectable", "n of A", "n of B"} {
		t.Columns = append(t.Columns, figure.Column{Name: name, Right: i > 1})
	}
	for _, d := range c.Differences {
		u := figure.Seconds
		if d.Key == experiments.KeyFailedRate {
			u = figure.Fraction
		}
		known := "–"
		if d.Interval.Exists() {
			known = between(d.Interval.Lo, d.Interval.Hi, u)
		}
		row := figure.Cells(d.Key, string(d.Change), u.Format(d.A), u.Format(d.B), signed(d.Delta, u), signed(d.Relative(), figure.Fraction), known,
			probability(d.P), probability(d.Adjusted), detectable(d, u), Number(float64(d.NA)), Number(float64(d.NB)))
		for _, change := range changes {
			if d.Change == change.change {
				row[1].Tone = change.tone
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func detectable(d experiments.Difference, u figure.Unit) string {
	text := u.Format(d.Detectable)
	if d.A > 0 && d.Key != experiments.KeyFailedRate && !math.IsNaN(d.Detectable) {
		text += " (" + Percent(d.Detectable/d.A) + ")"
	}
	return text
}

// probability writes a p-value, of which very small ones are as good as each other.
func probability(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return Number(p)
}

// signed writes a difference, with its sign if it is a rise.
func signed(v float64, u figure.Unit) string {
	if v > 0 {
		return "+" + u.Format(v)
	}
	return u.Format(v)
}

// overEachOther are the distributions of both sides, all runs of a side together.
func overEachOther(a, b []*facts) (blocks []figure.Block) {
	for _, d := range []struct {
		name, of string
		values   func(*facts) []float64
	}{
		{"Time to first token", "requests", func(f *facts) []float64 { return f.ttft }},
		{"Time between tokens", "gaps", func(f *facts) []float64 { values, _ := gapValues(&f.gaps); return values }},
		{"Time per output token", "requests", func(f *facts) []float64 { return f.tpot }},
		{"Time to last token", "requests", func(f *facts) []float64 { return f.ttlt }},
	} {
		fig := figure.Figure{Title: d.name, Note: "The share of " + d.of + " at or below each value.",
			X: figure.Axis{Label: strings.ToLower(d.name), Unit: figure.Seconds, Log: true}, Y: figure.Axis{Label: "share of " + d.of, Unit: figure.Fraction}}
		for _, side := range []struct {
			name string
			all  []*facts
		}{{"A", a}, {"B", b}} {
			var values []float64
			for _, f := range side.all {
				values = append(values, d.values(f)...)
			}
			if hasValue(values) {
				fig.Series = append(fig.Series, figure.ECDF{Name: side.name, Values: values})
			}
		}
		if len(fig.Series) > 0 {
			blocks = append(blocks, fig)
		}
	}
	if len(blocks) == 0 {
		blocks = []figure.Block{figure.Note{Text: "No successful answer held a token: there are no latencies."}}
	}
	return blocks
}
