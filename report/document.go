package report

import (
	"strings"
	"unicode"

	"github.com/llmeter-go/llmeter/figure"
)

// A document is what a report says to people. Text and Markdown are two ways of writing it.
type document []part

// A part of a document: a headline, paragraph, sheet, list or pairs.
type part interface {
	text(t *textWriter)
	markdown(m *markdownWriter)
}

// A headline begins a document.
type headline struct {
	title string
	lines []string
}

// A paragraph is lines, each by itself.
type paragraph []figure.Cell

// A place is where files are. It is never broken into lines, so that it can be copied.
type place string

// Pairs are names with what there is to say of them.
type pairs []pair

type pair struct {
	name  string
	value []figure.Cell // which follow each other
	items []string      // one below another
}

// A list is items under a title.
type list struct {
	title string
	items []figure.Cell
}

// A sheet is a table. Where it is too wide for a line it is written as several, which all begin with its first columns.
type sheet struct {
	title   string
	columns []column
	rows    [][]figure.Cell
	keys    int  // columns that say what a row is about
	bare    bool // the heads of the columns are for Markdown alone
	indent  int  // in Text
}

type column struct {
	name  string
	right bool
	least int // characters, where there is room
	most  int // characters, longer texts are cut; 0 = any number

	joined bool // stands beside the one before it, if there is room
}

// The columns that most sheets have.
func leftColumn(name string) column   { return column{name: name, most: 28} }
func numberColumn(name string) column { return column{name: name, right: true} }

// textCell is a text that is taken as it is.
func textCell(text string) figure.Cell { return figure.Cell{Text: text} }

// full leaves out the columns in which no row has a value, but never those that say what a row is about.
func (s sheet) full() sheet {
	slim := sheet{title: s.title, keys: s.keys, bare: s.bare, indent: s.indent, rows: make([][]figure.Cell, len(s.rows))}
	for i, c := range s.columns {
		some := i < s.keys
		for _, row := range s.rows {
			some = some || row[i].Text != "" && row[i].Text != unknown
		}
		if !some {
			continue
		}
		slim.columns = append(slim.columns, c)
		for j, row := range s.rows {
			slim.rows[j] = append(slim.rows[j], row[i])
		}
	}
	return slim
}

// unknown is how a number is written that is not known.
const unknown = "–"

// clean makes one line of a text that a stranger wrote, without characters that command a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// A remark is what stands out: its title, and what there is to say of it.
type remark figure.Note

func (r remark) paragraph() paragraph {
	p := paragraph{{Text: r.Title, Tone: r.Tone}}
	for line := range strings.Lines(r.Text) {
		p = append(p, textCell(strings.TrimSpace(line)))
	}
	return p
}

func (r remark) text(t *textWriter)         { r.paragraph().text(t) }
func (r remark) markdown(m *markdownWriter) { r.paragraph().markdown(m) }
