package profiler

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func operationOf(t *testing.T, c *CriticalPaths, kind Category, name string) OperationPath {
	for _, o := range c.Operations {
		if o.OperationType == kind && o.OperationName == name {
			return o
		}
	}
	require.Fail(t, "no operation", name)
	return OperationPath{}
}

// saved are the seconds of the savings, and their bounds.
func saved(o OperationPath) (seconds []float64, ranges []Bounds) {
	for _, s := range o.Savings {
		seconds, ranges = append(seconds, s.Saved), append(ranges, s.Range)
	}
	return seconds, ranges
}

func TestSavingsOfCallsThatFollowOneAnotherAreTheirTime(t *testing.T) {
	c := AnalyzeCriticalPaths(requests([]call{function("f", 0, 10).below(RootID), llm("a", 1, 5).below("f"), tool("b", 6, 9).below("f")}))
	require.Equal(t, 10.0, c.Wall)
	require.Zero(t, c.Outside)
	for _, want := range []struct {
		kind            Category
		name            string
		critical, total float64
	}{{LLM, "m", 4, 4}, {Tool, "t", 3, 3}, {Function, "f", 3, 10}} {
		o := operationOf(t, c, want.kind, want.name)
		require.Equal(t, []float64{want.critical, want.total, want.critical / 10}, []float64{o.CriticalTime, o.TotalTime, o.CriticalShare})
		seconds, ranges := saved(o)
		require.InDeltaSlice(t, []float64{want.critical / 10, want.critical / 2, want.critical}, seconds, 1e-12)
		for i, r := range ranges {
			require.InDeltaSlice(t, []float64{seconds[i], seconds[i]}, r[:], 1e-12, "nothing runs side by side, so there is one answer")
		}
		require.Equal(t, want.critical/10, o.Savings[2].Share)
	}
	require.Equal(t, []RequestPath{{0, 10, 0, LLM, "m", 4}}, c.Slowest)
}

// What runs beside a slow call comes to the fore as soon as that is faster.
func TestFasterCallSavesNoMoreThanUntilTheNextOneIsCritical(t *testing.T) {
	calls := []call{function("f", 0, 12).below(RootID), tool("slow", 0, 10).named("slow").below("f"), tool("fast", 0, 8).named("fast").below("f"), llm("join", 10, 12).below("f")}
	c := AnalyzeCriticalPaths(requests(calls))
	seconds, ranges := saved(operationOf(t, c, Tool, "slow"))
	require.Equal(t, []float64{1, 4, 4}, seconds, "the model waits for the slow tool alone, and the caller for the fast one")
	require.Equal(t, []Bounds{{1, 1}, {2, 5}, {2, 10}}, ranges, "if the model waits for both, 2 s are the most")
	fast := operationOf(t, c, Tool, "fast")
	require.Zero(t, fast.CriticalTime)
	require.Nil(t, fast.Savings)

	// At the end of the caller all of its calls are waited for, whichever the rule.
	c = AnalyzeCriticalPaths(requests(calls[:3]))
	seconds, ranges = saved(operationOf(t, c, Tool, "slow"))
	require.Equal(t, []float64{1, 2, 2}, seconds)
	require.Equal(t, []Bounds{{1, 1}, {2, 5}, {2, 10}}, ranges)
}

func TestWorkOfTheCallerIsWhatLiesBetweenItsCalls(t *testing.T) {
	c := AnalyzeCriticalPaths(requests([]call{function("f", 0, 10).below(RootID), llm("a", 2, 4).below("f"), llm("b", 7, 9).below("f")}))
	seconds, _ := saved(operationOf(t, c, Function, "f"))
	require.InDeltaSlice(t, []float64{0.6, 3, 6}, seconds, 1e-12)
}

func TestTimeBetweenCallsIsNobodys(t *testing.T) {
	c := AnalyzeCriticalPaths(requests([]call{llm("a", 0, 2), llm("b", 5, 9)}))
	require.Equal(t, 3.0, c.Outside)
	seconds, _ := saved(operationOf(t, c, LLM, "m"))
	require.InDeltaSlice(t, []float64{0.6, 3, 6}, seconds, 1e-12)
}

func TestCriticalPathNamesWhatARequestWaitedFor(t *testing.T) {
	r := request(function("f", 1, 10).below(RootID), llm("a", 2, 5).below("f"), tool("b", 3, 4).below("f"), tool("c", 6, 10).below("f"), llm("later", 12, 13).below(RootID))
	r.Start = 0
	var got []string
	for _, s := range CriticalPath(r) {
		id := "-"
		if s.Span != nil {
			id = s.Span.UUID
		}
		got = append(got, id)
	}
	require.Equal(t, []string{"-", "f", "a", "f", "c", "-", "later"}, got)
	require.Empty(t, CriticalPath(request()))
}

