package figuretest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
)

func TestWhatIsWrongWithAPageIsSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	f, err := os.Create(path)
	require.NoError(t, err)
	one := []float64{0, 1}
	require.NoError(t, figure.Page{Title: "Page", Sections: []figure.Section{{Blocks: []figure.Block{
		figure.Figure{Title: "first", Series: []figure.Series{figure.Line{X: one, Y: one}}}, figure.Figure{Title: "second", Series: []figure.Series{figure.Line{X: one, Y: one}}},
	}}}}.WriteHTML(f))
	require.NoError(t, f.Close())

	b := Start(t)
	b.Open(path, View{Width: 1280})
	blank := func() (all []string) {
		var page struct{ Blank []string }
		b.Eval(seen, &page)
		return page.Blank
	}
	require.Empty(t, blank())
	require.Empty(t, b.Problems())

	b.Eval(`(c => c.getContext("2d").clearRect(0, 0, c.width, c.height))(document.querySelectorAll("canvas")[1])`, nil)
	require.Equal(t, []string{"second"}, blank())

	b.Eval(`console.error("broken")`, nil)
	require.Contains(t, b.Problems()[0], "broken")
	b.Eval(`new Promise(done => { const i = new Image(); i.onerror = i.onload = () => setTimeout(done); i.src = "http://example.invalid/x.png"; })`, nil)
	require.Contains(t, b.Problems()[0], "http://example.invalid/x.png", "the page's policy refuses it")
	b.Eval(`new Promise(done => { const s = document.createElement("script"); s.textContent = "document.title = 'changed'"; document.body.append(s); setTimeout(done); })`, nil)
	require.Contains(t, b.Problems()[0], "Content Security Policy")
	var title string
	b.Eval(`document.title`, &title)
	require.Equal(t, "Page", title)
}
