package report

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/figure"
)

// lineWidth is how many characters a line of text has at most, and gap how many separate columns.
const (
	lineWidth = 80
	gap       = 2
)

// A textWriter writes a document for a terminal. It holds the first error until the end.
type textWriter struct {
	*bufio.Writer
	color bool
}

func (d document) writeText(w io.Writer, color bool) error {
	t := &textWriter{bufio.NewWriter(w), color}
	for i, p := range d {
		if i > 0 {
			t.line()
		}
		p.text(t)
	}
	return t.Flush()
}

// line writes texts one after another and ends the line.
func (t *textWriter) line(texts ...string) {
	for _, text := range texts {
		t.WriteString(text)
	}
	t.WriteByte('\n')
}

// toned gives a text in the colour of its tone, if there may be colours.
func (t *textWriter) toned(text string, tone figure.Tone) string {
	if !t.color || tone == figure.Plain || text == "" {
		return text
	}
	return map[figure.Tone]string{figure.Good: "\x1b[32m", figure.Warn: "\x1b[33m", figure.Bad: "\x1b[31m"}[tone] + text + "\x1b[0m"
}

func (h headline) text(t *textWriter) {
	t.line(clip(clean(h.title), lineWidth))
	for _, line := range h.lines {
		t.wrapped("", textCell(line))
	}
}

func (p place) text(t *textWriter) { t.line("saved in ", clean(string(p))) }

func (p paragraph) text(t *textWriter) {
	for _, line := range p {
		t.wrapped("", line)
	}
}

func (l list) text(t *textWriter) {
	t.line(l.title)
	for _, item := range l.items {
		t.wrapped("  - ", item)
	}
}

// wrapped writes a text over as many lines as it needs, the first after a bullet and the others below it.
func (t *textWriter) wrapped(bullet string, c figure.Cell) {
	for i, part := range wrap(clean(c.Text), lineWidth-len(bullet)) {
		if i == 1 {
			bullet = strings.Repeat(" ", len(bullet))
		}
		t.line(bullet, t.toned(part, c.Tone))
	}
}

func (ps pairs) text(t *textWriter) {
	const width = 12
	for _, p := range ps {
		bullet := p.name + strings.Repeat(" ", max(1, width-len(p.name)))
		whole := ""
		for _, c := range p.value {
			whole += clean(c.Text)
		}
		if len(p.value) == 1 || utf8.RuneCountInString(bullet+whole) > lineWidth {
			t.wrapped(bullet, figure.Cell{Text: whole, Tone: p.value[0].Tone})
		} else {
			t.WriteString(bullet)
			for _, c := range p.value {
				t.WriteString(t.toned(clean(c.Text), c.Tone))
			}
			t.line()
		}
		for _, item := range p.items {
			t.wrapped("  - ", textCell(item))
		}
	}
}

func (s sheet) text(t *textWriter) {
	if s.title != "" {
		t.wrapped("", textCell(s.title))
	}
	widths := s.widths(true)
	if total(widths, s.indent) > lineWidth {
		widths = s.widths(false)
	}
	for from := s.keys; ; {
		shown := make([]int, 0, len(widths))
		for i := range s.keys {
			shown = append(shown, i)
		}
		free := s.free(widths)
		for next := from; from < len(widths); from = next {
			next = s.group(from, widths)
			need := total(widths[from:next], gap)
			if len(shown) > s.keys && need > free {
				break
			}
			for i := from; i < next; i++ {
				shown = append(shown, i)
			}
			free -= need
		}
		s.textColumns(t, shown, widths)
		if from == len(widths) {
			return
		}
		t.line()
	}
}

// group is where the columns end that stand beside the one at from.
func (s sheet) group(from int, widths []int) int {
	end := from + 1
	for end < len(widths) && s.columns[end].joined {
		end++
	}
	if total(widths[from:end], gap) > s.free(widths) {
		return from + 1
	}
	return end
}

// free is how many characters the columns after the first have, with a gap before each.
func (s sheet) free(widths []int) int {
	if s.keys == 0 {
		return lineWidth - s.indent + gap
	}
	return lineWidth - total(widths[:s.keys], s.indent)
}

// textColumns writes some columns of all rows.
func (s sheet) textColumns(t *textWriter, shown, widths []int) {
	write := func(cell func(i int) figure.Cell) {
		line, pending := strings.Repeat(" ", s.indent), 0
		for n, i := range shown {
			if n > 0 {
				pending += gap
			}
			c := cell(i)
			text := clip(clean(c.Text), widths[i])
			pad := widths[i] - utf8.RuneCountInString(text)
			if s.columns[i].right {
				pending, pad = pending+pad, 0
			}
			if text != "" {
				line, pending = line+strings.Repeat(" ", pending)+t.toned(text, c.Tone), 0
			}
			pending += pad
		}
		t.line(line)
	}
	if !s.bare {
		write(func(i int) figure.Cell { return textCell(s.columns[i].name) })
	}
	for _, row := range s.rows {
		write(func(i int) figure.Cell { return row[i] })
	}
}

// widths are how many characters the columns have: as many as their longest text, and with roomy at least as many as they ask
// for. The columns that begin every line leave room for another one.
func (s sheet) widths(roomy bool) []int {
	room := lineWidth - s.indent
	widths := make([]int, len(s.columns))
	for i, c := range s.columns {
		if !s.bare {
			widths[i] = utf8.RuneCountInString(c.name)
		}
		for _, row := range s.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(clean(row[i].Text)))
		}
		if roomy {
			widths[i] = max(widths[i], c.least)
		}
		if c.most > 0 {
			widths[i] = min(widths[i], c.most)
		}
		if i < s.keys {
			widths[i] = min(widths[i], max(1, room*2/3/s.keys-gap))
		} else {
			widths[i] = min(widths[i], s.free(widths)-gap)
		}
	}
	return widths
}

func total(widths []int, indent int) int {
	sum := indent + gap*max(0, len(widths)-1)
	for _, w := range widths {
		sum += w
	}
	return sum
}
