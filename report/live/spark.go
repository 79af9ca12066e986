package live

import (
	"math"
	"slices"
	"strings"
)

var blocks = [...]rune{'▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}

// spark draws values, the first one at the left, into so many columns; a column of several values shows what of makes of them. Heights
// begin at 0, and half the height is the median, so that what hardly changes is a flat line in the middle, unless there are peaks that
// need more. NaN is a gap.
func spark(values []float64, width int, of func(values []float64) float64) string {
	if width <= 0 {
		return ""
	}
	each := max((len(values)+width-1)/width, 1)
	columns := make([]float64, 0, width)
	for chunk := range slices.Chunk(values, each) {
		columns = append(columns, of(chunk))
	}
	top := ceiling(columns)
	var b strings.Builder
	for i := range width {
		if i >= len(columns) || math.IsNaN(columns[i]) {
			b.WriteByte(' ')
			continue
		}
		level := 0
		if top > 0 {
			level = min(max(int(math.Ceil(columns[i]/top*float64(len(blocks))))-1, 0), len(blocks)-1)
		}
		b.WriteRune(blocks[level])
	}
	return b.String()
}

// ceiling is the value at full height, 0 if there is none.
func ceiling(values []float64) float64 {
	there := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(there) == 0 {
		return 0
	}
	slices.Sort(there)
	return max(there[len(there)-1], 2*there[(len(there)-1)/2])
}

// highest is the largest of the values that are there; NaN if there is none.
func highest(values []float64) float64 {
	most := math.NaN()
	for _, v := range values {
		if !(most >= v) && !math.IsNaN(v) {
			most = v
		}
	}
	return most
}

// average is the mean of the values that are there; NaN if there is none.
func average(values []float64) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}
