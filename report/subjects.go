package report

import (
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// The subjects.
type (
	runs struct {
		all      []*result.Result
		warnings []result.Warning // what could not be loaded
	}
	loadTest   struct{ *experiments.LoadTestResult }
	capacity   struct{ *experiments.CapacityResult }
	comparison struct{ *experiments.Comparison }
	sweep      struct{ *experiments.SweepResult }
	soak       struct{ *experiments.SoakResult }
)

// A heatmap has its cells: those that were asked for or, where the payloads do not say, bins of what came.
type heatmap struct {
	*experiments.HeatmapResult
	grid experiments.Grid
	err  error // why the responses could not be read
}

// bins are as many as LLMeter makes by default.
const bins = 10

func newHeatmap(r *experiments.HeatmapResult) heatmap {
	h := heatmap{HeatmapResult: r}
	if h.grid, h.err = r.Cells(); h.err == nil && len(h.grid.Cells) == 0 {
		h.grid, h.err = r.Binned(bins, bins)
	}
	return h
}

func (r runs) page() figure.Page {
	switch len(r.all) {
	case 0:
		return figure.Page{Title: "No run", Subtitle: "There is no run to show."}
	case 1:
		return page(gather(r.all[0]))
	}
	p := sideBySide(r.all)
	p.Sections[0].Blocks = append(warned(r.warnings), p.Sections[0].Blocks...)
	return p
}
