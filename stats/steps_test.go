package stats

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type stretch struct{ Start, Length time.Duration }

func stretches() *rapid.Generator[[]stretch] {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) stretch {
		return stretch{
			time.Duration(rapid.Int64Range(-50, 1000).Draw(t, "start")),
			time.Duration(rapid.Int64Range(0, 300).Draw(t, "length")),
		}
	}))
}

// levelAt counts the stretches over an instant.
func levelAt(all []stretch, at time.Duration) (level int64) {
	for _, s := range all {
		if s.Start <= at && at < s.Start+s.Length {
			level++
		}
	}
	return level
}

func TestStepsCountWhatIsInFlight(t *testing.T) {
	var s Steps
	s.Add(0, 4*time.Second)
	s.Add(1*time.Second, 3*time.Second)
	s.Add(3*time.Second, 5*time.Second) // begins as another ends
	s.Add(2*time.Second, 2*time.Second)
	require.EqualValues(t, 2, s.Max())
	require.Equal(t, map[time.Duration]int64{0: 1, 1e9: 2, 4e9: 1, 5e9: 0}, maps.Collect(s.All()))
	require.Equal(t, 8.0/5, s.Mean(0, 5*time.Second))
	require.Equal(t, 2.0, s.Mean(1*time.Second, 4*time.Second))
	require.Equal(t, 1.0, s.Mean(0, 500*ms))
	require.Equal(t, 0.8, s.Mean(0, 10*time.Second))
	require.Equal(t, 0.0, s.Mean(-2*time.Second, -1*time.Second))
	require.True(t, math.IsNaN(s.Mean(1, 1)))
	require.Zero(t, s.Resolution())
	for range s.All() {
		break
	}
}

func TestEmptyStepsAreZero(t *testing.T) {
	var s Steps
	require.Zero(t, s.Max())
	require.Zero(t, s.Mean(0, 1))
}

func TestStepsEqualTheCountAtEveryInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := stretches().Draw(t, "all")
		var s Steps
		for _, one := range all {
			s.Add(one.Start, one.Start+one.Length)
			if rapid.Bool().Draw(t, "read") {
				s.Max()
			}
		}
		from := time.Duration(rapid.Int64Range(-60, 600).Draw(t, "from"))
		to := from + time.Duration(rapid.Int64Range(1, 900).Draw(t, "length"))
		var area, highest int64
		for at := from; at < to; at++ {
			area += levelAt(all, at)
		}
		require.Equal(t, float64(area)/float64(to-from), s.Mean(from, to))
		for at := time.Duration(-50); at < 1300; at++ {
			highest = max(highest, levelAt(all, at))
		}
		require.Equal(t, highest, s.Max())
	})
}

func TestMergingStepsEqualsAddingAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 20).Draw(t, "limit")
		whole := Steps{Limit: limit}
		parts := []*Steps{{Limit: limit}, {Limit: limit}, {Limit: limit}}
		for _, one := range stretches().Draw(t, "all") {
			part := parts[rapid.IntRange(0, 2).Draw(t, "part")]
			whole.Add(one.Start, one.Start+one.Length)
			part.Add(one.Start, one.Start+one.Length)
			if rapid.Bool().Draw(t, "read") {
				part.Max()
			}
		}
		merged := Steps{Limit: limit}
		for _, part := range rapid.Permutation(parts).Draw(t, "order") {
			merged.Merge(part)
		}
		require.Equal(t, whole.Resolution(), merged.Resolution())
		require.Equal(t, maps.Collect(whole.All()), maps.Collect(merged.All()))
	})
}

func TestStepsBeyondTheirLimitKeepTheirLevelsOnAGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := stretches().Draw(t, "all")
		s := Steps{Limit: 8}
		for _, one := range all {
			s.Add(one.Start, one.Start+one.Length)
		}
		grid := max(s.Resolution(), 1)
		for at, level := range s.All() { // what it says from an instant on was true at the end of the grid's cell
			require.Equal(t, levelAt(all, at+grid-1), level)
		}
		require.LessOrEqual(t, len(s.kept), 8)
	})
}

func TestMergingStepsIntoThemselvesDoublesThem(t *testing.T) {
	var s Steps
	s.Add(1, 3)
	s.Merge(&s)
	require.EqualValues(t, 2, s.Max())
}

func TestStepsOfManyRequestsStayBounded(t *testing.T) {
	var s Steps
	for i := range 200_000 {
		at := time.Duration(i) * 1234567
		s.Add(at, at+100*ms)
	}
	s.settle()
	require.LessOrEqual(t, len(s.kept), DefaultStepsLimit)
	require.Positive(t, s.Resolution())
	require.InDelta(t, 81, s.Max(), 1)
	require.InEpsilon(t, 100.0/1.234567, s.Mean(time.Second, 200*time.Second), 1e-4)
}
