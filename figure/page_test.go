package figure_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/figuretest"
)

var update = flag.Bool("update", false, "write the golden files")

func render(t testing.TB, p figure.Page) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.WriteHTML(&b))
	return b.String()
}

// between gives what stands in s after one text and before another, and s without it.
func between(t testing.TB, s, from, to string) (inner, rest string) {
	t.Helper()
	before, after, ok := strings.Cut(s, from)
	require.True(t, ok, from)
	inner, after, ok = strings.Cut(after, to)
	require.True(t, ok, to)
	return inner, before + from + to + after
}

// own is a page without what is the same in all: style, scripts, and the hashes of these.
func own(t testing.TB, page string) string {
	t.Helper()
	_, page = between(t, page, "<style>", "</style>")
	_, page = between(t, page, "\n<script>", "</script>")
	_, page = between(t, page, "</script>\n<script>(()", "</script>")
	_, page = between(t, page, "script-src ", "\">")
	return page
}

// small is a page with little of everything, for the golden file.
func small() figure.Page {
	nan := math.NaN()
	return figure.Page{
		Title: "Small", Subtitle: "one of each", Footer: "The end.",
		Sections: []figure.Section{
			{Title: "Numbers", Note: "Key numbers & a table.", Blocks: []figure.Block{
				figure.Note{Tone: figure.Good, Title: "Trusted", Text: "first line\nsecond line"},
				figure.Tiles{{Label: "TTFT", Value: "12.3 ms", Note: "12.1 … 12.6 ms"}, {Label: "requests", Value: "1,000"}, {Label: "interval", Value: "1 … 2 s", Tone: figure.Bad}},
				figure.Table{Title: "Table", Columns: []figure.Column{{Name: "name"}, {Name: "n", Right: true}}, Rows: [][]figure.Cell{{{Text: "a"}, {Text: "1", Tone: figure.Warn}}}},
			}},
			{Title: "Curves", Blocks: []figure.Block{
				figure.Figure{Title: "Lines", Note: "With a gap.", Wide: true, X: figure.Axis{Label: "time", Unit: figure.Seconds, Time: true}, Y: figure.Axis{Label: "latency", Unit: figure.Seconds, Log: true},
					Series: []figure.Series{
						figure.Band{Name: "p50", X: []float64{0, 1}, Lo: []float64{0.1, 0.2}, Hi: []float64{0.3, 0.4}},
						figure.Line{Name: "p50", X: []float64{0, 0.5, 1}, Y: []float64{0.2, nan, 0.3}, Step: true, Dots: true, Dashed: true},
						figure.Scatter{Name: "requests", X: []float64{0.123456789}, Y: []float64{1e-9}, Labels: []string{"first"}},
						figure.Intervals{Name: "levels", X: []float64{1}, At: []float64{2}, Lo: []float64{1.5}, Hi: []float64{nan}},
					},
					Marks: []figure.Mark{{X: 0.5, Label: "half"}, {Kind: figure.MarkY, Y: 0.25, Label: "objective"}, {Kind: figure.MarkPoint, X: 1, Y: 0.3, Label: "knee"}}},
				figure.Figure{Title: "Histogram", X: figure.Axis{Unit: figure.Seconds}, Series: []figure.Series{figure.Histogram{Name: "h", Values: []float64{1, 2, 2, 3}}}},
				figure.Figure{Title: "ECDF", Series: []figure.Series{figure.ECDF{Name: "e", Values: []float64{1, 2, 2, 3}}}},
				figure.Figure{Title: "Bars", X: figure.Axis{Categories: []string{"a", "b"}}, Series: []figure.Series{figure.Bars{Name: "s", Values: []float64{1, nan}, Stack: "x"}}},
				figure.Figure{Title: "Box", Y: figure.Axis{Categories: []string{"a", "b"}}, Series: []figure.Series{figure.Box{Samples: [][]float64{{1, 2, 3, 4, 50}, nil}}}},
				figure.Figure{Title: "Heatmap", X: figure.Axis{Categories: []string{"a", "b"}}, Series: []figure.Series{
					figure.Heatmap{Name: "mean", Unit: figure.Seconds, YEdges: []float64{1, 10}, Values: [][]float64{{0.5, nan}}, Counts: [][]int{{3, 0}}}}},
				figure.Figure{Title: "Nothing", Empty: "There was nothing."},
			}},
			{Title: "Lanes", Blocks: []figure.Block{figure.Details{Title: "Closed", Blocks: []figure.Block{
				figure.Figure{Title: "Timeline", Y: figure.Axis{Categories: []string{"one", "two"}}, Series: []figure.Series{
					figure.Timeline{Kinds: []figure.Kind{{Name: "wait"}, {Name: "work", Color: figure.Green}}, Bars: []figure.Bar{{Lane: 1, Kind: 1, Start: 1, End: 2.5, Label: "b"}, {Lane: 0, Start: 0, End: 1}}}}},
				figure.Figure{Title: "Flame", X: figure.Axis{Unit: figure.Seconds}, Series: []figure.Series{figure.Flame{Root: figure.Frame{Name: "root", Value: 2, Children: []figure.Frame{{Name: "leaf", Value: 1}}}}}},
				figure.Code{Title: "Code", Text: "a: 1\nb: <2>"},
			}}}},
		},
	}
}

