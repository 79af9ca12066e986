package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// sideBySide is the page of several runs: one table, one distribution with a curve each, and what each of them has to say of
// itself. It does not say which is better: that takes a test.
func sideBySide(results []*result.Result) figure.Page {
	names := namesOf(results)
	all := make([]*facts, len(results))
	for i, res := range results {
		all[i] = gather(res)
	}
	return figure.Page{
		Title: plural(len(results), "run") + " side by side", Subtitle: clip(strings.Join(names, " · "), 300),
		Footer: "Latencies are those of successful requests, in percentiles of type 7, with 95 % confidence intervals from order statistics.",
		Sections: []figure.Section{
			{Title: "Numbers", Blocks: append(unusual(all, names), table(all, names))},
			{Title: "Latency", Note: "Of successful requests.", Blocks: slices.Concat(
				compared(all, names, "ttft", "Time to first token", "requests", func(f *facts) []float64 { return f.ttft }),
				compared(all, names, "itl", "Time between tokens", "gaps", func(f *facts) []float64 { values, _ := gapValues(&f.gaps); return values }),
				compared(all, names, "ttlt", "Time to last token", "requests", func(f *facts) []float64 { return f.ttlt }))},
			{Title: "Over time", Note: "Since the first request of each run.", Blocks: together(all, names)},
			{Title: "Each run", Blocks: each(all, names)},
		},
	}
}

// namesOf gives each run a name of its own.
func namesOf(results []*result.Result) []string {
	names, taken := make([]string, len(results)), map[string]bool{}
	for i, res := range results {
		name := title(res)
		if taken[name] && res.OutputPath != "" {
			name = res.OutputPath
		}
		if taken[name] {
			name = fmt.Sprintf("%s (%d)", name, i+1)
		}
		names[i], taken[name] = name, true
	}
	return names
}

// unusual are the remarks of all runs, with their names.
func unusual(all []*facts, names []string) (blocks []figure.Block) {
	for i, f := range all {
		for _, b := range remarks(f) {
			if note, ok := b.(figure.Note); ok {
				note.Title = names[i] + ": " + note.Title
				blocks = append(blocks, note)
			}
		}
	}
	return blocks
}

// columns of the table of runs.
var sideColumns = []struct {
	name, key string
	unit      figure.Unit
}{
	{"failed", "failed_requests", figure.None},
	{"TTFT p50", "ttft-p50", figure.Seconds}, {"p99", "ttft-p99", figure.Seconds},
	{"ITL p50", "itl-p50", figure.Seconds}, {"p99", "itl-p99", figure.Seconds},
	{"TTLT p50", "ttlt-p50", figure.Seconds}, {"p99", "ttlt-p99", figure.Seconds},
	{"requests/s", "requests_per_second", figure.None}, {"tokens/s", "output_tokens_per_second", figure.None},
}

func table(all []*facts, names []string) figure.Table {
	t := figure.Table{Columns: []figure.Column{{Name: "run"}, {Name: "load"}, {Name: "verdict"}, {Name: "requests", Right: true}}}
	for _, c := range sideColumns {
		t.Columns = append(t.Columns, figure.Column{Name: c.name, Right: true})
	}
	for i, f := range all {
		load := "open loop"
		if f.res.Clients > 0 {
			load = plural(f.res.Clients, "client")
		}
		row := figure.Cells(names[i], load, f.res.Verdict.Level, Number(float64(f.res.TotalRequests)))
		row[2].Tone = verdictTone(f.res.Verdict.Level)
		for _, c := range sideColumns {
			row = append(row, figure.Cell{Text: c.unit.Format(lookup(f.st, c.key))})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func verdictTone(level string) figure.Tone {
	switch level {
	case "":
		return figure.Plain
	case result.Trusted:
		return figure.Good
	case result.Invalid:
		return figure.Bad
	}
	return figure.Warn
}

// compared are the percentiles of one latency with their intervals, and its distributions.
func compared(all []*facts, names []string, key, name, of string, values func(*facts) []float64) []figure.Block {
	x := figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds, Log: true}
	share := figure.Figure{Title: name + ", cumulated", Note: "The share of " + of + " at or below each value.",
		X: x, Y: figure.Axis{Label: "share of " + of, Unit: figure.Fraction}}
	var having []*facts
	var whose []string
	for i, f := range all {
		if v := values(f); hasValue(v) {
			share.Series = append(share.Series, figure.ECDF{Name: names[i], Values: v})
		}
		if n, _ := f.st.Lookup(key + "-n"); n > 0 {
			having, whose = append(having, f), append(whose, names[i])
		}
	}
	if len(having) == 0 {
		return nil
	}
	known := figure.Figure{Title: name, Note: "Percentiles with their 95 % confidence intervals, where they have one.",
		X: figure.Axis{Categories: whose}, Y: figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds}}
	for _, q := range []string{"p50", "p90", "p99"} {
		s := figure.Intervals{Name: q}
		for _, f := range having {
			stat := key + "-" + q
			s.At, s.Lo, s.Hi = append(s.At, lookup(f.st, stat)), append(s.Lo, lookup(f.st, stat+"-ci95-lo")), append(s.Hi, lookup(f.st, stat+"-ci95-hi"))
		}
		known.Series = append(known.Series, s)
	}
	return []figure.Block{known, share}
}

// together has what happened over time of all runs.
func together(all []*facts, names []string) []figure.Block {
	ttft := figure.Figure{Title: "Time to first token", Note: "Medians of stretches of time.", X: elapsed, Y: figure.Axis{Label: "time to first token", Unit: figure.Seconds}}
	tokens := figure.Figure{Title: "Output", X: elapsed, Y: figure.Axis{Label: "output", Unit: "tokens/s"}}
	flight := figure.Figure{Title: "In flight", X: elapsed, Y: figure.Axis{Label: "requests in flight", Whole: true}}
	last := figure.Figure{Title: "Time to last token", Note: "Medians of stretches of time.", X: elapsed, Y: figure.Axis{Label: "time to last token", Unit: figure.Seconds}}
	add := func(to *figure.Figure, line figure.Line, name string) {
		line.Name, line.Color = name, figure.Auto
		to.Series = append(to.Series, line)
	}
	for i, f := range all {
		if !f.any() {
			continue
		}
		if hasValue(f.ttft) {
			add(&ttft, f.percentile("", figure.Auto, f.ttft, 0.5), names[i])
		}
		add(&last, f.percentile("", figure.Auto, f.ttlt, 0.5), names[i])
		add(&tokens, f.tokenRate().Series[0].(figure.Line), names[i])
		if !f.coarse {
			add(&flight, f.concurrency().Series[0].(figure.Line), names[i])
		}
	}
	if len(ttft.Series) == 0 {
		return []figure.Block{last, tokens, flight}
	}
	return []figure.Block{ttft, last, tokens, flight}
}

// each has what a run says of itself. Its statistics are left to its own page: an experiment may have very many runs.
func each(all []*facts, names []string) (blocks []figure.Block) {
	for i, f := range all {
		d := figure.Details{Title: names[i]}
		if v, judged := verdict(f.res); judged {
			d.Blocks = append(d.Blocks, v)
		}
		if len(f.res.Objectives) > 0 {
			d.Blocks = append(d.Blocks, objectives(f.res))
		}
		if t, some := percentiles(f.st, "", ""); some {
			d.Blocks = append(d.Blocks, t)
		}
		d.Blocks = slices.Concat(d.Blocks, f.failures().Blocks, trust(f.res).Blocks, identity(f.res))
		blocks = append(blocks, d)
	}
	return blocks
}
