package figuretest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A View is how a reader sees a page.
type View struct {
	Width int // of the window, in CSS pixels
	Dark  bool
}

// Views are a desk and a telephone, in the light and in the dark.
var Views = []View{{1280, false}, {1280, true}, {400, false}, {400, true}}

// String names a view: "1280-dark".
func (v View) String() string {
	if v.Dark {
		return fmt.Sprintf("%d-dark", v.Width)
	}
	return fmt.Sprintf("%d-light", v.Width)
}

// open opens all details.
const open = `for (const d of document.querySelectorAll("details")) d.open = true`

// seen says which figures are blank. Axes and texts are grey; a figure that shows its data has colour.
const seen = `(() => {
	const blank = [];
	for (const plot of document.querySelectorAll("[data-figure]")) {
		let coloured = 0;
		for (const canvas of plot.querySelectorAll("canvas")) {
			const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
			copy.drawImage(canvas, 0, 0);
			const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
			for (let i = 0; i < data.length; i += 4) {
				const [r, g, b, a] = [data[i], data[i + 1], data[i + 2], data[i + 3]];
				if (a > 20 && Math.max(r, g, b) - Math.min(r, g, b) > 40) coloured++;
			}
		}
		if (coloured < 10) blank.push(plot.getAttribute("aria-label"));
	}
	return { figures: document.querySelectorAll("[data-figure]").length, blank, excess: document.documentElement.scrollWidth - innerWidth };
})()`

// Check is [Browser.Check] with a browser of its own. Without Chromium on this machine the test is skipped.
func Check(t *testing.T, path, shots string) (slowest time.Duration) {
	t.Helper()
	return Start(t).Check(path, shots)
}

// Check opens the page of a file in all Views, its details too, and prints it. It fails the test when the page complains
// about anything, tries to load anything, leaves a figure blank, or is wider than the window. It gives the longest time
// that the page took to open. Screenshots of all views go to the folder shots unless that is "".
func (b *Browser) Check(path, shots string) (slowest time.Duration) {
	b.t.Helper()
	name := filepath.Base(path)
	for _, v := range Views {
		took := b.Open(path, v)
		slowest = max(slowest, took)
		b.Eval(open, nil)
		b.await("figures.charts.every(c => c.chart)")
		var page struct {
			Figures int
			Blank   []string
			Excess  int
		}
		b.Eval(seen, &page)
		require.Empty(b.t, page.Blank, "%s, %s: figures without anything drawn", name, v)
		require.LessOrEqual(b.t, page.Excess, 0, "%s, %s: the page is wider than the window", name, v)
		b.t.Logf("%s, %s: %d figures, drawn after %v", name, v, page.Figures, took.Round(time.Millisecond))
		if shots != "" {
			require.NoError(b.t, os.WriteFile(filepath.Join(shots, name+"-"+v.String()+".png"), b.Screenshot(), 0o644))
		}
		require.Empty(b.t, b.Problems(), "%s, %s", name, v)
	}
	pdf := b.PDF()
	if shots != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(shots, name+".pdf"), pdf, 0o644))
	}
	require.Empty(b.t, b.Problems(), "%s: printing", name)
	return slowest
}
