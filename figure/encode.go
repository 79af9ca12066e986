package figure

import (
	"encoding/json"
	"slices"
	"strconv"
)

// encoded is a series as the page's script reads it: columns of numbers, thinned. Which fields count depends on Kind.
type encoded struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Color  int      `json:"color"` // index into the palette
	X      numbers  `json:"x,omitzero"`
	Y      numbers  `json:"y,omitzero"`
	Lo     numbers  `json:"lo,omitzero"`
	Hi     numbers  `json:"hi,omitzero"`
	Step   bool     `json:"step,omitzero"`
	Dashed bool     `json:"dashed,omitzero"`
	Dots   bool     `json:"dots,omitzero"`
	Stack  string   `json:"stack,omitzero"`
	Labels []string `json:"labels,omitzero"`

	Bins    *bins `json:"bins,omitzero"`    // a histogram
	LogBins *bins `json:"logBins,omitzero"` // the same for a logarithmic axis; nil where there can be none
	N       int   `json:"n,omitzero"`

	Spreads []*spread `json:"spreads,omitzero"` // a box plot; null = no value in that category

	Unit   Unit    `json:"unit,omitzero"` // a heat map: its cells row by row
	Cells  numbers `json:"cells,omitzero"`
	Counts []int   `json:"counts,omitzero"`
	Log    bool    `json:"log,omitzero"`

	Kinds []kind `json:"kinds,omitzero"` // a timeline or flame graph: columns of bars, sorted by lane and start
	Lanes []int  `json:"lanes,omitzero"`
	Of    []int  `json:"of,omitzero"` // the kind of each bar; absent = all 0
	Depth int    `json:"depth,omitzero"`
	drawn int    // how many points are here
	given int    // of how many
}

type bins struct {
	Edges  numbers `json:"edges"`
	Counts []int   `json:"counts"`
}

type spread struct {
	N        int     `json:"n"`
	Mean     number7 `json:"mean"`
	Five     numbers `json:"five"`
	Outliers numbers `json:"out"`
}

type kind struct {
	Name  string `json:"name"`
	Color int    `json:"color"`
}

// numbers are written with so many significant digits, which no screen can tell from all of them; what is not finite is null.
type numbers struct {
	values []float64
	digits int
}

func (n numbers) IsZero() bool { return n.values == nil }

func (n numbers) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+len(n.values)*9)
	b = append(b, '[')
	for i, v := range n.values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, v, n.digits)
	}
	return append(b, ']'), nil
}

type number7 float64

func (v number7) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(v), 7), nil }

func appendNumber(b []byte, v float64, digits int) []byte {
	if !finite(v) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', digits, 64)
}

// coarse is enough for a value, fine for an instant that the reader may zoom to.
func coarse(values []float64) numbers { return numbers{values, 7} }
func fine(values []float64) numbers   { return numbers{values, 10} }

func (s Line) encode(Figure) encoded {
	keep := Thin(s.Y, lineBuckets)
	return encoded{Kind: "line", X: coarse(pick(s.X, keep)), Y: coarse(pick(s.Y, keep)),
		Step: s.Step, Dashed: s.Dashed, Dots: s.Dots, drawn: len(keep), given: len(s.Y)}
}

func (s Band) encode(Figure) encoded {
	keep := slices.Concat(Thin(s.Lo, lineBuckets), Thin(s.Hi, lineBuckets))
	slices.Sort(keep)
	keep = slices.Compact(keep)
	return encoded{Kind: "band", X: coarse(pick(s.X, keep)), Lo: coarse(pick(s.Lo, keep)), Hi: coarse(pick(s.Hi, keep)),
		drawn: len(keep), given: len(s.X)}
}

func (s Scatter) encode(Figure) encoded {
	keep := ThinCloud(s.X, s.Y)
	e := encoded{Kind: "scatter", X: coarse(pick(s.X, keep)), Y: coarse(pick(s.Y, keep)), drawn: len(keep), given: len(s.X)}
	if s.Labels != nil {
		e.Labels = pick(s.Labels, keep)
	}
	return e
}

func (s Intervals) encode(Figure) encoded {
	e := encoded{Kind: "intervals", Y: coarse(s.At), Lo: coarse(s.Lo), Hi: coarse(s.Hi)}
	if s.X != nil {
		e.X = coarse(s.X)
	}
	return e
}

func (s Bars) encode(Figure) encoded {
	e := encoded{Kind: "bars", Y: coarse(s.Values), Stack: s.Stack}
	if s.X != nil {
		e.X = coarse(s.X)
	}
	return e
}

