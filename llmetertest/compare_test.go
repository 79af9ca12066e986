package llmetertest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/stats"
)

const tolerance = llmetertest.DefaultTolerance

// logNormal draws n latencies with a median and σ = 0.3 in time order, of which neighbours correlate by phi.
func logNormal(r *rand.Rand, n int, median, phi float64) stats.Series {
	s := make(stats.Series, n)
	z := r.NormFloat64()
	for i := range s {
		s[i] = median * math.Exp(0.3*z)
		z = phi*z + math.Sqrt(1-phi*phi)*r.NormFloat64()
	}
	return s
}

// alarms is the share of pairs of runs in which something has regressed, where the second run's median is slower times the first's.
func alarms(n int, slower, phi, tolerance float64) float64 {
	const pairs = 120
	found := 0
	for seed := range uint64(pairs) {
		r := rand.New(rand.NewPCG(seed, uint64(n)))
		if len(llmetertest.Regressions(logNormal(r, n, 0.2, phi), logNormal(r, n, 0.2*slower, phi), 0, 0, tolerance)) > 0 {
			found++
		}
	}
	return float64(found) / pairs
}

func TestEqualRunsRaiseNoAlarm(t *testing.T) {
	for _, n := range []int{5, 10, 30, 400} {
		require.LessOrEqual(t, alarms(n, 1, 0, tolerance), 0.02, "n = %d", n)
	}
	require.LessOrEqual(t, alarms(400, 1, 0.9, tolerance), 0.05, "correlated")
}

func TestASlowDownOfJustTheToleranceRaisesAnAlarmInLessThanOneOfTwenty(t *testing.T) {
	for _, n := range []int{10, 30, 400} {
		require.LessOrEqual(t, alarms(n, 1+tolerance, 0, tolerance), 0.05, "n = %d", n)
	}
	require.LessOrEqual(t, alarms(400, 1+tolerance, 0.9, tolerance), 0.05)
}

func TestASlowDownBeyondTheToleranceIsFound(t *testing.T) {
	require.GreaterOrEqual(t, alarms(200, 1.25, 0, tolerance), 0.9)
	require.GreaterOrEqual(t, alarms(500, 1.10, 0, 0.01), 0.9)
}

func TestASlowDownOfTheSlowestTenthIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	old, now := logNormal(r, 400, 0.2, 0), logNormal(r, 400, 0.2, 0)
	for i := 0; i < len(now); i += 8 { // every eighth waits for something
		now[i] *= 3
	}
	require.Equal(t, []string{"tail"}, llmetertest.Regressions(old, now, 0, 0, tolerance))
	require.Empty(t, llmetertest.Regressions(now, old, 0, 0, tolerance), "faster is no regression")
}

func TestSlowRequestsAreFoundWhereLatenciesComeInSteps(t *testing.T) {
	old, now := slices.Repeat(stats.Series{0.2}, 40), slices.Repeat(stats.Series{0.2}, 40)
	for i := 0; i < len(now); i += 4 {
		now[i] = 0.4
	}
	require.Equal(t, []string{"tail"}, llmetertest.Regressions(old, now, 0, 0, tolerance))
}

func TestMoreFailuresAreFoundWhateverTheTolerance(t *testing.T) {
	s := logNormal(rand.New(rand.NewPCG(2, 2)), 400, 0.2, 0)
	require.Equal(t, []string{"failed"}, llmetertest.Regressions(s, s[20:], 0, 20, 10))
	require.Empty(t, llmetertest.Regressions(s, s[1:], 0, 1, 10))
	require.Empty(t, llmetertest.Regressions(s[20:], s, 20, 0, 10))
}

func TestTheOrderOfRequestsCountsWhereNeighboursAreAlike(t *testing.T) {
	slower := 1.16
	r := rand.New(rand.NewPCG(3, 3))
	old, now := logNormal(r, 400, 0.2, 0), logNormal(r, 400, 0.2*slower, 0)
	require.NotEmpty(t, llmetertest.Regressions(old, now, 0, 0, 0.05))
	slices.Sort(now) // all slow ones in one stretch: one slow stretch is less evidence than as many slow requests here and there
	require.Empty(t, llmetertest.Regressions(old, now, 0, 0, 0.05))
}
