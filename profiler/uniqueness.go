package profiler

import (
	"slices"
	"unicode"

	"github.com/llmeter-go/llmeter/stats"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// UniquenessMetrics says how much of a prompt is new against the prompt before it to the same model in the same request. The
// percentiles of NAT count words that the one before does not have anywhere, without regard to order and number.
type UniquenessMetrics struct {
	P90       float64        `json:"p90"`
	P95       float64        `json:"p95"`
	P99       float64        `json:"p99"`
	NewTokens NewTokenCounts `json:"new_tokens"`
}

// NewTokenCounts counts the tokens of a prompt behind what it has in common with the beginning of the one before: those that a
// server with a cache has to read.
type NewTokenCounts struct {
	N      int     `json:"n"`      // pairs of prompts
	Method string  `json:"method"` // how tokens were counted
	P50    float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	Share  float64 `json:"share"` // of all tokens of these prompts
}

// TokenUniqueness compares the prompts of each request with the ones before, by model. Models with one prompt in each request are
// left out. A nil tokenizer is an estimate.
func TokenUniqueness(requests []*Request, t tokenizer.Tokenizer) map[string]UniquenessMetrics {
	type counts struct{ words, tokens stats.Sample }
	found := map[string]*counts{}
	measures := map[string]measure{}
	totals := map[string]float64{}
	for name, calls := range promptsByLLM(requests) {
		measures[name] = measureOf(calls, t)
	}
	for _, r := range requests {
		for name, calls := range promptsByLLM([]*Request{r}) {
			m := measures[name]
			words := wordSet(calls[0].Input)
			for i := 1; i < len(calls); i++ {
				if found[name] == nil {
					found[name] = new(counts)
				}
				before, now := calls[i-1].Input, calls[i].Input
				old := words
				words = wordSet(now)
				found[name].words.Add(float64(newWords(old, words)))
				found[name].tokens.Add(m.count(now[commonPrefix(before, now):]))
				totals[name] += m.count(now)
			}
		}
	}
	metrics := map[string]UniquenessMetrics{}
	for name, c := range found {
		fresh := NewTokenCounts{
			N: int(c.tokens.N()), Method: measures[name].method, P50: c.tokens.Quantile(0.50), P90: c.tokens.Quantile(0.90),
			P95: c.tokens.Quantile(0.95), P99: c.tokens.Quantile(0.99),
		}
		if totals[name] > 0 {
			fresh.Share = c.tokens.Sum() / totals[name]
		}
		metrics[name] = UniquenessMetrics{c.words.Quantile(0.90), c.words.Quantile(0.95), c.words.Quantile(0.99), fresh}
	}
	return metrics
}

// newWords counts the words that are not among the old ones. Both are sorted.
func newWords(old, words []uint64) int {
	n := 0
	for _, w := range words {
		for len(old) > 0 && old[0] < w {
			old = old[1:]
		}
		if len(old) == 0 || old[0] != w {
			n++
		}
	}
	return n
}

// wordSet hashes the distinct words of a text in lower case, sorted. A word is a run of letters, digits and underscores, as \w is in
// Python.
func wordSet(text string) []uint64 {
	var words []uint64
	h, in := uint64(offset64), false
	for _, c := range text {
		if c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c) {
			h, in = (h^uint64(unicode.ToLower(c)))*prime64, true
			continue
		}
		if in {
			words = append(words, h)
		}
		h, in = offset64, false
	}
	if in {
		words = append(words, h)
	}
	slices.Sort(words)
	return slices.Compact(words)
}
