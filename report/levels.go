package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// A level is what a page tells of the run under one load.
type level struct {
	experiments.Load
	*facts
	name string // the load, and of several runs under one load which
}

// gatherLevels reads the runs of all levels, and puts them into the order of their load.
func gatherLevels(all []experiments.Level) []level {
	sorted := slices.DeleteFunc(slices.Clone(all), func(l experiments.Level) bool { return l.Result == nil })
	slices.SortStableFunc(sorted, func(a, b experiments.Level) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Clients, b.Clients))
	})
	levels, times := make([]level, len(sorted)), map[experiments.Load]int{}
	for i, l := range sorted {
		levels[i] = level{l.Load, gather(l.Result), l.Load.String()}
		if times[l.Load]++; times[l.Load] > 1 {
			levels[i].name = fmt.Sprintf("%s (%d)", levels[i].name, times[l.Load])
		}
	}
	return levels
}

// value is the load as a number: of clients, or of requests per second.
func (l level) value() float64 {
	if l.Rate > 0 {
		return float64(l.Rate)
	}
	return float64(l.Clients)
}

func (l level) stat(key string) float64 { return lookup(l.st, key) }

// factsOf and levelNames are columns of levels.
func factsOf(levels []level) (all []*facts) {
	for _, l := range levels {
		all = append(all, l.facts)
	}
	return all
}

func levelNames(levels []level) (names []string) {
	for _, l := range levels {
		names = append(names, l.name)
	}
	return names
}

// subtitleOf says of what and when the runs were.
func subtitleOf(what string, runs []*result.Result) string {
	requests := 0
	for _, r := range runs {
		requests += r.TotalRequests
	}
	parts := append(askedOf(runs), what, plural(requests, "request"))
	for _, r := range runs {
		if !r.StartTime.IsZero() {
			parts = append(parts, r.StartTime.UTC().Format("2 January 2006, 15:04:05 UTC"))
			break
		}
	}
	return clip(strings.Join(parts, " · "), 300)
}

