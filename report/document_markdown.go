package report

import (
	"bufio"
	"io"
	"strings"
	"unicode"

	"github.com/llmeter-go/llmeter/figure"
)

// A markdownWriter writes a document as GitHub's Markdown. It holds the first error until the end.
type markdownWriter struct{ *bufio.Writer }

func (d document) writeMarkdown(w io.Writer) error {
	m := &markdownWriter{bufio.NewWriter(w)}
	for i, p := range d {
		if i > 0 {
			m.line()
		}
		p.markdown(m)
	}
	return m.Flush()
}

func (m *markdownWriter) line(texts ...string) {
	for _, text := range texts {
		m.WriteString(text)
	}
	m.WriteByte('\n')
}

func (m *markdownWriter) title(text string) {
	if text != "" {
		m.line("### ", escaped(text))
		m.line()
	}
}

func (h headline) markdown(m *markdownWriter) {
	m.line("## ", escaped(h.title))
	for _, line := range h.lines {
		m.line()
		m.line(escaped(line))
	}
}

func (p place) markdown(m *markdownWriter) { m.line("saved in ", escaped(string(p))) }

func (p paragraph) markdown(m *markdownWriter) {
	for i, c := range p {
		if i > 0 {
			m.line()
		}
		m.line(marked(c))
	}
}

func (l list) markdown(m *markdownWriter) {
	m.title(l.title)
	for _, item := range l.items {
		m.line("- ", marked(item))
	}
}

func (ps pairs) markdown(m *markdownWriter) {
	for _, p := range ps {
		text := ""
		for _, c := range p.value {
			text += marked(c)
		}
		m.line("- ", escaped(p.name), ": ", text)
		for _, item := range p.items {
			m.line("  - ", escaped(item))
		}
	}
}

func (s sheet) markdown(m *markdownWriter) {
	m.title(s.title)
	for _, c := range s.columns {
		m.WriteString("| " + escaped(c.name) + " ")
	}
	m.line("|")
	for _, c := range s.columns {
		m.WriteString(map[bool]string{false: "|---", true: "|---:"}[c.right])
	}
	m.line("|")
	for _, row := range s.rows {
		for _, c := range row {
			m.WriteString("| " + marked(c) + " ")
		}
		m.line("|")
	}
}

// marked makes bold what is bad: there are no colours.
func marked(c figure.Cell) string {
	text := escaped(strings.TrimSpace(c.Text))
	if c.Tone != figure.Bad || text == "" {
		return space(c.Text, text)
	}
	return space(c.Text, "**"+text+"**")
}

// space gives text the blanks around it back: marks must stand at words.
func space(original, text string) string {
	if strings.HasPrefix(original, " ") {
		text = " " + text
	}
	if strings.HasSuffix(original, " ") {
		text += " "
	}
	return text
}

// escaped is text that Markdown shows as it is, in one line, whatever it says. Underscores within words are none of its marks.
func escaped(s string) string {
	s = clean(s)
	var b strings.Builder
	before := ' '
	for i, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*[]|~#$", r), r == '_' && !(inWord(before) && startsWord(s[i+1:])):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func startsWord(s string) bool {
	for _, r := range s {
		return inWord(r)
	}
	return false
}
