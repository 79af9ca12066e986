package png

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/llmeter-go/llmeter/figure"
)

// A frame is what stands around the data: title, legend, axes; and the data's place on the paper.
type frame struct {
	c        draw.Canvas
	fig      figure.Figure
	letters  letters
	painters []painter
	x, y     scale

	left, right, bottom, top vg.Length // of the data
}

const (
	margin    = 18 * px
	tickSize  = 11.5
	labelSize = 12
)

func newFrame(c draw.Canvas, f figure.Figure) *frame {
	fr := &frame{c: c, fig: f, letters: newLetters()}
	fr.left, fr.right, fr.bottom, fr.top = c.Min.X+margin, c.Max.X-margin, c.Min.Y+margin, c.Max.Y-margin
	if !f.IsEmpty() {
		fr.painters = painters(f)
	}
	return fr
}

func (f *frame) draw() {
	f.rect(f.c.Min.X, f.c.Min.Y, f.c.Max.X, f.c.Max.Y, paper)
	f.heading()
	if len(f.painters) == 0 {
		s := aligned(f.letters.style(muted, 13, false), text.XCenter, text.YCenter)
		f.text(s, (f.left+f.right)/2, (f.bottom+f.top)/2, f.fig.EmptyText())
		return
	}
	f.legend()
	f.axes()
	for _, p := range f.painters { // what is confidence lies below what is known
		if b, ok := p.(band); ok {
			b.paint(f)
		}
	}
	for _, p := range f.painters {
		if _, ok := p.(band); !ok {
			p.paint(f)
		}
	}
	f.marks()
}

// heading writes the title and the note, and takes their room from that of the data.
func (f *frame) heading() {
	write := func(s draw.TextStyle, txt string, advance vg.Length) {
		for _, line := range wrapped(s, txt, f.right-f.left) {
			f.text(aligned(s, text.XLeft, text.YTop), f.left, f.top, line)
			f.top -= advance
		}
	}
	write(f.letters.style(ink, 15, true), f.fig.Title, 21*px)
	write(f.letters.style(muted, 12.5, false), f.fig.Note, 17*px)
	f.top -= 6 * px
}

// An entry is a line of the legend.
type entry struct {
	name  string
	color color.RGBA
	look  look
}

// A look is how an entry is marked.
type look int

const (
	block look = iota
	stroke
	dashes
	dot
)

// legend lists the names, side by side; one alone needs none.
func (f *frame) legend() {
	var entries []entry
	at := map[string]int{}
	for _, p := range f.painters {
		for _, e := range p.entries() {
			i, seen := at[e.name]
			switch {
			case e.name == "":
			case !seen:
				at[e.name] = len(entries)
				entries = append(entries, e)
			case entries[i].look == block:
				entries[i] = e
			}
		}
	}
	s := aligned(f.letters.style(ink, labelSize, false), text.XLeft, text.YCenter)
	if len(entries) > 1 {
		x, y := f.left, f.top-8*px
		for _, e := range entries {
			wide := e.look.width() + 7*px
			name := cut(s, e.name, f.right-f.left-wide)
			if x > f.left && x+wide+s.Width(name) > f.right {
				x, y = f.left, y-19*px
			}
			f.swatch(e, x, y)
			f.text(s, x+wide, y, name)
			x += wide + s.Width(name) + 18*px
		}
		f.top = y - 16*px
	}
	for _, p := range f.painters {
		if h, ok := p.(heatmap); ok {
			h.legend(f)
		}
	}
}

func (l look) width() vg.Length {
	if l == stroke || l == dashes {
		return 17 * px
	}
	return 10 * px
}

func (f *frame) swatch(e entry, x, y vg.Length) {
	a, b := vg.Point{X: x, Y: y}, vg.Point{X: x + e.look.width(), Y: y}
	switch e.look {
	case stroke:
		f.line(e.color, 2, a, b)
	case dashes:
		f.dashed(e.color, 2, a, b)
	case dot:
		f.dot(e.color, 4, vg.Point{X: x + 5*px, Y: y})
	default:
		f.rect(x, y-5*px, b.X, y+5*px, e.color)
	}
}

