package sizing

import (
	"fmt"
	"math"
	"slices"
)

// Shape is how a latency grows with the concurrency.
type Shape string

// The shapes.
const (
	Unknown     Shape = "unknown"      // too few points to tell
	Straight    Shape = "line"         // a line describes the points as well as a line with a bend
	HockeyStick Shape = "hockey stick" // flat at first, then steep: beyond the knee requests queue
	Flattening  Shape = "flattening"   // steep at first, then flatter: more requests at once are batched, or fail
)

// Queueing says whether the points behave like a server with a queue, for which a line may be right or wrong.
//
// A server that can finish X requests a second answers at its own pace while fewer are there than it can work on at once; from then on
// each more at once waits 1/X longer (the asymptotic bounds of Denning and Buzen, 1978, and the limit of an M/M/c queue in a closed loop).
// A line through both parts is too steep before the knee and too flat behind it.
type Queueing struct {
	Shape      Shape    `json:"shape"`
	Knee       *float64 `json:"knee"`             // concurrency of the bend; nil without one
	SlopeAfter *float64 `json:"slope_after_knee"` // seconds for one more at once behind it

	MaxRate     *float64 `json:"max_rate"`       // requests a second, the most of any point; nil = not known
	Saturated   bool     `json:"saturated"`      // the points reach the end of what the server can do
	SaturatedAt *int     `json:"saturated_from"` // concurrency from which the rate grew by less than a tenth of what the concurrency did

	Note string `json:"note"` // the same in words
}

const (
	leastForKnee = 7   // points
	leastGain    = 2.0 // of the corrected Akaike criterion, above which a bend is worth its two parameters
)

// queueing looks at the shape of a latency, and at the rates.
func queueing(points []Point, of func(Point) float64) Queueing {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b Point) int { return a.Concurrency - b.Concurrency })
	q := Queueing{Shape: Unknown}
	q.bend(points, of)
	q.rates(points)
	q.Note = q.words()
	return q
}

// bend compares a line with one that has a knee at the best place between the points.
func (q *Queueing) bend(points []Point, of func(Point) float64) {
	n := len(points)
	if n < leastForKnee {
		return
	}
	x, y := make([]float64, n), make([]float64, n)
	for i, p := range points {
		x[i], y[i] = float64(p.Concurrency), of(p)
	}
	q.Shape = Straight
	line := leastSquares(x, y)
	straight := 0.0
	for i := range x {
		straight += square(y[i] - line.At(x[i]))
	}
	best, knee := math.Inf(1), bent{}
	const steps = 200
	for k := 1; k < steps; k++ {
		at := x[1] + (x[n-2]-x[1])*float64(k)/steps
		if b, ok := bentLine(x, y, at); ok && b.rest < best {
			best, knee = b.rest, b
		}
	}
	floor := 1e-12 * square(line.At(x[n-1])) // what rounding leaves
	if aicc(n, 3, math.Max(straight, floor))-aicc(n, 5, math.Max(best, floor)) < leastGain {
		return
	}
	q.Shape = HockeyStick
	if knee.after < knee.before {
		q.Shape = Flattening
	}
	q.Knee, q.SlopeAfter = &knee.at, &knee.after
}

// aicc is the corrected Akaike criterion of a least-squares fit with k parameters, the variance among them (Hurvich and Tsai, 1989).
func aicc(n, k int, rest float64) float64 {
	if n-k-1 <= 0 {
		return math.Inf(1)
	}
	return float64(n)*math.Log(rest/float64(n)) + 2*float64(k) + 2*float64(k*(k+1))/float64(n-k-1)
}

type bent struct{ at, before, after, rest float64 }

// bentLine fits y = a + b·x + c·max(0, x-at) by the normal equations, centred so that they are well-conditioned.
func bentLine(x, y []float64, at float64) (bent, bool) {
	n := float64(len(x))
	var mx, mz, my float64
	z := make([]float64, len(x))
	for i := range x {
		z[i] = math.Max(0, x[i]-at)
		mx, mz, my = mx+x[i]/n, mz+z[i]/n, my+y[i]/n
	}
	var xx, xz, zz, xy, zy float64
	for i := range x {
		dx, dz, dy := x[i]-mx, z[i]-mz, y[i]-my
		xx, xz, zz, xy, zy = xx+dx*dx, xz+dx*dz, zz+dz*dz, xy+dx*dy, zy+dz*dy
	}
	det := xx*zz - xz*xz
	if !(det > 1e-9*xx*zz) {
		return bent{}, false
	}
	b, c := (xy*zz-zy*xz)/det, (zy*xx-xy*xz)/det
	r := bent{at: at, before: b, after: b + c}
	for i := range x {
		r.rest += square(y[i] - my - b*(x[i]-mx) - c*(z[i]-mz))
	}
	return r, true
}

// rates finds where more at once no longer brings more done.
func (q *Queueing) rates(points []Point) {
	known := slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return !(p.Rate > 0) })
	if len(known) == 0 {
		return
	}
	most := slices.MaxFunc(known, func(a, b Point) int {
		switch {
		case a.Rate < b.Rate:
			return -1
		case a.Rate > b.Rate:
			return 1
		}
		return 0
	}).Rate
	q.MaxRate = &most
	for i := 1; i < len(known); i++ {
		a, b := known[i-1], known[i]
		gain := math.Log(b.Rate/a.Rate) / math.Log(float64(b.Concurrency)/float64(a.Concurrency))
		if gain < 0.1 {
			if q.SaturatedAt == nil {
				q.SaturatedAt, q.Saturated = &a.Concurrency, true
			}
		} else {
			q.SaturatedAt, q.Saturated = nil, false
		}
	}
}

func (q *Queueing) words() (s string) {
	switch q.Shape {
	case Unknown:
		s = fmt.Sprintf("fewer than %d points cannot tell a line from a hockey stick", leastForKnee)
	case Straight:
		s = "a line describes the points"
	case HockeyStick:
		s = fmt.Sprintf("a hockey stick: from about %.3g at once latency grows by %.3g s for each more, so a line through all points is too steep before and too flat behind", *q.Knee, *q.SlopeAfter)
	case Flattening:
		s = fmt.Sprintf("latency grows less from about %.3g at once: more may be batched, or fail", *q.Knee)
	}
	switch {
	case q.MaxRate == nil:
		return s + "; rates are not known"
	case q.Saturated:
		return s + fmt.Sprintf("; saturated from %d at once: %.3g requests/s is all these GPUs can do, and more users wait in line", *q.SaturatedAt, *q.MaxRate)
	}
	return s + fmt.Sprintf("; not saturated: the rate still grows, so far to %.3g requests/s", *q.MaxRate)
}
