package png

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/llmeter-go/llmeter/figure"
)

// places says where series stand that share categories: side by side where any two have a value for the same one, bars of one
// stack on one another.
type places struct {
	fig    figure.Figure
	names  []string
	level  bool // the categories are those of the y axis
	shared bool // no category has values of two: they need not stand side by side
}

// A slot is one of several places side by side.
type slot struct{ index, of int }

func newPlaces(f figure.Figure) places {
	p := places{fig: f, level: f.Y.Categories != nil}
	add := func(name string) {
		if !slices.Contains(p.names, name) {
			p.names = append(p.names, name)
		}
	}
	taken, meet := map[int]bool{}, false // categories that have a value, and whether any has two
	take := func(n int, has func(i int) bool) {
		for i := range n {
			if has(i) {
				meet = meet || taken[i]
				taken[i] = true
			}
		}
	}
	for _, s := range f.Series {
		switch s := s.(type) {
		case figure.Bars:
			add(stackName(s))
			meet = true
		case figure.Box:
			add(s.Name)
			take(len(s.Samples), func(i int) bool { return len(s.Samples[i]) > 0 })
		case figure.Intervals:
			if s.X == nil {
				add(s.Name)
				take(len(s.At), func(i int) bool { return !math.IsNaN(s.At[i]) })
			}
		}
	}
	p.shared = !meet
	return p
}

func stackName(s figure.Bars) string {
	if s.Stack != "" {
		return "\x00" + s.Stack // no name of a series
	}
	return s.Name
}

// of is the place of a series, which stands on categories or, alone, at numbers.
func (p places) of(categories bool, name string) slot {
	if !categories || p.shared {
		return slot{0, 1}
	}
	return slot{slices.Index(p.names, name), len(p.names)}
}

// beside is how many series stand side by side.
func (p places) beside() int {
	if p.shared {
		return 1
	}
	return max(len(p.names), 1)
}

// below sums the bars on which those of s stand.
func (p places) below(s figure.Bars) []float64 {
	sum := make([]float64, len(s.Values))
	if s.Stack == "" {
		return sum
	}
	for _, o := range p.fig.Series {
		b, ok := o.(figure.Bars)
		if !ok || b.Stack != s.Stack {
			continue
		}
		if b.Name == s.Name {
			break
		}
		for i := range min(len(sum), len(b.Values)) {
			if !math.IsNaN(b.Values[i]) {
				sum[i] += b.Values[i]
			}
		}
	}
	return sum
}

// across gives the middle of a slot, relative to that of its place, and its width.
func (s slot) across(band vg.Length) (shift, width vg.Length) {
	width = min(band*0.8/vg.Length(s.of), 46*px)
	return (vg.Length(s.index) - vg.Length(s.of-1)/2) * width, width
}

// upright gives a point from its place along the categories and its value, whichever axis is which.
func (f *frame) upright(place vg.Length, value float64) vg.Point {
	if f.fig.Y.Categories != nil {
		return vg.Point{X: f.x.at(value), Y: place}
	}
	return vg.Point{X: place, Y: f.y.at(value)}
}

// place gives where the i-th of several things stands: at x[i], or on the i-th category, and how much room there is.
func (f *frame) place(x []float64, i int, s slot) (at, width vg.Length) {
	along := f.x
	direction := vg.Length(1)
	if f.fig.Y.Categories != nil {
		along = f.y
		direction = -1 // the first one on top
	}
	if x == nil {
		shift, width := s.across(along.band())
		return along.at(float64(i)) + direction*shift, width
	}
	least := math.Inf(1)
	for k := 1; k < len(x); k++ {
		least = math.Min(least, math.Abs(float64(along.at(x[k])-along.at(x[k-1]))))
	}
	shift, width := s.across(vg.Length(min(least, float64(40*px))))
	return along.at(x[i]) + shift, width
}

type intervals struct {
	figure.Intervals
	color color.RGBA
	slot  slot
}

func (s intervals) reach(x, y *extent) (fx, fy fit) {
	x.add(s.X...)
	for _, e := range []*extent{x, y} { // the one that is that of categories is not used
		if e == x && s.X != nil {
			continue
		}
		e.add(s.At...)
		e.add(s.Lo...)
		e.add(s.Hi...)
	}
	return loose, loose
}

func (s intervals) entries() []entry { return []entry{{s.Name, s.color, dot}} }

func (s intervals) paint(f *frame) {
	for i, v := range s.At {
		if math.IsNaN(v) {
			continue
		}
		at, _ := f.place(s.X, i, s.slot)
		if !math.IsNaN(s.Lo[i]) && !math.IsNaN(s.Hi[i]) {
			f.line(s.color, 1.5, f.upright(at, s.Lo[i]), f.upright(at, s.Hi[i]))
			for _, end := range []float64{s.Lo[i], s.Hi[i]} {
				f.line(s.color, 1.5, f.upright(at-4*px, end), f.upright(at+4*px, end))
			}
		}
		f.dot(s.color, 4, f.upright(at, v))
	}
}

type bars struct {
	figure.Bars
	color color.RGBA
	slot  slot
	below []float64
}

func (s bars) reach(x, y *extent) (fx, fy fit) {
	x.add(s.X...)
	for i, v := range s.Values {
		if s.X == nil {
			x.add(0, v+s.below[i])
		}
		y.add(0, v+s.below[i])
	}
	if s.X != nil {
		return loose, rooted
	}
	return rooted, rooted
}

func (s bars) entries() []entry { return []entry{{s.Name, s.color, block}} }

func (s bars) paint(f *frame) {
	for i, v := range s.Values {
		if math.IsNaN(v) {
			continue
		}
		at, width := f.place(s.X, i, s.slot)
		width = min(width*0.92, 34*px)
		a, b := f.upright(at-width/2, s.below[i]), f.upright(at+width/2, s.below[i]+v)
		f.rect(a.X, a.Y, b.X, b.Y, s.color)
	}
}

type box struct {
	figure.Box
	color color.RGBA
	slot  slot
	level bool
}

func (s box) reach(x, y *extent) (fx, fy fit) {
	for _, sample := range s.Samples {
		if s.level {
			x.add(sample...)
		} else {
			y.add(sample...)
		}
	}
	return loose, loose
}

func (s box) entries() []entry { return []entry{{s.Name, s.color, block}} }

func (s box) paint(f *frame) {
	for i, sample := range s.Samples {
		sp := figure.SpreadOf(sample)
		if sp.N == 0 {
			continue
		}
		at, width := f.place(nil, i, s.slot)
		half := width * 0.36
		for _, k := range figure.Thin(sp.Outliers, 100) {
			f.dot(faded(s.color, 0.55), 1.75, f.upright(at, sp.Outliers[k]))
		}
		f.line(s.color, 1.25, f.upright(at, sp.Low), f.upright(at, sp.Q1))
		f.line(s.color, 1.25, f.upright(at, sp.Q3), f.upright(at, sp.High))
		for _, end := range []float64{sp.Low, sp.High} {
			f.line(s.color, 1.25, f.upright(at-half/2, end), f.upright(at+half/2, end))
		}
		a, b := f.upright(at-half, sp.Q1), f.upright(at+half, sp.Q3)
		f.rect(a.X, a.Y, b.X, b.Y, faded(s.color, 0.22))
		f.outline(s.color, a.X, a.Y, b.X, b.Y)
		f.line(s.color, 2.5, f.upright(at-half, sp.Median), f.upright(at+half, sp.Median))
	}
}
