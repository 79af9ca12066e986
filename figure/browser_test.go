package figure_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/figuretest"
)

// shots is a folder for the pages of these tests and for screenshots of them, for people who look; "" = none are kept.
var shots = os.Getenv("FIGURE_SHOTS")

func write(t *testing.T, p figure.Page, name string) (path string, size int) {
	t.Helper()
	page := render(t, p)
	dir := shots
	if dir == "" {
		dir = t.TempDir()
	}
	path = filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	return path, len(page)
}

func TestEveryFigureIsDrawnInChromium(t *testing.T) {
	path, _ := write(t, figuretest.Gallery(2000), "gallery.html")
	figuretest.Check(t, path, shots)
}

func TestHostileTextsDoNothingInChromium(t *testing.T) {
	path, _ := write(t, everywhere(figuretest.Hostile), "hostile.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	var page struct {
		Scripts, Images int
		Title, Pre      string
	}
	b.Eval(`({ scripts: document.scripts.length, images: document.images.length, title: document.title, pre: document.querySelector("pre").textContent })`, &page)
	require.Equal(t, 3, page.Scripts)
	require.Zero(t, page.Images)
	require.Equal(t, figuretest.Hostile, page.Pre)
	b.Eval(`document.querySelector("details").open = true`, nil)
	b.Hover(".plot.timeline", 0.6, 0.3)
	require.Contains(t, tip(b), figuretest.Hostile)
	require.Empty(t, b.Problems())
}

func TestAPageOfAHundredThousandSamplesIsSmallAndOpensSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes seconds")
	}
	start := time.Now()
	path, size := write(t, figuretest.Gallery(100_000), "large.html")
	t.Logf("%d bytes, made and written in %v", size, time.Since(start).Round(time.Millisecond))
	require.Less(t, size, 5_000_000)
	b := figuretest.Start(t)
	took := b.Open(path, figuretest.View{Width: 1280})
	busy := b.Busy()
	t.Logf("opened, all figures drawn, in %v, of which the page computed %v", took.Round(time.Millisecond), busy.Round(time.Millisecond))
	require.Less(t, busy, 2*time.Second)
}

func tip(b *figuretest.Browser) (text string) {
	b.Eval(`(el => el.hidden ? "" : el.innerText)(document.querySelector(".tip"))`, &text)
	return text
}

func texts(b *figuretest.Browser, selector string) (all []string) {
	b.Eval(`[...document.querySelectorAll(`+selector+`)].map(el => el.innerText)`, &all)
	return all
}

