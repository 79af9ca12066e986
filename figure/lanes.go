package figure

import (
	"errors"
	"fmt"
	"math"
)

// A Timeline shows bars on lanes along the x axis. The lanes are the categories of the y axis, the first one on top.
type Timeline struct {
	Kinds []Kind // what bars may be; nil = all are alike
	Bars  []Bar
}

// A Kind is a sort of bars and its entry in the legend.
type Kind struct {
	Name  string
	Color Color
}

// A Bar lies on a lane from Start to End. Where bars of a lane overlap, the later one lies on top.
type Bar struct {
	Lane       int // index into the categories of the y axis
	Kind       int // index into Kinds
	Start, End float64
	Label      string // in the bar if there is room, and in its tooltip
}

// A Flame is a flame graph, its root on top: what a whole consists of, and that in turn. The x axis gives the unit.
type Flame struct {
	Kinds []Kind
	Root  Frame
}

// A Frame is a part of a whole; what its children leave of Value is its own.
type Frame struct {
	Name     string
	Kind     int // index into Kinds
	Value    float64
	Children []Frame
}

func (s Timeline) label() (string, Color) { return "", Auto }
func (s Flame) label() (string, Color)    { return s.Root.Name, Auto }

func (s Timeline) empty() bool { return len(s.Bars) == 0 }
func (s Flame) empty() bool    { return !(s.Root.Value > 0) }

// KindColors gives the colour of each of kinds.
func KindColors(kinds []Kind) []Color {
	var a assign
	for _, k := range kinds {
		a.reserve(k.Color)
	}
	colors := make([]Color, len(kinds))
	for i, k := range kinds {
		colors[i] = a.color(k.Name, k.Color)
	}
	return colors
}

func (s Timeline) check(f Figure) error {
	errs := []error{f.alone()}
	for i, b := range s.Bars {
		switch {
		case b.Lane < 0 || b.Lane >= len(f.Y.Categories):
			errs = append(errs, fmt.Errorf("bar %d: there is no lane %d among %d categories of the y axis", i, b.Lane, len(f.Y.Categories)))
		case b.Kind < 0 || b.Kind >= max(len(s.Kinds), 1):
			errs = append(errs, fmt.Errorf("bar %d: there is no kind %d", i, b.Kind))
		case !finite(b.Start) || !finite(b.End) || b.End < b.Start:
			errs = append(errs, fmt.Errorf("bar %d: from %v to %v is no time", i, b.Start, b.End))
		}
		if len(errs) > 10 { // they are likely to be all alike
			return errors.Join(append(errs, errors.New("and perhaps more"))...)
		}
	}
	return errors.Join(errs...)
}

func (s Flame) check(f Figure) error {
	return errors.Join(f.alone(), s.checkFrame(s.Root))
}

func (s Flame) checkFrame(f Frame) error {
	var errs []error
	if !finite(f.Value) || f.Value < 0 {
		errs = append(errs, fmt.Errorf("frame %q: its value is %v", f.Name, f.Value))
	}
	if f.Kind < 0 || f.Kind >= max(len(s.Kinds), 1) {
		errs = append(errs, fmt.Errorf("frame %q: there is no kind %d", f.Name, f.Kind))
	}
	sum := 0.0
	for _, c := range f.Children {
		sum += c.Value
		errs = append(errs, s.checkFrame(c))
	}
	if sum > f.Value*(1+1e-9) { // a sum of many parts is not exact
		errs = append(errs, fmt.Errorf("frame %q: its children make up %v of its %v", f.Name, sum, f.Value))
	}
	return errors.Join(errs...)
}

// Layout places the frames: each one as a bar on the lane of its depth, the children of a frame side by side from its
// start, parents before children. It gives the number of lanes too.
func (s Flame) Layout() (bars []Bar, depth int) {
	var place func(f Frame, at float64, lane int)
	place = func(f Frame, at float64, lane int) {
		depth = max(depth, lane+1)
		bars = append(bars, Bar{Lane: lane, Kind: f.Kind, Start: at, End: at + f.Value, Label: f.Name})
		for _, c := range f.Children {
			place(c, at, lane+1)
			at += c.Value
		}
	}
	if s.Root.Value > 0 && !math.IsInf(s.Root.Value, 0) {
		place(s.Root, 0, 0)
	}
	return bars, depth
}
