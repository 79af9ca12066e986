package tiktoken

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dlclark/regexp2"
	oracle "github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The oracle is an independent implementation that matches the encodings' regular expressions with a general engine and looks
// through all pairs before each merge. The pieces are compared apart: tokens alone would hide a border in the wrong place
// wherever no token crosses it.

// patterns are the regular expressions of the encodings, as OpenAI published them.
var patterns = map[string]string{
	"o200k_base": `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
	"cl100k_base": `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
	"p50k_base":   `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
	"r50k_base":   `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
}

var engines = sync.OnceValue(func() map[string]*regexp2.Regexp {
	all := make(map[string]*regexp2.Regexp)
	for name, pattern := range patterns {
		all[name] = regexp2.MustCompile(pattern, regexp2.None)
	}
	return all
})

var oracles = sync.OnceValue(func() map[string]*oracle.Tiktoken {
	all := make(map[string]*oracle.Tiktoken)
	for name, pattern := range patterns {
		ranks, err := loader.NewOfflineLoader().LoadTiktokenBpe(name + ".tiktoken")
		if err != nil {
			panic(err)
		}
		all[name] = newOracle(ranks, pattern)
	}
	return all
})

func newOracle(ranks map[string]int, pattern string) *oracle.Tiktoken {
	bpe, err := oracle.NewCoreBPE(ranks, map[string]int{"<|endoftext|>": 1 << 30}, pattern)
	if err != nil {
		panic(err)
	}
	return oracle.NewTiktoken(bpe, nil, nil)
}

// requireOracle checks that a text has the oracle's pieces and tokens in every encoding. The oracle replaces bytes that are not valid
// UTF-8, and does not know that the long s is an s.
func requireOracle(t require.TestingT, text string) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\u017f", "s")
	for name, want := range oracles() {
		e, err := New(name)
		require.NoError(t, err)
		rest := text
		m, err := engines()[name].FindStringMatch(text)
		for ; m != nil; m, err = engines()[name].FindNextMatch(m) {
			require.NotEmpty(t, rest, "%s %q", name, text)
			n := e.split(rest)
			require.Equal(t, m.String(), rest[:n], "%s %q", name, text)
			rest = rest[n:]
		}
		require.NoError(t, err)
		require.Empty(t, rest, "%s %q", name, text)
		require.Equal(t, want.EncodeOrdinary(text), append([]int{}, e.Encode(text)...), "%s %q", name, text)
	}
}

// bits are strings that meet the borders of the patterns' sets.
var bits = []string{
	"a", "B", "s", "'", "ll", "ve", "S", "re", "D", " ", "  ", "\n", "\r", "\r\n", "\t", "1", "23", "/", ".", "!", "\u00e9", "\u0301",
	"\u6f22", "\u01c5", "\u02b0", "\u03a9", "\U0001f600", "\u00a0", "\u0663", "\u2167", "<|endoftext|>", "\u00c9", "xyz", "\u2028", "\u200d", "the ",
}

func TestTokensOfAnyMixtureAreTheOracles(t *testing.T) {
	mixture := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(bits), 0, 40), func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		requireOracle(t, rapid.OneOf(mixture, rapid.String()).Draw(t, "text"))
	})
}

func TestTokensOfLongRunsAreTheOracles(t *testing.T) {
	for _, b := range bits {
		requireOracle(t, strings.Repeat(b, 300/len(b)))
	}
	rapid.Check(t, func(t *rapid.T) {
		requireOracle(t, rapid.StringOfN(rapid.RuneFrom([]rune("abcdeEST\u00e9\u6f22")), 200, 400, -1).Draw(t, "run"))
	})
}

// The engine of OpenAI's library folds the long s as Unicode says; the oracle's does not.
func TestLongSIsAnSAfterAnApostrophe(t *testing.T) {
	require.Equal(t, len("'\u017f"), splitCL100K("'\u017fabc"))
	require.Equal(t, len("it'\u017f"), splitO200K("it'\u017fabc"))
	require.Equal(t, len("'"), splitGPT2("'\u017fabc"), "where case counts it is a letter")
}

// A vocabulary of chance, dense in short strings of few letters, has ties and pairs that vanish at almost every merge.
func TestMergingIsTheOraclesForAnyVocabulary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 2, 6, -1)
		words := append([]string{"a", "b", "c"}, rapid.SliceOfNDistinct(word, 0, 60, rapid.ID).Draw(t, "words")...)
		order := rapid.Permutation(words).Draw(t, "order")
		v := &vocabulary{ranks: make(map[string]uint32)}
		ranks := make(map[string]int)
		for rank, w := range order {
			v.ranks[w], ranks[w] = uint32(rank), rank
			v.longest = max(v.longest, len(w))
		}
		text := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 1, 80, -1).Draw(t, "text")
		require.Equal(t, newOracle(ranks, `.+`).EncodeOrdinary(text), v.encode(nil, text, new(merger)))
	})
}

func TestEveryByteIsAToken(t *testing.T) {
	for _, e := range encodings {
		v := e.ranks()
		for b := range 256 {
			_, ok := v.ranks[string([]byte{byte(b)})]
			require.True(t, ok, "%s %d", e.name, b)
		}
		require.Less(t, len(v.tokens)-1, 1<<(64-placeBits))
		require.LessOrEqual(t, len(v.tokens)-1, e.max)
	}
}

func FuzzTokensAreTheOracles(f *testing.F) {
	for _, seed := range append(bits, strings.Join(bits, ""), strings.Join(bits, " "), "\u0301ABC'S", " \u0301ABc", "AB\u02b0C'll", "a \n \n b\r", "!\n/\r/x") {
		f.Add(seed)
	}
	requireOracle(f, "built before the first input, whose time is limited")
	f.Fuzz(func(t *testing.T, text string) { requireOracle(t, text) })
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parse("o200k_base", rankFile("o200k_base"))
	}
}

func BenchmarkCount(b *testing.B) {
	prose := strings.Repeat("The quick brown fox doesn't jump over 12 lazy dogs; caf\u00e9s do: \u201cnever\u201d!\n", 100)
	texts := map[string]string{
		"prose":   prose,
		"chinese": strings.Repeat("\u6211\u4eec\u5efa\u7acb\u4e00\u4e2a\u6d4b\u91cf\u5927\u8bed\u8a00\u6a21\u578b\u7684\u5de5\u5177\uff0c\u7528\u6765\u6d4b\u8bd5\u3002", 100),
	}
	for _, size := range []int{100, 10_000, 1_000_000} {
		texts[fmt.Sprintf("run=%d", size)] = strings.Repeat("abcdefghij", size/10)
	}
	e, err := New("o200k_base")
	require.NoError(b, err)
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				e.Count(text)
			}
		})
	}
	b.Run("oracle/prose", func(b *testing.B) {
		want := oracles()["o200k_base"]
		b.SetBytes(int64(len(prose)))
		b.ReportAllocs()
		for b.Loop() {
			want.EncodeOrdinary(prose)
		}
	})
}
