package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// mostLines is how many curves a figure of a sweep may have: more are not told apart.
const mostLines = 7

// A sweepRow is what a page tells of one combination.
type sweepRow struct {
	experiments.Row
	*facts // nil of one without a run
}

func (s sweep) page() figure.Page {
	var rows []sweepRow
	var all []*facts
	var names []string
	var broken []string
	for _, row := range s.Rows {
		r := sweepRow{Row: row}
		if row.Result != nil {
			r.facts = gather(row.Result)
			all, names = append(all, r.facts), append(names, s.name(row.Labels))
		}
		if row.Err != nil {
			broken = append(broken, clip(s.name(row.Labels)+": "+row.Err.Error(), 500))
		}
		rows = append(rows, r)
	}
	p := figure.Page{Title: cmp.Or(s.Name, "Sweep"), Subtitle: subtitleOf("sweep over "+strings.Join(s.Axes, ", ")+", "+plural(len(rows), "combination"), runsOf(all)), Footer: footer}
	var top []figure.Block
	if len(broken) > 0 {
		top = append(top, figure.Note{Tone: figure.Bad, Title: fmt.Sprintf("%d of %s failed", len(broken), plural(len(rows), "run")), Text: strings.Join(broken, "\n")})
	}
	if len(all) == 0 {
		top = append(top, figure.Note{Tone: figure.Bad, Title: "There is no run", Text: "There is nothing to show."})
	}
	top = append(top, sharedRemarks(all, names)...)
	if v, judged := sharedVerdict(runsOf(all), names, "run"); judged {
		top = append(top, v)
	}
	p.Sections = []figure.Section{{Blocks: top}, {Title: "Table", Blocks: []figure.Block{s.table(rows)}}}
	for i, axis := range s.Axes {
		blocks, many := s.along(i, rows)
		if many {
			p.Sections[1].Note = fmt.Sprintf("Figures are drawn along an axis where the others have at most %d combinations.", mostLines)
		}
		if len(blocks) > 0 {
			p.Sections = append(p.Sections, figure.Section{Title: "Along " + axis, Note: "Medians and 95 % confidence intervals, where there are any.", Blocks: blocks})
		}
	}
	if len(all) > 0 {
		p.Sections = append(p.Sections, figure.Section{Title: "Each run", Blocks: each(all, names)})
	}
	return p
}

// name is that of a combination: "clients 4, rate 2".
func (s sweep) name(labels []string) string { return combined(s.Axes, labels, -1) }

// combined names the values on all axes but one.
func combined(axes, labels []string, but int) string {
	var parts []string
	for i := range min(len(axes), len(labels)) {
		if i != but {
			parts = append(parts, axes[i]+" "+labels[i])
		}
	}
	return strings.Join(parts, ", ")
}

func (s sweep) table(rows []sweepRow) figure.Table {
	var t figure.Table
	for _, axis := range s.Axes {
		t.Columns = append(t.Columns, figure.Column{Name: axis})
	}
	t.Columns = append(t.Columns, figure.Column{Name: "verdict"}, figure.Column{Name: "requests", Right: true})
	for _, c := range sideColumns {
		t.Columns = append(t.Columns, figure.Column{Name: c.name, Right: true})
	}
	for _, row := range rows {
		cells := make([]figure.Cell, len(s.Axes), len(t.Columns))
		for i := range min(len(row.Labels), len(cells)) {
			cells[i].Text = row.Labels[i]
		}
		switch {
		case row.facts == nil:
			cells = append(cells, figure.Cell{Text: "failed", Tone: figure.Bad})
			for len(cells) < len(t.Columns) {
				cells = append(cells, figure.Cell{Text: "–"})
			}
		default:
			cells = append(cells, figure.Cell{Text: orDash(row.res.Verdict.Level), Tone: verdictTone(row.res.Verdict.Level)}, figure.Cell{Text: Number(float64(row.res.TotalRequests))})
			cells = append(cells, sideCells(row.facts)...)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// along are the numbers along one axis, with a curve for each combination of the others. It is empty where there is nothing to
// see: one value on the axis, or too many curves.
func (s sweep) along(axis int, rows []sweepRow) (blocks []figure.Block, tooMany bool) {
	var values, others []string
	for _, row := range rows {
		if row.facts == nil || axis >= len(row.Labels) {
			continue
		}
		if v := row.Labels[axis]; !slices.Contains(values, v) {
			values = append(values, v)
		}
		if o := combined(s.Axes, row.Labels, axis); !slices.Contains(others, o) {
			others = append(others, o)
		}
	}
	if len(values) < 2 || len(others) > mostLines {
		return nil, len(values) >= 2
	}
	for _, m := range []struct {
		name, key, label string
		unit             figure.Unit
	}{
		{"Time to first token, median", "ttft-p50", "time to first token", figure.Seconds},
		{"Time per output token, median", "tpot-p50", "time per output token", figure.Seconds},
		{"Time to last token, median", "ttlt-p50", "time to last token", figure.Seconds},
		{"Throughput", "requests_per_second", "requests per second", figure.None},
		{"Output", "output_tokens_per_second", "tokens per second", figure.None},
		{"Failed requests", "failed_requests_rate", "failed requests", figure.Fraction},
	} {
		fig := figure.Figure{Title: m.name, X: figure.Axis{Label: s.Axes[axis]}, Y: figure.Axis{Label: m.label, Unit: m.unit}}
		at, numeric := numbersIn(values)
		if numeric {
			fig.X.Log, fig.X.Whole = true, !slices.ContainsFunc(at, func(v float64) bool { return v != math.Trunc(v) })
		} else {
			fig.X.Categories = values
		}
		for _, other := range others {
			c := curveOf(rows, values, m.key, func(labels []string) (string, bool) { return labels[axis], combined(s.Axes, labels, axis) == other })
			if c.Name = other; numeric {
				c.X = at
				fig.Series = append(fig.Series, figure.Line{Name: other, X: at, Y: c.At})
			}
			fig.Series = append(fig.Series, c)
		}
		if !fig.IsEmpty() && (m.key != experiments.KeyFailedRate || slices.ContainsFunc(rows, sweepRow.anyFailed)) {
			blocks = append(blocks, fig)
		}
	}
	return blocks, false
}

func (r sweepRow) anyFailed() bool { return r.facts != nil && r.res.FailedRequests() > 0 }

// curveOf is a statistic at each of some values, of the rows that of gives a value for.
func curveOf(rows []sweepRow, values []string, key string, of func(labels []string) (string, bool)) (s figure.Intervals) {
	none := result.Stats{}
	for _, v := range values {
		st := none
		for _, row := range rows {
			if row.facts == nil {
				continue
			}
			if at, ok := of(row.Labels); ok && at == v {
				st = row.st
			}
		}
		s.At = append(s.At, lookup(st, key))
		s.Lo, s.Hi = append(s.Lo, lookup(st, key+"-ci95-lo")), append(s.Hi, lookup(st, key+"-ci95-hi"))
	}
	return s
}

// numbersIn are labels as numbers, if all of them ascend as such; "12.5/s" is one too.
func numbersIn(labels []string) (values []float64, ok bool) {
	for i, label := range labels {
		v, err := strconv.ParseFloat(strings.TrimSuffix(label, "/s"), 64)
		if err != nil || i > 0 && v <= values[i-1] {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}
