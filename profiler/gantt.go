package profiler

import (
	"cmp"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// maxBars bounds how many nodes a chart shows: more than 2,000 pixels have no room for.
const maxBars = 2000

// maxLabels bounds how many bars have a name beside them.
const maxLabels = 150

// WriteGantt draws the nodes as a Gantt chart, a PNG of 3,000 × 2,250 pixels: a bar for each, the earliest at the top. Of more than 2,000
// it shows the longest.
func (n *NestedStack) WriteGantt(w io.Writer) error {
	bars, origin := n.bars()
	p := plot.New()
	p.BackgroundColor = nil // the canvas is white already
	p.Title.Text = "Gantt Chart of Nested Calls (All Examples)"
	if len(bars.nodes) < len(n.Nodes) {
		p.Title.Text += fmt.Sprintf(": the longest %d of %d", len(bars.nodes), len(n.Nodes))
	}
	p.X.Label.Text = "Time (s)"
	p.Y.Min, p.Y.Max = -0.5, float64(len(bars.nodes))-0.5
	p.X.Min, p.X.Max = 0, 1
	for _, m := range bars.nodes {
		p.X.Max = max(p.X.Max, m.EndTime-origin)
	}
	p.Y.Tick.Marker = plot.ConstantTicks(bars.labels())
	p.Add(bars)
	for _, c := range []struct {
		name  string
		color color.Color
	}{{"LLM", colorOf(LLM)}, {"TOOL", colorOf(Tool)}, {"FUNCTION", colorOf(Function)}} {
		p.Legend.Add(c.name, swatch{c.color})
	}
	p.Legend.Top = true
	canvas := vgimg.NewWith(vgimg.UseWH(20*vg.Inch, 15*vg.Inch), vgimg.UseDPI(150))
	const margin = 0.3 * vg.Inch
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	encoder := png.Encoder{CompressionLevel: png.BestSpeed} // nearly all of it is white
	return encoder.Encode(w, canvas.Image())
}

// ganttBars draws nodes as bars, the first at the top.
type ganttBars struct {
	nodes  []*NodeMetrics
	origin float64
}

func (n *NestedStack) bars() (ganttBars, float64) {
	b := ganttBars{origin: math.Inf(1)}
	for i := range n.Nodes {
		b.nodes = append(b.nodes, &n.Nodes[i])
		b.origin = min(b.origin, n.Nodes[i].StartTime)
	}
	if len(b.nodes) > maxBars {
		slices.SortStableFunc(b.nodes, func(a, b *NodeMetrics) int { return cmp.Compare(b.Duration, a.Duration) })
		b.nodes = b.nodes[:maxBars]
	}
	slices.SortStableFunc(b.nodes, func(a, b *NodeMetrics) int { return cmp.Compare(a.StartTime, b.StartTime) })
	return b, b.origin
}

// row is the place of the ith bar.
func (b ganttBars) row(i int) float64 { return float64(len(b.nodes) - 1 - i) }

func (b ganttBars) labels() []plot.Tick {
	if len(b.nodes) > maxLabels {
		return nil
	}
	ticks := make([]plot.Tick, len(b.nodes))
	for i, m := range b.nodes {
		ticks[i] = plot.Tick{Value: b.row(i), Label: string(m.OperationType) + ":" + m.OperationName}
	}
	return ticks
}

// Plot is for package plot.
func (b ganttBars) Plot(c draw.Canvas, p *plot.Plot) {
	const half, least = 0.4, 0.5 // of a row; points, so that a short bar can be seen
	x, y := p.Transforms(&c)
	for i, m := range b.nodes {
		left, right := x(m.StartTime-b.origin), x(m.EndTime-b.origin)
		right = max(right, left+least)
		bottom, top := y(b.row(i)-half), y(b.row(i)+half)
		c.FillPolygon(colorOf(m.OperationType), []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}})
	}
}

// swatch is a color in the legend.
type swatch struct{ color color.Color }

// Thumbnail is for package plot.
func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.color, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

func colorOf(c Category) color.Color {
	switch c {
	case LLM:
		return color.RGBA{0x1f, 0x77, 0xb4, 0xff} // blue
	case Tool:
		return color.RGBA{0x2c, 0xa0, 0x2c, 0xff} // green
	case Function:
		return color.RGBA{0xff, 0x7f, 0x0e, 0xff} // orange
	}
	return color.RGBA{0x7f, 0x7f, 0x7f, 0xff}
}
