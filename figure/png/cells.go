package png

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/llmeter-go/llmeter/figure"
)

type heatmap struct {
	figure.Heatmap
	values extent
}

func newHeatmap(s figure.Heatmap) heatmap {
	h := heatmap{s, nothing()}
	for _, row := range s.Values {
		h.values.add(row...)
	}
	return h
}

func (s heatmap) reach(x, y *extent) (fx, fy fit) {
	x.add(s.XEdges...)
	y.add(s.YEdges...)
	return tight, tight
}

func (s heatmap) entries() []entry { return nil }

// shade is the colour of a value.
func (s heatmap) shade(v float64) color.RGBA {
	lo, hi := s.values.lo, s.values.hi
	if s.Log && lo > 0 {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	if hi <= lo {
		return figure.Shade(0.5)
	}
	return figure.Shade((v - lo) / (hi - lo))
}

// legend draws the ramp between the least and the greatest value.
func (s heatmap) legend(f *frame) {
	if s.values.lo > s.values.hi {
		return
	}
	st := aligned(f.letters.style(muted, labelSize, false), text.XLeft, text.YCenter)
	y := f.top - 8*px
	x := f.left
	write := func(txt string) {
		f.text(st, x, y, txt)
		x += st.Width(txt) + 10*px
	}
	name := s.Name
	if s.Log {
		name += " (log)"
	}
	write(name)
	write(s.Unit.Format(s.values.lo))
	const steps = 60
	for i := range steps {
		left := x + vg.Length(i)*2*px
		f.rect(left, y-4.5*px, left+2.2*px, y+4.5*px, figure.Shade(float64(i)/(steps-1)))
	}
	x += 130 * px
	write(s.Unit.Format(s.values.hi))
	f.top -= 24 * px
}

// side gives the ends of the k-th cell of an axis.
func side(s scale, edges []float64, k int) (a, b vg.Length) {
	if edges != nil {
		return s.at(edges[k]), s.at(edges[k+1])
	}
	return s.at(float64(k) - 0.5), s.at(float64(k) + 0.5)
}

func (s heatmap) paint(f *frame) {
	for row, values := range s.Values {
		y1, y2 := side(f.y, s.YEdges, row)
		for column, v := range values {
			if math.IsNaN(v) {
				continue
			}
			x1, x2 := side(f.x, s.XEdges, column)
			gap := 0.5 * px
			if x2-x1 < 6*px || y2-y1 < 6*px {
				gap = 0
			}
			fill := s.shade(v)
			f.rect(x1+gap, y1+gap, x2-gap, y2-gap, fill)
			if x2-x1 < 46*px || y2-y1 < 16*px {
				continue
			}
			middle := vg.Point{X: (x1 + x2) / 2, Y: (y1 + y2) / 2}
			shift := vg.Length(0)
			if s.Counts != nil && y2-y1 >= 34*px {
				shift = 8 * px
				n := aligned(f.letters.style(legible(fill), 10.5, false), text.XCenter, text.YCenter)
				f.text(n, middle.X, middle.Y-shift, "n = "+figure.None.Format(float64(s.Counts[row][column])))
			}
			value := aligned(f.letters.style(legible(fill), 12, false), text.XCenter, text.YCenter)
			f.text(value, middle.X, middle.Y+shift, s.Unit.Format(v))
		}
	}
}

// lanes are the bars of a timeline or of a flame graph.
type lanes struct {
	kinds     []figure.Kind
	colors    []figure.Color
	bars      []figure.Bar
	depth     int
	anonymous bool // the lanes have no names
}

// How many bars are drawn at most.
const maxBars = 20_000

func newTimeline(s figure.Timeline) lanes {
	return lanes{kinds: s.Kinds, colors: figure.KindColors(s.Kinds), bars: figure.Longest(s.Bars, maxBars)}
}

func newFlame(s figure.Flame) lanes {
	all, depth := s.Layout()
	return lanes{kinds: s.Kinds, colors: figure.KindColors(s.Kinds), bars: figure.Longest(all, maxBars), depth: depth, anonymous: true}
}

func (s lanes) reach(x, _ *extent) (fx, fy fit) {
	for _, b := range s.bars {
		x.add(b.Start, b.End)
	}
	return tight, tight
}

func (s lanes) entries() (all []entry) {
	for i, k := range s.kinds {
		all = append(all, entry{k.Name, s.colors[i].RGB(), block})
	}
	return all
}

func (s lanes) paint(f *frame) {
	band := f.y.band()
	height := band
	if band > 6*px {
		height = min(band*0.72, 22*px)
		if s.anonymous {
			height = min(band-1*px, 22*px)
		}
	}
	for _, b := range s.bars {
		fill := figure.Blue.RGB()
		if len(s.colors) > 0 {
			fill = s.colors[b.Kind].RGB()
		}
		y := f.y.at(float64(b.Lane))
		x1, x2 := f.x.at(b.Start), f.x.at(b.End)
		end := max(x2, x1+0.75*px)
		if x2-x1 > 4*px {
			end = x2 - 0.75*px
		}
		f.rect(x1, y-height/2, end, y+height/2, fill)
		if b.Label == "" || height < 12*px || x2-x1 < 34*px {
			continue
		}
		st := aligned(f.letters.style(legible(fill), 11, false), text.XLeft, text.YCenter)
		f.text(st, x1+5*px, y, cut(st, b.Label, x2-x1-10*px))
	}
}
