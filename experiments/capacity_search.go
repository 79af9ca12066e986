package experiments

import (
	"math"
	"slices"
	"strconv"
)

// A search finds the load at which a probe's decisions turn from Met to Missed. It knows numbers alone.
type search struct {
	probe     func(at float64) (d Decision, excess float64, err error)
	whole     bool // loads are whole numbers
	start     float64
	most      float64
	precision float64

	tried []trial // by load
}

// A trial is a load that was tried. Its excess is below 0 where it seems to meet, and above where it seems to miss.
type trial struct {
	at, excess float64
	decision   Decision
}

// A finding is where the decisions turn. lo is the highest load that was Met, 0 if none; hi the lowest that was Missed,
// infinite if none; best is the estimate between them, 0 if even the lowest was missed.
type finding struct{ lo, hi, best float64 }

func (s *search) run() (finding, error) {
	if err := s.bracket(); err != nil {
		return finding{}, err
	}
	// The highest load that is met for sure, and then the lowest that is missed for sure: what is unclear lies between.
	for _, edge := range []func(trial) bool{
		func(t trial) bool { return t.decision == Met },
		func(t trial) bool { return t.decision != Missed },
	} {
		for {
			below, above := s.around(edge)
			if below == 0 || math.IsInf(above, 1) || s.close(below, above) {
				break
			}
			if _, err := s.try(s.round(math.Sqrt(below * above))); err != nil {
				return finding{}, err
			}
		}
	}
	lo, _ := s.around(func(t trial) bool { return t.decision == Met })
	_, hi := s.around(func(t trial) bool { return t.decision != Missed })
	return finding{lo, hi, s.estimate(lo, hi)}, nil
}

// bracket doubles the load until one is missed, and halves it until one is met.
func (s *search) bracket() error {
	for at := s.start; ; at = min(2*at, s.most) {
		d, err := s.try(at)
		if err != nil {
			return err
		}
		if d == Missed || at == s.most {
			break
		}
	}
	const halvings = 4
	least := s.start / math.Pow(2, halvings)
	if s.whole {
		least = 1
	}
	for at := s.start; s.tried[0].decision != Met && at > least; {
		at = max(least, s.round(at/2))
		if _, err := s.try(at); err != nil {
			return err
		}
	}
	return nil
}

// try probes a load, once.
func (s *search) try(at float64) (Decision, error) {
	i, found := slices.BinarySearchFunc(s.tried, at, func(t trial, at float64) int {
		switch {
		case t.at < at:
			return -1
		case t.at > at:
			return 1
		}
		return 0
	})
	if found {
		return s.tried[i].decision, nil
	}
	d, excess, err := s.probe(at)
	if err != nil {
		return d, err
	}
	// An early decision saw little: it is its side that counts. And far from the bound the excess is no line any more.
	switch excess = min(max(excess, -1), 1); d {
	case Met:
		excess = min(excess, -0.5)
	case Missed:
		excess = max(excess, 0.5)
	}
	s.tried = slices.Insert(s.tried, i, trial{at, excess, d})
	return d, nil
}

// around gives the neighbours between which loads stop being on the lower side: the last one before the first that is not, 0 if
// there is none, and that one, infinite if there is none.
func (s *search) around(lower func(trial) bool) (below, above float64) {
	for _, t := range s.tried {
		if !lower(t) {
			return below, t.at
		}
		below = t.at
	}
	return below, math.Inf(1)
}

// close reports whether nothing between two loads is worth a try.
func (s *search) close(below, above float64) bool {
	if s.whole && above-below <= 1 {
		return true
	}
	middle := s.round(math.Sqrt(below * above))
	return above <= below*(1+s.precision) || middle <= below || middle >= above
}

// round gives a load that people can read: a whole one, or one of four digits.
func (s *search) round(at float64) float64 {
	if s.whole {
		return math.Round(at)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(at, 'g', 4, 64), 64)
	return rounded
}

// estimate is where the line through the excesses crosses 0, over the logarithm of the load: the line of the loads around the
// place where they turn, which lies where the fewest are on the wrong side of it.
func (s *search) estimate(lo, hi float64) float64 {
	lowest, highest := s.tried[0], s.tried[len(s.tried)-1]
	switch {
	case lowest.decision == Missed:
		return 0
	case highest.decision == Met:
		return highest.at
	}
	lo, hi = max(lo, lowest.at), min(hi, highest.at)
	best := s.turn(lo, hi)
	const near = 1.25
	var n, x, y, xx, xy float64
	for _, t := range s.tried {
		if t.at >= best/near && t.at <= best*near && !math.IsNaN(t.excess) && !math.IsInf(t.excess, 0) {
			at := math.Log(t.at)
			n, x, y, xx, xy = n+1, x+at, y+t.excess, xx+at*at, xy+at*t.excess
		}
	}
	if slope := (n*xy - x*y) / (n*xx - x*x); slope > 0 {
		best = math.Exp((x - y/slope) / n)
	}
	if s.whole {
		return max(min(math.Floor(best), hi-1), lo)
	}
	return min(max(s.round(best), lo), hi)
}

// turn is the middle of those neighbours from lo to hi between which the excess turns positive, as far as chance lets it.
func (s *search) turn(lo, hi float64) (at float64) {
	least := math.Inf(1)
	for i := range len(s.tried) - 1 {
		below, above := s.tried[i], s.tried[i+1]
		if below.at < lo || above.at > hi {
			continue
		}
		wrong := 0.0
		for j, t := range s.tried {
			if (t.excess > 0) == (j <= i) {
				wrong += math.Abs(t.excess)
			}
		}
		if wrong < least {
			least, at = wrong, math.Sqrt(below.at*above.at)
		}
	}
	return at
}

// excess says by how much the worst of some checks is on the wrong side, as a logarithm: 0 is on the bound. It is NaN if there is
// nothing to tell.
func excess(checks []Check) float64 {
	worst := math.NaN()
	for _, c := range checks {
		ratio := c.Value / c.Limit
		if criterion, _ := criterionOf(c.Objective); criterion.allowed >= 0 {
			n := float64(c.N)
			ratio = (c.Value*n + 0.5) / (n + 1) / c.Limit // never 0
		} else if criterion.objective.Op == ">" || criterion.objective.Op == ">=" {
			ratio = 1 / ratio
		}
		if e := math.Log(ratio); !math.IsNaN(e) && !(e <= worst) {
			worst = e
		}
	}
	return worst
}
