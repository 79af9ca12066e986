package figure_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/figure/figuretest"
)

// shots is a folder for screenshots of the pages, for people who want to look at them; "" = none are taken.
var shots = os.Getenv("FIGURE_SHOTS")

func write(t *testing.T, p figure.Page, name string) (path string, size int) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.WriteHTML(&b))
	dir := shots
	if dir == "" {
		dir = t.TempDir()
	}
	path = filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
	return path, b.Len()
}

func TestEveryFigureIsDrawnInChromium(t *testing.T) {
	path, _ := write(t, gallery(2000), "gallery.html")
	figuretest.Check(t, path, shots)
}

func TestAPageOfAHundredThousandSamplesIsSmallAndOpensSoon(t *testing.T) {
	path, size := write(t, gallery(100_000), "large.html")
	require.Less(t, size, 5_000_000)
	t.Logf("%d bytes", size)
	if testing.Short() {
		t.Skip("skipped: the browser is slow")
	}
	b := figuretest.Start(t)
	took := b.Open(path, figuretest.View{Width: 1280})
	t.Logf("opened in %v", took)
	require.Less(t, took, 10*time.Second, "2 s are promised; a busy machine is forgiven")
}
