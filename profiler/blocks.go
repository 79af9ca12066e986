package profiler

import "math"

// blocks counts the tokens of prompts that stand in blocks which another prompt has, too. The order of the prompts does not
// matter: of all prompts with the same beginning up to the end of a block, all but one find it in the cache.
func (m measure) blocks(texts []string) TokenBlocks {
	b := TokenBlocks{BlockTokens: BlockTokens, Method: m.method}
	seen := map[uint64]struct{}{}
	hits := 0
	visit := func(h uint64) {
		if _, ok := seen[h]; ok {
			hits++
		}
		seen[h] = struct{}{}
	}
	for _, text := range texts {
		b.PromptTokens += m.visitBlocks(text, visit)
	}
	b.CachedTokens = float64(hits * BlockTokens)
	if b.PromptTokens > 0 {
		b.Share = b.CachedTokens / b.PromptTokens
	}
	return b
}

// visitBlocks visits a hash of the text up to the end of each whole block, and returns the number of its tokens.
func (m measure) visitBlocks(text string, visit func(uint64)) (tokens float64) {
	h := uint64(offset64)
	if m.tokenizer == nil {
		size := int(math.Round(BlockTokens * m.bytesPerToken))
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * prime64
			if (i+1)%size == 0 {
				visit(h)
			}
		}
		return float64(len(text)) / m.bytesPerToken
	}
	ids := m.tokenizer.Encode(text)
	for i, id := range ids {
		h = (h ^ uint64(id)) * prime64
		h ^= h >> 32 // tokens differ in few bits
		if (i+1)%BlockTokens == 0 {
			visit(h)
		}
	}
	return float64(len(ids))
}

// The constants of FNV-1a.
const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)
