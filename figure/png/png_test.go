package png_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image"
	stdpng "image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/figuretest"
	"github.com/llmeter-go/llmeter/figure/png"
)

var update = flag.Bool("update", false, "write the golden files")

// shots is a folder for the drawings of these tests, for people who look; "" = none are kept.
var shots = os.Getenv("FIGURE_SHOTS")

func svg(t *testing.T, f figure.Figure) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.WriteSVG(&b, f, png.Options{}))
	return b.String()
}

func picture(t *testing.T, f figure.Figure, o png.Options) image.Image {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Write(&b, f, o))
	img, err := stdpng.Decode(&b)
	require.NoError(t, err)
	return img
}

// coloured counts the pixels that are not grey, as axes and texts are.
func coloured(t *testing.T, img image.Image) (n int) {
	t.Helper()
	rgba, ok := img.(*image.RGBA)
	require.True(t, ok)
	for i := 0; i < len(rgba.Pix); i += 4 {
		r, g, b := rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2]
		if max(r, g, b)-min(r, g, b) > 40 {
			n++
		}
	}
	return n
}

func TestEveryFigureIsDrawn(t *testing.T) {
	for _, f := range figuretest.Figures(figuretest.Gallery(500)) {
		img := picture(t, f, png.Options{Scale: 0.5})
		require.Equal(t, 380, img.Bounds().Dx())
		if f.IsEmpty() {
			require.Zero(t, coloured(t, img), f.Title)
		} else {
			require.Greater(t, coloured(t, img), 20, f.Title)
		}
		wellFormed(t, svg(t, f))
		if shots != "" {
			var b bytes.Buffer
			require.NoError(t, png.Write(&b, f, png.Options{}))
			require.NoError(t, os.WriteFile(filepath.Join(shots, f.Title+".png"), b.Bytes(), 0o644))
		}
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else {
			require.NoError(t, err)
		}
	}
}

func TestOptionsSayHowLargeAPictureIs(t *testing.T) {
	f := figure.Figure{Series: []figure.Series{figure.Line{X: []float64{0, 1}, Y: []float64{0, 1}}}}
	require.Equal(t, image.Pt(1520, 920), picture(t, f, png.Options{}).Bounds().Size())
	require.Equal(t, image.Pt(300, 200), picture(t, f, png.Options{Width: 300, Height: 200, Scale: 1}).Bounds().Size())
	require.Equal(t, image.Pt(450, 300), picture(t, f, png.Options{Width: 300, Height: 200, Scale: 1.5}).Bounds().Size())
}

