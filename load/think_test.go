package load_test

import (
	"math"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter/load"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPausesDependOnSeedClientAndTurnAlone(t *testing.T) {
	const s = time.Second
	for _, think := range []load.ThinkTime{load.Between{Min: s, Max: 5 * s}, load.Exponential{Mean: s}} {
		require.Equal(t, think.Pause(1, 2, 3), think.Pause(1, 2, 3))
		seen := map[time.Duration]bool{}
		for seed := range uint64(10) {
			for client := range 10 {
				for turn := range 10 {
					seen[think.Pause(seed, client, turn)] = true
				}
			}
		}
		require.Len(t, seen, 1000)
	}
}

func TestPausesStayBetweenTheirLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shortest := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "min"))
		longest := time.Duration(rapid.Int64Range(int64(shortest), math.MaxInt64).Draw(t, "max"))
		pause := load.Between{Min: shortest, Max: longest}.Pause(rapid.Uint64().Draw(t, "seed"), rapid.Int().Draw(t, "client"), rapid.Int().Draw(t, "turn"))
		require.True(t, shortest <= pause && pause <= longest)
	})
}

func TestPausesHaveTheirStatedMean(t *testing.T) {
	const n = 100_000
	check := func(think load.ThinkTime, mean, deviation float64) {
		t.Helper()
		sum := 0.0
		for turn := range n {
			sum += think.Pause(5, 1, turn).Seconds()
		}
		require.InDelta(t, mean, sum/n, 4*deviation/math.Sqrt(n)) // four standard errors, with a fixed seed
	}
	check(load.Between{Min: time.Second, Max: 5 * time.Second}, 3, 4/math.Sqrt(12))
	check(load.Exponential{Mean: 2 * time.Second}, 2, 2)
	require.Equal(t, time.Second, load.Fixed{For: time.Second}.Pause(1, 2, 3))
	require.Zero(t, load.Exponential{}.Pause(1, 2, 3))
	require.Zero(t, load.Between{}.Pause(1, 2, 3))
}

func TestThinkTimesSayAllTheirProblems(t *testing.T) {
	require.ErrorContains(t, load.Fixed{For: -1}.Validate(), "the pause -1ns must not be negative")
	require.ErrorContains(t, load.Exponential{Mean: -1}.Validate(), "the mean pause")
	err := load.Between{Min: -1, Max: -2}.Validate()
	require.ErrorContains(t, err, "the shortest pause -1ns must not be negative")
	require.ErrorContains(t, err, "must not be longer than the longest")
}
