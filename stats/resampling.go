package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A Resampling answers questions about independent values by drawing from them again and again. The same seed and
// values give the same answer.
type Resampling struct {
	Resamples int    // how often to draw; below 1 it is 2,000
	Seed      uint64 // of the random numbers
}

// Interval is the BCa bootstrap interval (Efron, 1987) of a statistic: any function of a set of values, of any size
// from 1 on, that does not depend on their order. The statistic may reorder the slice it gets, and must not keep it. There
// is no interval for fewer than two values, nor where resampling cannot reach the statistic.
func (r Resampling) Interval(values []float64, level float64, statistic func([]float64) float64) Interval {
	if len(values) < 2 || !isLevel(level) {
		return noInterval
	}
	random := r.random()
	scratch := slices.Clone(values)
	observed := statistic(scratch)
	draws := r.repeat(func() float64 { return statistic(redraw(scratch, values, random)) })

	below := 0.0 // draws below the observed value, those equal to it by half
	for _, d := range draws {
		switch {
		case d < observed:
			below++
		case d == observed:
			below += 0.5
		}
	}
	bias := normalQuantile(below / float64(len(draws)))
	if math.IsInf(bias, 0) { // the observed value lies outside of all draws
		return noInterval
	}
	bend := acceleration(values, statistic)
	share := func(p float64) float64 {
		z := bias + normalQuantile(p)
		return normalCDF(bias + z/(1-bend*z))
	}
	return Interval{Quantile(draws, share((1-level)/2)), Quantile(draws, share((1+level)/2))}
}

// Difference is the percentile bootstrap interval (Efron and Tibshirani, 1993, §13.3) of statistic(y) - statistic(x).
// The statistic may reorder the slice it gets, and must not keep it.
func (r Resampling) Difference(x, y []float64, level float64, statistic func([]float64) float64) Interval {
	if len(x) < 2 || len(y) < 2 || !isLevel(level) {
		return noInterval
	}
	random := r.random()
	fromX, fromY := make([]float64, len(x)), make([]float64, len(y))
	return percentiles(r.repeat(func() float64 {
		return statistic(redraw(fromY, y, random)) - statistic(redraw(fromX, x, random))
	}), level)
}

// QuantileDifference is the percentile bootstrap interval of y's q-quantile less x's. It takes constant time per draw
// whatever the number of values, because the order statistics of a resample can be drawn by themselves.
func (r Resampling) QuantileDifference(x, y *Sample, q, level float64) Interval {
	if x.n < 2 || y.n < 2 || !(q >= 0 && q <= 1) || !isLevel(level) {
		return noInterval
	}
	x.settle()
	y.settle()
	random := r.random()
	return percentiles(r.repeat(func() float64 {
		return drawQuantile(y, q, random) - drawQuantile(x, q, random)
	}), level)
}

// Permutation is the p-value of a difference between statistic(y) and statistic(x), in either direction, if x and y came
// from one source: the share of random regroupings that differ at least as much, the observed one counted among them
// (Phipson and Smyth, 2010). The statistic may reorder the slice it gets, and must not keep it.
func (r Resampling) Permutation(x, y []float64, statistic func([]float64) float64) float64 {
	if len(x) == 0 || len(y) == 0 {
		return math.NaN()
	}
	random := r.random()
	group := make([]float64, max(len(x), len(y)))
	difference := func(x, y []float64) float64 {
		ofX := statistic(group[:copy(group, x)])
		return math.Abs(statistic(group[:copy(group, y)]) - ofX)
	}
	observed := difference(x, y) * (1 - 1e-12) // regroupings that equal it but for rounding count
	all := slices.Concat(x, y)
	atLeast := 1
	draws := r.repeat(func() float64 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return difference(all[:len(x)], all[len(x):])
	})
	for _, d := range draws {
		if d >= observed {
			atLeast++
		}
	}
	return float64(atLeast) / float64(len(draws)+1)
}

func (r Resampling) random() *rand.Rand { return rand.New(rand.NewPCG(r.Seed, 0x9e3779b97f4a7c15)) }

func (r Resampling) resamples() int {
	const standard = 2000
	if r.Resamples < 1 {
		return standard
	}
	return r.Resamples
}

// repeat gives the sorted results of all draws.
func (r Resampling) repeat(draw func() float64) []float64 {
	results := make([]float64, r.resamples())
	for i := range results {
		results[i] = draw()
	}
	slices.Sort(results)
	return results
}

// redraw fills to with values drawn from those given, with replacement.
func redraw(to, values []float64, random *rand.Rand) []float64 {
	for i := range to {
		to[i] = values[random.IntN(len(values))]
	}
	return to
}

// percentiles is the interval that leaves (1-level)/2 of the sorted draws on either side.
func percentiles(draws []float64, level float64) Interval {
	return Interval{Quantile(draws, (1-level)/2), Quantile(draws, (1+level)/2)}
}

// acceleration is BCa's a, from the skewness of the statistic when a part of the values is left out (Efron and Tibshirani,
// 1993, §14.3). At most 100 parts are left out in turn: one value each, or as many as needed.
func acceleration(values []float64, statistic func([]float64) float64) float64 {
	parts := min(len(values), 100)
	without := make([]float64, parts)
	scratch := make([]float64, 0, len(values))
	for i := range without {
		from, to := i*len(values)/parts, (i+1)*len(values)/parts
		without[i] = statistic(append(append(scratch, values[:from]...), values[to:]...))
	}
	mean := plainMean(without)
	var squares, cubes float64
	for _, v := range without {
		squares += (mean - v) * (mean - v)
		cubes += (mean - v) * (mean - v) * (mean - v)
	}
	if squares == 0 {
		return 0
	}
	return cubes / (6 * math.Pow(squares, 1.5))
}

// drawQuantile is the type-7 quantile of one resample of s. Its values lie at the places of n sorted uniform numbers, and
// of these two neighbours are ratios of sums of exponential numbers (Rényi, 1953).
func drawQuantile(s *Sample, q float64, random *rand.Rand) float64 {
	position := float64(s.n-1) * q
	rank := math.Floor(position) + 1
	left, step := gammaNumber(rank, random), random.ExpFloat64()
	total := left + step + gammaNumber(float64(s.n)-rank, random)
	place := func(share float64) float64 {
		return s.at(min(uint64(share*float64(s.n)), s.n-1))
	}
	return between(place(left/total), place((left+step)/total), position-math.Floor(position))
}

// gammaNumber draws from the gamma distribution of an integer shape, 0 giving 0 (Marsaglia and Tsang, 2000).
func gammaNumber(shape float64, random *rand.Rand) float64 {
	if shape < 1 {
		return 0
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
