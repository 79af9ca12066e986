package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
)

func (c capacity) page() figure.Page {
	var plain []experiments.Level
	for _, l := range c.Levels {
		plain = append(plain, experiments.Level{Load: l.Load, Result: l.Result})
	}
	levels := gatherLevels(plain)
	names, all := levelNames(levels), factsOf(levels)
	p := figure.Page{Title: cmp.Or(c.Name, "Capacity"), Subtitle: subtitleOf("search for capacity, "+plural(len(levels), "level"), runsOf(all)), Footer: footer}
	top := append([]figure.Block{c.answer()}, warned(c.Warnings)...)
	top = append(top, sharedRemarks(all, names)...)
	if v, judged := sharedVerdict(runsOf(all), names, "level"); judged {
		top = append(top, v)
	}
	if len(levels) == 0 {
		p.Sections = []figure.Section{{Blocks: top}}
		return p
	}
	p.Sections = append(p.Sections,
		figure.Section{Blocks: append(top, c.tiles(), c.table())},
		figure.Section{Title: "Objectives", Note: "What each level says of them, with 95 % confidence intervals, and the bound.", Blocks: c.objectiveFigures()},
		figure.Section{Title: "Numbers", Blocks: []figure.Block{levelTable(levels)}})
	marks := map[experiments.Load]string{c.Load: "capacity: " + c.Load.String()}
	for _, ladder := range ladders(levels) {
		p.Sections = append(p.Sections, figure.Section{Title: "Curves", Blocks: append(ladder.curves(), ladder.tradeOffs(marks)...)})
	}
	p.Sections = append(p.Sections, figure.Section{Title: "Each level", Blocks: each(all, names)})
	return p
}

// found reports whether the search came to its end; without one there is no interval.
func (c capacity) found() bool { return c.Interval.Hi > 0 }

// answer is the answer in words.
func (c capacity) answer() figure.Note {
	switch {
	case !c.found():
		return figure.Note{Tone: figure.Warn, Title: "There is no answer", Text: "The search did not come to its end; the levels until then are below."}
	case c.Load == experiments.Load{}:
		return figure.Note{Tone: figure.Bad, Title: "Even the lowest load misses the objectives", Text: "The capacity is below " + c.bound(c.Interval.Hi) + "."}
	case math.IsInf(c.Interval.Hi, 1):
		return figure.Note{Tone: figure.Warn, Title: "Capacity: at least " + c.Load.String(), Text: "No load that was tried misses the objectives for sure."}
	case c.Interval.Lo == 0:
		return figure.Note{Tone: figure.Warn, Title: "Capacity: " + c.Load.String(), Text: fmt.Sprintf("It is below %s, which misses the objectives for sure.", c.bound(c.Interval.Hi))}
	}
	return figure.Note{Tone: figure.Good, Title: "Capacity: " + c.Load.String(), Text: fmt.Sprintf("It lies between %s, which meets the objectives for sure, and %s, which misses them for sure.", c.bound(c.Interval.Lo), c.bound(c.Interval.Hi))}
}

// rates reports whether loads are rates.
func (c capacity) rates() bool { return len(c.Levels) > 0 && c.Levels[0].Rate > 0 }

// bound writes an end of the interval.
func (c capacity) bound(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "no bound"
	case c.rates():
		return rateText(v)
	}
	return plural(int(v), "client")
}

// met is the highest load that meets the objectives for sure.
func (c capacity) met() string {
	if c.Interval.Lo == 0 {
		return "no load"
	}
	return c.bound(c.Interval.Lo)
}

func (c capacity) tiles() figure.Tiles {
	decided := map[experiments.Decision]int{}
	requests := 0
	for _, l := range c.Levels {
		decided[l.Decision]++
		requests += l.Result.TotalRequests
	}
	var tiles figure.Tiles
	if c.found() && c.Load != (experiments.Load{}) {
		tiles = figure.Tiles{{Label: "capacity", Value: c.Load.String(), Tone: figure.Good}}
	}
	if c.found() {
		tiles = append(tiles, figure.Tile{Label: "met for sure", Value: c.met()}, figure.Tile{Label: "missed for sure", Value: c.bound(c.Interval.Hi)})
	}
	return append(tiles, figure.Tile{Label: "levels", Value: Number(float64(len(c.Levels))),
		Note: fmt.Sprintf("%d met, %d missed, %d unclear", decided[experiments.Met], decided[experiments.Missed], decided[experiments.Unclear])},
		figure.Tile{Label: "requests", Value: Number(float64(requests))})
}

