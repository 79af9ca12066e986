package experiments

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAChangeIsFoundWhereItIsAndSeveralOneByOne(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var values []float64
	for _, level := range []float64{10, 14, 9} {
		for range 30 {
			values = append(values, level+random.NormFloat64())
		}
	}
	points := changePoints(values, 0.05)
	require.Len(t, points, 2)
	require.InDelta(t, 30, points[0].at, 1)
	require.InDelta(t, 60, points[1].at, 1)
}

func TestWhatStaysTheSameSeldomChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alarms := 0
	for range 400 {
		values := make([]float64, 60)
		for i := range values {
			values[i] = random.ExpFloat64()
		}
		if changePoints(values, 0.05) != nil {
			alarms++
		}
	}
	require.LessOrEqual(t, alarms, 20)
	require.Empty(t, changePoints(make([]float64, 100), 0.05))
	require.Empty(t, changePoints([]float64{0, 0, 0, 9, 9, 9}, 0.05))      // too few to say
	require.Empty(t, changePoints(append(make([]float64, 50), 1e9), 0.05)) // one extreme value is no change
}
