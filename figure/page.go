package figure

import (
	"errors"
	"fmt"
)

// A Page is a document: a head and sections. Only Title is required.
type Page struct {
	Title    string
	Subtitle string // what, where and when, in a line
	Sections []Section
	Footer   string
}

// A Section is a part of a page under a heading of its own. Sections with a title are listed at the top of the page.
type Section struct {
	Title  string
	Note   string // a sentence or two under the title
	Blocks []Block
}

// A Block is something that a section shows: Tiles, Table, Figure, Note, Code or Details.
type Block interface {
	check() error
}

// A Tone says how to take something. The zero Tone says nothing.
type Tone int

// The tones, from good to bad.
const (
	Plain Tone = iota
	Good
	Warn
	Bad
)

// Tiles are key numbers side by side.
type Tiles []Tile

// A Tile is one key number with what it is, and how sure it is.
type Tile struct {
	Label string
	Value string // as Unit.Format writes it
	Note  string // the interval, the number of samples
	Tone  Tone
}

// A Table has as many cells in each row as it has columns.
type Table struct {
	Title   string
	Note    string
	Columns []Column
	Rows    [][]Cell
}

// A Column is the head of one column of a table.
type Column struct {
	Name  string
	Right bool // numbers stand at the right
}

// A Cell is one text of a table.
type Cell struct {
	Text string
	Tone Tone
}

// Cells makes a row of plain texts.
func Cells(texts ...string) []Cell {
	row := make([]Cell, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	return row
}

// A Note is a short text that stands out: a verdict, a warning, a remark. Line breaks in Text are kept.
type Note struct {
	Tone  Tone
	Title string
	Text  string
}

// Code is text that is shown as it is, in a fixed pitch: a configuration, an answer, an error.
type Code struct {
	Title string
	Text  string
}

// Details are blocks that the reader may open.
type Details struct {
	Title  string
	Open   bool // from the start
	Blocks []Block
}

func (Tiles) check() error { return nil }
func (Note) check() error  { return nil }
func (Code) check() error  { return nil }

func (t Table) check() error {
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d has %d cells under %d columns", t.Title, i, len(row), len(t.Columns))
		}
	}
	return nil
}

func (f Figure) check() error { return f.Validate() }

func (d Details) check() error { return checkBlocks(d.Blocks) }

// Validate says everything that is wrong with the page: figures whose data do not fit together, tables with ragged rows.
func (p Page) Validate() error {
	var errs []error
	if p.Title == "" {
		errs = append(errs, errors.New("page: there is no title"))
	}
	for _, s := range p.Sections {
		errs = append(errs, checkBlocks(s.Blocks))
	}
	return errors.Join(errs...)
}

func checkBlocks(blocks []Block) error {
	var errs []error
	for i, b := range blocks {
		if b == nil {
			errs = append(errs, fmt.Errorf("block %d is nil", i))
			continue
		}
		errs = append(errs, b.check())
	}
	return errors.Join(errs...)
}
