package result

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestReadingAheadKeepsTheOrderAndEndsWithTheSequence(t *testing.T) {
	for _, n := range []int{0, 1, batchSize - 1, batchSize, batchSize + 1, 20 * batchSize} {
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		synctest.Test(t, func(t *testing.T) { // which waits for all goroutines
			next, stop := pullAhead(slices.Values(want))
			got := make([]int, 0, n)
			for v, ok := next(); ok; v, ok = next() {
				got = append(got, v)
			}
			require.Equal(t, want, got)
			_, ok := next()
			require.False(t, ok)
			stop()
		})
	}
}

func TestReadingAheadIsBoundedAndCanBeStopped(t *testing.T) {
	for _, taken := range []int{0, 1, batchSize + 1} {
		synctest.Test(t, func(t *testing.T) {
			given := 0
			next, stop := pullAhead(func(yield func(int) bool) {
				for yield(given) {
					given++
				}
			})
			for i := range taken {
				v, ok := next()
				require.True(t, ok)
				require.Equal(t, i, v)
			}
			synctest.Wait()
			require.LessOrEqual(t, given, taken+(batchesAhead+2)*batchSize)
			stop()
			stop()
		})
	}
}
