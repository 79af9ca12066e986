package figure_test

import (
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
)

func TestAPageSaysEverythingThatIsWrongWithIt(t *testing.T) {
	one := []float64{1}
	two := []float64{1, 2}
	wrong := []struct {
		figure figure.Figure
		says   string
	}{
		{figure.Figure{Series: []figure.Series{nil}}, "series 0 is nil"},
		{figure.Figure{Series: []figure.Series{figure.Line{Name: "p50", X: one, Y: two}}}, `series 0 (figure.Line "p50"): 1 x and 2 other values that belong to them`},
		{figure.Figure{Series: []figure.Series{figure.Line{X: []float64{math.NaN()}, Y: one}}}, "x[0] is not a number"},
		{figure.Figure{X: figure.Axis{Categories: []string{"a"}}, Series: []figure.Series{figure.Line{X: one, Y: one}}}, "needs numbers on both axes"},
		{figure.Figure{Series: []figure.Series{figure.Band{X: one, Lo: one, Hi: two}}}, "1 x and 2 other values"},
		{figure.Figure{Series: []figure.Series{figure.Scatter{X: one, Y: one, Labels: []string{}}}}, "1 points and 0 labels"},
		{figure.Figure{X: figure.Axis{Categories: []string{"a"}}, Series: []figure.Series{figure.Bars{Values: two}}}, "2 values for 1 categories"},
		{figure.Figure{X: figure.Axis{Categories: []string{"a"}}, Series: []figure.Series{figure.Bars{X: one, Values: one}}}, "has numbers for its places"},
		{figure.Figure{Y: figure.Axis{Categories: []string{"a"}}, Series: []figure.Series{figure.Box{}}}, "0 values for 1 categories"},
		{figure.Figure{Series: []figure.Series{figure.Intervals{X: one, At: one, Lo: one}}}, "1 points and 0 other values"},
		{figure.Figure{X: figure.Axis{Categories: []string{"a"}}, Y: figure.Axis{Categories: []string{"a"}}}, "both axes have categories"},
		{figure.Figure{Series: []figure.Series{figure.Heatmap{XEdges: two, YEdges: []float64{2, 1}, Values: [][]float64{one}}}}, "the edges of the y axis do not ascend"},
		{figure.Figure{Series: []figure.Series{figure.Heatmap{XEdges: two, YEdges: two, Values: [][]float64{two}}}}, "row 0 has not the 1 columns"},
		{figure.Figure{Series: []figure.Series{figure.Heatmap{XEdges: two, YEdges: two}}}, "0 rows of values, 0 of counts, where the y axis has 1"},
		{figure.Figure{Series: []figure.Series{figure.Timeline{Bars: []figure.Bar{{}}}}}, "there is no lane 0 among 0 categories"},
		{figure.Figure{Y: figure.Axis{Categories: []string{"a"}}, Series: []figure.Series{figure.Timeline{Bars: []figure.Bar{{Kind: 1}, {Start: 2, End: 1}}}}}, "bar 1: from 2 to 1 is no time"},
		{figure.Figure{Series: []figure.Series{figure.Flame{Root: figure.Frame{Name: "a", Value: 1, Children: []figure.Frame{{Value: 2}}}}}}, `frame "a": its children make up 2 of its 1`},
		{figure.Figure{Series: []figure.Series{figure.Flame{}, figure.Flame{}}}, "shares its figure"},
		{figure.Figure{Marks: []figure.Mark{{X: math.Inf(1), Label: "knee"}}}, `mark 0 ("knee"): its place is not a number`},
		{figure.Figure{Marks: []figure.Mark{{Kind: 9}}}, "mark 0 (\"\"): there is no such kind"},
	}
	page := figure.Page{Sections: []figure.Section{{Blocks: []figure.Block{nil, figure.Table{Title: "t", Columns: make([]figure.Column, 2), Rows: [][]figure.Cell{figure.Cells("one")}}}}}}
	for _, w := range wrong {
		require.ErrorContains(t, w.figure.Validate(), w.says)
		page.Sections[0].Blocks = append(page.Sections[0].Blocks, figure.Details{Blocks: []figure.Block{w.figure}})
	}
	err := page.WriteHTML(io.Discard)
	require.ErrorContains(t, err, "there is no title")
	require.ErrorContains(t, err, "block 0 is nil")
	require.ErrorContains(t, err, `table "t": row 0 has 1 cells under 2 columns`)
	for _, w := range wrong {
		require.ErrorContains(t, err, w.says)
	}
}

func TestAFigureWithoutValuesIsEmpty(t *testing.T) {
	nan := []float64{math.NaN()}
	f := figure.Figure{Series: []figure.Series{
		figure.Line{X: []float64{1}, Y: nan}, figure.Band{X: []float64{1}, Lo: nan, Hi: nan}, figure.Scatter{}, figure.Intervals{At: nan}, figure.Bars{}, figure.Histogram{Values: nan},
		figure.ECDF{}, figure.Box{Samples: [][]float64{nil, nan}}, figure.Heatmap{Values: [][]float64{nan}}, figure.Timeline{}, figure.Flame{},
	}}
	require.True(t, f.IsEmpty())
	require.Equal(t, "No data.", f.EmptyText())
	f.Series = append(f.Series, figure.ECDF{Values: []float64{0}})
	require.False(t, f.IsEmpty())
}
