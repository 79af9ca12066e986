package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// An entry is one run in a table of several.
type entry struct {
	labels []string // which run it is
	res    *result.Result
	st     result.Stats
	err    error // why there is no run, or why it did not come to its end
}

func entryOf(res *result.Result, labels ...string) entry {
	e := entry{labels: labels, res: res}
	if res != nil {
		e.st = res.Stats()
	}
	return e
}

// name is the labels in one.
func (e entry) name() string { return strings.Join(e.labels, " · ") }

func (e entry) cells() []figure.Cell { return figure.Cells(e.labels...) }

func (e entry) verdict() figure.Cell {
	if e.res == nil {
		return figure.Cell{Text: "no run", Tone: figure.Bad}
	}
	return figure.Cell{Text: e.res.Verdict.Level, Tone: verdictTone(e.res.Verdict.Level)}
}

// A statColumn shows one statistic.
type statColumn struct {
	name, key string // without a key: the interval of the one before it
	unit      figure.Unit
	joined    bool
}

var (
	workColumns = []statColumn{
		{"requests", "total_requests", figure.None, false}, {"failed", "failed_requests", figure.None, false},
		{"req/s", "requests_per_second", figure.None, false}, {"tok/s", "output_tokens_per_second", figure.None, false},
	}
	speedColumns = []statColumn{
		{"TPOT p50", "tpot-p50", figure.Seconds, false}, {"ITL p99", "itl-p99", figure.Seconds, true},
		{"TTFT p50", "ttft-p50", figure.Seconds, false}, {"TTFT p99", "ttft-p99", figure.Seconds, true}, {"95 % interval", "", figure.Seconds, true},
		{"TTLT p50", "ttlt-p50", figure.Seconds, false}, {"TTLT p99", "ttlt-p99", figure.Seconds, true}, {"95 % interval", "", figure.Seconds, true},
	}
	segmentColumns = []statColumn{ // of which there are many: a line each
		{"requests", "total_requests", figure.None, false}, {"failed", "failed_requests", figure.None, false}, {"req/s", "requests_per_second", figure.None, false},
		{"TTFT p50", "ttft-p50", figure.Seconds, false}, {"TTFT p99", "ttft-p99", figure.Seconds, false}, {"TTLT p50", "ttlt-p50", figure.Seconds, false},
	}
)

// sheetOf has a row for each entry, with the statistics that any of them has.
func sheetOf(head []string, entries []entry, columns []statColumn) sheet {
	s := sheet{keys: len(head)}
	for _, name := range head {
		s.columns = append(s.columns, leftColumn(name))
	}
	for _, c := range columns {
		s.columns = append(s.columns, column{name: c.name, right: true, joined: c.joined})
	}
	for _, e := range entries {
		row := e.cells()
		for i, c := range columns {
			if c.key == "" {
				row = append(row, textCell(orDash(interval(e.st, columns[i-1].key, c.unit))))
				continue
			}
			cell := textCell(c.unit.Format(lookup(e.st, c.key)))
			if c.key == "failed_requests" && lookup(e.st, c.key) > 0 {
				cell.Tone = figure.Bad
			}
			row = append(row, cell)
		}
		s.rows = append(s.rows, row)
	}
	return s
}

// numbers is the table of entries: what they did, whether they can be trusted, and how fast they were.
func numbers(head []string, entries []entry) part {
	if len(entries) == 0 {
		return paragraph{textCell("there is no run")}
	}
	work, speed := sheetOf(head, entries, workColumns), sheetOf(head, entries, speedColumns)
	work.columns = append(append(work.columns, leftColumn("verdict")), speed.columns[len(head):]...)
	for i, e := range entries {
		work.rows[i] = append(append(work.rows[i], e.verdict()), speed.rows[i][len(head):]...)
	}
	return work.full()
}

