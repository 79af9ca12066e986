// Package png draws the figures of reports as PNG and SVG files. It is a package of its own so that a program that writes a page
// or a table does not carry gonum.
//
// It knows how the two formats are made of a figure, which is what [report.PlotLoadTest], [report.PlotHeatmaps] and
// [report.Report.Draw] ask for. It knows nothing of what the figures show.
package png

import (
	"io"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/png"
	"github.com/llmeter-go/llmeter/report"
)

// Options are how large a drawing is; those of package figure/png. The zero value suits a document.
type Options = png.Options

// PNG draws figures as PNG. The zero value is ready.
type PNG struct{ Options Options }

// SVG draws figures as SVG, its texts as text. The zero value is ready.
type SVG struct{ Options Options }

var (
	_ report.Drawer = PNG{}
	_ report.Drawer = SVG{}
)

// Extension is ".png".
func (PNG) Extension() string { return ".png" }

// Extension is ".svg".
func (SVG) Extension() string { return ".svg" }

// Draw writes the figure. The error is that of f.Validate or of w.
func (d PNG) Draw(w io.Writer, f figure.Figure) error { return png.Write(w, f, d.Options) }

// Draw writes the figure. The error is that of f.Validate or of w.
func (d SVG) Draw(w io.Writer, f figure.Figure) error { return png.WriteSVG(w, f, d.Options) }

// Write draws all figures of a report as PNG files into a folder, and gives their paths: [report.Report.Draw] with PNG.
func Write(dir string, r *report.Report, o Options) ([]string, error) {
	return r.Draw(dir, PNG{o})
}