func TestTheScriptWritesNumbersAsGoDoes(t *testing.T) {
	path, _ := write(t, small(), "small.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	cases, err := json.Marshal(readings)
	require.NoError(t, err)
	var got []string
	b.Eval(string(cases)+`.map(r => figures.format(r.Value, r.Unit))`, &got)
	for i, r := range readings {
		require.Equal(t, r.Text, got[i], "%v in %q", r.Value, r.Unit)
	}
	cases, err = json.Marshal(ticks)
	require.NoError(t, err)
	b.Eval(string(cases)+`.map(r => figures.tick(r.Value, r.Unit, r.Span))`, &got)
	for i, r := range ticks {
		require.Equal(t, r.Text, got[i], "%v to %v in %q", r.Value, r.Span, r.Unit)
	}
	b.Eval(`[null, Infinity, -Infinity].map(v => figures.format(v, "s"))`, &got)
	require.Equal(t, []string{"–", "∞", "−∞"}, got)
}

// dials is a page whose figures have values that are known at every place.
func dials() figure.Page {
	tens := []float64{1, 10, 100}
	return figure.Page{Title: "Dials", Sections: []figure.Section{{Blocks: []figure.Block{
		figure.Figure{Title: "line", X: figure.Axis{Unit: figure.Seconds}, Y: figure.Axis{Unit: figure.Seconds},
			Series: []figure.Series{figure.Line{Name: "a", X: []float64{0, 1, 2}, Y: []float64{0.001, 0.01, 0.1}}, figure.Line{Name: "b", X: []float64{0, 1, 2}, Y: []float64{0.1, 0.1, 0.1}}}},
		figure.Figure{Title: "bars", X: figure.Axis{Categories: []string{"one", "two", "three"}}, Series: []figure.Series{figure.Bars{Name: "n", Values: tens}}},
		figure.Figure{Title: "histogram", X: figure.Axis{Unit: figure.Seconds}, Series: []figure.Series{figure.Histogram{Name: "h", Values: []float64{1, 1, 1}}}},
		figure.Figure{Title: "flame", X: figure.Axis{Unit: figure.Seconds}, Series: []figure.Series{figure.Flame{Root: figure.Frame{Name: "root", Value: 4, Children: []figure.Frame{{Name: "left", Value: 2}, {Name: "right", Value: 2}}}}}},
		figure.Figure{Title: "timeline", Y: figure.Axis{Label: "client", Categories: []string{"one", "two"}}, X: figure.Axis{Unit: figure.Seconds},
			Series: []figure.Series{figure.Timeline{Kinds: []figure.Kind{{Name: "wait"}, {Name: "work"}}, Bars: []figure.Bar{{End: 10}, {Lane: 1, Kind: 1, Start: 0, End: 10, Label: "inner"}}}}},
		figure.Figure{Title: "box", X: figure.Axis{Categories: []string{"one"}}, Series: []figure.Series{figure.Box{Name: "x", Samples: [][]float64{{1, 2, 3, 4, 5}}}}},
		figure.Figure{Title: "heat", X: figure.Axis{Label: "x", Categories: []string{"one"}}, Y: figure.Axis{Label: "y", Categories: []string{"two"}},
			Series: []figure.Series{figure.Heatmap{Name: "mean", Unit: figure.Seconds, Values: [][]float64{{0.25}}, Counts: [][]int{{12}}}}},
	}}}}
}

func TestFiguresAreReadUnderThePointer(t *testing.T) {
	path, _ := write(t, dials(), "dials.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	for name, want := range map[string]string{
		"line": "1.00 s\n\ta\t10.0 ms\n\tb\t100 ms", "bars": "two\n\tn\t10", "histogram": "1.00 s … 1.10 s\n\th\t3 of 3 (100 %)", "flame": "root\n\tvalue\t4.00 s\n\tof the whole\t100 %",
		"timeline": "one\n\twait\t10.0 s\n\tfrom\t0 s\n\tto\t10 s", "box": "one\n\tx\t3\n\tmiddle half\t2 … 4\n\twhiskers\t1 … 5\n\tmean\t3\n\tn\t5", "heat": "mean\n\t\t250 ms\n\tn\t12\n\tx\tone\n\ty\ttwo",
	} {
		b.Hover(`[aria-label="`+name+`"]`, 0.52, 0.3)
		require.Equal(t, want, tip(b), name)
	}
	require.Empty(t, b.Problems())
}

func TestSwitchesLegendAndZoomWork(t *testing.T) {
	path, _ := write(t, dials(), "dials.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	state := func(script string) (v any) { b.Eval(script, &v); return v }

	require.Equal(t, []string{"log y"}, texts(b, `"figure:nth-of-type(1) .switch:not([hidden])"`))
	before := state(`figures.charts[0].chart.getOption().yAxis[0].max`)
	require.Equal(t, 0.1, before)
	b.Click("figure:nth-of-type(1) .switch", 0.5, 0.5)
	require.InDelta(t, -0.92, state(`figures.charts[0].chart.getOption().yAxis[0].max`), 0.001)
	require.Equal(t, "true", state(`document.activeElement.getAttribute("aria-pressed")`), "the switch keeps the focus")

	require.Equal(t, []string{"a", "b"}, texts(b, `"figure:nth-of-type(1) .key"`))
	b.Click("figure:nth-of-type(1) .key", 0.5, 0.5)
	require.Equal(t, []any{"b"}, state(`figures.charts[0].chart.getOption().series.map(s => s.name)`))
	b.Click("figure:nth-of-type(1) .key:nth-child(2)", 0.5, 0.5)
	require.Equal(t, []any{"a", "b"}, state(`figures.charts[0].chart.getOption().series.map(s => s.name)`), "hiding the last one shows all")

	b.Click(".plot.flame", 0.75, 0.5)
	require.Equal(t, []any{2.0, 4.0}, state(`(z => [z.startValue, z.endValue])(figures.charts[3].chart.getOption().dataZoom[0])`))
	require.Equal(t, []string{"reset zoom"}, texts(b, `"figure:nth-of-type(4) .switch:not([hidden])"`))
	b.Click("figure:nth-of-type(4) .switch", 0.5, 0.5)
	require.Equal(t, []any{0.0, 4.0}, state(`(z => [z.startValue, z.endValue])(figures.charts[3].chart.getOption().dataZoom[0])`))

	paper := `getComputedStyle(document.body).backgroundColor`
	require.Equal(t, "rgb(255, 255, 255)", state(paper))
	b.Click("#theme", 0.5, 0.5)
	require.Equal(t, "rgb(17, 21, 25)", state(paper))
	require.Equal(t, "Light", state(`document.getElementById("theme").textContent`))
	require.Equal(t, "#3f92d2", state(`figures.charts[0].chart.getOption().series[0].lineStyle.color`))
	require.Empty(t, b.Problems())
}

func TestDotsAtTheEdgesAreWholeAndThoseThatNeverMeetNeedNoRoomOfTheirOwn(t *testing.T) {
	nan, one := math.NaN(), []float64{1, 1}
	rows := []string{"a", "b", "c", "d"}
	path, _ := write(t, figure.Page{Title: "Edges", Sections: []figure.Section{{Blocks: []figure.Block{
		figure.Figure{Title: "edge", Y: figure.Axis{Unit: figure.Fraction}, Series: []figure.Series{
			figure.Line{Name: "a", X: []float64{0, 1}, Y: one}, figure.Intervals{Name: "a", X: []float64{0, 1}, At: one, Lo: one, Hi: one}}},
		figure.Figure{Title: "apart", Y: figure.Axis{Categories: rows}, Series: []figure.Series{
			figure.Intervals{Name: "a", At: []float64{1, 2, nan, nan}, Lo: []float64{0, 0, nan, nan}, Hi: []float64{2, 3, nan, nan}},
			figure.Intervals{Name: "b", At: []float64{nan, nan, 3, 4}, Lo: []float64{nan, nan, 1, 1}, Hi: []float64{nan, nan, 5, 6}}}},
	}}}}, "edges.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	var above int // how far the drawing reaches beyond its upper edge, in pixels
	b.Eval(`(() => {
		const edge = figures.charts[0].chart.getModel().getComponent("grid").coordinateSystem.getRect().y;
		const canvas = document.querySelector('[aria-label="edge"] canvas'), { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
		for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 100 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) {
			return Math.round(edge) - Math.floor(i / 4 / canvas.width);
		}
		return 0;
	})()`, &above)
	require.Equal(t, 4, above) // the dot's radius
	var height int
	b.Eval(`document.querySelector('[aria-label="apart"]').clientHeight`, &height)
	require.Equal(t, 4*(14+18)+40, height)
	require.Empty(t, b.Problems())
}
