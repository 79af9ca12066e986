package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// A Drawer writes one figure in one format. Where one is asked for, nil makes a page of HTML; package report/png has those for
// PNG and SVG, so that this package does not carry what draws them.
type Drawer interface {
	Extension() string // of its files: ".png"
	Draw(w io.Writer, f figure.Figure) error
}

// onPages draws each figure on a page of its own.
type onPages struct{}

func (onPages) Extension() string { return ".html" }

func (onPages) Draw(w io.Writer, f figure.Figure) error {
	p := figure.Page{Title: cmp.Or(f.Title, "Figure")}
	f.Title, f.Wide = "", true
	p.Sections = []figure.Section{{Blocks: []figure.Block{f}}}
	return p.WriteHTML(w)
}

// Draw writes each figure of the report's page that has something to show as a file of its own into a folder, which is made if
// it is not there, and gives their paths. A file is named after its section and title: "by-clients-time-to-first-token.png". The
// error names the file; what was written before it stays.
func (r *Report) Draw(dir string, d Drawer) (paths []string, err error) {
	taken := map[string]int{}
	for _, s := range r.subject.page().Sections {
		for _, f := range figuresOf(s.Blocks) {
			if f.IsEmpty() {
				continue
			}
			name := fileName(s.Title, f.Title)
			if taken[name]++; taken[name] > 1 {
				name = fmt.Sprintf("%s-%d", name, taken[name])
			}
			path, err := drawFile(dir, name, f, d)
			if err != nil {
				return paths, err
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// figuresOf are all figures of blocks, those in details too.
func figuresOf(blocks []figure.Block) (all []figure.Figure) {
	for _, b := range blocks {
		switch b := b.(type) {
		case figure.Figure:
			all = append(all, b)
		case figure.Details:
			all = append(all, figuresOf(b.Blocks)...)
		}
	}
	return all
}

// fileName makes a name of texts: their letters and digits in lower case, all else as single dashes.
func fileName(texts ...string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.Join(texts, " ")), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return cmp.Or(strings.TrimRight(clip(strings.Join(words, "-"), 100), "…"), "figure")
}

// drawFile writes one figure.
func drawFile(dir, name string, f figure.Figure, d Drawer) (path string, err error) {
	if d == nil {
		d = onPages{}
	}
	path = filepath.Join(dir, name+d.Extension())
	var b bytes.Buffer
	if err := d.Draw(&b, f); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, b.Bytes(), 0o666)
}

// PlotLoadTest writes the six figures that LLMeter's plot_results makes of a load test into a folder, under its names:
// time_to_first_token, time_to_last_token, requests_per_minute, error_rate, average_input_tokens_clients and
// average_output_tokens_clients. They show LLMeter's numbers by its formulas: failed requests that have a latency are part of
// its distribution. Of a test with clients the levels of clients are drawn, of one with rates alone those.
//
// The error names what could not be read or written; it fails, as LLMeter does, if there is no level.
func PlotLoadTest(dir string, r *experiments.LoadTestResult, d Drawer) error {
	plots, err := loadTestPlots(r)
	if err != nil {
		return err
	}
	return drawAll(dir, plots, d)
}

// PlotHeatmaps writes the two figures of LLMeter's plot_heatmaps into a folder, time_to_first_token and time_to_last_token: their
// means by the lengths that were asked for or, where the payloads do not say, by ten bins each of those that came.
func PlotHeatmaps(dir string, r *experiments.HeatmapResult, d Drawer) error {
	h := newHeatmap(r)
	if h.err != nil {
		return h.err
	}
	var plots []plot
	for _, m := range []struct{ name, metric string }{{"time_to_first_token", "ttft"}, {"time_to_last_token", "ttlt"}} {
		f := h.heatmapOf("Average "+strings.ToLower(dimension(m.name)), "mean", figure.Seconds, func(c experiments.Cell) (v float64, n int) {
			return lookup(c.Stats, m.metric+"-mean"), int(zeroIfNaN(lookup(c.Stats, m.metric+"-n")))
		})
		f.X.Label, f.Y.Label = "Number of input tokens", "Number of output tokens"
		plots = append(plots, plot{m.name, f})
	}
	return drawAll(dir, plots, d)
}

// A plot is a figure under the name that its file has.
type plot struct {
	name string
	fig  figure.Figure
}

func drawAll(dir string, plots []plot, d Drawer) error {
	for _, p := range plots {
		if _, err := drawFile(dir, p.name, p.fig, d); err != nil {
			return err
		}
	}
	return nil
}

// dimension is LLMeter's label of a name: "Time to first token".
func dimension(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func loadTestPlots(r *experiments.LoadTestResult) ([]plot, error) {
	all := ladders(gatherLevels(r.Levels))
	if len(all) == 0 {
		return nil, fmt.Errorf("load test %q: %w", r.TestName, result.ErrNoRun)
	}
	by := all[0]
	by.axis.Label = map[string]string{"clients": "Number of clients", "rate": "Requests per second"}[by.by]
	against := " vs " + strings.ToLower(by.axis.Label)
	var plots []plot
	for _, name := range []string{"time_to_first_token", "time_to_last_token"} {
		box, err := by.raw(name)
		if err != nil {
			return nil, fmt.Errorf("load test %q: %w", r.TestName, err)
		}
		box.Name = r.TestName
		plots = append(plots, plot{name, figure.Figure{
			Title: dimension(name) + against, X: figure.Axis{Label: by.axis.Label, Categories: by.labels()},
			Y: figure.Axis{Label: dimension(name), Unit: figure.Seconds, Log: true}, Series: []figure.Series{box},
		}})
	}
	for _, s := range []struct {
		name, key, title string
		log              bool
	}{
		{"requests_per_minute", "requests_per_minute", "Requests per minute", true},
		{"error_rate", "failed_requests_rate", "Error rate", false},
		{"average_input_tokens_clients", "average_input_tokens_per_minute", "Average input tokens per minute", true},
		{"average_output_tokens_clients", "average_output_tokens_per_minute", "Average output tokens per minute", true},
	} {
		plots = append(plots, plot{s.name, figure.Figure{
			Title: s.title + against, X: by.axis, Y: figure.Axis{Label: s.title, Log: s.log},
			Series: []figure.Series{figure.Line{Name: r.TestName, X: by.values(), Y: by.column(s.key), Dashed: true, Dots: true}},
		}})
	}
	return plots, nil
}

// raw has the values of every response of each level under LLMeter's name.
func (l ladder) raw(name string) (box figure.Box, err error) {
	for _, level := range l.levels {
		values, err := level.res.GetDimension(name)
		if err != nil {
			return box, fmt.Errorf("%s: %w", level.name, err)
		}
		box.Samples = append(box.Samples, values)
	}
	return box, nil
}

// labels are the loads as numbers.
func (l ladder) labels() (names []string) {
	for _, level := range l.levels {
		names = append(names, strconv.FormatFloat(level.value(), 'f', -1, 64))
	}
	return names
}
