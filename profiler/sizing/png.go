package sizing

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"

	"github.com/llmeter-go/llmeter/figure"
	figurepng "github.com/llmeter-go/llmeter/figure/png"
)

// WriteSimplePNG draws both latencies over the concurrency.
func (o *Output) WriteSimplePNG(w io.Writer) error {
	fig := figure.Figure{
		Title: "Concurrency vs. p95 LLM Latency and Workflow Runtime", X: figure.Axis{Label: "concurrency"}, Y: figure.Axis{Label: "p95", Unit: figure.Seconds},
		Series: []figure.Series{
			o.line("p95 LLM latency", figure.Blue, func(m Metrics) float64 { return m.LLMLatencyP95 }),
			o.line("p95 workflow run time", figure.Orange, func(m Metrics) float64 { return m.WorkflowRuntimeP95 }),
		},
	}
	return figurepng.Write(w, fig, figurepng.Options{Width: 900, Height: 450})
}

func (o *Output) line(name string, c figure.Color, of func(Metrics) float64) figure.Line {
	l := figure.Line{Name: name, Color: c, Dots: true}
	for _, n := range o.used() {
		l.X, l.Y = append(l.X, float64(n)), append(l.Y, of(o.CalcData[n].SizingMetrics))
	}
	return l
}

// used are the concurrencies whose points are used.
func (o *Output) used() []int {
	return slices.DeleteFunc(o.points(), func(n int) bool {
		m := o.CalcData[n].SizingMetrics
		return m.Alerts.WorkflowInterrupted || m.LLMLatencyP95 == 0 || m.WorkflowRuntimeP95 == 0
	})
}

// WriteAnalysisPNG draws each latency that lies on a line, with the line, the outliers and the target, side by side.
func (o *Output) WriteAnalysisPNG(w io.Writer) error {
	var images []image.Image
	for _, m := range []struct {
		title  string
		color  figure.Color
		of     func(Metrics) float64
		fit    *Line
		target float64
	}{
		{"Concurrency vs P95 LLM Latency", figure.Blue, func(m Metrics) float64 { return m.LLMLatencyP95 }, o.FitResults.LLMLatency, o.Targets.LLMLatencyP95},
		{"Concurrency vs P95 Workflow Runtime", figure.Green, func(m Metrics) float64 { return m.WorkflowRuntimeP95 }, o.FitResults.WorkflowRuntime, o.Targets.WorkflowRuntimeP95},
	} {
		if m.fit == nil {
			continue
		}
		var b bytes.Buffer
		if err := figurepng.Write(&b, o.analysis(m.title, m.color, m.of, *m.fit, m.target), figurepng.Options{Width: 760, Height: 480}); err != nil {
			return err
		}
		i, err := png.Decode(&b)
		if err != nil {
			return err
		}
		images = append(images, i)
	}
	return png.Encode(w, beside(images))
}

func (o *Output) analysis(title string, c figure.Color, of func(Metrics) float64, fit Line, target float64) figure.Figure {
	kept, removed := figure.Scatter{Name: "measured", Color: c}, figure.Scatter{Name: "removed outliers", Color: figure.Red}
	used := o.used()
	for _, n := range used {
		to := &kept
		if slices.Contains(fit.Outliers, n) {
			to = &removed
		}
		to.X, to.Y = append(to.X, float64(n)), append(to.Y, of(o.CalcData[n].SizingMetrics))
	}
	ends := []float64{float64(used[0]), float64(used[len(used)-1])}
	fig := figure.Figure{
		Title: title, X: figure.Axis{Label: "concurrency"}, Y: figure.Axis{Label: "p95", Unit: figure.Seconds},
		Series: []figure.Series{kept, figure.Line{
			Name: fmt.Sprintf("trend (slope %.4f s, R² %.3f)", fit.Slope, fit.RSquared), Color: figure.Orange, Dashed: true, X: ends, Y: []float64{fit.At(ends[0]), fit.At(ends[1])},
		}},
	}
	if len(removed.X) > 0 {
		fig.Series = append(fig.Series, removed)
	}
	if target > 0 {
		fig.Marks = []figure.Mark{{Kind: figure.MarkY, Y: target, Label: "target " + figure.Seconds.Format(target)}}
	}
	return fig
}

// beside puts images side by side.
func beside(images []image.Image) image.Image {
	size := image.Point{}
	for _, i := range images {
		size = image.Pt(size.X+i.Bounds().Dx(), max(size.Y, i.Bounds().Dy()))
	}
	all := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(all, all.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	x := 0
	for _, i := range images {
		draw.Draw(all, image.Rect(x, 0, x+i.Bounds().Dx(), i.Bounds().Dy()), i, i.Bounds().Min, draw.Src)
		x += i.Bounds().Dx()
	}
	return all
}
