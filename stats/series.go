package stats

import (
	"math"
	"slices"
)

// A Series is values in the order of time. They must be finite. Neighbours may be alike, as latencies of one queue are, so n of
// them can be worth fewer than n independent values; the intervals of a Series take that into account.
type Series []float64

// Autocorrelation is the correlation of the series with itself at the lags 0 to the given one (fewer if the series is
// shorter), in the usual estimate with divisor n at every lag (Box, Jenkins and Reinsel, 1994, §2.1.5). It is NaN where all
// values are equal.
func (s Series) Autocorrelation(lags int) []float64 {
	centred, variance := centre(s)
	r := make([]float64, 0, max(min(lags+1, len(s)), 0))
	for k := range cap(r) {
		r = append(r, covariance(centred, k)/variance)
	}
	return r
}

// EffectiveN is the number of independent values whose mean would be as sure as the mean of the series: n over the
// integrated autocorrelation time, and n where that is below 1.
func (s Series) EffectiveN() float64 { return float64(len(s)) / s.autocorrelationTime() }

// EffectiveNAt is the number of independent values whose q-quantile would be as sure as that of the series. A quantile
// depends on who is above it alone, so the time is that of the series of these yes and no.
func (s Series) EffectiveNAt(q float64) float64 { return s.Above(Quantile(Sorted(s), q)).EffectiveN() }

// Above tells which values are above the bound.
func (s Series) Above(bound float64) *Outcomes {
	var above Outcomes
	for _, v := range s {
		above.Add(v > bound)
	}
	return &above
}

// MeanInterval is Student's t interval of the mean with EffectiveN in the place of n. It is approximate: see
// MinApproximateMeanN.
func (s Series) MeanInterval(level float64) Interval {
	return studentInterval(Mean(s), StdDev(s), s.EffectiveN(), level)
}

// QuantileInterval is the interval of the q-quantile between two values of the series, with EffectiveNAt in the place
// of n. It is approximate: see MinApproximateN.
func (s Series) QuantileInterval(q, level float64) Interval {
	sorted := Sorted(s)
	at := func(share float64) float64 { return Quantile(sorted, share) }
	return effectiveQuantile(uint64(len(s)), at, q, level, s.Above(at(q)).EffectiveN())
}

// Steady is the part s[from:to] that is left when warm-up and cool-down are cut off: MSER5 on the series and on its reverse,
// in turn until both stand. Where either does not settle before the middle ok is false, and the part is the whole.
func (s Series) Steady() (from, to int, ok bool) {
	batches := batchMeans(s, mserBatch)
	n, half := len(batches), len(batches)/2
	if n < mserLeast {
		return 0, len(s), false
	}
	first, end := 0, n
	for range 10 { // two rounds are the rule
		lastFirst, lastEnd := first, end
		first = truncation(batches[:end], half)
		reversed := slices.Clone(batches[first:])
		slices.Reverse(reversed)
		end = n - truncation(reversed, n-half)
		if first == lastFirst && end == lastEnd {
			break
		}
	}
	if first == half || end == half {
		return 0, len(s), false
	}
	if end == n {
		return first * mserBatch, len(s), true // with what no batch held
	}
	return first * mserBatch, end * mserBatch, true
}

const (
	mserBatch = 5  // values in a batch
	mserLeast = 10 // batches without which nothing can be said
	mserRest  = 5  // batches that always remain: of fewer the spread is chance
)

// MSER5 is the number of leading values to cut off as warm-up: the multiple of 5 up to the middle after which the mean of
// the rest has the smallest standard error, judged on means of 5 (White, Cobb and Spratt, 2000). If that is the
// middle, the series may never settle: 0 and false, as for fewer than 50 values.
func MSER5(values []float64) (cut int, ok bool) {
	batches := batchMeans(values, mserBatch)
	half := len(batches) / 2
	if len(batches) < mserLeast {
		return 0, false
	}
	first := truncation(batches, half)
	if first == half {
		return 0, false
	}
	return first * mserBatch, true
}

// truncation is the number of leading batches, up to most, without which Σ(x-mean)²/n² of the rest is smallest.
func truncation(batches Series, most int) int {
	best, cut := math.Inf(1), 0
	var mean, squares float64 // of the batches from i on, by Welford's (1962) steps
	for i := len(batches) - 1; i >= 0; i-- {
		count := float64(len(batches) - i)
		step := batches[i] - mean
		mean += step / count
		squares += step * (batches[i] - mean)
		if mser := squares / (count * count); i <= most && count >= mserRest && mser <= best {
			best, cut = mser, i
		}
	}
	return cut
}

// batchMeans are the means of consecutive batches; an incomplete last one is left out.
func batchMeans(values []float64, size int) Series {
	means := make(Series, 0, len(values)/size)
	for batch := range slices.Chunk(values, size) {
		if len(batch) == size {
			means = append(means, plainMean(batch))
		}
	}
	return means
}

func (s Series) autocorrelationTime() float64 {
	centred, variance := centre(s)
	if !(variance > 0) {
		return 1
	}
	lag := -1
	next := func() float64 { lag++; return covariance(centred, lag) }
	return autocorrelationTime(len(s), next, func() Series { return s })
}

// autocorrelationTime is 1 + 2·Σρ(k), at least 1, summed over pairs of lags as long as they are positive and made not to
// rise: Geyer's (1992) initial monotone sequence. Estimates of ρ(k) are low by the time over n each; the last factor
// makes up for that (Wolff, 2004). A series that remembers more than 256 lags is first halved to means of two,
// which keeps its long-run variance and bounds the work.
//
// There are n values, not all equal. next gives their covariance at the lags 0, 1, 2 and so on.
func autocorrelationTime(n int, next func() float64, series func() Series) float64 {
	const lags = 256
	var variance float64
	time, last := -1.0, math.Inf(1)
	k := 0
	for ; k+1 < n/2 && k < lags; k += 2 {
		even, odd := next(), next()
		if k == 0 {
			variance = even
		}
		pair := (even + odd) / variance
		if pair <= 0 {
			break
		}
		last = min(last, pair)
		time += 2 * last
	}
	if k == lags {
		halved := batchMeans(series(), 2)
		_, halvedVariance := centre(halved)
		return max(1, 2*halvedVariance/variance*halved.autocorrelationTime())
	}
	return max(1, time*(1+float64(2*k-1)/float64(n)))
}

// centre is the series less its mean, and its variance with divisor n; 0 exactly where all values are equal.
func centre(s Series) (centred Series, variance float64) {
	centred = make(Series, len(s))
	if len(s) == 0 || slices.Min(s) == slices.Max(s) {
		return centred, 0
	}
	mean := plainMean(s)
	for i, v := range s {
		centred[i] = v - mean
	}
	return centred, covariance(centred, 0)
}

// covariance is the autocovariance of a centred series at lag k, with divisor n. It is the inner loop of everything here: four
// sums do not wait for each other.
func covariance(centred Series, k int) float64 {
	ahead := centred[k:]
	behind := centred[:len(ahead)]
	var a, b, c, d float64
	for ; len(ahead) >= 4 && len(behind) >= 4; ahead, behind = ahead[4:], behind[4:] {
		a += ahead[0] * behind[0]
		b += ahead[1] * behind[1]
		c += ahead[2] * behind[2]
		d += ahead[3] * behind[3]
	}
	for i, v := range ahead {
		a += v * behind[i]
	}
	return (a + b + c + d) / float64(len(centred))
}

// plainMean is the mean without Mean's care for the last bit, for inner loops.
func plainMean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
