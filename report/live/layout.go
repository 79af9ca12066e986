package live

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"charm.land/lipgloss/v2"

	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

const (
	wide      = 72  // columns from which on there are two sparklines in a row
	mostWidth = 140 // columns that are used; more would only pull things apart
	margin    = " "
)

const missing = "–"

// The looks. Colours are those of the terminal's own palette, so that they suit it, dark or light.
var (
	strong = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	accent = lipgloss.NewStyle().Foreground(lipgloss.Color("6"))
	good   = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	doubt  = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	bad    = lipgloss.NewStyle().Foreground(lipgloss.Color("1"))
)

// draw lays a frame out for a terminal. What does not fit into its height is left out: first the blank lines, then the further numbers,
// then what stands above the keys.
func (f *frame) draw(width, height int, specs Specs, hint string) string {
	width = min(width, mostWidth)
	sections := [][]string{f.head(width), f.bar(width), f.table(width)}
	if f.experiment != nil {
		sections = append([][]string{f.experiment.draw(width)}, sections...)
	}
	without := slices.Concat(sections, [][]string{f.trouble(width), {faint.Render(hint)}})
	with := slices.Insert(slices.Clone(without), len(sections), specs.lines(f.stats))
	lines := join(with, true)
	if len(lines) > height {
		lines = join(with, false)
	}
	if len(lines) > height {
		lines = join(without, false)
	}
	if len(lines) > height {
		lines = append(lines[:max(height-1, 0)], lines[len(lines)-1])
	}
	for i, line := range lines {
		lines[i] = lipgloss.NewStyle().MaxWidth(width).Render(margin + line)
	}
	return strings.Join(lines, "\n")
}

func join(sections [][]string, apart bool) (lines []string) {
	for _, s := range sections {
		if len(s) > 0 && len(lines) > 0 && apart {
			lines = append(lines, "")
		}
		lines = append(lines, s...)
	}
	return lines
}

// head says what runs: its name and target at the left, its load at the right, or below where both do not fit.
func (f *frame) head(width int) []string {
	name, target, load := printable(f.name), printable(f.target), printable(f.load)
	title := strong.Render(name)
	if target != "" {
		title += faint.Render(" · " + target)
	}
	if space := width - 2 - lipgloss.Width(title) - lipgloss.Width(load); space > 0 {
		return []string{title + strings.Repeat(" ", space) + load}
	}
	return []string{title, load}
}

// bar says how far the run is.
func (f *frame) bar(width int) []string {
	p := f.progress
	done := report.Number(float64(p.Finished))
	if p.Planned > 0 {
		done += " of " + report.Number(float64(p.Planned))
	}
	failed := report.Number(float64(p.Failed)) + " failed"
	if p.Failed > 0 {
		failed = bad.Render(failed)
	}
	done, inFlight := done+" done, "+failed, report.Number(float64(p.InFlight))+" in flight"
	time := clocks(p.Elapsed, f.left)
	if f.ending {
		time = clock(p.Elapsed) + " elapsed, the last are in flight"
	}
	counts := spread(done+", "+inFlight, time, width)
	if len(counts) > 1 {
		counts = append(spread(done, inFlight, width), time)
	}
	return append(measure(f.share, width), counts...)
}

// measure is a bar of which a share is full, with the share as a number; nothing if the share is not known.
func measure(share float64, width int) []string {
	if share < 0 {
		return nil
	}
	number := fmt.Sprintf("%5.0f %%", math.Floor(share*100))
	length := max(width-2-len(number), 1)
	full := min(int(share*float64(length)), length)
	return []string{accent.Render(strings.Repeat("█", full)) + faint.Render(strings.Repeat("░", length-full)) + number}
}

func clocks(elapsed, left time.Duration) string {
	s := clock(elapsed) + " elapsed"
	if left >= 0 {
		s += ", " + clock(left) + " left"
	}
	return s
}

// spread puts one text at the left and one at the right, or one below the other.
func spread(left, right string, width int) []string {
	if space := width - 2 - lipgloss.Width(left) - lipgloss.Width(right); space > 0 {
		return []string{left + strings.Repeat(" ", space) + right}
	}
	return []string{left, right}
}

