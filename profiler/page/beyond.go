package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const maxAnomalies = 15 // that are listed

// savings are what requests would gain if an operation were faster.
func (f *facts) savings() []figure.Block {
	c := f.Profile.CriticalPaths
	if c == nil || c.Wall <= 0 {
		return nil
	}
	t := figure.Table{
		Title: "What if an operation were faster", Note: "Every request run again with the operation's own work cut, while each call still waits for what it waited for. Saved of the time that requests took, " +
			"in brackets what it is at least, if a call waits for all siblings that had ended, and at most.",
		Columns: []figure.Column{{Name: "operation"}, {Name: "critical", Right: true}},
	}
	fig := figure.Figure{
		Title: "Saved if twice as fast", Note: "With the bounds of what is not known of who waits for whom.", Wide: true, X: figure.Axis{Label: "of the time of requests", Unit: figure.Fraction},
		Empty: "No operation was replayed.",
	}
	half := figure.Intervals{Name: "saved"}
	for _, o := range c.Operations {
		if len(o.Savings) == 0 {
			continue
		}
		name := operation(o.OperationType, clip(o.OperationName, 30))
		row := cells(name, figure.Seconds.Format(o.CriticalTime))
		for i, s := range o.Savings {
			if len(t.Columns) < 3+i {
				t.Columns = append(t.Columns, figure.Column{Name: faster(s.Faster), Right: true})
			}
			row = append(row, cells(saving(s, c.Wall))...)
			if s.Faster == 0.5 && len(half.At) < maxOperation {
				fig.Y.Categories = append(fig.Y.Categories, name)
				half.At, half.Lo, half.Hi = append(half.At, s.Share), append(half.Lo, s.Range[0]/c.Wall), append(half.Hi, s.Range[1]/c.Wall)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	if len(half.At) > 0 {
		fig.Series = []figure.Series{half}
	}
	return []figure.Block{t, fig}
}

func faster(by float64) string {
	if by >= 1 {
		return "left out"
	}
	return fmt.Sprintf("%g %% faster", 100*by)
}

// saving is the share that is saved, and its bounds where they differ from it.
func saving(s profiler.Saving, wall float64) string {
	text := figure.Fraction.Format(s.Share)
	least, most := s.Range[0]/wall, s.Range[1]/wall
	if figure.Fraction.Format(least) == text && figure.Fraction.Format(most) == text {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, (&profiler.Bounds{least, most}).Format(figure.Fraction))
}

// streaming is how answers came, piece by piece.
func (f *facts) streaming() figure.Section {
	a := f.Profile.Streaming
	if a == nil || a.All.Streamed == 0 {
		return figure.Section{}
	}
	t := figure.Table{
		Note: "Means, with their intervals at 95 %, and 95th percentiles. TTFT: until the first piece of an answer. ITL: between pieces. TPOT: seconds a token after the first.",
		Columns: []figure.Column{{Name: "model"}, {Name: "streamed", Right: true}, {Name: "TTFT", Right: true}, {Name: "p95", Right: true}, {Name: "ITL", Right: true}, {Name: "p95", Right: true},
			{Name: "TPOT", Right: true}, {Name: "tokens a piece", Right: true}},
	}
	add := func(name string, m profiler.ModelStreaming) {
		row := cells(clip(name, 60), fmt.Sprintf("%s of %s", count(m.Streamed), count(m.Tokens.Calls)))
		for _, e := range []*profiler.Estimate{m.TTFT, m.ITL} {
			row = append(row, cells(meanOf(e, figure.Seconds), percentileOf(e, "p95"))...)
		}
		perPiece := "–"
		if m.TokensPerPiece != nil {
			perPiece = figure.None.Format(*m.TokensPerPiece)
		}
		t.Rows = append(t.Rows, append(row, cells(meanOf(m.TPOT, figure.Seconds), perPiece)...))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Models)) {
		if m := a.Models[name]; m.Streamed > 0 {
			add(name, m)
		}
	}
	if len(t.Rows) > 1 {
		add("all", a.All)
	}
	return figure.Section{Title: "Streaming", Blocks: []figure.Block{t}}
}

func meanOf(e *profiler.Estimate, u figure.Unit) string {
	if e == nil || e.Mean == nil {
		return "–"
	}
	s := u.Format(*e.Mean)
	if e.NinetyFifth != nil {
		s += " (" + e.NinetyFifth.Format(u) + ")"
	}
	return s
}

func percentileOf(e *profiler.Estimate, name string) string {
	if e != nil {
		for _, p := range e.Percentiles {
			if p.Name == name {
				return figure.Seconds.Format(p.Value)
			}
		}
	}
	return "–"
}

// waiting is time in which calls were sent away and tried again.
func (f *facts) waiting() figure.Section {
	w := f.Profile.Waiting
	if w == nil || len(w.Operations) == 0 {
		return figure.Section{}
	}
	s := figure.Section{Title: "Waiting", Note: "Calls that a server sent away because it had too much to do, and the pauses before they were tried again, apart from work."}
	tiles := figure.Tiles{
		{Label: "Waiting", Value: figure.Seconds.Format(w.Waiting), Note: "in which at least one call waited"},
		{Label: "On critical paths", Value: figure.Seconds.Format(w.Critical), Note: f.share(w.Critical) + " of the time of requests"},
	}
	if w.WorkRuntime != nil {
		tiles = append(tiles, tile("Run time without it, mean", w.WorkRuntime, figure.Seconds))
	}
	if w.WorkLatency != nil {
		tiles = append(tiles, tile("LLM call without it, mean", w.WorkLatency, figure.Seconds))
	}
	t := figure.Table{Columns: []figure.Column{{Name: "operation"}, {Name: "calls", Right: true}, {Name: "failed", Right: true}, {Name: "took", Right: true}, {Name: "throttled", Right: true}, {Name: "took", Right: true},
		{Name: "retries", Right: true}, {Name: "back-off", Right: true}, {Name: "statuses"}}}
	for _, o := range w.Operations[:min(len(w.Operations), maxRows)] {
		var statuses []string
		for _, status := range slices.Sorted(maps.Keys(o.Statuses)) {
			statuses = append(statuses, fmt.Sprintf("%d × %d", o.Statuses[status], status))
		}
		t.Rows = append(t.Rows, cells(operation(o.OperationType, o.OperationName), count(o.Calls), count(o.Failed), figure.Seconds.Format(o.FailedTime), count(o.Throttled), figure.Seconds.Format(o.ThrottledTime),
			count(o.Retries), figure.Seconds.Format(o.BackoffTime), strings.Join(statuses, ", ")))
	}
	s.Blocks = []figure.Block{tiles, t}
	return s
}

// anomalies are steps that stand out from others of their operation.
func (f *facts) anomalies() figure.Section {
	a := f.Profile.Anomalies
	if a == nil || len(a.Operations) == 0 {
		return figure.Section{}
	}
	s := figure.Section{Title: "Anomalies", Note: fmt.Sprintf("Durations whose logarithm is more than %g σ from the median of their operation. %s stand out; %s would by chance alone.",
		a.Threshold, count(a.Found), figure.None.Format(a.ByChance))}
	if len(a.Steps) == 0 {
		s.Blocks = []figure.Block{figure.Note{Tone: figure.Good, Text: "No step stands out."}}
		return s
	}
	t := figure.Table{Columns: []figure.Column{{Name: "request"}, {Name: "what"}, {Name: "at", Right: true}, {Name: "took", Right: true}, {Name: "expected", Right: true}, {Name: "σ", Right: true}}}
	for _, x := range a.Steps[:min(len(a.Steps), maxAnomalies)] {
		tone, what := figure.Warn, operation(x.OperationType, x.OperationName)
		if x.UUID == "" {
			what = "the whole request"
		}
		if x.Score < 0 {
			tone = figure.Plain
		}
		t.Rows = append(t.Rows, append(cells(count(x.Request), what, figure.Seconds.Format(x.Start-f.origin), figure.Seconds.Format(x.Value), x.Expected.Format(figure.Seconds)),
			figure.Cell{Text: figure.None.Format(x.Score), Tone: tone}))
	}
	if len(a.Steps) > maxAnomalies {
		t.Note = fmt.Sprintf("The %d furthest out of %s.", maxAnomalies, count(a.Found))
	}
	s.Blocks = []figure.Block{t}
	return s
}
