package sizing

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/llmeter-go/llmeter/stats"
)

// Errors of a fit and an estimate.
var (
	ErrPoorFit       = errors.New("the points do not lie on a line")
	ErrFewPoints     = errors.New("at least two points are needed")
	ErrBelow         = errors.New("the target is not above the intercept: no concurrency meets it")
	ErrNoGrowth      = errors.New("the latency does not grow with the concurrency")
	ErrExtrapolation = errors.New("beyond twice the highest measured concurrency")
)

// The constants of NAT's fit.
const (
	leastR2      = 0.7
	fewPoints    = 8   // up to which raw values are looked at for outliers
	extremeRange = 2.0 // times the distance of the quartiles, for raw values
	residualIQR  = 1.5 // for residuals
	leastForPass = 4   // outliers are removed of more points than these
)

// A Line is a least-squares line.
type Line struct {
	Slope     float64 `json:"slope"`     // seconds for one more at once
	Intercept float64 `json:"intercept"` // seconds
	RSquared  float64 `json:"r_squared"`
	Outliers  []int   `json:"outliers_removed"` // concurrencies that were left out
}

// At is the height of the line.
func (l Line) At(concurrency float64) float64 { return l.Intercept + l.Slope*concurrency }

// leastSquares fits a line to points, of which the x differ.
func leastSquares(x, y []float64) Line {
	mx, my := stats.Mean(x), stats.Mean(y)
	sxx, sxy := 0.0, 0.0
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	l := Line{Slope: sxy / sxx, Outliers: []int{}}
	l.Intercept = my - l.Slope*mx
	rest, all := 0.0, 0.0
	for i := range x {
		rest += square(y[i] - l.At(x[i]))
		all += square(y[i] - my)
	}
	if all != 0 {
		l.RSquared = 1 - rest/all
	}
	return l
}

func square(v float64) float64 { return v * v }

// Fit fits a line as NAT does: of more than four points it first removes the outliers, among up to eight by their raw values, and then
// by their distance from the line. The error is ErrFewPoints, or ErrPoorFit if R² is below 0.7; the line is given beside it.
func Fit(concurrencies, seconds []float64) (Line, error) {
	if len(concurrencies) != len(seconds) {
		return Line{}, errors.New("concurrencies and latencies differ in number")
	}
	x, y := concurrencies, seconds
	removed := []int{}
	remove := func(of []float64, times float64) {
		var out []int
		x, y, out = inside(x, y, of, times)
		removed = append(removed, out...)
	}
	if len(x) > leastForPass {
		if len(x) <= fewPoints {
			remove(y, extremeRange)
		}
		if distinct(x) > 1 {
			line := leastSquares(x, y)
			residuals := make([]float64, len(x))
			for i := range x {
				residuals[i] = y[i] - line.At(x[i])
			}
			remove(residuals, residualIQR)
		}
	}
	if distinct(x) < 2 {
		return Line{Outliers: removed}, ErrFewPoints
	}
	line := leastSquares(x, y)
	line.Outliers = removed
	if line.RSquared < leastR2 {
		return line, fmt.Errorf("%w: R² = %.3f is below %v", ErrPoorFit, line.RSquared, leastR2)
	}
	return line, nil
}

func distinct(x []float64) int {
	seen := map[float64]bool{}
	for _, v := range x {
		seen[v] = true
	}
	return len(seen)
}

// inside keeps the points whose value lies within so many times the distance of the quartiles of them.
func inside(x, y, of []float64, times float64) (keptX, keptY []float64, removed []int) {
	sorted := stats.Sorted(of)
	q1, q3 := stats.Quantile(sorted, 0.25), stats.Quantile(sorted, 0.75)
	lo, hi := q1-times*(q3-q1), q3+times*(q3-q1)
	for i, v := range of {
		if v >= lo && v <= hi {
			keptX, keptY = append(keptX, x[i]), append(keptY, y[i])
		} else {
			removed = append(removed, int(x[i]))
		}
	}
	return keptX, keptY, removed
}

// A SureLine is a line through all points, with intervals at 95 %, which are nil for two points.
type SureLine struct {
	Line
	N           int         `json:"n"`
	SlopeCI     *[2]float64 `json:"slope_ninety_fifth_interval"`
	InterceptCI *[2]float64 `json:"intercept_ninety_fifth_interval"`

	mean, sxx, deviation, t float64 // of x, its squared distances, the residuals, and Student's t
}

func fitAll(x, y []float64) SureLine {
	s := SureLine{Line: leastSquares(x, y), N: len(x), mean: stats.Mean(x)}
	if s.N < 3 {
		return s
	}
	rest := 0.0
	for i := range x {
		s.sxx += square(x[i] - s.mean)
		rest += square(y[i] - s.At(x[i]))
	}
	freedom := float64(s.N - 2)
	s.deviation = math.Sqrt(rest / freedom)
	s.t = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(0.975)
	slope := s.t * s.deviation / math.Sqrt(s.sxx)
	intercept := s.t * s.deviation * math.Sqrt(1/float64(s.N)+s.mean*s.mean/s.sxx)
	s.SlopeCI = &[2]float64{s.Slope - slope, s.Slope + slope}
	s.InterceptCI = &[2]float64{s.Intercept - intercept, s.Intercept + intercept}
	return s
}

// reach is the concurrency at which the line is at a height, with the interval in which its confidence band crosses it: Fieller's. It is
// nil where the slope could be 0, which would be met at any concurrency.
func (s SureLine) reach(height float64) (at float64, interval *[2]float64) {
	at = (height - s.Intercept) / s.Slope
	if s.N < 3 {
		return at, nil
	}
	d := height - s.At(s.mean) // from the middle of the points, where slope and height are independent
	g := square(s.t*s.deviation) / (s.sxx * square(s.Slope))
	if !(g < 1) {
		return at, nil
	}
	half := s.t * s.deviation / math.Abs(s.Slope) * math.Sqrt((1-g)/float64(s.N)+square(d/s.Slope)/s.sxx)
	middle := s.mean + d/s.Slope/(1-g)
	return at, &[2]float64{middle - half/(1-g), middle + half/(1-g)}
}
