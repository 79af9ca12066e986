package stats

import "math"

// RatioVariance is the variance of Σsums/Σcounts, where each pair comes from one group of values that are alike, such as
// the gaps of one answer, and the groups are in the order of time. So it says how sure the mean of all values is (or the
// share of those above a bound, if sums counts them) when neither the values of a group nor neighbouring groups are
// independent: Cochran's (1977, §6.3) linearization, with EffectiveN of its residuals in the place of their number. It is
// NaN for fewer than two groups, and where there is nothing to count.
func RatioVariance(sums, counts Series) float64 {
	n := float64(len(counts))
	mean := plainMean(counts)
	if n < 2 || !(mean > 0) {
		return math.NaN()
	}
	ratio := plainMean(sums) / mean
	residuals := make(Series, len(counts))
	var squares float64
	for i, count := range counts {
		residuals[i] = sums[i] - ratio*count
		squares += residuals[i] * residuals[i]
	}
	return squares / (n - 1) / residuals.EffectiveN() / (mean * mean)
}