func TestCriticalPathCoversTheRequestWithoutGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range resolveAll(drawTraces(t)) {
			tree := newTree(r, isNode)
			critical, outside := tree.criticalTimes()
			seconds := map[*Span]float64{}
			at := r.Start
			for _, s := range tree.path() {
				require.Equal(t, at, s.Start)
				require.Greater(t, s.End, s.Start)
				seconds[s.Span] += s.End - s.Start
				at = s.End
			}
			require.Equal(t, r.End, at)
			require.Equal(t, outside, seconds[nil])
			for i, s := range tree.spans {
				require.Equal(t, critical[i], seconds[s])
			}
		}
	})
}

// drawPlan draws a request as a plan in which spans of one name are one operation.
func drawPlan(t *rapid.T) (p *plan, critical map[int32]float64, runtime float64) {
	r := resolveAll(drawTraces(t))[0]
	if r.Steps == 0 {
		return newPlan(newTree(r, isNode), nil), nil, 0
	}
	// Any time, so that sums round.
	scale := rapid.Float64Range(0.1, 3).Draw(t, "scale")
	r.Start, r.End = 1.75e9+r.Start*scale, 1.75e9+r.End*scale
	for i := range r.Spans {
		r.Spans[i].Start, r.Spans[i].End = 1.75e9+r.Spans[i].Start*scale, 1.75e9+r.Spans[i].End*scale
	}
	tree := newTree(r, isNode)
	number := func(s *Span) int32 { return int32(len(s.operationName())) }
	times, _ := tree.criticalTimes()
	critical = map[int32]float64{}
	for i, s := range tree.spans {
		critical[number(s)] += times[i]
	}
	return newPlan(tree, number), critical, r.Runtime()
}

func TestReplayWithoutAChangeIsTheRequestItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, _, _ := drawPlan(t)
		require.Equal(t, advances{}, new(replayer).run(p, math.MaxInt32))
	})
}

func TestSavingsGrowWithTheSpeedupAndAreNoMoreThanThePathHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, critical, runtime := drawPlan(t)
		for operation, seconds := range critical {
			got := new(replayer).run(p, operation)
			for rule := range got {
				last := 0.0
				for k, faster := range speedups {
					require.GreaterOrEqual(t, got[rule][k], last)
					require.LessOrEqual(t, got[rule][k], faster*seconds+1e-5)
					require.LessOrEqual(t, got[rule][k], runtime+1e-5)
					last = got[rule][k]
				}
			}
			for k := range speedups {
				require.LessOrEqual(t, got[1][k], got[0][k]+1e-5, "who waits for more saves no more")
			}
		}
	})
}

// simulate runs a plan forward in absolute times, by the words of the definition.
func (p *plan) simulate(operation int32, faster float64, waitForAll bool) float64 {
	var run func(i int32, start float64) (end float64)
	run = func(i int32, start float64) float64 {
		n := p.nodes[i]
		left := 1.0
		if n.operation == operation {
			left = 1 - faster
		}
		ends := map[int32]float64{}
		latest := func(moment float64) (was, is float64, any bool) {
			was, is = math.Inf(-1), math.Inf(-1)
			for c, end := range ends {
				if p.nodes[c].end <= moment {
					was, is, any = max(was, p.nodes[c].end), max(is, end), true
				}
			}
			return was, is, any
		}
		for c := n.first; c < n.first+n.size; c++ {
			from, at := n.start, start
			if was, is, any := latest(p.nodes[c].start); any {
				from, at = was, is
				if !waitForAll {
					at = ends[p.nodes[c].before]
				}
			}
			ends[c] = run(c, at+left*(p.nodes[c].start-from))
		}
		from, at := n.start, start
		if was, is, any := latest(n.end); any {
			from, at = was, is
		}
		return at + left*(n.end-from)
	}
	return run(0, 0)
}

func TestReplayAgreesWithASimulation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, critical, runtime := drawPlan(t)
		for operation := range critical {
			got := new(replayer).run(p, operation)
			for k, faster := range speedups {
				require.InDelta(t, runtime-p.simulate(operation, faster, false), got[0][k], 1e-5)
				require.InDelta(t, runtime-p.simulate(operation, faster, true), got[1][k], 1e-5)
			}
		}
	})
}

func TestCriticalPathsOfNothing(t *testing.T) {
	c := AnalyzeCriticalPaths(requests(nil, nil))
	require.Equal(t, &CriticalPaths{Operations: []OperationPath{}, Slowest: []RequestPath{}}, c)
}

func TestOnlyTheOperationsWithTheMostCriticalTimeAreReplayed(t *testing.T) {
	var calls []call
	for i := range 30 {
		calls = append(calls, tool(string(rune('a'+i)), float64(100*i), float64(100*i+i+1)).named(string(rune('A'+i))))
	}
	c := AnalyzeCriticalPaths(requests(calls))
	for i, o := range c.Operations {
		require.Equal(t, i < maxReplayed, o.Savings != nil)
		if i > 0 {
			require.Less(t, o.CriticalTime, c.Operations[i-1].CriticalTime)
		}
	}
	var many [][]call
	for i := range 30 {
		many = append(many, []call{llm("a", 0, float64((i*7)%30+1))})
	}
	c = AnalyzeCriticalPaths(requests(many...))
	require.Len(t, c.Slowest, maxSlowest)
	for i, r := range c.Slowest {
		require.Equal(t, float64(30-i), r.Runtime)
	}
}