// table has what each level says of each objective.
func (c capacity) table() figure.Table {
	t := figure.Table{Title: "Decisions", Columns: []figure.Column{{Name: "load"}, {Name: "verdict"}, {Name: "decision"}, {Name: "objective"}, {Name: ""}}}
	for _, name := range []string{"value", "bound", "95 % interval", "n"} {
		t.Columns = append(t.Columns, figure.Column{Name: name, Right: true})
	}
	for _, l := range c.Levels {
		decision := figure.Cell{Text: string(l.Decision), Tone: decisionTone(l.Decision)}
		if l.Saturated {
			decision.Text += ", saturated"
		}
		verdict := figure.Cell{Text: orDash(l.Result.Verdict.Level), Tone: verdictTone(l.Result.Verdict.Level)}
		lead := []figure.Cell{{Text: l.Load.String()}, verdict, decision}
		for _, check := range l.Checks {
			u := checkUnit(check)
			known := "–"
			if check.Interval.Exists() {
				known = between(check.Interval.Lo, check.Interval.Hi, u)
			}
			row := append(lead, figure.Cell{Text: check.Objective.String()}, figure.Cell{Text: string(check.Decision), Tone: decisionTone(check.Decision)})
			t.Rows = append(t.Rows, append(row, figure.Cells(u.Format(check.Value), limitText(check), known, Number(float64(check.N)))...))
			lead = figure.Cells("", "", "")
		}
	}
	t.Note = "Where an objective is about a percentile, goodput or failures, the value is the share of requests on the wrong side of its bound."
	return t
}

func decisionTone(d experiments.Decision) figure.Tone {
	switch d {
	case experiments.Met:
		return figure.Good
	case experiments.Missed:
		return figure.Bad
	}
	return figure.Warn
}

// ofShare reports whether a check is about the share of requests on the wrong side: of a quantile, of goodput, or of failures.
func ofShare(check experiments.Check) bool {
	if _, goodput := check.Objective.Goodput(); goodput || check.Objective.Name == experiments.KeyFailedRate {
		return true
	}
	metric, statistic, _ := strings.Cut(check.Objective.Name, "-")
	return strings.HasPrefix(statistic, "p") && slices.Contains(endpoint.MetricKeys(), metric)
}

func checkUnit(check experiments.Check) figure.Unit {
	if ofShare(check) {
		return figure.Fraction
	}
	return unitOf(check.Objective)
}

// limitText is what the value of a check may be.
func limitText(check experiments.Check) string {
	if ofShare(check) {
		return "at most " + Percent(check.Limit)
	}
	return fmt.Sprintf("%v %s", check.Objective.Op, checkUnit(check).Format(check.Limit))
}

// objectiveFigures have what the levels say of each objective against the load.
func (c capacity) objectiveFigures() (blocks []figure.Block) {
	if len(c.Levels) == 0 {
		return nil
	}
	for i, first := range c.Levels[0].Checks {
		name := "share of requests on the wrong side"
		if !ofShare(first) {
			name = first.Objective.Name
		}
		fig := figure.Figure{
			Title: first.Objective.String(), X: c.axis(), Y: figure.Axis{Label: name, Unit: checkUnit(first)},
			Marks: []figure.Mark{{Kind: figure.MarkY, Y: first.Limit, Label: limitText(first)}}, Empty: "No level has enough requests.",
		}
		for _, d := range []struct {
			decision experiments.Decision
			color    figure.Color
		}{{experiments.Met, figure.Green}, {experiments.Missed, figure.Red}, {experiments.Unclear, figure.Gray}} {
			s := figure.Intervals{Name: "level " + string(d.decision), Color: d.color, X: []float64{}}
			for _, l := range c.Levels {
				if i < len(l.Checks) && l.Decision == d.decision {
					check := l.Checks[i]
					s.X, s.At = append(s.X, level{Load: l.Load}.value()), append(s.At, check.Value)
					s.Lo, s.Hi = append(s.Lo, check.Interval.Lo), append(s.Hi, check.Interval.Hi)
				}
			}
			if len(s.X) > 0 {
				fig.Series = append(fig.Series, s)
			}
		}
		if v := (level{Load: c.Load}).value(); v > 0 {
			fig.Marks = append(fig.Marks, figure.Mark{X: v, Label: "capacity"})
		}
		blocks = append(blocks, fig)
	}
	return blocks
}

func (c capacity) axis() figure.Axis {
	if c.rates() {
		return figure.Axis{Label: "requests per second, as scheduled", Log: true}
	}
	return figure.Axis{Label: "clients", Log: true, Whole: true}
}