// outcomeParts show how the objectives of entries came out.
func outcomeParts(head []string, entries []entry) []part {
	s := sheet{title: "objectives", keys: len(head)}
	for _, name := range head {
		s.columns = append(s.columns, leftColumn(name))
	}
	var all []slo.Objective
	for _, e := range entries {
		if e.res == nil {
			continue
		}
		for _, o := range e.res.Objectives {
			if !slices.ContainsFunc(all, func(known slo.Objective) bool { return known.String() == o.String() }) {
				all = append(all, o)
				s.columns = append(s.columns, leftColumn(o.String()))
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, e := range entries {
		row := e.cells()
		for _, o := range all {
			row = append(row, e.outcome(o))
		}
		s.rows = append(s.rows, row)
	}
	return []part{s}
}

// outcome is how one objective came out, "–" if it was none of this run's.
func (e entry) outcome(o slo.Objective) figure.Cell {
	if e.res == nil || !slices.ContainsFunc(e.res.Objectives, func(own slo.Objective) bool { return own.String() == o.String() }) {
		return textCell(unknown)
	}
	out := e.res.Check([]slo.Objective{o})[0]
	c := figure.Cell{Text: out.Status.String(), Tone: statusTone(out.Status)}
	if out.Status != slo.Undefined {
		c.Text = unitOf(o).Format(out.Value) + " " + c.Text
	}
	return c
}

// As many as a reader will read.
const (
	mostRemarks = 12
	mostNames   = 8 // in one remark
)

// A saying is what an entry says of itself. Sayings of one kind are told once.
type saying struct{ kind, text string }

// remarkParts have what is to be said of single entries and of the whole.
func remarkParts(entries []entry, warnings []result.Warning) []part {
	var order []saying
	whose := map[string][]string{}
	for _, e := range entries {
		for _, s := range e.sayings() {
			if whose[s.kind] == nil {
				order = append(order, s)
			}
			if names := whose[s.kind]; len(names) == 0 || names[len(names)-1] != e.name() {
				whose[s.kind] = append(names, e.name())
			}
		}
	}
	l := list{title: "warnings"}
	for _, w := range warnings {
		l.items = append(l.items, textCell(w.Text+concerned(w)))
	}
	for _, s := range order {
		names := whose[s.kind]
		text := names[0] + ": " + s.text
		switch others := names[1:]; {
		case len(others) > mostNames:
			text += "; likewise " + plural(len(others), "other")
		case len(others) > 0:
			text += "; likewise " + strings.Join(others, ", ")
		}
		l.items = append(l.items, textCell(text))
	}
	if more := len(l.items) - mostRemarks; more > 0 {
		l.items = append(l.items[:mostRemarks], textCell(fmt.Sprintf("%d more, which JSON and HTML tell", more)))
	}
	return append(failureParts(entries), l.some()...)
}

func (e entry) sayings() (all []saying) {
	if e.err != nil {
		all = append(all, saying{e.err.Error(), e.err.Error()})
	}
	if e.res == nil {
		return all
	}
	switch failed := lookup(e.st, "failed_requests"); {
	case e.res.TotalRequests == 0:
		all = append(all, saying{"none", "no request finished"})
	case int(zeroIfNaN(failed)) == e.res.TotalRequests:
		all = append(all, saying{"failed", "every request failed"})
	}
	if e.res.Interrupted {
		all = append(all, saying{"interrupted", "the run was interrupted"})
	}
	if lines := reasons(e.res.Verdict); len(lines) > 0 {
		all = append(all, saying{"verdict " + lines[0], e.res.Verdict.Level + ", " + strings.Join(lines, "; ")})
	}
	for _, w := range e.res.Warnings {
		if concernsTable(w) {
			all = append(all, saying{"warning " + w.Code, w.Text + concerned(w)})
		}
	}
	return all
}

// errors counts them by kind; where there are no responses, without an example.
func (e entry) errors() (all []result.ErrorCount) {
	if e.res != nil {
		all = e.res.Errors()
	}
	if all != nil {
		return all
	}
	for key := range e.st.All() {
		if kind, ok := strings.CutPrefix(key, "errors-"); ok {
			all = append(all, result.ErrorCount{Kind: endpoint.ErrorKind(kind), Count: int(zeroIfNaN(lookup(e.st, key)))})
		}
	}
	return all
}

// failureParts count the errors of all entries.
func failureParts(entries []entry) []part {
	var all []result.ErrorCount
	for _, e := range entries {
		for _, c := range e.errors() {
			i := slices.IndexFunc(all, func(known result.ErrorCount) bool { return known.Kind == c.Kind })
			if i < 0 {
				all = append(all, c)
				continue
			}
			all[i].Count += c.Count
			if all[i].Sample == "" {
				all[i].Sample = c.Sample
			}
		}
	}
	slices.SortStableFunc(all, func(a, b result.ErrorCount) int { return b.Count - a.Count })
	return errorSheet(all)
}

// side is the document of several runs.
func (r runs) side() document {
	head := headline{title: plural(len(r.all), "run") + " side by side"}
	entries := r.entries()
	d := document{head, numbers([]string{"run"}, entries)}
	d = append(d, outcomeParts([]string{"run"}, entries)...)
	return append(d, remarkParts(entries, r.warnings)...)
}

func (r runs) entries() (entries []entry) {
	for i, name := range namesOf(r.all) {
		entries = append(entries, entryOf(r.all[i], name))
	}
	return entries
}
