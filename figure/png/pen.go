package png

import (
	"image/color"
	"math"
	"strings"
	"unicode"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours of everything that is not data.
var (
	ink   = color.RGBA{0x1b, 0x20, 0x26, 255}
	muted = color.RGBA{0x64, 0x6c, 0x76, 255}
	axis  = color.RGBA{0xc3, 0xc8, 0xce, 255}
	grid  = color.RGBA{0xe9, 0xeb, 0xee, 255}
	paper = color.RGBA{255, 255, 255, 255}
)

// faded is a colour through which what lies below is seen.
func faded(c color.RGBA, alpha float64) color.Color {
	return color.NRGBA{c.R, c.G, c.B, uint8(math.Round(alpha * 255))}
}

// legible is the colour of a text on a ground.
func legible(ground color.RGBA) color.Color {
	light := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
	if 0.2126*light(ground.R)+0.7152*light(ground.G)+0.0722*light(ground.B) > 0.3 {
		return ink
	}
	return paper
}

// style is a text of a size in CSS pixels.
func (l letters) style(c color.Color, size float64, bold bool) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size) * px}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return draw.TextStyle{Color: c, Font: f, Handler: l.handler}
}

func aligned(s draw.TextStyle, x text.XAlignment, y text.YAlignment) draw.TextStyle {
	s.XAlign, s.YAlign = x, y
	return s
}

// cut shortens a text to a width, with an ellipsis; a line break in it is a space.
func cut(s draw.TextStyle, txt string, width vg.Length) string {
	txt = strings.Join(strings.Fields(txt), " ")
	if s.Width(txt) <= width {
		return txt
	}
	runes := []rune(txt)
	for n := len(runes) - 1; n > 0; n-- {
		if short := strings.TrimRight(string(runes[:n]), " ") + "…"; s.Width(short) <= width {
			return short
		}
	}
	return ""
}

// wrapped breaks a text into lines of at most a width.
func wrapped(s draw.TextStyle, txt string, width vg.Length) (lines []string) {
	line := ""
	for _, word := range strings.Fields(txt) {
		if line != "" && s.Width(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line == "" {
		return lines
	}
	return append(lines, line)
}

func (f *frame) rect(x1, y1, x2, y2 vg.Length, fill color.Color) {
	f.c.FillPolygon(fill, []vg.Point{{X: x1, Y: y1}, {X: x2, Y: y1}, {X: x2, Y: y2}, {X: x1, Y: y2}})
}

func (f *frame) line(c color.Color, width float64, points ...vg.Point) {
	f.c.StrokeLines(draw.LineStyle{Color: c, Width: vg.Length(width) * px}, points)
}

func (f *frame) dashed(c color.Color, width float64, points ...vg.Point) {
	f.c.StrokeLines(draw.LineStyle{Color: c, Width: vg.Length(width) * px, Dashes: []vg.Length{4 * px, 3 * px}}, points)
}

func (f *frame) outline(c color.Color, x1, y1, x2, y2 vg.Length) {
	f.line(c, 1.25, vg.Point{X: x1, Y: y1}, vg.Point{X: x2, Y: y1}, vg.Point{X: x2, Y: y2}, vg.Point{X: x1, Y: y2}, vg.Point{X: x1, Y: y1})
}

func (f *frame) dot(c color.Color, radius float64, at vg.Point) {
	f.c.DrawGlyphNoClip(draw.GlyphStyle{Color: c, Radius: vg.Length(radius) * px, Shape: draw.CircleGlyph{}}, at)
}

// text writes a line. What has no shape, such as control characters, is left out: an SVG with them is not well-formed.
func (f *frame) text(s draw.TextStyle, x, y vg.Length, txt string) {
	txt = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, txt)
	f.c.FillText(s, vg.Point{X: x, Y: y}, txt)
}
