package page

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

const maxSpikes = 10 // that are listed

// concurrency is how many calls of models and tools ran at once.
func (f *facts) concurrency() figure.Section {
	a := f.Spikes
	if a == nil {
		a = profiler.AnalyzeSpikes(f.Requests, 0)
	}
	if a.Calls == 0 {
		return figure.Section{}
	}
	s := figure.Section{Title: "Concurrency", Note: "Calls of models and tools. Percentiles are weighted by time."}
	tiles := figure.Tiles{
		{Label: "Median while any ran", Value: count(int(a.Busy.P50))}, {Label: "p90 while any ran", Value: count(int(a.Busy.P90))},
		{Label: "p99 while any ran", Value: count(int(a.Busy.P99))},
	}
	if a.Threshold > 1 {
		tiles = append(tiles, figure.Tile{Label: "Spikes", Value: count(len(a.Intervals)), Note: fmt.Sprintf("%s calls or more at once", count(a.Threshold))})
	}
	s.Blocks = append(s.Blocks, tiles, f.levels(a), distribution(a), latencyByLevel(a))
	if a.Threshold > 1 && len(a.Intervals) > 0 {
		s.Blocks = append(s.Blocks, f.spikes(a))
	}
	return s
}

// levels is how many ran, over time. The stretches of spikes are drawn over the rest.
func (f *facts) levels(a *profiler.Spikes) figure.Figure {
	x, y := f.running()
	fig := figure.Figure{
		Title: "Calls that ran at once", Wide: true, X: figure.Axis{Label: "since the first step", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "calls"},
		Series: []figure.Series{figure.Line{Name: "calls", Color: figure.Blue, X: x, Y: y, Step: true}},
		Marks:  []figure.Mark{{Kind: figure.MarkY, Y: float64(a.Threshold), Label: fmt.Sprintf("spike: %d or more", a.Threshold)}},
		Empty:  "No call took any time.",
	}
	if a.Threshold <= 1 || len(a.Intervals) == 0 { // a call alone is no spike, whatever the threshold says
		fig.Marks = nil
		return fig
	}
	spikes, next := make([]float64, len(x)), 0
	for i, at := range x {
		for next < len(a.Intervals) && a.Intervals[next].End-f.origin < at {
			next++
		}
		spikes[i] = math.NaN()
		if next < len(a.Intervals) && at >= a.Intervals[next].Start-f.origin {
			spikes[i] = y[i]
		}
	}
	fig.Series = append(fig.Series, figure.Line{Name: "spikes", Color: figure.Orange, X: x, Y: spikes, Step: true})
	return fig
}

// running is how many calls ran from each instant at which that changed, seconds since the first step.
func (f *facts) running() (x, y []float64) {
	change := map[float64]int{}
	for _, q := range f.Requests {
		for i := range q.Spans {
			if s := &q.Spans[i]; (s.Category == profiler.LLM || s.Category == profiler.Tool) && s.Duration() > 0 {
				change[s.Start]++
				change[s.End]--
			}
		}
	}
	level := 0
	for _, at := range slices.Sorted(maps.Keys(change)) {
		level += change[at]
		x, y = append(x, at-f.origin), append(y, float64(level))
	}
	return x, y
}

// by lists a map of levels in their order.
func by(m map[int]float64) (levels []string, values []float64) {
	for _, level := range slices.Sorted(maps.Keys(m)) {
		levels, values = append(levels, fmt.Sprint(level)), append(values, m[level])
	}
	return levels, values
}

func distribution(a *profiler.Spikes) figure.Figure {
	levels, values := by(a.Distribution)
	return figure.Figure{
		Title: "Time at each number of calls", Note: "0 is the gaps between calls.", X: figure.Axis{Label: "calls at once", Categories: levels},
		Y: figure.Axis{Label: "time", Unit: figure.Seconds}, Series: []figure.Series{figure.Bars{Name: "time", Values: values}},
	}
}

func latencyByLevel(a *profiler.Spikes) figure.Figure {
	levels, values := by(a.Latency)
	return figure.Figure{
		Title: "Duration by number of calls", Note: "Mean of the calls that had so many running in their middle, themselves included. Rising bars mean that calls slow one another down.",
		X: figure.Axis{Label: "calls at once", Categories: levels}, Y: figure.Axis{Label: "duration", Unit: figure.Seconds},
		Series: []figure.Series{figure.Bars{Name: "mean duration", Color: figure.Green, Values: values}}, Empty: "No call took any time.",
	}
}

func (f *facts) spikes(a *profiler.Spikes) figure.Table {
	t := figure.Table{
		Title:   "The highest spikes",
		Note:    fmt.Sprintf("Calls in spikes had %s prompt tokens and %s tokens in all, each call counted once.", figure.None.Format(a.PerCall.PromptTokens), figure.None.Format(a.PerCall.TotalTokens)),
		Columns: []figure.Column{{Name: "from"}, {Name: "length", Right: true}, {Name: "most at once", Right: true}, {Name: "calls", Right: true}},
	}
	highest := slices.Clone(a.Intervals)
	slices.SortStableFunc(highest, func(a, b profiler.Spike) int {
		return cmp.Or(cmp.Compare(b.Concurrency, a.Concurrency), cmp.Compare(b.End-b.Start, a.End-a.Start))
	})
	for _, s := range highest[:min(len(highest), maxSpikes)] {
		t.Rows = append(t.Rows, cells(figure.Seconds.Format(s.Start-f.origin), figure.Seconds.Format(s.End-s.Start), count(s.Concurrency), count(s.ActiveCalls)))
	}
	if len(a.Intervals) > maxSpikes {
		t.Note += fmt.Sprintf(" %d of %s.", maxSpikes, count(len(a.Intervals)))
	}
	return t
}

// calls is how long calls of each operation took.
func (f *facts) calls() figure.Section {
	durations := map[string][]float64{}
	var runtimes []float64
	for _, q := range f.Requests {
		if q.Steps > 0 {
			runtimes = append(runtimes, q.Runtime())
		}
		for i := range q.Spans {
			if s := &q.Spans[i]; (s.Category == profiler.LLM || s.Category == profiler.Tool) && s.State == profiler.Complete {
				key := string(s.Category) + ":" + s.Name
				durations[key] = append(durations[key], s.Duration())
			}
		}
	}
	if len(durations) == 0 {
		return figure.Section{}
	}
	box := figure.Box{Name: "duration"}
	var names []string
	for _, o := range f.operations() {
		if d := durations[string(o.category)+":"+o.name]; len(d) > 0 && len(names) < maxOperation {
			names, box.Samples = append(names, operation(o.category, clip(o.name, 30))), append(box.Samples, d)
		}
	}
	fig := figure.Figure{
		Title: "Duration of calls", Note: "Of calls that did not fail, the most critical operations first: the middle half, whiskers after Tukey, and what lies beyond.",
		X: figure.Axis{Label: "duration", Unit: figure.Seconds}, Y: figure.Axis{Categories: names}, Series: []figure.Series{box},
	}
	return figure.Section{Title: "Durations", Blocks: []figure.Block{fig, figure.Figure{
		Title: "Run time of requests", X: figure.Axis{Label: "run time", Unit: figure.Seconds}, Y: figure.Axis{Label: "requests"},
		Series: []figure.Series{figure.Histogram{Name: "run time", Values: runtimes}},
	}}}
}
