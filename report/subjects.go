package report

import (
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
)

// The subjects.
type (
	runs       []*result.Result
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

func newHeatmap(r *experiments.HeatmapResult) heatmap {
	h := heatmap{HeatmapResult: r}
	h.grid, h.err = r.Cells()
	return h
}