// clock prints a time as 0:07, 12:05 or 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

var latencyNames = [latencies]struct{ label, key string }{{"TTFT", "ttft"}, {"TTLT", "ttlt"}, {"ITL", "itl"}}

// A cell is a number, and how it was over time.
type cell struct {
	name, value string
	past        []float64
	of          func([]float64) float64
}

// table shows rates and latencies.
func (f *frame) table(width int) (lines []string) {
	value := func(key string, print func(float64) string) string {
		if v, ok := f.stats.Lookup(key); ok {
			return print(v)
		}
		return missing
	}
	rates := []cell{
		{"req/s", value("requests_per_second", report.Number), f.past.requests, average},
		{"tok/s", value("output_tokens_per_second", report.Number), f.past.tokens, average},
	}
	if width < wide {
		lines = append(lines, narrow("", cell{value: "so far"}, cell{}, width), narrow("req/s", rates[0], cell{}, width), narrow("tok/s", rates[1], cell{}, width),
			narrow("", cell{value: "p50"}, cell{value: "p99"}, width))
	} else {
		lines = append(lines, row("rate", rates, width))
	}
	for l, name := range latencyNames {
		p50 := cell{"p50", value(name.key+"-p50", report.Seconds), f.past.p50[l], average}
		p99 := cell{"p99", value(name.key+"-p99", report.Seconds), f.past.p99[l], highest}
		if width < wide {
			lines = append(lines, narrow(name.label, p50, p99, width))
		} else {
			lines = append(lines, row(name.label, []cell{p50, p99}, width))
		}
	}
	return lines
}

const (
	labelWidth = 6
	nameWidth  = 6
	valueWidth = 9
)

func row(label string, cells []cell, width int) string {
	line := fmt.Sprintf("%-*s", labelWidth, label)
	each := (width - 2 - labelWidth) / len(cells)
	for _, c := range cells {
		graph := spark(c.past, each-nameWidth-valueWidth-4, c.of)
		line += faint.Render(fmt.Sprintf("  %-*s", nameWidth, c.name)) + right(c.value, valueWidth) + "  " + accent.Render(graph)
	}
	return line
}

// narrow is a row with two numbers and the sparkline of the first one.
func narrow(label string, a, b cell, width int) string {
	line := fmt.Sprintf("%-*s", labelWidth, label) + right(a.value, valueWidth)
	if b.value != "" {
		line += right(b.value, valueWidth+1)
	} else {
		line += strings.Repeat(" ", valueWidth+1)
	}
	if label == "" {
		return faint.Render(line)
	}
	return line + "  " + accent.Render(spark(a.past, width-2-lipgloss.Width(line)-2, a.of))
}

// trouble says what failed, and whether the client can be trusted.
func (f *frame) trouble(width int) (lines []string) {
	if kinds := f.errors(); len(kinds) > 0 {
		lines = append(lines, labelled("errors", bad.Render(clip(printable(strings.Join(kinds, ", ")), width-10))))
	}
	switch {
	case !f.judged:
		return append(lines, labelled("client", missing))
	case f.verdict.Level == result.Trusted:
		return append(lines, labelled("client", good.Render(f.verdict.Level)+" so far"))
	}
	look := doubt
	if f.verdict.Level == result.Invalid {
		look = bad
	}
	return append(lines, labelled("client", look.Render(f.verdict.Level)+clip(": "+f.doubts(), width-10-len(f.verdict.Level))),
		labelled("", faint.Render(clip(f.symptoms(), width-10))))
}

func labelled(label, text string) string { return fmt.Sprintf("%-8s", label) + text }

// right pads by columns.
func right(s string, width int) string {
	return strings.Repeat(" ", max(0, width-lipgloss.Width(s))) + s
}

// clip cuts plain text to a width.
func clip(s string, width int) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	return lipgloss.NewStyle().MaxWidth(max(width-1, 0)).Render(s) + "…"
}

// printable is s without what a terminal would obey: names and kinds of error can come from anywhere.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
}