// askedOf names the models, endpoints and providers of runs, each once.
func askedOf(runs []*result.Result) (names []string) {
	for _, of := range []func(*result.Result) string{
		func(r *result.Result) string { return r.ModelID }, func(r *result.Result) string { return r.EndpointName }, func(r *result.Result) string { return r.Provider },
	} {
		for _, r := range runs {
			if name := of(r); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// sharedRemarks are the remarks on all runs, each once, with the names of those that it is about.
func sharedRemarks(all []*facts, names []string) (blocks []figure.Block) {
	about := map[figure.Note][]string{}
	var order []figure.Note
	for i, f := range all {
		for _, b := range remarks(f) {
			note, ok := b.(figure.Note)
			if !ok {
				continue
			}
			if about[note] == nil {
				order = append(order, note)
			}
			about[note] = append(about[note], names[i])
		}
	}
	for _, note := range order {
		if whose := about[note]; len(whose) < len(all) {
			note.Title = clip(strings.Join(whose, ", "), 200) + ": " + lowerFirst(note.Title)
		}
		blocks = append(blocks, note)
	}
	return blocks
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// sharedVerdict says in which runs the client could be trusted as an instrument; judged is false where nobody looked.
func sharedVerdict(runs []*result.Result, names []string, noun string) (note figure.Note, judged bool) {
	var doubtful []string
	trusted, worst := 0, figure.Good
	for i, r := range runs {
		switch tone := verdictTone(r.Verdict.Level); tone {
		case figure.Plain:
		case figure.Good:
			trusted++
		default:
			worst = max(worst, tone)
			doubtful = append(doubtful, clip(strings.Join(append([]string{names[i] + ": " + r.Verdict.Level}, reasons(r.Verdict)...), "; "), 300))
		}
	}
	switch n := trusted + len(doubtful); {
	case n == 0:
		return note, false
	case len(doubtful) == 0:
		return figure.Note{Tone: figure.Good, Title: "Verdict: trusted", Text: fmt.Sprintf("In %s the client's own part in every number is small beside the number.", ofAll(trusted, noun))}, true
	default:
		return figure.Note{Tone: worst, Title: fmt.Sprintf("Verdict: %d of %s not trusted", len(doubtful), plural(n, noun)),
			Text: "The client's own part in their numbers is not small:\n" + strings.Join(doubtful, "\n")}, true
	}
}

func ofAll(n int, noun string) string {
	switch n {
	case 1:
		return "the " + noun
	case 2:
		return "both " + noun + "s"
	}
	return "all " + plural(n, noun)
}

// runsOf are the results of facts.
func runsOf(all []*facts) (runs []*result.Result) {
	for _, f := range all {
		runs = append(runs, f.res)
	}
	return runs
}

// levelTable has a row for each level.
func levelTable(levels []level) figure.Table {
	t := figure.Table{Columns: []figure.Column{{Name: "load"}, {Name: "verdict"}, {Name: "requests", Right: true}}}
	for _, c := range sideColumns {
		t.Columns = append(t.Columns, figure.Column{Name: c.name, Right: true})
	}
	judged := slices.ContainsFunc(levels, func(l level) bool { return len(l.res.Objectives) > 0 })
	if judged {
		t.Columns = append(t.Columns, figure.Column{Name: "objectives"})
	}
	for _, l := range levels {
		row := figure.Cells(l.name, orDash(l.res.Verdict.Level), Number(float64(l.res.TotalRequests)))
		row[1].Tone = verdictTone(l.res.Verdict.Level)
		row = append(row, sideCells(l.facts)...)
		if judged {
			row = append(row, outcome(l.res))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// sideCells are the numbers of one run in a table of several.
func sideCells(f *facts) (row []figure.Cell) {
	for _, c := range sideColumns {
		cell := figure.Cell{Text: c.unit.Format(lookup(f.st, c.key))}
		if c.key == "failed_requests" && lookup(f.st, c.key) > 0 {
			cell.Tone = figure.Bad
		}
		row = append(row, cell)
	}
	return row
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// A ladder is levels of one kind of load, in ascending order, along an axis.
type ladder struct {
	axis   figure.Axis
	by     string // "clients" or "rate"
	levels []level
}

func ladders(levels []level) (all []ladder) {
	clients := ladder{axis: figure.Axis{Label: "clients", Log: true, Whole: true}, by: "clients"}
	rates := ladder{axis: figure.Axis{Label: "requests per second, as scheduled", Log: true}, by: "rate"}
	for _, l := range levels {
		if l.Rate > 0 {
			rates.levels = append(rates.levels, l)
		} else {
			clients.levels = append(clients.levels, l)
		}
	}
	for _, l := range []ladder{clients, rates} {
		if len(l.levels) > 0 {
			all = append(all, l)
		}
	}
	return all
}

func (l ladder) values() (x []float64) {
	for _, level := range l.levels {
		x = append(x, level.value())
	}
	return x
}

func (l ladder) column(key string) (y []float64) {
	for _, level := range l.levels {
		y = append(y, level.stat(key))
	}
	return y
}

// curve is a statistic against the load, with its intervals.
func (l ladder) curve(name, key string) []figure.Series {
	x, y := l.values(), l.column(key)
	if !hasValue(y) {
		return nil
	}
	return []figure.Series{
		figure.Line{Name: name, X: x, Y: y},
		figure.Intervals{Name: name, X: x, At: y, Lo: l.column(key + "-ci95-lo"), Hi: l.column(key + "-ci95-hi")},
	}
}

// curves show how the numbers change with the load.
func (l ladder) curves() (blocks []figure.Block) {
	latency := func(key, name, note string) {
		fig := figure.Figure{Title: name, Note: note, X: l.axis, Y: figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds, Log: true}}
		for _, q := range []string{"p50", "p99"} {
			fig.Series = append(fig.Series, l.curve(q, key+"-"+q)...)
		}
		if len(fig.Series) > 0 {
			fig.Marks = l.bounds(key)
			blocks = append(blocks, fig)
		}
	}
	latency("ttft", "Time to first token", "With 95 % confidence intervals, where there are any.")
	latency("itl", "Time between tokens", "With 95 % confidence intervals, where there are any.")
	if !hasValue(l.column("itl-p50")) {
		latency("tpot", "Time per output token", "With 95 % confidence intervals, where there are any.")
	}
	latency("ttlt", "Time to last token", "From when a request was sent.")
	if slices.ContainsFunc(l.levels, func(v level) bool { return !same(v.st, "response", "ttlt") }) {
		latency("response", "Response", "From when a request was due: what waited for its turn waited too.")
	}
	return append(blocks, l.requestRate(), l.tokenRate(), l.failureRate())
}

func (l ladder) requestRate() figure.Figure {
	fig := figure.Figure{Title: "Throughput", Note: "Successful requests per second, with 95 % confidence intervals.", X: l.axis,
		Y: figure.Axis{Label: "requests per second"}, Series: l.curve("reached", "requests_per_second"), Empty: "Nothing succeeded."}
	if x := l.values(); l.by == "rate" {
		fig.Series = append(fig.Series, figure.Line{Name: "scheduled", Color: figure.Gray, X: x, Y: x, Dashed: true})
	}
	return fig
}

func (l ladder) tokenRate() figure.Figure {
	return figure.Figure{Title: "Output", Note: "Tokens of successful requests.", X: l.axis, Y: figure.Axis{Label: "tokens per second"}, Empty: "Nothing succeeded.",
		Series: []figure.Series{figure.Line{Name: "output", X: l.values(), Y: l.column("output_tokens_per_second"), Dots: true}}}
}

func (l ladder) failureRate() figure.Figure {
	return figure.Figure{Title: "Failed requests", Note: "Their share, with 95 % confidence intervals.", X: l.axis,
		Y: figure.Axis{Label: "failed requests", Unit: figure.Fraction}, Series: l.curve("failed", "failed_requests_rate")}
}

// bounds are the objectives that are about a percentile of a latency.
func (l ladder) bounds(key string) (marks []figure.Mark) {
	for _, m := range objectiveMarks(l.levels[0].res.Objectives, key) {
		marks = append(marks, figure.Mark{Kind: figure.MarkY, Y: m.X, Label: m.Label})
	}
	return marks
}

// tradeOff is throughput against latency, along the levels. Those in marked have a mark there with a label.
func (l ladder) tradeOff(key, name string, marked map[experiments.Load]string) (figure.Figure, bool) {
	fig := figure.Figure{
		Title: "Throughput against " + strings.ToLower(name), Note: "Each point is a level, joined in the order of their load.",
		X: figure.Axis{Label: "successful requests per second"}, Y: figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds, Log: true},
	}
	x := l.column("requests_per_second")
	for _, q := range []string{"p50", "p99"} {
		var line figure.Line
		var points figure.Scatter
		for i, y := range l.column(key + "-" + q) {
			if math.IsNaN(y) || math.IsNaN(x[i]) {
				continue
			}
			line.X, line.Y = append(line.X, x[i]), append(line.Y, y)
			points.Labels = append(points.Labels, l.levels[i].name+", "+q)
			if label := marked[l.levels[i].Load]; label != "" && q == "p50" {
				fig.Marks = append(fig.Marks, figure.Mark{Kind: figure.MarkPoint, X: x[i], Y: y, Label: label})
			}
		}
		if line.Name, points.Name = q, q; len(line.X) > 0 {
			points.X, points.Y = line.X, line.Y
			fig.Series = append(fig.Series, line, points)
		}
	}
	return fig, len(fig.Series) > 0
}

// rateText is a rate for reading: "12.5 requests/s".
func rateText(v float64) string { return figure.Unit("requests/s").Format(v) }
