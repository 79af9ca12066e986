package profiler

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func values(e *Estimate) []float64 { // the mean and the percentiles
	list := []float64{*e.Mean}
	for _, p := range e.Percentiles {
		list = append(list, p.Value)
	}
	return list
}

func TestStreamedCallsHaveTheirTimes(t *testing.T) {
	a := llm("a", 0, 5).streaming(1, 1.5, 3).using(5)  // ttft 1, gaps 0.5 and 1.5, 2 s for 4 tokens
	b := llm("b", 10, 14).streaming(13, 13.5).using(2) // ttft 3, gap 0.5, 0.5 s for 1 token
	s := AnalyzeStreaming(requests([]call{a, b, llm("plain", 20, 21).using(7).named("other"), llm("failed", 30, 31).streaming(30.5).failing(500)}))
	require.Equal(t, []string{"m", "other"}, namesOf(s.Models))
	m := s.Models["m"]
	require.Equal(t, []int{2, 2, 5}, []int{m.Tokens.Calls, m.Streamed, m.Pieces})
	require.Equal(t, 7.0/5, *m.TokensPerPiece)
	require.Equal(t, []float64{2, 2}, values(m.TTFT)[:2])
	require.Equal(t, []float64{2.5 / 3, 0.5}, values(m.ITL)[:2])
	require.Equal(t, []float64{0.5, 0.5}, values(m.TPOT)[:2])
	require.Equal(t, []float64{2, 2}, values(m.DecodeSpeed)[:2])
	require.Equal(t, 2, m.TTFT.N)
	require.Equal(t, 3, m.ITL.N)
	require.Equal(t, TokenTotals{Calls: 3, PromptTokens: 28, CompletionTokens: 14, TotalTokens: 42, CachedShare: new(float64), ReasoningShare: new(float64)}, s.All.Tokens)
	require.Nil(t, s.Models["other"].TTFT)
	require.Nil(t, s.Models["other"].ITL)
	require.Nil(t, s.Models["other"].TokensPerPiece)
}

func TestCachedAndReasoningTokensAreShares(t *testing.T) {
	r := request(llm("a", 0, 1), llm("b", 2, 3))
	r.Spans[0].Tokens = TokenUsage{PromptTokens: 100, CompletionTokens: 40, CachedTokens: 60, ReasoningTokens: 10, TotalTokens: 140}
	all := AnalyzeStreaming([]*Request{r}).All.Tokens
	require.Equal(t, []float64{0.6, 0.25}, []float64{*all.CachedShare, *all.ReasoningShare})
	require.Nil(t, AnalyzeStreaming(requests([]call{tool("t", 0, 1)})).All.Tokens.CachedShare)
}

func TestEmptyPiecesAreNoTokens(t *testing.T) {
	steps := llm("a", 0, 5).streaming(1, 2, 3).steps()
	steps[1].Payload.Data.Chunk = json.RawMessage(`""`)
	require.Equal(t, []float64{2, 3}, Resolve(&Trace{Steps: steps}).Spans[0].Chunks)
	steps[2].Payload.Data.Chunk, steps[3].Payload.Data = json.RawMessage(`""`), nil
	require.Equal(t, []float64{3}, Resolve(&Trace{Steps: steps}).Spans[0].Chunks, "a piece without a text is one")
	steps[3].Payload.Data = &StreamEventData{Chunk: json.RawMessage(`""`)}
	require.Equal(t, []float64{1, 2, 3}, Resolve(&Trace{Steps: steps}).Spans[0].Chunks, "if all are empty, all count")
}

func TestPiecesBelongToTheCallThatRan(t *testing.T) {
	first, second := llm("a", 0, 5).streaming(1, 4), llm("a", 10, 15).streaming(11, 14)
	r := request(second, first, tool("b", 0, 1), llm("c", 0, 20).streaming(3))
	chunks := map[float64][]float64{}
	for _, s := range r.Spans {
		if s.UUID == "a" {
			chunks[s.Start] = s.Chunks
		}
	}
	require.Equal(t, map[float64][]float64{0: {1, 4}, 10: {11, 14}}, chunks)
	require.Empty(t, request(tool("b", 0, 1).streaming(0.5)).Spans[0].Chunks)
}

func TestEveryPieceBelongsToOneCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, trace := range drawTraces(t) {
			var want, got []float64
			for _, s := range trace.Steps {
				if s.Payload.EventType == LLMNewToken {
					want = append(want, s.Payload.EventTimestamp)
				}
			}
			for _, s := range Resolve(trace).Spans {
				got = append(got, s.Chunks...)
				require.True(t, len(s.Chunks) == 0 || s.Category == LLM)
			}
			require.ElementsMatch(t, want, got)
		}
	})
}

// Gaps of one answer are alike: ten answers of fifty equal gaps each tell of the next answer what ten values would.
func TestGapsOfOneAnswerAreNotTakenForIndependent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var alike, mixed []call
	for i := range 40 {
		at := float64(1000 * i)
		gap := math.Exp(random.NormFloat64())
		a, b := []float64{at}, []float64{at}
		for range 50 {
			a, b = append(a, a[len(a)-1]+gap), append(b, b[len(b)-1]+math.Exp(random.NormFloat64()))
		}
		alike, mixed = append(alike, llm(string(rune('A'+i)), at, at+900).streaming(a...)), append(mixed, llm(string(rune('A'+i)), at, at+900).streaming(b...))
	}
	width := func(calls []call) (mean, median float64) {
		e := AnalyzeStreaming(requests(calls)).All.ITL
		require.Equal(t, 2000, e.N)
		return e.NinetyFifth[1] - e.NinetyFifth[0], e.Percentiles[0].Interval[1] - e.Percentiles[0].Interval[0]
	}
	alikeMean, alikeMedian := width(alike)
	mixedMean, mixedMedian := width(mixed)
	require.Greater(t, alikeMean, 4*mixedMean)
	require.Greater(t, alikeMedian, 3*mixedMedian)
}
