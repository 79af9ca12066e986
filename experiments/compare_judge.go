package experiments

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// difference compares one number, all but what depends on the others.
func (c Compare) difference(k number, a, b *side) Difference {
	if k.metric == "" {
		return c.failureDifference(a, b)
	}
	x, y := a.values[k.metric], b.values[k.metric]
	sx, sy := stats.SampleOf(x), stats.SampleOf(y)
	d := Difference{Key: k.key, A: sx.Quantile(k.q), B: sy.Quantile(k.q), NA: len(x), NB: len(y)}
	d.Delta = d.B - d.A
	alike := dependence(x, y, func(s stats.Series) float64 { return s.EffectiveNAt(k.q) })
	d.Interval = c.resampling().QuantileDifference(sx, sy, k.q, c.level())
	if d.Interval.Exists() {
		wider := math.Sqrt(alike)
		d.Interval = stats.Interval{Lo: d.Delta - wider*(d.Delta-d.Interval.Lo), Hi: d.Delta + wider*(d.Interval.Hi-d.Delta)}
	}
	d.leastP = 2 / choose(len(x)+len(y), len(x)) // all of one side above all of the other
	if k.q != 0.5 {
		var above int
		sx, sy, above = aboveQuantile(x, y, k.q)
		larger := max(len(x), len(y))
		above = min(above, larger)
		d.leastP = 2 * choose(larger, above) / choose(len(x)+len(y), above) // all that are above on one side
	}
	d.P = discount(stats.MannWhitney(sx, sy).P, alike)
	return d
}

// choose is the number of ways to choose k of n.
func choose(n, k int) float64 {
	lgamma := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	return math.Exp(lgamma(n) - lgamma(k) - lgamma(n-k))
}

func (c Compare) resampling() stats.Resampling {
	return stats.Resampling{Resamples: c.Resamples, Seed: c.Seed}
}

// aboveQuantile puts 1 for the values of both samples that lie above the quantile of both together, -1 for those below and 0 for
// those on it. If the samples have one quantile, they differ in these by chance alone. above is how many are not below.
func aboveQuantile(x, y stats.Series, q float64) (ofX, ofY *stats.Sample, above int) {
	bound := stats.Quantile(stats.Sorted(slices.Concat(x, y)), q)
	signs := func(values stats.Series) *stats.Sample {
		s := new(stats.Sample)
		for _, v := range values {
			s.Add(float64(cmp.Compare(v, bound)))
			if v >= bound {
				above++
			}
		}
		return s
	}
	return signs(x), signs(y), above
}

// shares is a sample of n zeros and ones.
func shares(ones, n uint64) *stats.Sample {
	s := new(stats.Sample)
	s.AddN(0, n-ones)
	s.AddN(1, ones)
	return s
}

// discount is the p-value of a test whose variance is so many times larger than the test believed.
func discount(p, variance float64) float64 {
	if variance == 1 || p == 0 {
		return p
	}
	z := math.Sqrt2 * math.Erfcinv(p)
	return math.Erfc(z / math.Sqrt(2*variance))
}

// failureDifference compares the rates of failed requests, with Newcombe's (1998) interval of their difference.
func (c Compare) failureDifference(a, b *side) Difference {
	nA, nB := uint64(len(a.failed)), uint64(len(b.failed))
	fA, fB := a.failures(), b.failures()
	d := Difference{Key: KeyFailedRate, A: float64(fA) / float64(nA), B: float64(fB) / float64(nB), NA: int(nA), NB: int(nB)}
	d.Delta = d.B - d.A
	wA, wB := stats.Wilson(fA, nA, c.level()), stats.Wilson(fB, nB, c.level())
	alike := dependence(a.failed, b.failed, stats.Series.EffectiveN)
	d.Interval = stats.Interval{
		Lo: d.Delta - math.Sqrt(alike)*math.Hypot(d.B-wB.Lo, wA.Hi-d.A),
		Hi: d.Delta + math.Sqrt(alike)*math.Hypot(wB.Hi-d.B, d.A-wA.Lo),
	}
	d.leastP = 2 / choose(int(nA+nB), int(nA))
	d.P = discount(stats.MannWhitney(shares(fA, nA), shares(fB, nB)).P, alike)
	return d
}

// judge fills in what depends on the number of comparisons.
func (c Compare) judge(all []Difference) {
	p := make([]float64, len(all))
	tests := 0.0
	for i, d := range all {
		p[i] = d.P
		if !math.IsNaN(d.P) {
			tests++
		}
	}
	alarm := 1 - c.level()
	adjusted := stats.Holm(p)
	for i := range all {
		d := &all[i]
		d.Adjusted = adjusted[i]
		deviation := (d.Interval.Hi - d.Interval.Lo) / (2 * normalQuantile(1-alarm/2))
		d.Detectable = (normalQuantile(1-alarm/2/tests) + normalQuantile(0.8)) * deviation
		switch {
		case math.IsNaN(d.P) || d.leastP*tests >= alarm:
			d.Change, d.Detectable = TooFew, math.NaN()
		case !(d.Adjusted < alarm) || d.Delta == 0:
			d.Change = NoDifference
		case c.tolerates(*d):
			d.Change = Negligible
		case d.Delta > 0:
			d.Change = Worse
		default:
			d.Change = Better
		}
	}
}

func (c Compare) tolerates(d Difference) bool {
	size := math.Abs(d.Delta)
	if d.Key != KeyFailedRate && d.A > 0 {
		size /= d.A
	}
	return size <= c.Tolerance
}

// String is one sentence: "ttft-p50: worse, 110 ms for 100 ms (+10 %, 95 % interval …), p = 0.0001".
func (d Difference) String() string {
	text := fmt.Sprintf("%s: %s, A %s, B %s", d.Key, d.Change, d.show(d.A), d.show(d.B))
	if r := d.Relative(); !math.IsNaN(r) {
		text += fmt.Sprintf(" (%+.2g %%)", 100*r)
	}
	if d.Interval.Exists() && d.Change != TooFew {
		text += fmt.Sprintf(", difference %s to %s", d.show(d.Interval.Lo), d.show(d.Interval.Hi))
	}
	if !math.IsNaN(d.Adjusted) {
		text += fmt.Sprintf(", p = %.2g", d.Adjusted)
	}
	if d.Change == NoDifference && d.Detectable > 0 {
		text += fmt.Sprintf("; n is too small to see less than %s", d.least())
	}
	return text
}

// least is the smallest difference that could be seen, as a share of A where there is one.
func (d Difference) least() string {
	if d.A > 0 && d.Key != KeyFailedRate {
		return fmt.Sprintf("%.2g %%", 100*d.Detectable/d.A)
	}
	return d.show(d.Detectable)
}

// show writes a value with its unit.
func (d Difference) show(v float64) string {
	if d.Key == KeyFailedRate {
		return fmt.Sprintf("%.3g %%", 100*v)
	}
	t := time.Duration(v * float64(time.Second))
	digits := cmp.Or(max(time.Duration(math.Pow10(int(math.Log10(math.Abs(float64(t)+1)))-2)), 1), 1)
	return t.Round(digits).String()
}
