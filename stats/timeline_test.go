package stats

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTimelineCountsPerBucket(t *testing.T) {
	var line Timeline
	line.Add(0, 3)
	line.Add(999*ms, 4)
	line.Add(1*time.Second, 5)
	line.Add(3500*ms, 6)
	line.Add(-1, 1)
	require.EqualValues(t, 19, line.Total())
	require.EqualValues(t, 12, line.Count(0, 2*time.Second))
	require.Equal(t, Series{7, 5, 0, 6}, line.Rates(0, 4*time.Second))
	require.Equal(t, Series{1, 7}, line.Rates(-1*time.Second, 1*time.Second))
	require.Equal(t, Series{5, 0}, line.Rates(1, 3900*ms), "whole buckets alone")
	require.Empty(t, line.Rates(1*time.Second, 0))
	require.Empty(t, new(Timeline).Rates(0, 0))
}

func TestTimelineRatesArePerSecondWhateverTheWidth(t *testing.T) {
	line := Timeline{Width: 100 * ms}
	line.Add(150*ms, 7)
	require.Equal(t, Series{0, 70}, line.Rates(0, 200*ms))
}

func TestMergingTimelinesEqualsAddingAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := Timeline{Width: 10}
		parts := []*Timeline{{Width: 10}, {Width: 10}}
		for _, at := range rapid.SliceOf(rapid.Int64Range(-100, 100)).Draw(t, "at") {
			n := rapid.Uint64Range(0, 9).Draw(t, "n")
			whole.Add(time.Duration(at), n)
			parts[rapid.IntRange(0, 1).Draw(t, "part")].Add(time.Duration(at), n)
		}
		merged := Timeline{Width: 10}
		for _, part := range parts {
			merged.Merge(part)
		}
		require.Equal(t, whole.Rates(-100, 110), merged.Rates(-100, 110))
		require.Equal(t, whole.Total(), merged.Total())
	})
}

func TestMergingTimelinesOfDifferentWidthsPanics(t *testing.T) {
	line := Timeline{Width: time.Second}
	require.NotPanics(t, func() { line.Merge(new(Timeline)) })
	require.Panics(t, func() { line.Merge(&Timeline{Width: 2}) })
}
