package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Line joins points in the order given. A Y that is NaN is a gap.
type Line struct {
	Name   string
	Color  Color
	X, Y   []float64
	Step   bool // each value holds until the next one
	Dashed bool
	Dots   bool // the points themselves are shown too
}

// A Band is filled from Lo to Hi, the confidence in a line. Give it the line's name, and they share colour and legend.
type Band struct {
	Name      string
	Color     Color
	X, Lo, Hi []float64
}

// A Scatter is a cloud of points.
type Scatter struct {
	Name   string
	Color  Color
	X, Y   []float64
	Labels []string // of each point, for the tooltip; nil = none
}

// Intervals are points with whiskers from Lo to Hi, at numbers X or, where X is nil, one for each category. Lo and Hi may
// be NaN where an interval is not known.
type Intervals struct {
	Name          string
	Color         Color
	X, At, Lo, Hi []float64
}

// Bars are upright at numbers X or, where X is nil, one for each category: upright when the categories are those of the x
// axis, level when they are those of the y axis. Bars of the same Stack stand on one another.
type Bars struct {
	Name      string
	Color     Color
	X, Values []float64
	Stack     string
}

// A Box is a box plot: the spread of a sample for each category. It is level when the categories are those of the y axis.
type Box struct {
	Name    string
	Color   Color
	Samples [][]float64
}

// A Histogram shows how many values of the x axis fall into each bin or, with the unit Fraction on the y axis, which
// share. Values that are not finite are left out.
type Histogram struct {
	Name   string
	Color  Color
	Values []float64
}

// An ECDF is the share of values at or below each value of the x axis. Values that are not finite are left out.
type ECDF struct {
	Name   string
	Color  Color
	Values []float64
}

// A Heatmap colours rectangles by a value: Values[row][column], rows upwards, NaN = nothing there. Cells lie between edges
// or, where an axis has categories, on them.
type Heatmap struct {
	Name           string // what the value is
	Unit           Unit   // of the values
	XEdges, YEdges []float64
	Values         [][]float64
	Counts         [][]int // how many samples stand behind each value, shown beside it; nil = not shown
	Log            bool    // the colour follows the logarithm of the value
}

func (s Line) label() (string, Color)      { return s.Name, s.Color }
func (s Band) label() (string, Color)      { return s.Name, s.Color }
func (s Scatter) label() (string, Color)   { return s.Name, s.Color }
func (s Intervals) label() (string, Color) { return s.Name, s.Color }
func (s Bars) label() (string, Color)      { return s.Name, s.Color }
func (s Box) label() (string, Color)       { return s.Name, s.Color }
func (s Histogram) label() (string, Color) { return s.Name, s.Color }
func (s ECDF) label() (string, Color)      { return s.Name, s.Color }
func (s Heatmap) label() (string, Color)   { return s.Name, Auto }

func (s Line) empty() bool      { return !anyFinite(s.Y) }
func (s Band) empty() bool      { return !anyFinite(s.Hi) }
func (s Scatter) empty() bool   { return !anyFinite(s.Y) }
func (s Intervals) empty() bool { return !anyFinite(s.At) }
func (s Bars) empty() bool      { return !anyFinite(s.Values) }
func (s Box) empty() bool       { return !slices.ContainsFunc(s.Samples, anyFinite) }
func (s Histogram) empty() bool { return !anyFinite(s.Values) }
func (s ECDF) empty() bool      { return !anyFinite(s.Values) }
func (s Heatmap) empty() bool   { return !slices.ContainsFunc(s.Values, anyFinite) }

func anyFinite(values []float64) bool { return slices.ContainsFunc(values, finite) }

func (s Line) check(f Figure) error {
	return errors.Join(f.numeric(), sameLength("x", len(s.X), s.Y), ordinates(s.X))
}

func (s Band) check(f Figure) error {
	return errors.Join(f.numeric(), sameLength("x", len(s.X), s.Lo, s.Hi), ordinates(s.X))
}

func (s Scatter) check(f Figure) error {
	if s.Labels != nil && len(s.Labels) != len(s.X) {
		return fmt.Errorf("%d points and %d labels", len(s.X), len(s.Labels))
	}
	return errors.Join(f.numeric(), sameLength("x", len(s.X), s.Y), ordinates(s.X))
}

func (s Intervals) check(f Figure) error {
	return errors.Join(f.placed(s.X, len(s.At)), sameLength("points", len(s.At), s.Lo, s.Hi))
}

func (s Bars) check(f Figure) error { return f.placed(s.X, len(s.Values)) }

func (s Box) check(f Figure) error { return f.placed(nil, len(s.Samples)) }

func (s Histogram) check(f Figure) error { return f.numeric() }

func (s ECDF) check(f Figure) error { return f.numeric() }

func (s Heatmap) check(f Figure) error {
	var errs []error
	columns, err := cells("x", f.X.Categories, s.XEdges)
	errs = append(errs, err)
	rows, err := cells("y", f.Y.Categories, s.YEdges)
	errs = append(errs, err)
	if len(s.Values) != rows || s.Counts != nil && len(s.Counts) != rows {
		errs = append(errs, fmt.Errorf("%d rows of values, %d of counts, where the y axis has %d", len(s.Values), len(s.Counts), rows))
		return errors.Join(errs...)
	}
	for i := range s.Values {
		if len(s.Values[i]) != columns || s.Counts != nil && len(s.Counts[i]) != columns {
			errs = append(errs, fmt.Errorf("row %d has not the %d columns of the x axis", i, columns))
		}
	}
	return errors.Join(errs...)
}

// cells counts the cells of one direction of a heat map.
func cells(axis string, categories []string, edges []float64) (int, error) {
	switch {
	case categories != nil && edges != nil:
		return len(categories), fmt.Errorf("the %s axis has both categories and edges", axis)
	case categories != nil:
		return len(categories), nil
	case len(edges) == 0:
		return 0, nil
	}
	for i := range edges {
		if !finite(edges[i]) || i > 0 && edges[i] <= edges[i-1] {
			return len(edges) - 1, fmt.Errorf("the edges of the %s axis do not ascend", axis)
		}
	}
	return len(edges) - 1, nil
}

// placed checks where n values stand: at numbers, or one on each category.
func (f Figure) placed(x []float64, n int) error {
	switch {
	case x != nil && f.places() > 0:
		return errors.New("has numbers for its places, and there are categories")
	case x != nil:
		return errors.Join(sameLength("x", len(x), make([]float64, n)), ordinates(x))
	case n != f.places():
		return fmt.Errorf("%d values for %d categories", n, f.places())
	}
	return nil
}

// ordinates refuses places that are not numbers: only a value may be missing.
func ordinates(x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("x[%d] is not a number", i)
		}
	}
	return nil
}
