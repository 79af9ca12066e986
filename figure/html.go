package figure

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

//go:embed assets
var assets embed.FS

//go:embed echarts/echarts.min.js.gz
var library []byte

// echarts is the drawing library's text, compressed in the program and plain in the page.
var echarts = sync.OnceValue(func() template.JS {
	text, err := gzip.NewReader(bytes.NewReader(library))
	if err == nil {
		var all []byte
		if all, err = io.ReadAll(text); err == nil {
			return template.JS(all)
		}
	}
	panic(fmt.Sprintf("figure: the embedded library is damaged: %v", err)) // a part of the program, not of its input
})

// The parts of the page's own script, in order; they share one scope.
var scripts = []string{"format", "scales", "theme", "series", "lanes", "chart", "page"}

var page = template.Must(template.New("page.html").ParseFS(assets, "assets/page.html"))

// WriteHTML writes the page as one file that needs no other and no network: style, scripts, data and the drawing library
// (Apache ECharts, about 1.1 MB) are in it. The page forbids its reader's browser to load anything or to run any script but
// its own. The error is that of Validate or of w.
func (p Page) WriteHTML(w io.Writer) error {
	if err := p.Validate(); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	if err := page.Execute(b, newView(p)); err != nil {
		return err
	}
	return b.Flush()
}

// A view is a page as the template reads it. A type of package template in it is text of this package's own files.
type view struct {
	Page
	Policy   string // of the browser, what the page may do
	Style    template.CSS
	Library  template.JS
	Script   template.JS
	Data     data
	Sections []sectionView
}

type data struct {
	Light   palette   `json:"light"`
	Dark    palette   `json:"dark"`
	Figures []drawing `json:"figures"`
}

type sectionView struct {
	Section
	ID     string
	Blocks []blockView
}

// A blockView has one of its fields set.
type blockView struct {
	Tiles   []tileView
	Table   *Table
	Figure  *figureView
	Note    *Note
	Code    *Code
	Details *detailsView
}

// A tileView has the value in two parts, the unit being written smaller.
type tileView struct {
	Tile
	Number, Unit string
}

type figureView struct {
	Figure
	Index int // in data.Figures
	Kind  string
	Drawn string // how much is left out; "" = nothing
}

type detailsView struct {
	Details
	Blocks []blockView
}

func newView(p Page) *view {
	v := &view{Page: p, Style: template.CSS(asset("page.css")), Library: echarts(), Script: template.JS(script())}
	v.Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src " +
		hash(string(v.Library)) + " " + hash(string(v.Script))
	v.Data.Light, v.Data.Dark = light, dark
	for i, s := range p.Sections {
		v.Sections = append(v.Sections, sectionView{s, fmt.Sprintf("s%d", i+1), v.blocks(s.Blocks)})
	}
	return v
}

func (v *view) blocks(blocks []Block) (views []blockView) {
	for _, b := range blocks {
		var bv blockView
		switch b := b.(type) {
		case Tiles:
			for _, tile := range b {
				number, unit := splitUnit(tile.Value)
				bv.Tiles = append(bv.Tiles, tileView{tile, number, unit})
			}
		case Table:
			bv.Table = &b
		case Figure:
			bv.Figure = v.figure(b)
		case Note:
			bv.Note = &b
		case Code:
			bv.Code = &b
		case Details:
			bv.Details = &detailsView{b, v.blocks(b.Blocks)}
		}
		views = append(views, bv)
	}
	return views
}

func (v *view) figure(f Figure) *figureView {
	fv := &figureView{Figure: f}
	if f.IsEmpty() {
		return fv
	}
	d, drawn, given := f.encode()
	fv.Index, fv.Kind = len(v.Data.Figures), d.Series[0].Kind
	v.Data.Figures = append(v.Data.Figures, d)
	if drawn == given {
		return fv
	}
	format := "Drawn: %s of %s points, the smallest and the largest of every stretch among them."
	if d.Series[0].Lanes != nil {
		format = "Drawn: the %s longest of %s bars."
	}
	fv.Drawn = fmt.Sprintf(format, None.Format(float64(drawn)), None.Format(float64(given)))
	return fv
}

// splitUnit parts "12.3 ms" into number and unit. What does not end in a unit is all number.
func splitUnit(value string) (number, unit string) {
	i := strings.LastIndexByte(value, ' ')
	if i < 0 || strings.ContainsAny(value[i:], "0123456789") || !strings.ContainsAny(value[:i], "0123456789") {
		return value, ""
	}
	return value[:i], value[i+1:]
}

func script() string {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		b.WriteString(asset(name + ".js"))
	}
	b.WriteString("})();\n")
	return b.String()
}

// asset reads an embedded file; that it is there is decided when the program is built.
func asset(name string) string {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// hash names a script in the policy: a browser runs no script whose hash is not named there.
func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
