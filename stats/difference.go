package stats

import (
	"cmp"
	"math"
	"slices"
)

// A Change is what a Comparer says of one number.
type Change string

// The changes.
const (
	NoDifference Change = "no difference seen"
	Negligible   Change = "within tolerance" // a difference that is sure, but too small to matter
	Less         Change = "less"
	More         Change = "more"
	TooFew       Change = "too few values" // so few that no difference, however large, could be seen
)

// A Difference is what a Comparer says of one number of two series.
type Difference struct {
	Change     Change
	A, B       float64
	NA, NB     int      // values that they were computed from
	Delta      float64  // B - A
	Interval   Interval // of Delta, by itself: not widened for the number of comparisons
	P          float64  // the probability of such a difference, or a larger one, between equals
	Adjusted   float64  // P adjusted for the number of comparisons: a difference is sure if it is below 1 - Level
	Detectable float64  // the size that a difference must have to be seen in 4 of 5 such comparisons; NaN if not known

	rate   bool
	leastP float64 // the smallest P that so many values can have
}

// Relative is Delta as a share of A; NaN where A is 0.
func (d Difference) Relative() float64 {
	if d.A == 0 {
		return math.NaN()
	}
	return d.Delta / d.A
}

// A Comparer asks whether numbers of two series differ. Its zero value is ready. Compute the differences, and then Judge them together.
//
// Medians are compared by the Mann-Whitney test; other quantiles and rates by the same test of who is above the quantile of both
// together, or counts; means by Welch's test (1947) and, up to 50 values in all, by permutation. The p-values are adjusted for their
// number (Holm, 1979). Differences of quantiles have bootstrap intervals, those of means Welch's, those of rates Newcombe's (1998). Where neighbours in time are alike, tests and intervals take their variance to be as many times larger as
// values count for fewer independent ones.
type Comparer struct {
	Level     float64 // how sure an alarm is to be: equals give any at all with a probability of at most 1 - Level. 0 = 0.95
	Tolerance float64 // the share of A up to which a difference does not matter; of a rate, the difference itself
	Resamples int     // of the bootstrap; 0 = 2,000
	Seed      uint64
}

func (c Comparer) level() float64 { return cmp.Or(c.Level, 0.95) }

// Quantile compares the q-quantiles of two series of values in the order of time. Judge fills in the rest.
func (c Comparer) Quantile(a, b Series, q float64) Difference {
	x, y := SampleOf(a), SampleOf(b)
	d := Difference{A: x.Quantile(q), B: y.Quantile(q), NA: len(a), NB: len(b)}
	d.Delta = d.B - d.A
	alike := dependence(a, b, func(s Series) float64 { return s.EffectiveNAt(q) })
	d.Interval = Resampling{c.Resamples, c.Seed}.QuantileDifference(x, y, q, c.level())
	if d.Interval.Exists() {
		wider := math.Sqrt(alike)
		d.Interval = Interval{d.Delta - wider*(d.Delta-d.Interval.Lo), d.Delta + wider*(d.Interval.Hi-d.Delta)}
	}
	d.leastP = 2 / choose(len(a)+len(b), len(a)) // all of one side above all of the other
	if q != 0.5 {
		var above int
		x, y, above = aboveQuantile(a, b, q)
		larger := max(len(a), len(b))
		above = min(above, larger)
		d.leastP = 2 * choose(larger, above) / choose(len(a)+len(b), above) // all that are above on one side
	}
	d.P = discount(MannWhitney(x, y).P, alike)
	return d
}