// golden are small figures of all kinds whose drawings are kept as text.
func golden() map[string]figure.Figure {
	nan := math.NaN()
	seconds := figure.Axis{Label: "latency", Unit: figure.Seconds}
	return map[string]figure.Figure{
		"curves": {Title: "Curves", Note: "With a gap & marks.", X: figure.Axis{Label: "time", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "latency", Unit: figure.Seconds, Log: true},
			Series: []figure.Series{
				figure.Line{Name: "p50", X: []float64{0, 0.5, 0.7, 1}, Y: []float64{0.2, nan, 0.1, 0.3}, Step: true},
				figure.Line{Name: "p99", X: []float64{0, 1}, Y: []float64{1, 2}, Dots: true, Dashed: true},
				figure.Band{Name: "p50", X: []float64{0, 1}, Lo: []float64{0.1, 0.2}, Hi: []float64{0.3, 0.4}},
				figure.Scatter{Name: "requests", X: []float64{0.4}, Y: []float64{0.05}},
				figure.Intervals{Name: "levels", X: []float64{0.9, 1}, At: []float64{2, 1}, Lo: []float64{1.5, nan}, Hi: []float64{2.5, nan}},
			},
			Marks: []figure.Mark{{X: 0.5, Label: "half"}, {Kind: figure.MarkY, Y: 0.25, Label: "objective"}, {Kind: figure.MarkPoint, X: 0.9, Y: 2, Label: "knee"}}},
		"histogram": {Title: "Histogram", X: seconds, Y: figure.Axis{Label: "requests"}, Series: []figure.Series{figure.Histogram{Values: []float64{0.1, 0.2, 0.2, 0.3}}}},
		"ecdf":      {Title: "ECDF", X: seconds, Y: figure.Axis{Unit: figure.Fraction}, Series: []figure.Series{figure.ECDF{Name: "a", Values: []float64{0.1, 0.2}}, figure.ECDF{Name: "b", Values: []float64{0.3}}}},
		"bars": {Title: "Bars", X: figure.Axis{Categories: []string{"one", "two"}}, Series: []figure.Series{
			figure.Bars{Name: "a", Values: []float64{1, 2}, Stack: "s"}, figure.Bars{Name: "b", Values: []float64{3, nan}, Stack: "s"}, figure.Bars{Name: "c", Values: []float64{4, 5}}}},
		"box":      {Title: "Box", X: seconds, Y: figure.Axis{Categories: []string{"one", "two"}}, Series: []figure.Series{figure.Box{Samples: [][]float64{{1, 2, 3, 4, 50}, nil}}}},
		"heatmap":  {Title: "Heatmap", X: figure.Axis{Categories: []string{"one", "two"}}, Y: figure.Axis{Label: "rows", Categories: []string{"a", "b"}}, Series: []figure.Series{figure.Heatmap{Name: "mean", Unit: figure.Seconds, Values: [][]float64{{0.1, 0.2}, {nan, 0.4}}, Counts: [][]int{{1, 2}, {0, 4}}}}},
		"timeline": {Title: "Timeline", X: seconds, Y: figure.Axis{Categories: []string{"one", "two"}}, Series: []figure.Series{figure.Timeline{Kinds: []figure.Kind{{Name: "wait"}, {Name: "work"}}, Bars: []figure.Bar{{End: 1, Label: "w"}, {Lane: 1, Kind: 1, Start: 1, End: 3, Label: "work"}}}}},
		"flame":    {Title: "Flame", X: seconds, Series: []figure.Series{figure.Flame{Root: figure.Frame{Name: "root", Value: 2, Children: []figure.Frame{{Name: "leaf", Value: 1}}}}}},
		"empty":    {Title: "Empty"},
	}
}

func TestDrawingsAreAsBefore(t *testing.T) {
	for name, f := range golden() {
		path := filepath.Join("testdata", name+".svg")
		got := svg(t, f)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got, name)
	}
}

func TestHostileTextsAreTexts(t *testing.T) {
	for _, text := range []string{figuretest.Hostile, "\x00\x1b[31m\xff", "]]>"} {
		f := figure.Figure{Title: text, Note: text, X: figure.Axis{Label: text, Unit: figure.Unit(text)}, Y: figure.Axis{Label: text, Categories: []string{text, "b"}},
			Series: []figure.Series{figure.Bars{Name: text, Values: []float64{1, 2}}, figure.Bars{Name: "b", Values: []float64{1, 2}}}, Marks: []figure.Mark{{X: 1, Label: text}}}
		drawn := svg(t, f)
		wellFormed(t, drawn)
		require.NotContains(t, drawn, "<script")
		picture(t, f, png.Options{Scale: 0.5})
	}
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsAreThoseOfTheFigureAndOfTheWriter(t *testing.T) {
	wrong := figure.Figure{Series: []figure.Series{figure.Line{X: []float64{1}}}}
	require.ErrorContains(t, png.Write(io.Discard, wrong, png.Options{}), "1 x and 0 other values")
	require.ErrorContains(t, png.WriteSVG(io.Discard, wrong, png.Options{}), "1 x and 0 other values")
	require.ErrorIs(t, png.Write(failing{}, figure.Figure{}, png.Options{}), errFull)
	require.ErrorIs(t, png.WriteSVG(failing{}, figure.Figure{}, png.Options{}), errFull)
}
