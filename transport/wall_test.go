package transport

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAWallClockThatIsSlewedIsTrustedAndOneThatIsSetIsNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wall := rapid.Int64Range(1_600_000_000e9, 2_000_000_000e9).Draw(t, "wall")
		var w wallClock
		w.accept(reading{wall: wall, mono: 0})
		mono := rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "mono")
		slew := rapid.Float64Range(-1.0/2000, 1.0/2000).Draw(t, "slew")
		apart := rapid.Int64Range(-int64(readingError)/2, int64(readingError)/2).Draw(t, "apart")
		slewed := reading{wall: wall + mono + int64(float64(mono)*slew) + apart, mono: mono}
		require.False(t, w.stepped(slewed))

		step := rapid.Int64Range(int64(readingError)*2+mono>>9, int64(time.Hour)*9000).Draw(t, "step")
		for _, by := range []int64{step, -step} {
			set := slewed
			set.wall += by
			require.True(t, w.stepped(set))
			after := w
			after.accept(set)
			require.False(t, after.stepped(reading{set.wall + 1000, set.mono + 1000}), "what comes after is trusted again")
		}
	})
}