// Rate compares the shares of ones in two series of zeros and ones in the order of time. Judge fills in the rest.
func (c Comparer) Rate(a, b Series) Difference {
	count := func(s Series) (ones, n uint64) {
		for _, v := range s {
			ones += uint64(v)
		}
		return ones, uint64(len(s))
	}
	onesA, nA := count(a)
	onesB, nB := count(b)
	d := Difference{A: float64(onesA) / float64(nA), B: float64(onesB) / float64(nB), NA: int(nA), NB: int(nB), rate: true}
	d.Delta = d.B - d.A
	wA, wB := Wilson(onesA, nA, c.level()), Wilson(onesB, nB, c.level())
	alike := dependence(a, b, Series.EffectiveN)
	d.Interval = Interval{
		Lo: d.Delta - math.Sqrt(alike)*math.Hypot(d.B-wB.Lo, wA.Hi-d.A),
		Hi: d.Delta + math.Sqrt(alike)*math.Hypot(wB.Hi-d.B, d.A-wA.Lo),
	}
	d.leastP = 2 / choose(int(nA+nB), int(nA))
	d.P = discount(MannWhitney(shares(onesA, nA), shares(onesB, nB)).P, alike)
	return d
}

// Mean compares the means of two series of values in the order of time. Judge fills in the rest.
func (c Comparer) Mean(a, b Series) Difference {
	x, y := SampleOf(a), SampleOf(b)
	d := Difference{A: x.Mean(), B: y.Mean(), NA: len(a), NB: len(b)}
	d.Delta = d.B - d.A
	alike := dependence(a, b, Series.EffectiveN)
	partX, partY := alike*x.StdDev()*x.StdDev()/float64(len(a)), alike*y.StdDev()*y.StdDev()/float64(len(b))
	deviation := math.Sqrt(partX + partY)
	freedom := (partX + partY) * (partX + partY) / (partX*partX/float64(len(a)-1) + partY*partY/float64(len(b)-1))
	d.leastP = 2 / choose(len(a)+len(b), len(a))
	const small = 50
	switch {
	case len(a) < 2 || len(b) < 2:
		d.Interval, d.P = noInterval, math.NaN()
	case deviation == 0: // no value differs from its mean
		d.Interval, d.P = Interval{d.Delta, d.Delta}, MannWhitney(x, y).P
	default:
		half := studentQuantile((1+c.level())/2, freedom) * deviation
		d.Interval = Interval{d.Delta - half, d.Delta + half}
		d.P = 2 * studentCDF(-math.Abs(d.Delta)/deviation, freedom)
		if len(a)+len(b) <= small {
			draw := Resampling{c.Resamples, c.Seed}
			d.P = draw.Permutation(a, b, Mean)
			d.leastP = max(d.leastP, 1/float64(draw.resamples()+1))
		}
	}
	return d
}

// Judge fills in what depends on the number of comparisons: Change, Adjusted and Detectable.
func (c Comparer) Judge(all []Difference) {
	p := make([]float64, len(all))
	tests := 0.0
	for i, d := range all {
		p[i] = d.P
		if !math.IsNaN(d.P) {
			tests++
		}
	}
	alarm := 1 - c.level()
	adjusted := Holm(p)
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
		case c.tolerates(d):
			d.Change = Negligible
		case d.Delta > 0:
			d.Change = More
		default:
			d.Change = Less
		}
	}
}

func (c Comparer) tolerates(d *Difference) bool {
	size := math.Abs(d.Delta)
	if !d.rate && d.A > 0 {
		size /= d.A
	}
	return size <= c.Tolerance
}

// choose is the number of ways to choose k of n.
func choose(n, k int) float64 {
	lgamma := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	return math.Exp(lgamma(n) - lgamma(k) - lgamma(n-k))
}

// aboveQuantile puts 1 for the values of both samples that lie above the quantile of both together, -1 for those below and 0 for
// those on it. If the samples have one quantile, they differ in these by chance alone. above is how many are not below.
func aboveQuantile(x, y Series, q float64) (ofX, ofY *Sample, above int) {
	bound := Quantile(Sorted(slices.Concat(x, y)), q)
	signs := func(values Series) *Sample {
		s := new(Sample)
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
func shares(ones, n uint64) *Sample {
	s := new(Sample)
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

// dependence is by how much the variance of a difference between a and b is larger than that of independent values, because
// neighbours are alike: at least 1. effective counts the values as independent ones. Of few values nobody can tell.
func dependence(a, b Series, effective func(Series) float64) float64 {
	const least = 50
	if len(a) < least || len(b) < least {
		return 1
	}
	return (1/effective(a) + 1/effective(b)) / (1/float64(len(a)) + 1/float64(len(b)))
}