// encode computes the bins over all histograms of the figure, so that they can be compared.
func (s Histogram) encode(f Figure) encoded {
	var all [][]float64
	for _, other := range f.Series {
		if h, ok := other.(Histogram); ok {
			all = append(all, h.Values)
		}
	}
	binned := func(log bool) *bins {
		edges := Bins(log, all...)
		if edges == nil {
			return nil
		}
		return &bins{fine(edges), Count(s.Values, edges)}
	}
	return encoded{Kind: "histogram", Bins: binned(false), LogBins: binned(true), N: len(sorted(s.Values))}
}

func (s ECDF) encode(Figure) encoded {
	x, share, distinct := s.Steps()
	return encoded{Kind: "ecdf", X: coarse(x), Y: coarse(share), N: len(sorted(s.Values)), drawn: len(x), given: distinct}
}

func (s Box) encode(Figure) encoded {
	e := encoded{Kind: "box", Spreads: make([]*spread, len(s.Samples))}
	for i, sample := range s.Samples {
		sp := SpreadOf(sample)
		if sp.N == 0 {
			continue
		}
		outliers := pick(sp.Outliers, Thin(sp.Outliers, outlierBuckets))
		e.Spreads[i] = &spread{sp.N, number7(sp.Mean), coarse([]float64{sp.Low, sp.Q1, sp.Median, sp.Q3, sp.High}), coarse(outliers)}
		e.drawn += len(outliers)
		e.given += len(sp.Outliers)
	}
	return e
}

func (s Heatmap) encode(Figure) encoded {
	e := encoded{Kind: "heatmap", Unit: s.Unit, Cells: coarse(slices.Concat(s.Values...)), Counts: slices.Concat(s.Counts...), Log: s.Log}
	if s.XEdges != nil {
		e.X = coarse(s.XEdges)
	}
	if s.YEdges != nil {
		e.Y = coarse(s.YEdges)
	}
	return e
}

func (s Timeline) encode(f Figure) encoded {
	return encodeBars("timeline", s.Kinds, s.Bars, len(f.Y.Categories))
}

func (s Flame) encode(Figure) encoded {
	bars, depth := s.Layout()
	return encodeBars("flame", s.Kinds, bars, depth)
}

func encodeBars(name string, kinds []Kind, all []Bar, depth int) encoded {
	bars := slices.Clone(Longest(all, maxBars))
	slices.SortStableFunc(bars, compareBars)
	e := encoded{Kind: name, Depth: depth, drawn: len(bars), given: len(all)}
	for i, c := range KindColors(kinds) {
		e.Kinds = append(e.Kinds, kind{kinds[i].Name, c.index()})
	}
	start, long := make([]float64, len(bars)), make([]float64, len(bars))
	labelled := false
	for i, b := range bars {
		start[i], long[i] = b.Start, b.End-b.Start
		e.Lanes = append(e.Lanes, b.Lane)
		e.Of = append(e.Of, b.Kind)
		e.Labels = append(e.Labels, b.Label)
		labelled = labelled || b.Label != ""
	}
	e.X, e.Y = fine(start), coarse(long)
	if !labelled {
		e.Labels = nil
	}
	if len(kinds) < 2 {
		e.Of = nil
	}
	return e
}

func compareBars(a, b Bar) int {
	switch {
	case a.Lane != b.Lane:
		return a.Lane - b.Lane
	case a.Start < b.Start:
		return -1
	case a.Start > b.Start:
		return 1
	}
	return 0
}

// A drawing is a figure as the page's script reads it.
type drawing struct {
	Title  string    `json:"title"`
	X      axis      `json:"x"`
	Y      axis      `json:"y"`
	Series []encoded `json:"series"`
	Marks  []mark    `json:"marks,omitempty"`
}

type axis struct {
	Label      string   `json:"label"`
	Unit       Unit     `json:"unit"`
	Categories []string `json:"categories,omitempty"`
	Log        bool     `json:"log,omitempty"`
	Time       bool     `json:"time,omitempty"`
	Whole      bool     `json:"whole,omitempty"`
}

type mark struct {
	Kind  string  `json:"kind"`
	X     number7 `json:"x"`
	Y     number7 `json:"y"`
	Label string  `json:"label"`
}

// encode gives the figure, and how many of its points are in it.
func (f Figure) encode() (d drawing, drawn, given int) {
	d = drawing{Title: f.Title, X: axis(f.X), Y: axis(f.Y)}
	for i, c := range f.Colors() {
		e := f.Series[i].encode(f)
		e.Name, _ = f.Series[i].label()
		e.Color = c.index()
		drawn, given = drawn+e.drawn, given+e.given
		d.Series = append(d.Series, e)
	}
	for _, m := range f.Marks {
		d.Marks = append(d.Marks, mark{[]string{"x", "y", "point"}[m.Kind], number7(m.X), number7(m.Y), m.Label})
	}
	return d, drawn, given
}

var _ json.Marshaler = numbers{}
