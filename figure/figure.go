package figure

import (
	"errors"
	"fmt"
	"math"
)

// A Figure is one drawing: series over two axes, and marks.
type Figure struct {
	Title  string
	Note   string // what is seen and how it is defined, in a sentence
	X, Y   Axis
	Series []Series
	Marks  []Mark
	Wide   bool   // the figure takes the whole width of the page, not half of it
	Empty  string // shown instead of a drawing when there are no data; "" = "No data."
}

// An Axis is what one direction of a figure means.
type Axis struct {
	Label      string
	Unit       Unit
	Categories []string // names instead of numbers: places 0, 1, 2, … of the axis
	Log        bool     // logarithmic at first. Where all values are above 0 the reader can switch
	Time       bool     // runs on evenly: it is never logarithmic, and the reader can zoom into it
	Whole      bool     // counts something that has no parts: no tick is between whole numbers
}

// A Series is something drawn: Line, Band, Scatter, Intervals, Bars, Histogram, ECDF, Box, Heatmap, Timeline or Flame.
type Series interface {
	// label gives the name under which the series stands in the legend and the colour that was chosen for it.
	label() (string, Color)
	check(f Figure) error
	encode(f Figure) encoded
	empty() bool
}

// A Mark is a line across the figure or a point in it, with a label: an objective, the knee of a curve.
type Mark struct {
	Kind  MarkKind
	X, Y  float64
	Label string
}

// A MarkKind says which of a mark's coordinates count.
type MarkKind int

// The kinds of marks.
const (
	MarkX     MarkKind = iota // an upright line at X
	MarkY                     // a level line at Y
	MarkPoint                 // the point (X, Y)
)

// Validate says everything that is wrong with the figure, all at once.
func (f Figure) Validate() error {
	var errs []error
	if f.X.Categories != nil && f.Y.Categories != nil && !f.has(isHeatmap) {
		errs = append(errs, errors.New("both axes have categories"))
	}
	for i, s := range f.Series {
		if s == nil {
			errs = append(errs, fmt.Errorf("series %d is nil", i))
			continue
		}
		if err := s.check(f); err != nil {
			name, _ := s.label()
			errs = append(errs, fmt.Errorf("series %d (%T %q): %w", i, s, name, err))
		}
	}
	for i, m := range f.Marks {
		if m.Kind < MarkX || m.Kind > MarkPoint {
			errs = append(errs, fmt.Errorf("mark %d (%q): there is no such kind", i, m.Label))
		}
		if !finite(m.X) || !finite(m.Y) {
			errs = append(errs, fmt.Errorf("mark %d (%q): its place is not a number", i, m.Label))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("figure %q: %w", f.Title, errors.Join(errs...))
}

// IsEmpty reports whether there is nothing to draw.
func (f Figure) IsEmpty() bool {
	for _, s := range f.Series {
		if !s.empty() {
			return false
		}
	}
	return true
}

// EmptyText is what stands in the place of a drawing without data.
func (f Figure) EmptyText() string {
	if f.Empty == "" {
		return "No data."
	}
	return f.Empty
}

// Colors gives the colour of each series: series of one name share it.
func (f Figure) Colors() []Color {
	var a assign
	for _, s := range f.Series {
		_, chosen := s.label()
		a.reserve(chosen)
	}
	colors := make([]Color, len(f.Series))
	for i, s := range f.Series {
		name, chosen := s.label()
		colors[i] = a.color(name, chosen)
	}
	return colors
}

// places is the number of categories, on whichever axis they are.
func (f Figure) places() int { return max(len(f.X.Categories), len(f.Y.Categories)) }

func (f Figure) has(is func(Series) bool) bool {
	for _, s := range f.Series {
		if is(s) {
			return true
		}
	}
	return false
}

func isHeatmap(s Series) bool { _, ok := s.(Heatmap); return ok }

// alone refuses to share a figure: the series needs both axes for itself.
func (f Figure) alone() error {
	if len(f.Series) > 1 {
		return errors.New("shares its figure with other series")
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// numeric refuses categories, under which a number has no place.
func (f Figure) numeric() error {
	if f.places() > 0 && !f.has(isHeatmap) {
		return errors.New("needs numbers on both axes, and there are categories")
	}
	return nil
}

func sameLength(name string, n int, others ...[]float64) error {
	for _, o := range others {
		if len(o) != n {
			return fmt.Errorf("%d %s and %d other values that belong to them", n, name, len(o))
		}
	}
	return nil
}
