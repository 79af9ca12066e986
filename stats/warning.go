package stats

import (
	"fmt"
	"math"
	"strconv"
)

// A Warning says that a number is doubtful, and why. It is no error: the number stands.
type Warning struct {
	Code string // one of the constants below, for programs
	Text string // one sentence, for people
}

// String is the text.
func (w Warning) String() string { return w.Text }

// The codes of warnings.
const (
	FewSamples  = "few-samples" // the quantile lies beyond the last value that the sample can be expected to hold
	NoInterval  = "no-interval" // no interval of the level exists for so few values
	Approximate = "approximate" // an approximate interval below the size at which its coverage was checked
	Dependent   = "dependent"   // the values are so alike in time that they count for less than half their number
)

// MinN is the smallest number of effective values for which the q-quantile is worth printing: at least one value must be
// expected beyond it, n·(1-q) >= 1 (n·q >= 1 for a lower one). It is 100 for p99 and 1,000 for p99.9.
func MinN(q float64) uint64 { return minCount(q, 1) }

// MinApproximateN is the smallest number of values for which the approximate intervals of the q-quantile (those of Series,
// and Sample.QuantileIntervalFor) were checked to hold their level within two points: 500, and 20 values beyond the quantile.
func MinApproximateN(q float64) uint64 { return max(MinApproximateMeanN, minCount(q, 20)) }

// MinApproximateMeanN is the same for intervals of means.
const MinApproximateMeanN = 500

// minCount is the smallest n of which at least so many values are expected beyond the q-quantile, on its thinner side.
func minCount(q, beyond float64) uint64 {
	share := min(q, 1-q)
	if !(share > 0) {
		return math.MaxUint64
	}
	return uint64(math.Ceil(beyond/share - 1e-6)) // 1-0.9 is a little below 0.1
}

// MinIntervalN is the smallest number of independent values for which an interval of the q-quantile exists at the level: the
// extremes of fewer do not enclose it surely enough. It is 6 for the median at 0.95, 36 for p90, 368 for p99.
func MinIntervalN(q, level float64) uint64 {
	if !(q > 0 && q < 1) || !isLevel(level) {
		return math.MaxUint64
	}
	return uint64(math.Ceil(math.Log((1-level)/2) / math.Log(max(q, 1-q))))
}

// QuantileWarning warns of a q-quantile of too few effective values; see MinN.
func QuantileWarning(q, effectiveN float64) (Warning, bool) {
	least := MinN(q)
	if effectiveN >= float64(least) {
		return Warning{}, false
	}
	return Warning{FewSamples, fmt.Sprintf("%s of %s effective values: at least %d are needed", percentile(q), whole(effectiveN), least)}, true
}

// IntervalWarning warns that the q-quantile of so few effective values has no interval; see MinIntervalN.
func IntervalWarning(q, level, effectiveN float64) (Warning, bool) {
	least := MinIntervalN(q, level)
	if effectiveN >= float64(least) {
		return Warning{}, false
	}
	return Warning{NoInterval, fmt.Sprintf("%s of %s effective values has no %s %% interval: at least %d are needed",
		percentile(q), whole(effectiveN), number(100*level), least)}, true
}

// ApproximateWarning warns of an approximate interval of the q-quantile of n values; see MinApproximateN.
func ApproximateWarning(q float64, n uint64) (Warning, bool) {
	least := MinApproximateN(q)
	if n >= least {
		return Warning{}, false
	}
	return Warning{Approximate, fmt.Sprintf("the interval of %s of %d values is approximate: its coverage is known from %d on", percentile(q), n, least)}, true
}

// ApproximateMeanWarning warns of the interval of the mean of n values; see MinApproximateMeanN.
func ApproximateMeanWarning(n uint64) (Warning, bool) {
	if n >= MinApproximateMeanN {
		return Warning{}, false
	}
	return Warning{Approximate, fmt.Sprintf("the interval of the mean of %d values is approximate: its coverage is known from %d on", n, MinApproximateMeanN)}, true
}

// DependentWarning warns of n values that count for less than half as many independent ones.
func DependentWarning(n uint64, effectiveN float64) (Warning, bool) {
	if effectiveN >= float64(n)/2 {
		return Warning{}, false
	}
	return Warning{Dependent, fmt.Sprintf("%d values, alike in time, count for %s independent ones", n, whole(effectiveN))}, true
}

// percentile names a quantile: "p99.9".
func percentile(q float64) string { return "p" + number(100*q) }

// number prints without the digits that multiplying by 100 leaves behind.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

func whole(v float64) string { return strconv.FormatFloat(math.Floor(v), 'f', 0, 64) }
