package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func count(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i + 1)
	}
	return values
}

// The values were computed by LLMeter's summary_stats_from_list.
func TestExclusiveIsLLMetersPercentile(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		data                   []float64
		average, p50, p90, p99 float64
	}{
		{[]float64{0.42}, 0.42, 0.42, 0.42, 0.42},
		{count(2), 1.5, 1.5, 2.7, 2.97},
		{count(3), 2, 2, 3.6, 3.96},
		{count(5), 3, 3, 5.4, 5.94},
		{[]float64{-5, -3, -1, 0, 2, 4}, -0.5, -0.5, 4.6, 5.86},
		{count(9), 5, 5, 9.0, 9.9},
		{[]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}, 0.55, 0.55, 0.99, 1.089},
		{[]float64{0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 5.0}, 0.68, 0.2, 4.5200000000000005, 9.272},
		{count(99), 50, 50, 90.0, 99.0},
		{count(100), 50.5, 50.5, 90.9, 99.99},
		{count(1000), 500.5, 500.5, 900.9, 990.99},
		{[]float64{1, 2, nan, 4, 5}, 3, 3, 5.5, 5.95},
	} {
		sorted := Sorted(c.data)
		got := []float64{Mean(c.data), Exclusive(sorted, 50), Exclusive(sorted, 90), Exclusive(sorted, 99)}
		require.Equal(t, []float64{c.average, c.p50, c.p90, c.p99}, got, "%v", c.data)
		s := SampleOf(c.data)
		require.Equal(t, got, []float64{s.Mean(), s.Exclusive(50), s.Exclusive(90), s.Exclusive(99)})
	}
	require.Equal(t, 1.49, Exclusive([]float64{0, 1}, 83))
	require.Equal(t, 0.75, Exclusive(count(2), 25))
	require.Equal(t, 0.3, Exclusive(count(2), 10))
	require.Equal(t, 0.03, Exclusive(count(2), 1))
	require.Equal(t, 19.95, Exclusive(count(20), 95))
	require.Equal(t, 0.37500000000000006, Exclusive([]float64{0.1, 0.2, 0.3, 0.4}, 75))
	require.True(t, math.IsNaN(Exclusive(nil, 50)))

	sorted := []float64{0.004418, 0.010501, 0.022058, 0.022592, 0.054415, 0.089002, 0.090587, 0.100078, 0.119496, 0.153988,
		0.167489, 0.196035, 0.211792, 0.21336, 0.215646, 0.246873, 0.261922, 0.298095, 0.308713, 0.327584, 0.335825, 0.339689,
		0.370983, 0.417405, 0.422925, 0.450633, 0.473256, 0.537997, 0.603569, 0.605629, 0.668798, 0.675099, 0.703473,
		0.703621, 0.846519, 0.914145, 1.812131}
	for p, want := range map[int]float64{1: 0.0006465399999999999, 5: 0.009892699999999999, 25: 0.136742,
		33: 0.20454377999999998, 50: 0.308713, 75: 0.570783, 90: 0.7322006, 95: 1.0039436000000002, 99: 2.36888232} {
		require.Equal(t, want, Exclusive(sorted, p))
	}
	require.Equal(t, 0.37827948648648646, Mean(sorted))
}

// The values were computed by numpy 2.4.6, whose last bit differs.
func TestQuantileIsNumpysDefault(t *testing.T) {
	sorted := Sorted([]float64{0.31, 0.2, 5.5, 1.25, 0.9, 0.9, 2.75})
	for q, want := range map[float64]float64{
		0: 0.2, 0.1: 0.266, 0.25: 0.605, 0.5: 0.9, 0.9: 3.850000000000001, 0.95: 4.674999999999998,
		0.99: 5.334999999999999, 0.999: 5.483499999999999, 1: 5.5,
	} {
		require.InEpsilon(t, want, Quantile(sorted, q), 1e-15)
	}
	require.Equal(t, 1.8799797364662763, StdDev(sorted))
	require.True(t, math.IsNaN(Quantile(nil, 0.5)))
}

func TestQuantileSurvivesTheWidestRange(t *testing.T) {
	sorted := []float64{-math.MaxFloat64, math.MaxFloat64}
	require.Zero(t, Quantile(sorted, 0.5))
	require.InEpsilon(t, math.MaxFloat64/2, Quantile(sorted, 0.75), 1e-15)
}

func TestSortedDropsNaNAndLeavesItsArgument(t *testing.T) {
	values := []float64{3, math.NaN(), 1}
	require.Equal(t, []float64{1, 3}, Sorted(values))
	require.Equal(t, 3.0, values[0])
}

func TestMeanAndStdDevOfNothingAreNaN(t *testing.T) {
	require.True(t, math.IsNaN(Mean([]float64{math.NaN()})))
	require.True(t, math.IsNaN(StdDev([]float64{1})))
}
