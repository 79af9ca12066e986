// Package png draws the figures of the package figure as PNG and SVG, with the drawing layer of gonum/plot. It is a package
// of its own so that a program that writes a page or a table does not carry gonum.
//
// It knows how the kinds of series look on white paper, in the colours and with the axes of the page. It knows nothing of
// pages and, like figure, nothing of what the numbers mean.
package png

import (
	"bytes"
	"io"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/llmeter-go/llmeter/figure"
)

// Options are how large a drawing is. The zero value suits a document.
type Options struct {
	Width  int     // CSS pixels (1/96 inch); 0 = 760
	Height int     // CSS pixels; 0 = by what the figure shows, as on the page
	Scale  float64 // image pixels for each CSS pixel of a PNG; 0 = 2
}

// px is a CSS pixel.
const px = vg.Inch / 96

func (o Options) size(f figure.Figure) (w, h vg.Length) {
	if o.Width <= 0 {
		o.Width = 760
	}
	if o.Height <= 0 {
		o.Height = height(f)
	}
	return vg.Length(o.Width) * px, vg.Length(o.Height) * px
}

// height is what a figure needs: that of its lanes and rows, or one that suits a curve.
func height(f figure.Figure) int {
	const head, foot = 90, 60
	n := len(f.Y.Categories)
	if f.IsEmpty() {
		return head + 2*foot
	}
	switch s := f.Series[0].(type) {
	case figure.Timeline:
		return head + foot + min(max(22*n, 80), 560)
	case figure.Flame:
		_, depth := s.Layout()
		return head + foot + 23*depth
	case figure.Heatmap:
		return head + foot + min(max(38*n, 240), 560)
	}
	if n > 0 {
		return head + foot + max(n*(14+18*min(newPlaces(f).beside(), 4)), 80)
	}
	return 460
}

// Write writes the figure as PNG. The error is that of f.Validate or of w.
func Write(w io.Writer, f figure.Figure, o Options) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if o.Scale <= 0 {
		o.Scale = 2
	}
	width, height := o.size(f)
	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(int(96*o.Scale+0.5)))
	newFrame(draw.New(c), f).draw()
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// WriteSVG writes the figure as SVG, its texts as text. The error is that of f.Validate or of w.
func WriteSVG(w io.Writer, f figure.Figure, o Options) error {
	if err := f.Validate(); err != nil {
		return err
	}
	c := vgsvg.New(o.size(f))
	newFrame(draw.New(c), f).draw()
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte(fallback)))
	return err
}

// fallback names fonts of the same widths where Liberation Sans is not installed.
const fallback = "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"

// letters makes texts of a size. Each drawing has its own fonts: they are not safe to share between goroutines.
type letters struct{ handler text.Handler }

func newLetters() letters {
	return letters{text.Plain{Fonts: font.NewCache(liberation.Collection())}}
}
