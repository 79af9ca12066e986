package profiler

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheOrderOfStepsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		traces := drawTraces(t)
		other := shuffled(traces, rapid.Uint64().Draw(t, "seed"))
		require.Equal(t, everything(t, resolveAll(traces)), everything(t, resolveAll(other)))
	})
}

func TestRenamingUUIDsChangesNothing(t *testing.T) {
	backwards := func(id string) string {
		b := []byte(id)
		slices.Reverse(b)
		return string(b) + "'"
	}
	rapid.Check(t, func(t *rapid.T) {
		traces := drawTraces(t)
		require.Equal(t, everything(t, resolveAll(traces)), everything(t, resolveAll(renamed(traces, backwards))))
	})
}

func TestEveryStartAndEndBelongsToOneSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := drawTraces(t)[0]
		for i := range trace.Steps { // let UUIDs come again
			trace.Steps[i].Payload.UUID = rapid.SampledFrom([]string{"", "u", "v"}).Draw(t, "uuid")
		}
		var times []float64
		for _, s := range Resolve(trace).Spans {
			if s.Started() {
				times = append(times, s.Start)
			}
			if s.Ended() {
				times = append(times, s.End)
			}
		}
		var want []float64
		for _, s := range trace.Steps {
			if s.Payload.EventType.Phase() != ChunkPhase {
				want = append(want, s.Payload.EventTimestamp)
			}
		}
		require.ElementsMatch(t, want, times)
	})
}

func TestParentsAreCompleteAndNotTheirOwnAncestors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range resolveAll(drawTraces(t)) {
			for i := range r.Spans {
				hops := 0
				for p := r.Spans[i].Parent; p >= 0; p = r.Spans[p].Parent {
					require.Equal(t, Complete, r.Spans[p].State)
					require.NotEqual(t, LLM, r.Spans[p].Category)
					hops++
					require.LessOrEqual(t, hops, len(r.Spans))
				}
			}
		}
	})
}

func TestCriticalTimesAddUpToTheTimeOfTheRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range resolveAll(drawTraces(t)) {
			critical, outside := newTree(r, func(*Span) bool { return true }).criticalTimes()
			total := outside
			for _, c := range critical {
				require.GreaterOrEqual(t, c, 0.0)
				total += c
			}
			require.Equal(t, r.Runtime(), total)
		}
	})
}

// drawLane draws calls of which no two overlap but for one within the other.
func drawLane(t *rapid.T, parent string, from, to int, ids *int) []call {
	var calls []call
	for at := from; at < to; {
		start := rapid.IntRange(at, to-1).Draw(t, "start")
		end := rapid.IntRange(start+1, to).Draw(t, "end")
		*ids++
		c := function("u"+strings.Repeat("i", *ids), float64(start), float64(end)).below(parent)
		calls = append(calls, c)
		if end-start > 1 && rapid.Bool().Draw(t, "deeper") {
			calls = append(calls, drawLane(t, c.uuid, start, end, ids)...)
		}
		at = end
	}
	return calls
}

func TestSelfTimesOfOneLaneAddUpToItsBusyTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := 0
		r := request(drawLane(t, RootID, 0, 30, &ids)...)
		tree := newTree(r, isNode)
		self := tree.selfTimes()
		critical, outside := tree.criticalTimes()
		busy := 0.0
		for _, root := range tree.roots {
			busy += tree.spans[root].Duration()
		}
		total := 0.0
		for i := range self {
			require.Equal(t, self[i], critical[i]) // in one lane all is critical
			total += self[i]
		}
		require.Equal(t, busy, total)
		require.Equal(t, r.Runtime(), busy+outside)
	})
}

func TestSpikesCoverTheTimeAtOrAboveTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := resolveAll(drawTraces(t))
		threshold := rapid.IntRange(1, 4).Draw(t, "threshold")
		spikes := AnalyzeSpikes(requests, threshold)
		want := 0.0
		for at := 0.0; at < 20; at++ { // all times are whole
			level := 0
			for _, r := range requests {
				for _, s := range r.Spans {
					if isCall(&s) && s.Timed() && s.Start <= at && at < s.End {
						level++
					}
				}
			}
			if level >= threshold {
				want++
			}
		}
		got := 0.0
		for i, s := range spikes.Intervals {
			require.Less(t, s.Start, s.End)
			require.GreaterOrEqual(t, s.Concurrency, threshold)
			require.GreaterOrEqual(t, s.ActiveCalls, s.Concurrency)
			require.Len(t, s.ActiveUUIDs, s.ActiveCalls)
			if i > 0 {
				require.Less(t, spikes.Intervals[i-1].End, s.Start)
			}
			got += s.End - s.Start
		}
		require.Equal(t, want, got)
		above := 0.0
		for level, seconds := range spikes.Distribution {
			if level >= threshold {
				above += seconds
			}
		}
		require.Equal(t, want, above)
	})
}

func TestActiveCallsOfSpikesAreThoseThatOverlapThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := resolveAll(drawTraces(t))
		for _, spike := range AnalyzeSpikes(requests, 2).Intervals {
			var want []string
			for _, r := range requests {
				for _, s := range r.Spans {
					if isCall(&s) && s.Duration() > 0 && s.Start < spike.End && s.End > spike.Start {
						want = append(want, s.UUID)
					}
				}
			}
			slices.Sort(want)
			require.Equal(t, want, spike.ActiveUUIDs)
		}
	})
}

func TestPrefixesAgreeWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abé€")), 0, 6, -1), 1, 12).Draw(t, "texts")
		count := func(prefix string) (n int, goOn map[string]bool) {
			goOn = map[string]bool{}
			for _, text := range texts {
				if rest, ok := strings.CutPrefix(text, prefix); ok {
					n++
					next := []rune(rest)
					goOn[string(next[:min(1, len(next))])] = true
				}
			}
			return n, goOn
		}
		want := map[string][2]int{}
		for _, text := range texts {
			for i := range []rune(text) {
				prefix := string([]rune(text)[:i+1])
				if n, goOn := count(prefix); len(goOn) > 1 || goOn[""] {
					want[prefix] = [2]int{n, len(goOn)}
				}
			}
		}
		got := map[string][2]int{}
		nodes := sharedPrefixes(texts)
		for _, n := range nodes {
			got[n.prefix] = [2]int{n.count, n.branches}
			if n.parent >= 0 {
				require.True(t, strings.HasPrefix(n.prefix, nodes[n.parent].prefix))
			}
		}
		require.Equal(t, want, got)
	})
}

func TestBlocksAgreeWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,12}`), 0, 10).Draw(t, "texts")
		m := measure{bytesPerToken: 0.25} // blocks of 4 bytes
		seen := map[string]bool{}
		hits, size := 0, 0
		for _, text := range texts {
			size += len(text)
			for end := 4; end <= len(text); end += 4 {
				if seen[text[:end]] {
					hits++
				}
				seen[text[:end]] = true
			}
		}
		b := m.blocks(texts)
		require.Equal(t, float64(hits*BlockTokens), b.CachedTokens)
		require.Equal(t, float64(size)*4, b.PromptTokens)
	})
}

func TestPatternsAgreeWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sequences := rapid.SliceOfN(rapid.SliceOfN(rapid.Int32Range(0, 2), 0, 6), 1, 5).Draw(t, "sequences")
		m := miner{tokens: 3, gaps: rapid.Bool().Draw(t, "gaps"), minSupport: rapid.IntRange(1, 3).Draw(t, "support"), top: math.MaxInt, budget: math.MaxInt}
		for i, tokens := range sequences {
			m.sequences = append(m.sequences, sequence{request: i, tokens: tokens, durations: make([]float64, len(tokens))})
		}
		got := map[string]int{}
		for _, p := range m.mine() {
			require.NotContains(t, got, key(p.list()))
			got[key(p.list())] = p.support
		}
		require.Equal(t, closedPatterns(sequences, m.gaps, m.minSupport), got)
	})
}

func key(tokens []int32) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('a' + byte(t))
	}
	return b.String()
}

// closedPatterns tries all patterns.
func closedPatterns(sequences [][]int32, gaps bool, minSupport int) map[string]int {
	supports := map[string]int{}
	patterns := map[string][]int32{}
	var try func(pattern []int32)
	try = func(pattern []int32) {
		n := 0
		for _, s := range sequences {
			if containsPattern(s, pattern, gaps) {
				n++
			}
		}
		if n < minSupport {
			return
		}
		supports[key(pattern)], patterns[key(pattern)] = n, pattern
		for token := range int32(3) {
			try(append(slices.Clone(pattern), token))
		}
	}
	for token := range int32(3) {
		try([]int32{token})
	}
	closed := map[string]int{}
	for k, n := range supports {
		isClosed := true
		for other, m := range supports {
			if m == n && len(other) > len(k) && containsPattern(patterns[other], patterns[k], gaps) {
				isClosed = false
			}
		}
		if isClosed {
			closed[k] = n
		}
	}
	return closed
}

func TestTheMostFrequentPatternsComeFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := resolveAll(drawTraces(t))
		o := PatternOptions{MinSupport: 1, TopK: math.MaxInt, Contiguous: rapid.Bool().Draw(t, "contiguous"), MaxTextLen: 3}
		all, err := FindPatterns(requests, o)
		require.NoError(t, err)
		o.TopK = rapid.IntRange(1, 5).Draw(t, "top")
		top, err := FindPatterns(requests, o)
		require.NoError(t, err)
		require.Equal(t, first(o.TopK, all.Patterns), top.Patterns)
	})
}

func TestNOVAColumnsAgreeWithTheirDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawTraces(t)[0].Rows()
		columns := NOVAColumns(rows)
		for i, r := range rows {
			started, ahead, next, last, end := 0, 0, math.Inf(1), math.Inf(-1), math.Inf(-1)
			for _, o := range rows {
				end = max(end, o.EventTimestamp)
				if o.EventType != LLMStart || o.FunctionName != r.FunctionName {
					continue
				}
				if started++; o.EventTimestamp > r.EventTimestamp {
					ahead++
					next, last = min(next, o.EventTimestamp), max(last, o.EventTimestamp)
				}
			}
			want := NOVA{r.FunctionName, ahead, -1, -1, columns[i].PredictedOSL, (end - r.EventTimestamp) * 1000}
			if ahead > 0 {
				want.TimeToNextEvent, want.TimeToEventEnd = (next-r.EventTimestamp)*1000, (last-r.EventTimestamp)*1000
			}
			if started == 0 {
				want.RequestsRemaining = -1
			}
			require.Equal(t, want, columns[i])
		}
	})
}