// axes fits the axes to the data and to the room, and draws them.
func (f *frame) axes() {
	label := f.letters.style(muted, labelSize, false)
	if f.fig.Y.Label != "" {
		f.text(aligned(label, text.XLeft, text.YTop), f.left, f.top, cut(label, f.fig.Y.Label, f.right-f.left))
		f.top -= 24 * px
	}
	if f.fig.X.Label != "" {
		f.text(aligned(label, text.XRight, text.YBottom), f.right, f.bottom-2*px, cut(label, f.fig.X.Label, f.right-f.left))
		f.bottom += 16 * px
	}
	f.bottom += 20 * px // tick labels
	f.top -= 4 * px
	nx, ny := max(2, int((f.right-f.left)/(95*px))), max(2, int((f.top-f.bottom)/(52*px)))
	f.x, f.y = f.fit(nx, ny)

	s := f.letters.style(muted, tickSize, false)
	wide := f.right - f.left
	yTicks := f.y.ticks(ny)
	if f.hidesRows() {
		yTicks = nil
	}
	room := vg.Length(0)
	for i := range yTicks {
		yTicks[i].label = cut(s, yTicks[i].label, wide*0.3)
		room = max(room, s.Width(yTicks[i].label)+8*px)
	}
	f.left += room
	f.x.from, f.x.to = f.left, f.right
	f.y.from, f.y.to = f.bottom, f.top
	if f.fig.Y.Categories != nil && !f.rowsUpwards() {
		f.y.from, f.y.to = f.top, f.bottom
	}
	f.drawY(yTicks, s)
	f.drawX(f.x.ticks(nx), s)
}

func (f *frame) drawY(ticks []tick, s draw.TextStyle) {
	every := 1
	if f.fig.Y.Categories != nil {
		every = max(1, int(math.Ceil(float64(15*px/f.y.band()))))
	}
	for i, t := range ticks {
		y := f.y.at(t.value)
		if f.fig.Y.Categories == nil {
			f.line(grid, 1, vg.Point{X: f.left, Y: y}, vg.Point{X: f.right, Y: y})
		}
		if i%every == 0 {
			f.text(aligned(s, text.XRight, text.YCenter), f.left-8*px, y, t.label)
		}
	}
	if f.fig.Y.Categories != nil && !f.hidesRows() {
		f.line(axis, 1, vg.Point{X: f.left, Y: f.bottom}, vg.Point{X: f.left, Y: f.top})
	}
}

// drawX leaves out labels that would touch the one before.
func (f *frame) drawX(ticks []tick, s draw.TextStyle) {
	upright := f.fig.Y.Categories != nil && !f.rowsUpwards() || f.hidesRows()
	end := vg.Length(math.Inf(-1))
	for _, t := range ticks {
		x := f.x.at(t.value)
		if upright && f.fig.X.Categories == nil {
			f.line(grid, 1, vg.Point{X: x, Y: f.bottom}, vg.Point{X: x, Y: f.top})
		}
		if f.fig.X.Categories == nil {
			f.line(axis, 1, vg.Point{X: x, Y: f.bottom}, vg.Point{X: x, Y: f.bottom - 4*px})
		}
		name := t.label
		if f.fig.X.Categories != nil {
			name = cut(s, name, max(f.x.band()-4*px, 30*px))
		}
		half := s.Width(name) / 2
		if x-half < end+6*px {
			continue
		}
		at := min(x, f.c.Max.X-half-2*px)
		f.text(aligned(s, text.XCenter, text.YTop), at, f.bottom-6*px, name)
		end = at + half
	}
	f.line(axis, 1, vg.Point{X: f.left, Y: f.bottom}, vg.Point{X: f.right, Y: f.bottom})
}

// hidesRows reports whether the rows have no names: those of a flame graph are depths.
func (f *frame) hidesRows() bool { l, ok := f.painters[0].(lanes); return ok && l.anonymous }

// rowsUpwards reports whether the first category of the y axis stands at the bottom.
func (f *frame) rowsUpwards() bool { _, ok := f.painters[0].(heatmap); return ok }

