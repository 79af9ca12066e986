package sizing

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// NAT draws a line through the 95th percentiles of a few concurrencies, takes points that do not suit it for outliers, gives one number of
// GPUs without saying how sure it is, and follows the line as far as it is asked to.
func TestGPUsComeWithTheirErrorAndAreNotExtrapolated(t *testing.T) {
	noise := []float64{0.15, -0.2, 0.1, 0.25, -0.1, -0.25, 0.2, -0.15}
	points := line(8, 0.5, 1)
	for i := range points {
		points[i].LLMLatencyP95 += noise[i]
	}
	o, err := Calculate(points, Targets{LLMLatencyP95: 4, Users: 60, TestGPUs: 2})
	require.NoError(t, err)
	e := o.Sizing.LLMLatency
	require.Less(t, e.GPUsCI[0], 20.0) // 60 users, 6 on 2 GPUs
	require.Greater(t, e.GPUsCI[1], 20.0)
	require.Greater(t, *e.WholeGPUsSafe, *e.WholeGPUs)

	queue := line(8, 0, 1) // a server that takes four at once: a line through all of it is wrong everywhere
	for i := range queue {
		queue[i].LLMLatencyP95 = max(1, float64(i+1)/4) + noise[i]/100
	}
	o, _ = Calculate(queue, Targets{LLMLatencyP95: 1.8, Users: 60, TestGPUs: 2})
	require.Equal(t, HockeyStick, o.Sizing.LLMLatency.Queueing.Shape)

	slow := line(8, 0.5, 1)
	slow[7].LLMLatencyP95 = 30 // the point that matters the most
	fit, err := Fit(values(slow))
	require.NoError(t, err)
	require.Equal(t, []int{8}, fit.Outliers, "as NAT has it")
	o, err = Calculate(slow, Targets{LLMLatencyP95: 4, Users: 60, TestGPUs: 2})
	require.NoError(t, err)
	e = o.Sizing.LLMLatency
	require.Equal(t, 8, e.Fit.N, "none is left out")
	require.Nil(t, e.GPUsCI, "so nobody knows how many GPUs it takes")
	require.Equal(t, HockeyStick, e.Queueing.Shape)

	for target, want := range map[float64]error{1: ErrBelow, 9.01: ErrExtrapolation} {
		_, err = Calculate(line(8, 0.5, 1), Targets{LLMLatencyP95: target, Users: 60, TestGPUs: 2})
		require.ErrorIs(t, err, want)
	}
	_, err = Calculate(line(8, -0.1, 2), Targets{LLMLatencyP95: 3, Users: 60, TestGPUs: 2})
	require.ErrorIs(t, err, ErrNoGrowth)
}

func values(points []Point) (x, y []float64) {
	for _, p := range points {
		x, y = append(x, float64(p.Concurrency)), append(y, p.LLMLatencyP95)
	}
	return x, y
}
