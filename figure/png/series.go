package png

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/llmeter-go/llmeter/figure"
)

// A painter draws one series: it says where its values reach and how the axes should fit, what stands in the legend, and paints.
type painter interface {
	reach(x, y *extent) (fx, fy fit)
	entries() []entry
	paint(f *frame)
}

// How many points of a curve are drawn at most: no paper shows more.
const curveBuckets = 1000

// painters makes a painter of each series, in the order of the legend.
func painters(f figure.Figure) (all []painter) {
	colors := f.Colors()
	place := newPlaces(f)
	for i, s := range f.Series {
		c := colors[i].RGB()
		switch s := s.(type) {
		case figure.Line:
			all = append(all, line{s, c})
		case figure.Band:
			all = append(all, band{s, c})
		case figure.Scatter:
			all = append(all, scatter{s, c})
		case figure.Intervals:
			all = append(all, intervals{s, c, place.of(s.X == nil, s.Name)})
		case figure.Bars:
			all = append(all, bars{s, c, place.of(true, stackName(s)), place.below(s)})
		case figure.Box:
			all = append(all, box{s, c, place.of(true, s.Name), place.level})
		case figure.Histogram:
			all = append(all, newHistogram(f, s, c))
		case figure.ECDF:
			all = append(all, ecdf{s, c})
		case figure.Heatmap:
			all = append(all, newHeatmap(s))
		case figure.Timeline:
			all = append(all, newTimeline(s))
		case figure.Flame:
			all = append(all, newFlame(s))
		}
	}
	return all
}

type line struct {
	figure.Line
	color color.RGBA
}

func (s line) reach(x, y *extent) (fx, fy fit) {
	x.add(s.X...)
	y.add(s.Y...)
	if s.Dots {
		return loose, rooted
	}
	return tight, rooted
}

func (s line) entries() []entry {
	if s.Dashed {
		return []entry{{s.Name, s.color, dashes}}
	}
	return []entry{{s.Name, s.color, stroke}}
}

func (s line) paint(f *frame) {
	var run []vg.Point
	flush := func() {
		if s.Dashed {
			f.dashed(s.color, 1.75, run...)
		} else {
			f.line(s.color, 1.75, run...)
		}
		run = nil
	}
	for _, i := range figure.Thin(s.Y, curveBuckets) {
		if math.IsNaN(s.Y[i]) {
			flush()
			continue
		}
		p := vg.Point{X: f.x.at(s.X[i]), Y: f.y.at(s.Y[i])}
		if s.Step && len(run) > 0 {
			run = append(run, vg.Point{X: p.X, Y: run[len(run)-1].Y})
		}
		run = append(run, p)
		if s.Dots {
			f.dot(s.color, 3, p)
		}
	}
	flush()
}

type band struct {
	figure.Band
	color color.RGBA
}

func (s band) reach(x, y *extent) (fx, fy fit) {
	x.add(s.X...)
	y.add(s.Lo...)
	y.add(s.Hi...)
	return tight, rooted
}

func (s band) entries() []entry { return []entry{{s.Name, s.color, block}} }

func (s band) paint(f *frame) {
	var upper, lower []vg.Point
	for _, i := range figure.Thin(s.Hi, curveBuckets) {
		if math.IsNaN(s.Lo[i]) || math.IsNaN(s.Hi[i]) {
			continue
		}
		upper = append(upper, vg.Point{X: f.x.at(s.X[i]), Y: f.y.at(s.Hi[i])})
		lower = append(lower, vg.Point{X: f.x.at(s.X[i]), Y: f.y.at(s.Lo[i])})
	}
	slices.Reverse(lower)
	if len(upper) > 0 {
		f.c.FillPolygon(faded(s.color, 0.18), append(upper, lower...))
	}
}

type scatter struct {
	figure.Scatter
	color color.RGBA
}

func (s scatter) reach(x, y *extent) (fx, fy fit) {
	x.add(s.X...)
	y.add(s.Y...)
	return loose, rooted
}

func (s scatter) entries() []entry { return []entry{{s.Name, s.color, dot}} }

func (s scatter) paint(f *frame) {
	keep := figure.ThinCloud(s.X, s.Y)
	radius, alpha := 3.0, 0.75
	if len(keep) > 800 {
		radius, alpha = 1.75, 0.45
	}
	for _, i := range keep {
		if !math.IsNaN(s.Y[i]) {
			f.dot(faded(s.color, alpha), radius, vg.Point{X: f.x.at(s.X[i]), Y: f.y.at(s.Y[i])})
		}
	}
}

type ecdf struct {
	figure.ECDF
	color color.RGBA
}

func (s ecdf) reach(x, y *extent) (fx, fy fit) {
	v, _, _ := s.Steps()
	x.add(v...)
	y.add(0, 1)
	return tight, rooted
}

func (s ecdf) entries() []entry { return []entry{{s.Name, s.color, stroke}} }

func (s ecdf) paint(f *frame) {
	x, share, _ := s.Steps()
	var points []vg.Point
	y := f.y.at(0)
	for i := range x {
		at := f.x.at(x[i])
		points = append(points, vg.Point{X: at, Y: y})
		y = f.y.at(share[i])
		points = append(points, vg.Point{X: at, Y: y})
	}
	f.line(s.color, 1.75, points...)
}

// A histogram has its bins twice: which ones are drawn depends on the axis.
type histogram struct {
	figure.Histogram
	color  color.RGBA
	edges  []float64
	height []float64
	alone  bool
}

func newHistogram(f figure.Figure, s figure.Histogram, c color.RGBA) histogram {
	var all [][]float64
	for _, o := range f.Series {
		if h, ok := o.(figure.Histogram); ok {
			all = append(all, h.Values)
		}
	}
	h := histogram{Histogram: s, color: c, alone: len(all) == 1}
	if f.X.Log && !f.X.Time {
		h.edges = figure.Bins(true, all...)
	}
	if h.edges == nil {
		h.edges = figure.Bins(false, all...)
	}
	counts := figure.Count(s.Values, h.edges)
	total := 0
	for _, n := range counts {
		total += n
	}
	for _, n := range counts {
		v := float64(n)
		if f.Y.Unit == figure.Fraction {
			v /= float64(max(total, 1))
		}
		h.height = append(h.height, v)
	}
	return h
}

func (s histogram) reach(x, y *extent) (fx, fy fit) {
	x.add(s.edges...)
	y.add(0)
	y.add(s.height...)
	return tight, rooted
}

func (s histogram) entries() []entry { return []entry{{s.Name, s.color, block}} }

func (s histogram) paint(f *frame) {
	var top []vg.Point
	base := f.y.at(0)
	for i, h := range s.height {
		x1, x2, y := f.x.at(s.edges[i]), f.x.at(s.edges[i+1]), f.y.at(h)
		top = append(top, vg.Point{X: x1, Y: y}, vg.Point{X: x2, Y: y})
		if s.alone {
			f.rect(x1+0.5*px, base, x2-0.5*px, y, faded(s.color, 0.8))
		}
	}
	if !s.alone && len(top) > 0 {
		area := append([]vg.Point{{X: top[0].X, Y: base}}, top...)
		f.c.FillPolygon(faded(s.color, 0.22), append(area, vg.Point{X: top[len(top)-1].X, Y: base}))
		f.line(s.color, 1.5, top...)
	}
}
