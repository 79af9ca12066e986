package experiments

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// A Drift is a change of a statistic from one level to another. One that rises or falls slowly is told in several steps.
type Drift struct {
	Key           string
	Segment       int       // the first one after the change
	Time          time.Time // when that began
	Before, After float64   // medians over the segments up to the change before and the one after, in the unit of the statistic
	P             float64   // the probability of such a change, or a larger one, where nothing changes
}

// drifts finds the changes of all statistics.
func (s Soak) drifts(segments []Segment) (all []Drift) {
	keys := s.Keys
	if keys == nil {
		keys = soakKeys
	}
	alarm := (1 - s.level()) / float64(len(keys))
	for _, key := range keys {
		var values []float64
		var at []int
		for i, segment := range segments {
			if v, ok := segment.Stats.Lookup(key); ok {
				values, at = append(values, v), append(at, i)
			}
		}
		points := changePoints(values, alarm)
		bounds := []int{0}
		for _, p := range points {
			bounds = append(bounds, p.at)
		}
		bounds = append(bounds, len(values))
		for i, p := range points {
			d := Drift{
				Key: key, Segment: at[p.at], Time: segments[at[p.at]].Start, P: p.p,
				Before: median(values[bounds[i]:p.at]), After: median(values[p.at:bounds[i+2]]),
			}
			if math.Abs(d.After-d.Before) > s.Tolerance*math.Abs(d.Before) {
				all = append(all, d)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Drift) int { return cmp.Compare(a.Segment, b.Segment) })
	return all
}

func median(values []float64) float64 { return stats.Quantile(stats.Sorted(values), 0.5) }

// A changePoint is where a series changes: at the value with this index.
type changePoint struct {
	at int
	p  float64
}

// changePoints divides a series where Pettitt's (1979) test finds a change, and the parts again. The test asks only of ranks, so
// that single extreme values are no change. Each part has half of its whole's share of false alarms.
func changePoints(values []float64, alarm float64) []changePoint {
	const least = 8 // values; of fewer the test finds nothing at any level that is of use
	if len(values) < least {
		return nil
	}
	at, p := pettitt(values)
	if p >= alarm {
		return nil
	}
	points := append(changePoints(values[:at], alarm/2), changePoint{at, p})
	for _, c := range changePoints(values[at:], alarm/2) {
		points = append(points, changePoint{c.at + at, c.p})
	}
	return points
}

// pettitt gives the index at which the values before and from there on differ most by their ranks, and the p-value of that.
func pettitt(values []float64) (at int, p float64) {
	n := float64(len(values))
	sorted := stats.Sorted(values)
	var u, most float64
	for i, v := range values[:len(values)-1] {
		first, _ := slices.BinarySearch(sorted, v)
		end, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		u += float64(first+end+1) - (n + 1) // twice the middle rank, less its mean
		if math.Abs(u) > most {
			at, most = i+1, math.Abs(u)
		}
	}
	return at, min(1, 2*math.Exp(-6*most*most/(n*n*n+n*n)))
}