func TestASmallPageIsWrittenAsBefore(t *testing.T) {
	got := own(t, render(t, small()))
	const golden = "testdata/small.html"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestEqualPagesAreEqualBytes(t *testing.T) {
	one, two := render(t, figuretest.Gallery(6000)), render(t, figuretest.Gallery(6000))
	require.True(t, one == two)
}

func TestTheLibraryIsThePublishedOne(t *testing.T) {
	packed, err := os.Open("echarts/echarts.min.js.gz")
	require.NoError(t, err)
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	require.NoError(t, err)
	library, err := io.ReadAll(text)
	require.NoError(t, err)
	sum := sha256.Sum256(library)
	readme, err := os.ReadFile("echarts/README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), hex.EncodeToString(sum[:]))
	require.Contains(t, render(t, small()), string(library))
	require.NotContains(t, string(library), "</script", "it would end the element that it stands in")
}

// everywhere puts a text wherever a page takes one.
func everywhere(text string) figure.Page {
	one := []float64{1}
	axis := figure.Axis{Label: text, Unit: figure.Unit(text)}
	names := figure.Axis{Label: text, Unit: figure.Unit(text), Categories: []string{text}}
	kinds := []figure.Kind{{Name: text}}
	return figure.Page{Title: "t" + text, Subtitle: text, Footer: text, Sections: []figure.Section{{Title: text, Note: text, Blocks: []figure.Block{
		figure.Tiles{{Label: text, Value: text, Note: text}}, figure.Note{Title: text, Text: text}, figure.Code{Title: text, Text: text},
		figure.Table{Title: text, Note: text, Columns: []figure.Column{{Name: text}}, Rows: [][]figure.Cell{figure.Cells(text)}},
		figure.Details{Title: text, Blocks: []figure.Block{
			figure.Figure{Title: text, Note: text, Empty: text},
			figure.Figure{Title: text, X: axis, Y: axis, Series: []figure.Series{figure.Scatter{Name: text, X: one, Y: one, Labels: []string{text}}}, Marks: []figure.Mark{{Label: text}}},
			figure.Figure{Title: text, X: axis, Y: names, Series: []figure.Series{figure.Bars{Name: text, Values: one, Stack: text}}},
			figure.Figure{Title: text, X: axis, Y: names, Series: []figure.Series{figure.Timeline{Kinds: kinds, Bars: []figure.Bar{{End: 1, Label: text}}}}},
			figure.Figure{Title: text, X: axis, Series: []figure.Series{figure.Flame{Kinds: kinds, Root: figure.Frame{Name: text, Value: 1}}}},
			figure.Figure{Title: text, X: names, Y: names, Series: []figure.Series{figure.Heatmap{Name: text, Unit: figure.Unit(text), Values: [][]float64{one}}}},
		}},
	}}}}
}

func FuzzTextsStayTexts(f *testing.F) {
	for _, s := range []string{"", figuretest.Hostile, "</SCRIPT >", "<!--<script>", "\x00\xff", "]]>", "'\"`", "{{.}}", "\u2028\u2029", "&lt;/script>"} {
		f.Add(s)
	}
	plain := own(f, render(f, everywhere("")))
	f.Fuzz(func(t *testing.T, s string) {
		page := own(t, render(t, everywhere(s)))
		for _, tag := range []string{"<script", "</script", "<!--", "<img", "<pre", "<td"} {
			require.Equal(t, strings.Count(strings.ToLower(plain), tag), strings.Count(strings.ToLower(page), tag), tag)
		}
		text, _ := between(t, page, `id="data">`, "</script>")
		var data struct{ Figures []struct{ Title string } }
		require.NoError(t, json.Unmarshal([]byte(text), &data))
		require.Len(t, data.Figures, 5)
		require.Equal(t, strings.ToValidUTF8(s, "\ufffd"), data.Figures[0].Title)
	})
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriteHTMLReportsWhatTheWriterReports(t *testing.T) {
	require.ErrorIs(t, small().WriteHTML(failing{}), errFull)
}
