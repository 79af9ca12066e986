package experiments

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// comparer judges the numbers.
func (c Compare) comparer() stats.Comparer {
	return stats.Comparer{Level: c.level(), Tolerance: c.Tolerance, Resamples: c.Resamples, Seed: c.Seed}
}

// difference compares one number, all but what depends on the others.
func (c Compare) difference(k number, a, b *side) Difference {
	if k.metric == "" {
		return Difference{Key: KeyFailedRate, numbers: c.comparer().Rate(a.failed, b.failed)}
	}
	return Difference{Key: k.key, numbers: c.comparer().Quantile(a.values[k.metric], b.values[k.metric], k.q)}
}

// judge fills in what depends on the number of comparisons. Of all that is compared, less is better.
func (c Compare) judge(all []Difference) {
	numbers := make([]stats.Difference, len(all))
	for i := range all {
		numbers[i] = all[i].numbers
	}
	c.comparer().Judge(numbers)
	for i, n := range numbers {
		all[i] = Difference{
			Key: all[i].Key, Change: changes[n.Change], A: n.A, B: n.B, NA: n.NA, NB: n.NB, Delta: n.Delta, Interval: n.Interval, P: n.P,
			Adjusted: n.Adjusted, Detectable: n.Detectable,
		}
	}
}

// changes are what the numbers mean.
var changes = map[stats.Change]Change{
	stats.NoDifference: NoDifference, stats.Negligible: Negligible, stats.Less: Better, stats.More: Worse, stats.TooFew: TooFew,
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
		text += ", " + probability(d.Adjusted)
	}
	if d.Change == NoDifference && d.Detectable > 0 {
		text += fmt.Sprintf("; n is too small to see less than %s", d.least())
	}
	return text
}

// probability writes a p-value.
func probability(p float64) string {
	if p < 1e-4 {
		return "p < 0.0001"
	}
	return fmt.Sprintf("p = %.2g", p)
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
