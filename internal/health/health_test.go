package health

import (
	"math"
	"runtime"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASpreadHoldsOnlyWhatCameBetween(t *testing.T) {
	edges := []float64{0, 1, 2, 3, math.Inf(1)}
	a := &metrics.Float64Histogram{Counts: []uint64{5, 5, 0, 1}, Buckets: edges}
	b := &metrics.Float64Histogram{Counts: []uint64{5, 55, 49, 2}, Buckets: edges}
	require.Equal(t, Spread{N: 100, P50: 2, P99: 3, Max: 3}, between(a, b))
	require.Equal(t, Spread{}, between(a, a))
	require.Equal(t, Spread{}, between(&metrics.Float64Histogram{}, b))
}

func TestTheCPULimitOfAContainerIsRead(t *testing.T) {
	require.Equal(t, 1.5, limitOf("150000 100000\n"))
	for _, none := range []string{"max 100000", "-1 100000", "", "x y", "1 0"} {
		require.Equal(t, math.Inf(1), limitOf(none))
	}
}

func TestAReadingSeesTheCollectorAndTheProcessor(t *testing.T) {
	m := Start()
	runtime.GC()
	r := m.Read()
	require.NotZero(t, r.GCPauses.N)
	require.GreaterOrEqual(t, r.GCPauses.Max, r.GCPauses.P50)
	require.Positive(t, r.CPUUsed)
	require.Positive(t, r.CPUAvailable)
	require.Positive(t, r.Elapsed)
}

func TestARangeOfPortsIsCounted(t *testing.T) {
	for text, want := range map[string]int{"32768\t60999\n": 28232, "1 1": 1, "": 0, "5": 0, "9 5": 0, "a b": 0} {
		require.Equal(t, want, portsIn(text), "%q", text)
	}
}
