package profiler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStepThatStandsOutIsNamedWithWhatWasExpected(t *testing.T) {
	var all [][]call
	for i := range 30 {
		at, took := float64(100*i), 1+0.01*float64(i%7)
		if i == 17 {
			took = 20
		}
		all = append(all, []call{function("f", at, at+30).below(RootID), llm(fmt.Sprint("call ", i), at, at+took).below("f"), tool("t", at, at).below("f")})
	}
	a := AnalyzeAnomalies(requests(all...), 0, 0)
	require.Equal(t, []any{3.5, 20, 1}, []any{a.Threshold, a.Least, a.Found})
	require.Len(t, a.Steps, 1)
	s := a.Steps[0]
	require.Equal(t, Anomaly{17, "call 17", LLM, "m", 1700, 20, s.Expected, s.Score}, s)
	require.Greater(t, s.Score, 50.0)
	require.True(t, s.Expected[0] > 0.8 && s.Expected[0] < 1 && s.Expected[1] > 1.06 && s.Expected[1] < 1.3)
	require.Equal(t, []string{"LLM m 30 1 0", "FUNCTION f 30 0 0", "WORKFLOW request 30 0 0"}, summary(a))
	require.InDelta(t, 90*4.65e-4, a.ByChance, 1e-3)
}

func summary(a *Anomalies) (lines []string) {
	for _, o := range a.Operations {
		lines = append(lines, fmt.Sprintf("%s %s %d %d %d", o.OperationType, o.OperationName, o.N, o.Slow, o.Fast))
	}
	return lines
}

func TestFewCallsHaveNoAnomalies(t *testing.T) {
	var calls []call
	for i := range 19 {
		calls = append(calls, llm(fmt.Sprint(i), float64(100*i), float64(100*i)+math.Pow(9, float64(i%9))))
	}
	require.Empty(t, AnalyzeAnomalies(requests(calls), 0, 0).Operations)
}

// Half of all durations may be wrong without moving what is expected.
func TestOutliersDoNotHideOneAnother(t *testing.T) {
	var calls []call
	for i := range 100 {
		took := 1 + 0.001*float64(i)
		if i >= 60 {
			took *= 1000
		}
		calls = append(calls, llm(fmt.Sprint(i), float64(1e6*i), float64(1e6*i)+took))
	}
	a := AnalyzeAnomalies(requests(calls), 0, 0)
	require.Equal(t, 40, a.Found)
}

func TestEqualDurationsHaveAScaleAllTheSame(t *testing.T) {
	calls := []call{llm("slow", 0, 50)}
	for i := range 40 {
		calls = append(calls, llm(fmt.Sprint(i), float64(100*i), float64(100*i+1)))
	}
	require.Equal(t, 1, AnalyzeAnomalies(requests(calls), 0, 0).Found)
	require.Zero(t, AnalyzeAnomalies(requests(calls[1:]), 0, 0).Found)
}

func TestAsManyStandOutByChanceAsExpected(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	var calls []call
	for i := range 20_000 {
		calls = append(calls, tool(fmt.Sprint(i), float64(1000*i), float64(1000*i)+math.Exp(random.NormFloat64())))
	}
	a := AnalyzeAnomalies(requests(calls), 2, 0)
	require.InDelta(t, a.ByChance, float64(a.Found), 4*math.Sqrt(a.ByChance))
	require.Len(t, a.Steps, maxAnomalies)
	for i := range a.Steps[1:] {
		require.GreaterOrEqual(t, math.Abs(a.Steps[i].Score), math.Abs(a.Steps[i+1].Score))
	}
}
