package figure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure/figuretest"
)

func TestTmpHover(t *testing.T) {
	path, _ := write(t, gallery(2000), "hover.html")
	b := figuretest.Start(t)
	b.Open(path, figuretest.View{Width: 1280})
	for i, sel := range []string{`[aria-label="Distribution of TTFT and TTLT"]`, `.plot.histogram`, `.plot.timeline`, `.plot.flame`, `.plot.box`, `.plot.heatmap`, `.plot.scatter`, `[aria-label="Errors by kind"]`, `[aria-label="Difference of B from A"]`} {
		b.Hover(sel, 0.52, 0.55)
		var tip string
		b.Eval(`(e => e.hidden ? "" : e.innerText)(document.querySelector(".tip"))`, &tip)
		t.Logf("%s: %q", sel, tip)
		var shot struct{ Data []byte }
		_ = shot
		if i < 0 {
			require.NoError(t, os.WriteFile(filepath.Join(shots, "hover.png"), b.Screenshot(), 0o644))
		}
	}
	b.Click(".plot.flame", 0.3, 0.6)
	b.Eval(`document.querySelector(".plot.flame").scrollIntoView()`, nil)
	require.NoError(t, os.WriteFile(filepath.Join(shots, "hover.png"), b.Screenshot(), 0o644))
	t.Log(b.Problems())
}
