package live

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestASparklineBeginsAtZeroAndPutsTheMedianInTheMiddle(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{[]float64{5, 5, 5}, 5, "▄▄▄  "},
		{[]float64{5, nan, 5}, 3, "▄ ▄"},
		{[]float64{0, 0}, 2, "▁▁"},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{1, 1, 100}, 3, "▁▁█"},
		{[]float64{1, 1, 1, 100}, 2, "▁█"}, // two values in a column
		{nil, 3, "   "},
		{[]float64{1}, 0, ""},
		{[]float64{nan}, 1, " "},
	} {
		require.Equal(t, c.want, spark(c.values, c.width, highest), "%v", c.values)
	}
}

func TestASparklineHasAlwaysItsWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.OneOf(rapid.Float64Range(0, 1e9), rapid.Just(math.NaN()))).Draw(t, "values")
		width := rapid.IntRange(0, 200).Draw(t, "width")
		for _, of := range []func([]float64) float64{highest, average} {
			require.Equal(t, width, utf8.RuneCountInString(spark(values, width, of)))
		}
	})
}
