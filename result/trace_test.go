package result

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tracedRun is a run of n requests with so many gaps each.
func tracedRun(n, gaps int) []traced {
	start := time.Unix(1000, 0)
	all := make([]traced, n)
	for i := range all {
		all[i] = traced{seq: i, at: start.Add(time.Duration(i) * time.Millisecond)}
		for j := range gaps {
			all[i].gaps = append(all[i].gaps, newGap(time.Duration(i+j), 1))
		}
	}
	return all
}

func traceOf(all []traced) *trace {
	var t trace
	for _, r := range all {
		t.add(r)
	}
	return &t
}

func requireSameTrace(t *testing.T, want, got *trace) {
	require.Equal(t, want.all(), got.all())
	require.Equal(t, []any{want.gaps, want.spread, want.gapSpread, want.lost, want.lostGaps},
		[]any{got.gaps, got.spread, got.gapSpread, got.lost, got.lostGaps})
}

func TestATraceKeepsAllUpToItsLimitAndBlocksBeyond(t *testing.T) {
	tr := traceOf(tracedRun(traceLimit, 2))
	require.Len(t, tr.all(), traceLimit)
	require.Zero(t, tr.spread)

	tr = traceOf(tracedRun(5*traceLimit, 0))
	require.Equal(t, 3, tr.spread, "one block of eight, since a fifth would be one of four")
	require.LessOrEqual(t, len(tr.kept), traceLimit)
	for i, r := range tr.all() {
		require.Equal(t, i/traceBlock*8*traceBlock+i%traceBlock, r.seq, "within a block all neighbours are there")
	}
}

func TestATraceKeepsTheGapsOfFewerRequestsThanTheirLatencies(t *testing.T) {
	const n = traceLimit / 2
	tr := traceOf(tracedRun(n, 3*gapLimit/n))
	require.Len(t, tr.all(), n)
	require.Equal(t, 2, tr.gapSpread)
	require.LessOrEqual(t, tr.gaps, gapLimit)
	for _, r := range tr.all() {
		require.Equal(t, r.seq/traceBlock%4 == 0, r.gaps != nil)
	}
}

func TestATraceDependsOnTheSetOfRequestsAlone(t *testing.T) {
	for _, c := range []struct{ n, gaps int }{{100, 3}, {3 * traceLimit, 0}, {9000, 300}} {
		all := tracedRun(c.n, c.gaps)
		want := traceOf(all)
		random := rand.New(rand.NewPCG(1, uint64(c.n)))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		requireSameTrace(t, want, traceOf(all))
		cut := random.IntN(len(all))
		left, right := traceOf(all[:cut]), traceOf(all[cut:])
		before := slices.Clone(right.all())
		left.merge(right, nil)
		requireSameTrace(t, want, left)
		require.Equal(t, before, right.all(), "what was merged stays")
	}
}

func TestATraceOfRequestsWithoutNumbersIsBoundedToo(t *testing.T) {
	all := tracedRun(traceLimit+1, 1)
	for i := range all {
		all[i].seq = 0
	}
	tr := traceOf(all)
	require.True(t, tr.lost)
	require.Empty(t, tr.kept)
	require.Empty(t, traceOf(all[:100]).all(), "their order is not known")
	other := traceOf(tracedRun(10, 1))
	other.merge(tr, nil)
	require.Empty(t, other.kept)

	const answers = 100
	huge := tracedRun(answers, 0)
	for i := range huge {
		huge[i].gaps = make([]gap, gapLimit/answers+1)
	}
	tr = traceOf(huge)
	require.True(t, tr.lostGaps, "all are of one block")
	require.Len(t, tr.all(), answers)
	require.Zero(t, tr.gaps)
}

func TestAGapKeepsItsLengthAndTokens(t *testing.T) {
	g := newGap(30*time.Millisecond, 3)
	length, count := g.seconds(false)
	require.Equal(t, []float64{0.03, 1}, []float64{length, count})
	length, count = g.seconds(true)
	require.Equal(t, []float64{0.01, 3}, []float64{length, count})
	length, count = newGap(time.Hour, 1<<30).seconds(false)
	require.InDelta(t, 1099.5, length, 0.02, "the longest that is kept")
	require.Equal(t, 1.0, count)
}
