package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// fewSegments are those of a soak whose points are shown as dots.
const fewSegments = 120

func (s soak) page() figure.Page {
	p := figure.Page{Title: cmp.Or(s.Name, "Soak"), Subtitle: s.subtitle(), Footer: "Each segment is a run of its own; its statistics are one point. Changes are found by Pettitt's test on ranks, and told where none that is as large or larger would be likely without one."}
	if len(s.Segments) == 0 {
		p.Sections = []figure.Section{{Blocks: []figure.Block{figure.Note{Tone: figure.Bad, Title: "No segment was run", Text: "There is nothing to show."}}}}
		return p
	}
	top := append(warned(s.Warnings), s.notes()...)
	p.Sections = []figure.Section{
		{Blocks: append(top, s.tiles())},
		{Title: "Drift", Blocks: []figure.Block{s.drifts()}},
		{Title: "Over time", Note: "Where something changed, the dashed line is the median before and after.", Blocks: s.series()},
		{Title: "Segments", Blocks: []figure.Block{figure.Details{Title: plural(len(s.Segments), "segment"), Open: len(s.Segments) <= 20, Blocks: []figure.Block{s.table()}}}},
	}
	return p
}

func (s soak) subtitle() string {
	text := "soak, " + plural(len(s.Segments), "segment")
	if len(s.Segments) > 0 {
		text += " · " + s.elapsed().Round(time.Second).String() + " · " + s.Segments[0].Start.UTC().Format("2 January 2006, 15:04:05 UTC")
	}
	return text
}

// elapsed is the time from the first segment's start to the last one's end.
func (s soak) elapsed() time.Duration {
	last := s.Segments[len(s.Segments)-1]
	return last.Start.Add(last.Length).Sub(s.Segments[0].Start)
}

// at is when a segment began, in seconds since the first did.
func (s soak) at(i int) float64 { return s.Segments[i].Start.Sub(s.Segments[0].Start).Seconds() }

// notes say what changed, and in which segments the client could not be trusted.
func (s soak) notes() (blocks []figure.Block) {
	if len(s.Drifts) == 0 {
		blocks = append(blocks, figure.Note{Tone: figure.Good, Title: "No drift", Text: "Nothing changed for sure. Of fewer than 8 segments nothing could be told."})
	} else {
		var keys []string
		for _, d := range s.Drifts {
			if !slices.Contains(keys, d.Key) {
				keys = append(keys, d.Key)
			}
		}
		blocks = append(blocks, figure.Note{Tone: figure.Warn, Title: plural(len(s.Drifts), "change"), Text: "In " + strings.Join(keys, ", ") + "."})
	}
	runs, names := make([]*result.Result, len(s.Segments)), make([]string, len(s.Segments))
	failed := 0
	for i, segment := range s.Segments {
		runs[i], names[i] = &result.Result{Verdict: segment.Verdict}, fmt.Sprintf("segment %d", i+1)
		if n, ok := segment.Stats.Lookup("failed_requests"); segment.Requests > 0 && ok && int(n) == segment.Requests {
			failed++
		}
	}
	if failed > 0 {
		blocks = append(blocks, figure.Note{Tone: figure.Bad, Title: "Every request failed", Text: fmt.Sprintf("In %d of %s there are no latencies.", failed, plural(len(s.Segments), "segment"))})
	}
	if v, judged := sharedVerdict(runs, names, "segment"); judged {
		v.Text = clip(v.Text, 1500)
		blocks = append(blocks, v)
	}
	return blocks
}

func (s soak) tiles() figure.Tiles {
	requests, failed := 0, 0
	for _, segment := range s.Segments {
		requests += segment.Requests
		failed += int(zeroIfNaN(lookup(segment.Stats, "failed_requests")))
	}
	tiles := figure.Tiles{{Label: "time", Value: Seconds(s.elapsed().Seconds())}, {Label: "segments", Value: Number(float64(len(s.Segments)))},
		{Label: "requests", Value: Number(float64(requests))}, failedOf(failed, requests)}
	changes := figure.Tile{Label: "changes", Value: Number(float64(len(s.Drifts)))}
	if len(s.Drifts) > 0 {
		changes.Tone = figure.Warn
	}
	return append(tiles, changes)
}

// drifts is the table of what changed.
func (s soak) drifts() figure.Block {
	if len(s.Drifts) == 0 {
		return figure.Note{Tone: figure.Good, Text: "Nothing changed."}
	}
	var t figure.Table
	for i, name := range []string{"number", "change", "from", "to", "since", "segment", "at", "p"} {
		t.Columns = append(t.Columns, figure.Column{Name: name, Right: i > 0})
	}
	for _, d := range s.Drifts {
		u := unitOfKey(d.Key)
		t.Rows = append(t.Rows, figure.Cells(d.Key, change(d), u.Format(d.Before), u.Format(d.After), Seconds(s.at(d.Segment)), Number(float64(d.Segment+1)),
			d.Time.UTC().Format("2 Jan 15:04:05"), probability(d.P)))
	}
	return t
}

