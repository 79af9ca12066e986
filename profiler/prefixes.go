package profiler

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// A shared is a prefix of texts at which they part, or at which one of them ends: a node of their radix tree.
type shared struct {
	prefix   string
	parent   int32 // the longest other one that is a prefix of this one; -1 for none
	count    int   // texts that have it
	branches int   // ways in which they go on, the end among them
}

// sharedPrefixes are the nodes of the radix tree of texts, without the empty prefix. They take n log n comparisons, because in the
// sorted texts each node is a stretch of neighbours (Abouelhoda, Kurtz and Ohlebusch, 2004).
func sharedPrefixes(texts []string) []shared {
	sorted := slices.Clone(texts)
	slices.Sort(sorted)
	var t radix
	for i, text := range sorted {
		if i > 0 {
			t.closeTo(commonPrefix(sorted[i-1], text))
		}
		if len(text) == 0 {
			continue
		}
		if t.depth() < len(text) {
			t.push(shared{prefix: text, parent: -1, branches: 1})
		}
		t.nodes[t.open[len(t.open)-1]].count++
	}
	t.closeTo(0)
	return t.nodes
}

// A radix is a radix tree that grows by sorted texts.
type radix struct {
	nodes []shared
	open  []int32 // the nodes that are prefixes of the last text, the shortest first
}

func (t *radix) push(n shared) {
	t.open = append(t.open, int32(len(t.nodes)))
	t.nodes = append(t.nodes, n)
}

// depth is the length of the longest open prefix.
func (t *radix) depth() int {
	if len(t.open) == 0 {
		return 0
	}
	return len(t.nodes[t.open[len(t.open)-1]].prefix)
}

// closeTo closes the prefixes that are longer than what the next text has in common with the last.
func (t *radix) closeTo(length int) {
	for t.depth() > length {
		i := t.open[len(t.open)-1]
		t.open = t.open[:len(t.open)-1]
		if t.depth() < length {
			t.push(shared{prefix: t.nodes[i].prefix[:length], parent: -1})
		}
		if len(t.open) > 0 {
			p := t.open[len(t.open)-1]
			t.nodes[i].parent = p
			t.nodes[p].count += t.nodes[i].count
			t.nodes[p].branches++
		}
	}
}

// CommonPrefixes is what the prompts to one model have in common.
type CommonPrefixes struct {
	TotalCalls int          `json:"total_calls"`
	PrefixInfo []PrefixInfo `json:"prefix_info"` // the longest first, then the most frequent
	Omitted    int          `json:"omitted,omitempty"`
	Blocks     TokenBlocks  `json:"token_blocks"`
}

// PrefixInfo is a prefix of prompts: one after which they part, or a whole prompt.
type PrefixInfo struct {
	Prefix          string  `json:"prefix"`
	PrefixLength    int     `json:"prefix_length"` // in characters
	CallsCount      int     `json:"calls_count"`
	CallsPercentage float64 `json:"calls_percentage"` // CallsCount as a share of all calls of the model, in 0 … 1
	Branches        int     `json:"branches"`         // ways in which the prompts go on, the end among them
	Tokens          float64 `json:"tokens"`           // of the prefix, measured as TokenBlocks.Method says
	Blocks          int     `json:"blocks"`           // whole blocks that it fills
}

// TokenBlocks says what a cache of token blocks without limit could save. A block can be reused by a prompt that is equal up to
// the end of the block.
type TokenBlocks struct {
	BlockTokens  int     `json:"block_tokens"`
	Method       string  `json:"method"` // how tokens were counted
	PromptTokens float64 `json:"prompt_tokens"`
	CachedTokens float64 `json:"cached_tokens"` // of the prompts, that stand in a block which another prompt had before
	Share        float64 `json:"share"`         // CachedTokens as a share of PromptTokens; 0 without any
}

// maxPrefixes bounds how many prefixes of a model are listed.
const maxPrefixes = 1000

// FindCommonPrefixes finds, for each model, the prefixes that at least the given share of its prompts have, and at least two of
// them unless there is one alone. If there are more than 1,000, those that save most are listed. A nil tokenizer is an estimate.
func FindCommonPrefixes(requests []*Request, minFrequency float64, t tokenizer.Tokenizer) map[string]CommonPrefixes {
	found := map[string]CommonPrefixes{}
	for name, calls := range promptsByLLM(requests) {
		texts := make([]string, len(calls))
		for i, s := range calls {
			texts[i] = s.Input
		}
		m := measureOf(calls, t)
		nodes := slices.DeleteFunc(sharedPrefixes(texts), func(n shared) bool {
			return n.count < min(2, len(texts)) || float64(n.count) < minFrequency*float64(len(texts))
		})
		c := CommonPrefixes{TotalCalls: len(texts), PrefixInfo: []PrefixInfo{}, Blocks: m.blocks(texts)}
		if c.Omitted = max(0, len(nodes)-maxPrefixes); c.Omitted > 0 {
			slices.SortFunc(nodes, func(a, b shared) int {
				return cmp.Or(cmp.Compare(b.saves(), a.saves()), strings.Compare(a.prefix, b.prefix))
			})
			nodes = nodes[:maxPrefixes]
		}
		for _, n := range nodes {
			c.PrefixInfo = append(c.PrefixInfo, m.info(n, len(texts)))
		}
		slices.SortFunc(c.PrefixInfo, func(a, b PrefixInfo) int {
			return cmp.Or(cmp.Compare(b.PrefixLength, a.PrefixLength), cmp.Compare(b.CallsCount, a.CallsCount), strings.Compare(a.Prefix, b.Prefix))
		})
		found[name] = c
	}
	return found
}

// saves is how many bytes of prompts need not be read again.
func (n shared) saves() int { return (n.count - 1) * len(n.prefix) }

func (m measure) info(n shared, calls int) PrefixInfo {
	tokens := m.count(n.prefix)
	return PrefixInfo{
		Prefix: n.prefix, PrefixLength: utf8.RuneCountInString(n.prefix), CallsCount: n.count,
		CallsPercentage: float64(n.count) / float64(calls), Branches: n.branches, Tokens: tokens, Blocks: int(tokens / BlockTokens),
	}
}
