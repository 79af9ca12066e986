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
// it shows those that failed, and the longest. A call that failed has a red edge, and one whose end is not known is a red mark.
func (n *NestedStack) WriteGantt(w io.Writer) error {
	bars, origin := n.bars()
	p := plot.New()
	p.BackgroundColor = nil // the canvas is white already
	p.Title.Text = "Gantt Chart of Nested Calls (All Examples)"
	if all := len(n.Nodes) + len(n.Incomplete); len(bars.bars) < all {
		p.Title.Text += fmt.Sprintf(": the failed and the longest, %d of %d", len(bars.bars), all)
	}
	p.X.Label.Text = "Time (s)"
	p.Y.Min, p.Y.Max = -0.5, float64(len(bars.bars))-0.5
	for _, bar := range bars.bars {
		p.X.Max = max(p.X.Max, bar.end-origin)
	}
	if p.X.Max == 0 {
		p.X.Max = 1
	}
	p.Y.Tick.Marker = plot.ConstantTicks(bars.labels())
	p.Add(bars)
	for _, c := range []Category{LLM, Tool, Function} {
		p.Legend.Add(string(c), swatch{colorOf(c), false})
	}
	if slices.ContainsFunc(bars.bars, func(b ganttBar) bool { return b.state != Complete }) {
		p.Legend.Add("failed or not finished", swatch{color.White, true})
	}
	p.Legend.Top = true
	canvas := vgimg.NewWith(vgimg.UseWH(20*vg.Inch, 15*vg.Inch), vgimg.UseDPI(150))
	const margin = 0.3 * vg.Inch
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	encoder := png.Encoder{CompressionLevel: png.BestSpeed} // nearly all of it is white
	return encoder.Encode(w, canvas.Image())
}

// A ganttBar is a call. Without an end it has no length.
type ganttBar struct {
	kind       Category
	name       string
	start, end float64
	state      SpanState
}

// ganttBars draws calls as bars, the first at the top.
type ganttBars struct {
	bars   []ganttBar
	origin float64
}

func (n *NestedStack) bars() (ganttBars, float64) {
	var b ganttBars
	for i := range n.Nodes {
		m := &n.Nodes[i]
		b.bars = append(b.bars, ganttBar{m.OperationType, m.OperationName, m.StartTime, m.EndTime, m.State})
	}
	for _, m := range n.Incomplete {
		b.bars = append(b.bars, ganttBar{m.OperationType, m.OperationName, m.Time, m.Time, m.State})
	}
	b.origin = math.Inf(1)
	for _, bar := range b.bars {
		b.origin = min(b.origin, bar.start)
	}
	if len(b.bars) > maxBars {
		slices.SortStableFunc(b.bars, func(a, b ganttBar) int {
			return cmp.Or(count(a.state == Complete)-count(b.state == Complete), cmp.Compare(b.end-b.start, a.end-a.start))
		})
		b.bars = b.bars[:maxBars]
	}
	slices.SortStableFunc(b.bars, func(a, b ganttBar) int { return cmp.Compare(a.start, b.start) })
	return b, b.origin
}

// row is the place of the ith bar.
func (b ganttBars) row(i int) float64 { return float64(len(b.bars) - 1 - i) }

func (b ganttBars) labels() []plot.Tick {
	if len(b.bars) > maxLabels {
		return nil
	}
	ticks := make([]plot.Tick, len(b.bars))
	for i, bar := range b.bars {
		label := string(bar.kind) + ":" + bar.name
		if bar.state != Complete {
			label += ", " + bar.state.String()
		}
		ticks[i] = plot.Tick{Value: b.row(i), Label: label}
	}
	return ticks
}

// Plot is for package plot.
func (b ganttBars) Plot(c draw.Canvas, p *plot.Plot) {
	const half, least = 0.4, 0.5 // of a row; points, so that a short bar can be seen
	x, y := p.Transforms(&c)
	for i, bar := range b.bars {
		left, right := x(bar.start-b.origin), x(bar.end-b.origin)
		right = max(right, left+least)
		fillBox(&c, colorOf(bar.kind), bar.state != Complete, vg.Rectangle{Min: vg.Point{X: left, Y: y(b.row(i) - half)}, Max: vg.Point{X: right, Y: y(b.row(i) + half)}})
	}
}

// fillBox draws a box, with a red edge within it if it is marked.
func fillBox(c *draw.Canvas, fill color.Color, marked bool, box vg.Rectangle) {
	corners := func(inset vg.Length) []vg.Point {
		return []vg.Point{
			{X: box.Min.X + inset, Y: box.Min.Y + inset}, {X: box.Max.X - inset, Y: box.Min.Y + inset}, {X: box.Max.X - inset, Y: box.Max.Y - inset},
			{X: box.Min.X + inset, Y: box.Max.Y - inset},
		}
	}
	if !marked {
		c.FillPolygon(fill, corners(0))
		return
	}
	edge := min(vg.Points(2.5), box.Size().Y/4)
	c.FillPolygon(color.RGBA{0xd6, 0x27, 0x28, 0xff}, corners(0))
	if box.Size().X > 2*edge {
		c.FillPolygon(fill, corners(edge))
	}
}

// swatch is a color in the legend.
type swatch struct {
	color  color.Color
	marked bool
}

// Thumbnail is for package plot.
func (s swatch) Thumbnail(c *draw.Canvas) { fillBox(c, s.color, s.marked, c.Rectangle) }

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
