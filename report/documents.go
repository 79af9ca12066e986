package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// The documents of experiments.

func (l loadTest) document() document {
	entries := l.entries()
	d := document{headOf(cmp.Or(l.TestName, "load test"), "load test, "+plural(len(l.Levels), "level"), entries)}
	d = append(d, numbers([]string{"load"}, entries))
	d = append(d, outcomeParts([]string{"load"}, entries)...)
	if knee := l.knee(); knee != "" {
		d = append(d, paragraph{textCell(knee)})
	}
	return ended(append(d, remarkParts(entries, l.Warnings)...), l.OutputPath)
}

func (l loadTest) entries() (entries []entry) {
	for _, level := range l.Levels {
		entries = append(entries, entryOf(level.Result, level.Load.String()))
	}
	return entries
}

// knee says where the endpoint is used best, "" where too few levels tell.
func (l loadTest) knee() string {
	knee, ok := l.Knee()
	switch {
	case ok:
		return fmt.Sprintf("knee at %s: beyond it latency grows by a larger factor than throughput", knee.Load)
	case len(l.Levels) < 3:
		return ""
	}
	return "no knee is seen among these levels"
}

func (h heatmap) document() document {
	var entries []entry
	for i, name := range namesOf(h.Runs) {
		entries = append(entries, entryOf(h.Runs[i], name))
	}
	d := document{headOf(cmp.Or(h.Name, "latency heatmap"), "latency heatmap, "+plural(len(h.grid.Cells), "cell"), entries)}
	for _, block := range h.notes() {
		if note, ok := block.(figure.Note); ok {
			d = append(d, remark(note))
		}
	}
	for _, m := range []struct{ name, key string }{{"TTFT", "ttft"}, {"TTLT", "ttlt"}} {
		if s := h.sheet(m.name, m.key); len(s.rows) > 0 {
			d = append(d, s)
		}
	}
	return ended(append(d, remarkParts(entries, nil)...), h.OutputPath)
}

// sheet has the median of each cell and the number of its requests. Lengths that no cell has are left out.
func (h heatmap) sheet(name, key string) sheet {
	s := sheet{title: name + ", median (n), by input tokens (down) and output tokens (across)", keys: 1, columns: []column{leftColumn("in")}}
	for _, output := range h.grid.Outputs {
		s.columns = append(s.columns, numberColumn(output.String()+" out"))
	}
	for _, input := range h.grid.Inputs {
		row, some := figure.Cells(input.String()+" in"), false
		for _, output := range h.grid.Outputs {
			cell := textCell(unknown)
			if c, ok := h.grid.Cell(input, output); ok {
				n := lookup(c.Stats, key+"-n")
				some = some || n > 0
				cell = textCell(fmt.Sprintf("%s (%s)", Seconds(lookup(c.Stats, key+"-p50")), Number(zeroIfNaN(n))))
				if c.Failed > 0 {
					cell.Text = fmt.Sprintf("%s, %s failed", cell.Text, Number(float64(c.Failed)))
					cell.Tone = figure.Bad
				}
			}
			row = append(row, cell)
		}
		if some {
			s.rows = append(s.rows, row)
		}
	}
	return s.full()
}

func (c capacity) document() document {
	entries := c.entries()
	d := document{headOf(cmp.Or(c.Name, "capacity"), "search for capacity, "+plural(len(c.Levels), "level"), entries), remark(c.answer())}
	if len(c.Levels) > 0 {
		d = append(d, c.decisions())
		d = append(d, numbers([]string{"load"}, entries))
	}
	return ended(append(d, remarkParts(entries, c.Warnings)...), c.OutputPath)
}

func (c capacity) entries() (entries []entry) {
	for _, level := range c.Levels {
		entries = append(entries, entryOf(level.Result, level.Load.String()))
	}
	return entries
}

// decisions have what each level says of each objective, and whether it kept up.
func (c capacity) decisions() sheet {
	s := sheet{keys: 1, columns: []column{leftColumn("load"), leftColumn("objective"), numberColumn("value"), numberColumn("may be"), numberColumn("n"), leftColumn("decision")}}
	for _, l := range c.Levels {
		load := l.Load.String()
		add := func(d experiments.Decision, texts ...string) {
			row := append(figure.Cells(load), figure.Cells(texts...)...)
			s.rows = append(s.rows, append(row, figure.Cell{Text: string(d), Tone: decisionTone(d)}))
			load = ""
		}
		for _, check := range l.Checks {
			u := checkUnit(check)
			add(check.Decision, check.Objective.String(), u.Format(check.Value), limitText(check), Number(float64(check.N)))
		}
		if l.Saturated {
			add(l.Decision, "answers keep up", "", "", "")
		}
	}
	return s
}

func (c comparison) document() document {
	d := document{
		headline{"comparison", []string{"A: " + sideText(c.A), "B: " + sideText(c.B)}},
		remark(c.answer()), c.changes(), c.differences(),
	}
	if l := c.unseen(); len(l.items) > 0 {
		d = append(d, l)
	}
	entries := c.entries()
	if len(entries) <= 2 {
		d = append(d, numbers([]string{""}, entries))
	}
	return append(d, remarkParts(entries, c.Warnings)...)
}

// entries are the runs of both sides: "A", or "A 1" and so on.
func (c comparison) entries() (entries []entry) {
	for _, side := range []struct {
		name string
		runs []*result.Result
	}{{"A", c.A}, {"B", c.B}} {
		for i, res := range side.runs {
			name := side.name
			if len(side.runs) > 1 {
				name = fmt.Sprintf("%s %d", name, i+1)
			}
			entries = append(entries, entryOf(res, name))
		}
	}
	return entries
}