// change is by how much a statistic changed, of what it was, where that was not 0.
func change(d experiments.Drift) string {
	if d.Before == 0 {
		return "from 0"
	}
	return signed((d.After-d.Before)/d.Before, figure.Fraction)
}

// unitOfKey is the unit of a statistic.
func unitOfKey(key string) figure.Unit {
	metric, _, _ := strings.Cut(strings.TrimPrefix(key, "steady-"), "-")
	switch {
	case slices.ContainsFunc(latencies, func(l struct{ key, label, like string }) bool { return l.key == metric }),
		strings.HasPrefix(key, "time_"), key == "total_test_time":
		return figure.Seconds
	case strings.HasSuffix(key, "_rate"), metric == "goodput":
		return figure.Fraction
	case strings.HasSuffix(key, "_bytes"):
		return figure.Bytes
	}
	return figure.None
}

// keyTitle is a statistic in words: "Time to first token, p50".
func keyTitle(key string) string {
	if title, ok := keyTitles[key]; ok {
		return title
	}
	metric, statistic, _ := strings.Cut(key, "-")
	if title, ok := keyTitles[metric]; ok && statistic != "" {
		return title + ", " + statistic
	}
	return key
}

var keyTitles = map[string]string{
	"ttft": "Time to first token", "ttfct": "Time to first content token", "ttlt": "Time to last token", "tpot": "Time per output token", "itl": "Time between tokens",
	"icl": "Time between events", "stall": "Longest gap of a request", "response": "Response", "requests_per_second": "Throughput", "output_tokens_per_second": "Output",
	experiments.KeyFailedRate: "Failed requests", experiments.KeyClientMemory: "The client's memory",
}

// watched are the statistics that are shown: those that a soak watches by itself, and those that changed.
func (s soak) watched() []string {
	keys := []string{"ttft-p50", "ttft-p99", "ttlt-p50", "ttlt-p99", "tpot-p50", "tpot-p99", "requests_per_second", "output_tokens_per_second", experiments.KeyFailedRate, experiments.KeyClientMemory}
	for _, d := range s.Drifts {
		if !slices.Contains(keys, d.Key) {
			keys = append(keys, d.Key)
		}
	}
	return keys
}

// series are the statistics over time.
func (s soak) series() (blocks []figure.Block) {
	for _, key := range s.watched() {
		if fig := s.overTime(key); !fig.IsEmpty() {
			blocks = append(blocks, fig)
		}
	}
	return blocks
}

// overTime is one statistic, with its intervals, over the segments.
func (s soak) overTime(key string) figure.Figure {
	var x, y, lo, hi []float64
	for i, segment := range s.Segments {
		x, y = append(x, s.at(i)), append(y, lookup(segment.Stats, key))
		lo, hi = append(lo, lookup(segment.Stats, key+"-ci95-lo")), append(hi, lookup(segment.Stats, key+"-ci95-hi"))
	}
	fig := figure.Figure{Title: keyTitle(key), X: elapsed, Y: figure.Axis{Label: strings.ReplaceAll(key, "_", " "), Unit: unitOfKey(key)}}
	if hasValue(lo) {
		fig.Note = "With 95 % confidence intervals."
		fig.Series = append(fig.Series, figure.Band{Name: key, Color: figure.Blue, X: x, Lo: lo, Hi: hi})
	}
	fig.Series = append(fig.Series, figure.Line{Name: key, Color: figure.Blue, X: x, Y: y, Dots: len(x) <= fewSegments})
	if medians, some := s.medians(key); some {
		fig.Series = append(fig.Series, medians)
	}
	for _, d := range s.Drifts {
		if d.Key == key {
			fig.Marks = append(fig.Marks, figure.Mark{X: s.at(d.Segment), Label: change(d)})
		}
	}
	return fig
}

// medians are those before and after each change of a statistic.
func (s soak) medians(key string) (line figure.Line, some bool) {
	line = figure.Line{Name: "medians", Color: figure.Orange, Step: true, Dashed: true, X: []float64{0}, Y: []float64{math.NaN()}}
	for _, d := range s.Drifts {
		if d.Key != key {
			continue
		}
		if !some {
			line.Y[0] = d.Before
		}
		line.X, line.Y, some = append(line.X, s.at(d.Segment)), append(line.Y, d.After), true
	}
	last := len(line.Y) - 1
	line.X, line.Y = append(line.X, s.at(len(s.Segments)-1)), append(line.Y, line.Y[last])
	return line, some
}

func (s soak) table() figure.Table {
	t := figure.Table{Columns: []figure.Column{{Name: "began", Right: true}, {Name: "length", Right: true}, {Name: "verdict"}, {Name: "requests", Right: true}}}
	for _, c := range sideColumns {
		t.Columns = append(t.Columns, figure.Column{Name: c.name, Right: true})
	}
	for i, segment := range s.Segments {
		row := figure.Cells(Seconds(s.at(i)), Seconds(segment.Length.Seconds()), orDash(segment.Verdict.Level), Number(float64(segment.Requests)))
		row[2].Tone = verdictTone(segment.Verdict.Level)
		for _, c := range sideColumns {
			row = append(row, figure.Cell{Text: c.unit.Format(lookup(segment.Stats, c.key))})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
