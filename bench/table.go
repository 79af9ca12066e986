//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"unicode/utf8"
)

// A table is what a part of the report shows. The first column is aligned to the left.
type table struct {
	head []string
	rows [][]string
	note string // a paragraph below it
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// markdown gives the table in the form of GitHub, padded to be read as it is.
func (t table) markdown() string {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(&b, "| %s%s ", cell, pad)
			} else {
				fmt.Fprintf(&b, "| %s%s ", pad, cell)
			}
		}
		b.WriteString("|\n")
	}
	line(t.head)
	for i, w := range widths {
		rule := strings.Repeat("-", w)
		if i > 0 {
			rule = rule[1:] + ":"
		}
		fmt.Fprintf(&b, "| %s ", rule)
	}
	b.WriteString("|\n")
	for _, row := range t.rows {
		line(row)
	}
	if t.note != "" {
		fmt.Fprintf(&b, "\n%s\n", t.note)
	}
	return b.String()
}

// rewrite replaces what stands in a file between the markers of a part.
func rewrite(file, part, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := []byte("<!-- bench "+part+" -->\n"), []byte("<!-- end "+part+" -->")
	before, rest, ok1 := bytes.Cut(old, begin)
	_, after, ok2 := bytes.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no markers %q and %q", file, begin[:len(begin)-1], end)
	}
	return os.WriteFile(file, bytes.Join([][]byte{before, begin, []byte("\n" + text + "\n"), end, after}, nil), 0o666)
}

// ms prints a time in milliseconds.
func ms(seconds float64) string {
	switch a := math.Abs(seconds); {
	case math.IsNaN(seconds):
		return "–"
	case a < 0.995e-3:
		return fmt.Sprintf("%.3f", seconds*1e3)
	case a < 99.5e-3:
		return fmt.Sprintf("%.2f", seconds*1e3)
	}
	return fmt.Sprintf("%.0f", seconds*1e3)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
