package tokenizer_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// pythonSpaces are all characters at which Python 3.11 parts "a" + c + "b" by str.split.
const pythonSpaces = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
	"\u2028\u2029\u202f\u205f\u3000"

func TestWordsArePartedWherePythonPartsThem(t *testing.T) {
	var w tokenizer.Words
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		want := 1
		if strings.ContainsRune(pythonSpaces, r) {
			want = 2
		}
		require.Equal(t, want, w.Count("a"+string(r)+"b"), "%U", r)
	}
}

func TestWordsDecodeToTheTextWithUniformSpace(t *testing.T) {
	var w tokenizer.Words
	tokens := w.Encode("  the cat\u00a0the\n\nmat\xff ")
	require.Equal(t, []int{0, 1, 0, 2}, tokens)
	require.Equal(t, "the cat the mat\xff", w.Decode(tokens))
	require.Equal(t, "cat", w.Decode([]int{-1, 1, 3}), "numbers that were not given out are left out")
	require.Empty(t, w.Encode(" \t"))
	require.Empty(t, w.Decode(nil))
}

func TestWordsCutToAnyLengthCountExactlyThat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w tokenizer.Words
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\u00e9\u6f22 \u00a0\n\x1f")), 0, 200, -1).Draw(t, "text")
		tokens := w.Encode(text)
		require.Len(t, tokens, w.Count(text))
		length := rapid.IntRange(0, len(tokens)).Draw(t, "length")
		cut := w.Decode(tokens[:length])
		require.Equal(t, length, w.Count(cut))
		require.True(t, slices.Equal(tokens[:length], w.Encode(cut)))
	})
}

func TestWordsOfOneValueMayBeUsedByManyGoroutines(t *testing.T) {
	var w tokenizer.Words
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, text := range []string{"a b c", "c d a", "e a b"} {
				require.Equal(t, text, w.Decode(w.Encode(text)))
			}
		})
	}
	group.Wait()
	require.Equal(t, 5, len(strings.Fields(w.Decode([]int{0, 1, 2, 3, 4, 5}))), "each word has one number")
}

func TestCountingWordsAllocatesNothing(t *testing.T) {
	var w tokenizer.Words
	text := strings.Repeat("some words with\u00a0white space, caf\u00e9 \u6f22\u5b57\n", 50)
	require.Zero(t, testing.AllocsPerRun(10, func() { w.Count(text) }))
}

func BenchmarkWordsCount(b *testing.B) {
	text := strings.Repeat("some words with\u00a0white space, caf\u00e9 \u6f22\u5b57\n", 50)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var w tokenizer.Words
	for b.Loop() {
		w.Count(text)
	}
}

func BenchmarkWordsEncode(b *testing.B) {
	text := strings.Repeat("some words with\u00a0white space, caf\u00e9 \u6f22\u5b57\n", 50)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var w tokenizer.Words
	for b.Loop() {
		w.Encode(text)
	}
}