// fit chooses the ends of both axes for all painters and marks.
func (f *frame) fit(nx, ny int) (x, y scale) {
	ex, ey := nothing(), nothing()
	fx, fy := tight, tight
	for _, p := range f.painters {
		hx, hy := p.reach(&ex, &ey)
		fx, fy = max(fx, hx), max(fy, hy)
	}
	for _, m := range f.fig.Marks {
		if m.Kind != figure.MarkY && ex.lo <= ex.hi {
			ex.add(m.X)
		}
		if m.Kind != figure.MarkX && ey.lo <= ey.hi {
			ey.add(m.Y)
		}
	}
	ay := f.fig.Y
	if l, ok := f.painters[0].(lanes); ok && l.anonymous {
		for i := range l.depth {
			ay.Categories = append(ay.Categories, fmt.Sprint(i))
		}
		f.fig.Y = ay
	}
	return newScale(f.fig.X, ex, fx, nx), newScale(ay, ey, fy, ny)
}

func (f *frame) marks() {
	s := f.letters.style(ink, tickSize, false)
	for _, m := range f.fig.Marks {
		switch m.Kind {
		case figure.MarkX:
			x := f.x.at(m.X)
			f.dashed(ink, 1, vg.Point{X: x, Y: f.bottom}, vg.Point{X: x, Y: f.top})
			if slices.ContainsFunc(f.painters, func(p painter) bool { _, is := p.(ecdf); return is }) {
				f.beside(s, x, f.bottom+4*px, text.YBottom, m.Label) // the curve is high at its right end
			} else {
				f.beside(s, x, f.top-2*px, text.YTop, m.Label)
			}
		case figure.MarkY:
			y := f.y.at(m.Y)
			f.dashed(ink, 1, vg.Point{X: f.left, Y: y}, vg.Point{X: f.right, Y: y})
			f.upon(s, y+3*px, m.Label)
		case figure.MarkPoint:
			x, y := f.x.at(m.X), f.y.at(m.Y)
			f.c.DrawGlyphNoClip(draw.GlyphStyle{Color: ink, Radius: 7 * px, Shape: draw.RingGlyph{}}, vg.Point{X: x, Y: y})
			f.beside(s, x, y+5*px, text.YBottom, m.Label)
		}
	}
}

// beside writes a label at the side of x where there is more room, and dims what is below it.
func (f *frame) beside(s draw.TextStyle, x, y vg.Length, up text.YAlignment, label string) {
	s = aligned(s, text.XLeft, up)
	left := x + 8*px
	if x > f.left+(f.right-f.left)*0.6 {
		left = x - 8*px - s.Width(label)
	}
	ground := s.Rectangle(label)
	f.rect(left+ground.Min.X, y+ground.Min.Y, left+ground.Max.X, y+ground.Max.Y, faded(paper, 0.8))
	f.text(s, left, y, label)
}

// upon writes a label upon a level line, at the end where it covers less of what is drawn: the right one, if it is all the same.
func (f *frame) upon(s draw.TextStyle, y vg.Length, label string) {
	width, top := s.Width(label)+8*px, y+s.Height(label)
	left, right := 0, 0
	for _, series := range f.fig.Series {
		x, columns := points(series)
		for i := range x {
			drawn := nothing()
			for _, column := range columns {
				drawn.add(column[i])
			}
			if drawn.lo > drawn.hi || f.y.at(drawn.hi) < y || f.y.at(drawn.lo) > top {
				continue
			}
			if at := f.x.at(x[i]); at < f.left+width {
				left++
			} else if at > f.right-width {
				right++
			}
		}
	}
	s = aligned(s, text.XRight, text.YBottom)
	at := f.right - 4*px
	if left < right {
		s, at = aligned(s, text.XLeft, text.YBottom), f.left+4*px
	}
	f.text(s, at, y, label)
}

// points are the values that a series draws over numbers of the x axis.
func points(s figure.Series) (x []float64, ys [][]float64) {
	switch s := s.(type) {
	case figure.Line:
		return s.X, [][]float64{s.Y}
	case figure.Scatter:
		return s.X, [][]float64{s.Y}
	case figure.Band:
		return s.X, [][]float64{s.Lo, s.Hi}
	case figure.Intervals:
		return s.X, [][]float64{s.At, s.Lo, s.Hi}
	}
	return nil, nil
}
