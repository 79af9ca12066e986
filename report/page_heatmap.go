package report

import (
	"cmp"
	"fmt"
	"math"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/stats"
)

func (h heatmap) page() figure.Page {
	all := make([]*facts, len(h.Runs))
	for i, run := range h.Runs {
		all[i] = gather(run)
	}
	names := namesOf(h.Runs)
	p := figure.Page{
		Title: cmp.Or(h.Name, "Latency heatmap"), Footer: footer,
		Subtitle: subtitleOf(fmt.Sprintf("latency heatmap, %d × %d lengths in %s", len(h.grid.Inputs), len(h.grid.Outputs), plural(len(h.Runs), "run")), h.Runs),
	}
	top := h.notes()
	top = append(top, sharedRemarks(all, names)...)
	if v, judged := sharedVerdict(h.Runs, names, "run"); judged {
		top = append(top, v)
	}
	p.Sections = []figure.Section{{Blocks: append(top, h.tiles())}}
	if len(h.grid.Cells) > 0 {
		p.Sections = append(p.Sections,
			figure.Section{Title: "Heatmaps", Note: "Of the successful requests of each cell; n is their number.", Blocks: h.maps()},
			figure.Section{Title: "Cells", Blocks: []figure.Block{h.table()}})
	}
	p.Sections = append(p.Sections, figure.Section{Title: "Each run", Blocks: each(all, names)})
	return p
}

// notes say what is not in the cells.
func (h heatmap) notes() (blocks []figure.Block) {
	switch {
	case h.err != nil:
		blocks = append(blocks, figure.Note{Tone: figure.Warn, Title: "Not all responses could be read", Text: h.err.Error()})
	case len(h.grid.Cells) == 0:
		blocks = append(blocks, figure.Note{Tone: figure.Bad, Title: "There are no cells", Text: "No response tells of the lengths of its prompt and answer."})
	}
	if n := h.grid.Unplaced; n > 0 {
		blocks = append(blocks, figure.Note{Title: plural(n, "response") + " in no cell", Text: "The lengths of their prompts or answers are not known, as those of failed requests are not."})
	}
	return blocks
}

func (h heatmap) tiles() figure.Tiles {
	requests, failed := 0, 0
	for _, run := range h.Runs {
		requests, failed = requests+run.TotalRequests, failed+run.FailedRequests()
	}
	tiles := figure.Tiles{{Label: "cells", Value: Number(float64(len(h.grid.Cells))), Note: fmt.Sprintf("of %d × %d", len(h.grid.Inputs), len(h.grid.Outputs))}}
	for _, m := range []struct{ label, key string }{{"TTFT p50", "ttft-p50"}, {"TTLT p50", "ttlt-p50"}} {
		lowest, highest := math.NaN(), math.NaN()
		var at experiments.Cell
		for _, c := range h.grid.Cells {
			v := lookup(c.Stats, m.key)
			if !(v >= lowest) && !math.IsNaN(v) {
				lowest = v
			}
			if !(v <= highest) && !math.IsNaN(v) {
				highest, at = v, c
			}
		}
		if !math.IsNaN(highest) {
			tiles = append(tiles, figure.Tile{Label: m.label + ", lowest", Value: Seconds(lowest)},
				figure.Tile{Label: m.label + ", highest", Value: Seconds(highest), Note: fmt.Sprintf("%s in, %s out", at.Input, at.Output)})
		}
	}
	return append(tiles, failedOf(failed, requests))
}

// maps are the heatmaps of all numbers that there are.
func (h heatmap) maps() (blocks []figure.Block) {
	for _, m := range []struct{ title, metric, q string }{
		{"Time to first token, median", "ttft", "p50"}, {"Time to first token, p99", "ttft", "p99"},
		{"Time to last token, median", "ttlt", "p50"}, {"Time to last token, p99", "ttlt", "p99"},
		{"Time per output token, median", "tpot", "p50"},
	} {
		fewest := math.MaxInt
		fig := h.heatmapOf(m.title, m.q, figure.Seconds, func(cell experiments.Cell) (v float64, n int) {
			n = int(zeroIfNaN(lookup(cell.Stats, m.metric+"-n")))
			fewest = min(fewest, n)
			return lookup(cell.Stats, m.metric+"-"+m.q), n
		})
		if m.q == "p99" && uint64(fewest) < stats.MinN(0.99) {
			fig.Note = "Of so few requests it is hardly more than the largest value."
		}
		if !fig.IsEmpty() {
			blocks = append(blocks, fig)
		}
	}
	if h.anyFailed() {
		blocks = append(blocks, h.heatmapOf("Failed requests", "share", figure.Fraction, func(cell experiments.Cell) (v float64, n int) {
			return float64(cell.Failed) / float64(cell.Requests), cell.Requests
		}))
	}
	return blocks
}

func (h heatmap) anyFailed() bool {
	for _, c := range h.grid.Cells {
		if c.Failed > 0 {
			return true
		}
	}
	return false
}

// heatmapOf draws one number of every cell, of which value gives the number and how many requests it is from.
func (h heatmap) heatmapOf(title, name string, unit figure.Unit, value func(experiments.Cell) (v float64, n int)) figure.Figure {
	m := figure.Heatmap{Name: name, Unit: unit}
	for _, output := range h.grid.Outputs {
		values, counts := make([]float64, len(h.grid.Inputs)), make([]int, len(h.grid.Inputs))
		for i, input := range h.grid.Inputs {
			values[i] = math.NaN()
			if cell, ok := h.grid.Cell(input, output); ok {
				values[i], counts[i] = value(cell)
			}
		}
		m.Values, m.Counts = append(m.Values, values), append(m.Counts, counts)
	}
	return figure.Figure{
		Title: title, X: figure.Axis{Label: "input tokens", Categories: binNames(h.grid.Inputs)},
		Y: figure.Axis{Label: "output tokens", Categories: binNames(h.grid.Outputs)}, Series: []figure.Series{m},
	}
}

func binNames(bins []experiments.Bin) []string {
	names := make([]string, len(bins))
	for i, b := range bins {
		names[i] = b.String()
	}
	return names
}

func (h heatmap) table() figure.Table {
	t := figure.Table{}
	for i, name := range []string{"input tokens", "output tokens", "requests", "failed", "TTFT p50", "p99", "TPOT p50", "p99", "TTLT p50", "p99"} {
		t.Columns = append(t.Columns, figure.Column{Name: name, Right: i > 1})
	}
	for _, c := range h.grid.Cells {
		row := figure.Cells(c.Input.String(), c.Output.String(), Number(float64(c.Requests)), Number(float64(c.Failed)))
		if c.Failed > 0 {
			row[3].Tone = figure.Bad
		}
		for _, key := range []string{"ttft", "tpot", "ttlt"} {
			row = append(row, figure.Cells(Seconds(lookup(c.Stats, key+"-p50")), Seconds(lookup(c.Stats, key+"-p99")))...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