// sideText says what one side is, and where it is.
func sideText(runs []*result.Result) string {
	text, requests := side(runs), 0
	for _, r := range runs {
		requests += r.TotalRequests
	}
	text += ", " + plural(requests, "request")
	if len(runs) == 1 && runs[0].OutputPath != "" {
		text += ", " + runs[0].OutputPath
	}
	return text
}

func (c comparison) changes() sheet {
	s := sheet{keys: 1, columns: []column{leftColumn("number"), numberColumn("A"), numberColumn("B"), numberColumn("B − A"),
		numberColumn("of A"), leftColumn("change")}}
	for _, d := range c.Differences {
		u := unitOfKey(d.Key)
		row := figure.Cells(d.Key, u.Format(d.A), u.Format(d.B), signed(d.Delta, u), signed(d.Relative(), figure.Fraction), string(d.Change))
		for _, known := range changes {
			if known.change == d.Change && known.tone != figure.Warn {
				row[5].Tone = known.tone
			}
		}
		s.rows = append(s.rows, row)
	}
	return s.full()
}

func (c comparison) differences() sheet {
	s := sheet{title: "B − A", keys: 1, columns: []column{leftColumn("number"), numberColumn(Percent(c.Level) + " interval"),
		numberColumn("p"), numberColumn("adjusted p"), numberColumn("n of A"), numberColumn("n of B")}}
	for _, d := range c.Differences {
		known := unknown
		if d.Interval.Exists() {
			known = between(d.Interval.Lo, d.Interval.Hi, unitOfKey(d.Key))
		}
		s.rows = append(s.rows, figure.Cells(d.Key, known, probability(d.P), probability(d.Adjusted), Number(float64(d.NA)), Number(float64(d.NB))))
	}
	return s.full()
}

// unseen says which differences could not have been seen.
func (c comparison) unseen() list {
	l := list{title: "no difference seen, and n is too small to see less than (with a power of 80 %)"}
	for _, d := range c.Differences {
		switch {
		case d.Change == experiments.NoDifference && d.Detectable > 0:
			l.items = append(l.items, textCell(d.Key+": "+detectable(d, unitOfKey(d.Key))))
		case d.Change == experiments.TooFew:
			l.items = append(l.items, textCell(d.Key+": any difference, however large: there are too few values"))
		}
	}
	return l
}

func (s sweep) document() document {
	entries := s.entries()
	d := document{headOf(cmp.Or(s.Name, "sweep"), "sweep of "+strings.Join(s.Axes, ", ")+", "+plural(len(s.Rows), "run"), entries)}
	d = append(d, numbers(s.Axes, entries))
	d = append(d, outcomeParts(s.Axes, entries)...)
	return ended(append(d, remarkParts(entries, nil)...), s.OutputPath)
}

func (s sweep) entries() (entries []entry) {
	for _, row := range s.Rows {
		e := entryOf(row.Result, row.Labels...)
		e.err = row.Err
		entries = append(entries, e)
	}
	return entries
}

func (s soak) document() document {
	entries := s.entries()
	d := document{headOf(cmp.Or(s.Name, "soak"), "soak, "+plural(len(s.Segments), "segment"), entries)}
	if len(s.Drifts) > 0 {
		d = append(d, s.driftSheet())
	} else {
		d = append(d, paragraph{{Text: "no drift: nothing changed for sure; of fewer than 8 segments nothing could be told", Tone: figure.Good}})
	}
	if len(entries) > 0 {
		d = append(d, sheetOf([]string{"segment", "from"}, entries, segmentColumns).full())
	}
	return ended(append(d, remarkParts(entries, s.Warnings)...), s.OutputPath)
}

// entries are the segments, as far as they are runs.
func (s soak) entries() (entries []entry) {
	for i, segment := range s.Segments {
		entries = append(entries, entry{
			labels: []string{fmt.Sprint(i + 1), s.after(segment.Start)}, st: segment.Stats,
			res: &result.Result{ModelID: modelOf(segment.Stats), TotalRequests: segment.Requests, Verdict: segment.Verdict},
		})
	}
	return entries
}

// after is how long after the soak's start something was: "2:05:00".
func (s soak) after(t time.Time) string {
	d := t.Sub(s.Segments[0].Start).Round(time.Second)
	return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

func modelOf(st result.Stats) string {
	model, _ := st.Value("model_id")
	text, _ := model.(string)
	return text
}

func (s soak) driftSheet() sheet {
	sheet := sheet{title: "what changed", keys: 1, columns: []column{leftColumn("number"), numberColumn("segment"), numberColumn("after"),
		numberColumn("before"), numberColumn("then"), numberColumn("change"), numberColumn("p")}}
	for _, d := range s.Drifts {
		u := unitOfKey(d.Key)
		row := figure.Cells(d.Key, Number(float64(d.Segment+1)), s.after(d.Time), u.Format(d.Before), u.Format(d.After), change(d), probability(d.P))
		row[5].Tone = figure.Warn
		sheet.rows = append(sheet.rows, row)
	}
	return sheet
}

// headOf says what an experiment is and of what.
func headOf(name, what string, entries []entry) headline {
	var runs []*result.Result
	requests := 0
	for _, e := range entries {
		if e.res != nil {
			runs, requests = append(runs, e.res), requests+e.res.TotalRequests
		}
	}
	line := slices.Concat([]string{what}, askedOf(runs), []string{plural(requests, "request")})
	return headline{name, []string{strings.Join(line, " · ")}}
}

// ended says where the files are.
func ended(d document, folder string) document {
	if folder != "" {
		d = append(d, place(folder))
	}
	return d
}
