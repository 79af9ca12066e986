package prompt

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/tokenizer"
	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

// chat makes the payloads of a chat endpoint.
type chat struct{}

func (chat) CreatePayload(maxTokens int, parts ...endpoint.Part) (endpoint.Payload, error) {
	if len(parts) != 1 || parts[0] == endpoint.Text("") {
		return endpoint.Payload{}, errors.New("one text, please")
	}
	return endpoint.JSON(map[string]any{
		"messages":   []map[string]any{{"role": "user", "content": parts[0]}},
		"max_tokens": maxTokens,
	}), nil
}

// encodings are real tokenizers.
func encodings(t testing.TB) map[string]tokenizer.Tokenizer {
	t.Helper()
	all := map[string]tokenizer.Tokenizer{"words": new(tokenizer.Words)}
	for _, name := range []string{"o200k_base", "cl100k_base"} {
		e, err := tiktoken.New(name)
		require.NoError(t, err)
		all[name] = e
	}
	return all
}

func TestEveryCombinationStandsExactlyAsOftenAsAsked(t *testing.T) {
	c := Collection{InputLengths: []int{1, 2, 50}, OutputLengths: []int{7, 9}, RequestsPerCombination: 5, Seed: 3}
	samples, err := c.Samples()
	require.NoError(t, err)
	require.Len(t, samples, 30)
	count := map[[2]int]int{}
	for _, s := range samples {
		count[[2]int{s.InputLength, s.OutputLength}]++
		require.Equal(t, s.InputLength, new(tokenizer.Words).Count(s.Text))
	}
	require.Equal(t, map[[2]int]int{{1, 7}: 5, {1, 9}: 5, {2, 7}: 5, {2, 9}: 5, {50, 7}: 5, {50, 9}: 5}, count)
}

func TestSameSeedGivesSameSamples(t *testing.T) {
	c := Collection{InputLengths: []int{10, 20}, OutputLengths: []int{5, 6}, RequestsPerCombination: 10, UniquePrefix: true, Seed: 1}
	first, err := c.Samples()
	require.NoError(t, err)
	again, err := c.Samples()
	require.NoError(t, err)
	require.Equal(t, first, again)

	c.Seed = 2
	other, err := c.Samples()
	require.NoError(t, err)
	texts := map[string]bool{}
	for _, s := range append(first, other...) {
		texts[s.Text] = true
	}
	require.Len(t, texts, 80, "another seed gives other texts")
}

func TestSamplesAreShuffled(t *testing.T) {
	c := Collection{InputLengths: []int{1, 2}, OutputLengths: []int{1}, RequestsPerCombination: 50}
	samples, err := c.Samples()
	require.NoError(t, err)
	turns := 0
	for i := range samples[1:] {
		if samples[i].InputLength != samples[i+1].InputLength {
			turns++
		}
	}
	require.Greater(t, turns, 25) // 50 on average, 1 if unshuffled
}

func TestSamplesArePiecesOfTheSource(t *testing.T) {
	source, err := os.ReadFile("testdata/llmeter/source.txt")
	require.NoError(t, err)
	// A piece may go round the source once, so every piece is in its text written twice.
	twice := string(source) + string(source)
	c := Collection{InputLengths: []int{2, 5, 10}, OutputLengths: []int{7}, RequestsPerCombination: 40, SourceFile: "testdata/llmeter/source.txt"}
	samples, err := c.Samples()
	require.NoError(t, err)
	distinct := map[string]bool{}
	for _, s := range samples {
		require.Contains(t, twice, s.Text)
		require.Len(t, strings.Fields(s.Text), s.InputLength)
		for _, word := range strings.Fields(s.Text) {
			require.Contains(t, strings.Fields(twice), word, "words are whole")
		}
		distinct[s.Text] = true
	}
	require.Greater(t, len(distinct), 20, "they begin at many places")
}

func TestCombinationsAreThoseOfLLMeter(t *testing.T) {
	type combination struct{ words, out int }
	want, got := map[combination]int{}, map[combination]int{}
	for _, item := range loadExpected(t).Items.Sorted { // its third length, 50, is cut short to 10 without a word
		want[combination{len(strings.Fields(item[0].(string))), int(item[1].(float64))}]++
	}
	samples, err := Collection{
		InputLengths: []int{2, 5, 10}, OutputLengths: []int{7, 9}, RequestsPerCombination: 2, SourceFile: "testdata/llmeter/source.txt",
	}.Samples()
	require.NoError(t, err)
	for _, s := range samples {
		got[combination{len(strings.Fields(s.Text)), s.OutputLength}]++
	}
	require.Equal(t, want, got)
}

func TestSourceTooShortIsAnErrorForEachLength(t *testing.T) {
	c := Collection{InputLengths: []int{10, 11, 50}, OutputLengths: []int{7}, SourceFile: "testdata/llmeter/source.txt"}
	_, err := c.Samples()
	require.EqualError(t, err, "input length 11: the source has only 10 tokens\ninput length 50: the source has only 10 tokens")

	c.Loop = true
	samples, err := c.Samples()
	require.NoError(t, err)
	for _, s := range samples {
		require.Equal(t, s.InputLength, new(tokenizer.Words).Count(s.Text))
	}
}

func TestUniquePrefixesShareNothing(t *testing.T) {
	for name, tok := range encodings(t) {
		c := Collection{
			InputLengths: []int{3, 4, 40}, OutputLengths: []int{1}, RequestsPerCombination: 30,
			Source: "always the same words in the same order", Loop: true, UniquePrefix: true, Tokenizer: tok,
		}
		samples, err := c.Samples()
		require.NoError(t, err, name)
		prefixes := map[string]bool{}
		for _, s := range samples {
			require.Equal(t, s.InputLength, tok.Count(s.Text))
			prefixes[strings.Join(strings.Fields(s.Text)[:prefixWords], " ")] = true
		}
		require.Len(t, prefixes, 90)
	}
}

func TestPrefixesThatRunOutAreAnError(t *testing.T) {
	c := Collection{InputLengths: []int{1}, OutputLengths: []int{1}, RequestsPerCombination: 2000, UniquePrefix: true}
	_, err := c.Samples()
	require.EqualError(t, err, "input length 1: no prefix of its own found in 32 attempts")
}

func TestAllProblemsOfACollectionAreReported(t *testing.T) {
	_, err := Collection{
		InputLengths: []int{0, 5, -1}, RequestsPerCombination: -2, Source: "a", SourceFile: "b",
	}.Samples()
	require.EqualError(t, err, strings.Join([]string{
		"InputLengths: 0 is not a length, which is at least 1",
		"InputLengths: -1 is not a length, which is at least 1",
		"OutputLengths: at least one is required",
		"RequestsPerCombination: -2 is negative",
		"only one of Source and SourceFile can be the source",
	}, "\n"))

	for source, want := range map[string]string{" \n": "the source text is empty", "\xff": "not valid UTF-8"} {
		_, err = Collection{InputLengths: []int{1}, OutputLengths: []int{1}, Source: source}.Samples()
		require.EqualError(t, err, want)
	}
	_, err = Collection{InputLengths: []int{1}, OutputLengths: []int{1}, SourceFile: t.TempDir() + "/no.txt"}.Samples()
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPayloadsCarryTextLengthsAndLabels(t *testing.T) {
	c := Collection{InputLengths: []int{3, 4}, OutputLengths: []int{11, 12}, Seed: 9}
	samples, err := c.Samples()
	require.NoError(t, err)
	payloads, err := c.Payloads(chat{})
	require.NoError(t, err)
	require.Len(t, payloads, 4)
	for i, p := range payloads {
		text, _ := p.Get("messages", "0", "content")
		require.Equal(t, samples[i].Text, text)
		limit, _ := p.Get("max_tokens")
		require.Equal(t, strconv.Itoa(samples[i].OutputLength), fmt.Sprint(limit))
		require.Equal(t, map[string]string{
			LabelInputLength: strconv.Itoa(samples[i].InputLength), LabelOutputLength: strconv.Itoa(samples[i].OutputLength),
		}, p.Labels)
	}
	_, err = Sample{}.Payload(chat{})
	require.EqualError(t, err, "one text, please")
}

// mixed has what makes tokens hard to cut: scripts without spaces, characters of several tokens, code, runs of spaces.
const mixed = `The quick brown fox — "jumps" over 12,345 lazy dogs.
日本語の俳句は五七五の十七音で作られる。古池や蛙飛びこむ水の音。
	for i := range 10 { fmt.Println("🌸🌸👩‍👩‍👧‍👦", i) }    // naïve  café

Ελληνικά, русский язык, العربية, हिन्दी भाषा; internationalization antidisestablishmentarianism
0123456789 aaaaaaaaaaaaaaaaaaaaaaaaaa ---------- https://example.com/a?b=c&d=%20`

func TestLawTextsHaveExactlyTheAskedLength(t *testing.T) {
	all := encodings(t)
	rapid.Check(t, func(t *rapid.T) {
		tok := all[rapid.SampledFrom([]string{"words", "o200k_base", "cl100k_base"}).Draw(t, "tokenizer")]
		c := Collection{
			InputLengths:           rapid.SliceOfN(rapid.IntRange(1, 300), 1, 3).Draw(t, "in"),
			OutputLengths:          rapid.SliceOfN(rapid.IntRange(1, 300), 1, 2).Draw(t, "out"),
			RequestsPerCombination: rapid.IntRange(0, 3).Draw(t, "each"),
			Source:                 rapid.SampledFrom([]string{"", mixed}).Draw(t, "source"),
			Loop:                   true,
			UniquePrefix:           rapid.Bool().Draw(t, "prefix"),
			Tokenizer:              tok,
			Seed:                   rapid.Uint64().Draw(t, "seed"),
		}
		samples, err := c.Samples()
		require.NoError(t, err)
		require.Len(t, samples, len(c.InputLengths)*len(c.OutputLengths)*max(c.RequestsPerCombination, 1))
		for _, s := range samples {
			require.Equal(t, s.InputLength, tok.Count(s.Text), "%q", s.Text)
			require.Len(t, tok.Encode(s.Text), s.InputLength)
			require.True(t, utf8.ValidString(s.Text))
			require.Equal(t, strings.TrimSpace(s.Text), s.Text)
		}
	})
}

func TestLawRandomSourcesGiveExactLengthsOrAnError(t *testing.T) {
	all := encodings(t)
	rapid.Check(t, func(t *rapid.T) {
		tok := all[rapid.SampledFrom([]string{"words", "o200k_base"}).Draw(t, "tokenizer")]
		n := rapid.IntRange(1, 40).Draw(t, "n")
		samples, err := Collection{
			InputLengths: []int{n}, OutputLengths: []int{1}, Tokenizer: tok,
			Source: rapid.StringN(1, 200, -1).Draw(t, "source"), Loop: rapid.Bool().Draw(t, "loop"),
		}.Samples()
		if err == nil {
			require.Equal(t, n, tok.Count(samples[0].Text))
		}
	})
}

func TestSyntheticTextHasExactlyTheAskedLength(t *testing.T) {
	for name, tok := range encodings(t) {
		for _, n := range []int{1, 2, 3, 10, 1000, 20_000} {
			text, err := Synthetic(n, tok, 7)
			require.NoError(t, err, name)
			require.Equal(t, n, tok.Count(text))
			again, err := Synthetic(n, tok, 7)
			require.NoError(t, err)
			require.Equal(t, text, again)
		}
	}
	text, err := Synthetic(4, nil, 1)
	require.NoError(t, err)
	require.Len(t, strings.Fields(text), 4)
	_, err = Synthetic(0, nil, 1)
	require.EqualError(t, err, "synthetic text of 0 tokens: at least 1 is needed")
}

func TestCommonWordsAreOneTokenEach(t *testing.T) {
	seen := map[string]bool{}
	for _, word := range words {
		require.False(t, seen[word], word)
		seen[word] = true
		for name, tok := range encodings(t) {
			require.Equal(t, 1, tok.Count(word), "%s in %s", word, name)
			require.Equal(t, 1, tok.Count(" "+word), "%s in %s", word, name)
		}
	}
}

// pairs has two tokens for each byte, so it has no text of an odd length.
type pairs struct{}

func (pairs) Encode(text string) []int   { return make([]int, 2*len(text)) }
func (pairs) Decode(tokens []int) string { return strings.Repeat("x", len(tokens)/2) }
func (pairs) Count(text string) int      { return 2 * len(text) }

// framed adds a token before each text, as the tokenizers of some models do, and decodes it as text.
type framed struct{ tokenizer.Words }

func (f *framed) Encode(text string) []int { return append([]int{-1}, f.Words.Encode(text)...) }
func (f *framed) Decode(tokens []int) string {
	return "<s>" + f.Words.Decode(tokens)
}
func (f *framed) Count(text string) int { return 1 + f.Words.Count(text) }

// blind sees no tokens at all.
type blind struct{}

func (blind) Encode(string) []int { return nil }
func (blind) Decode([]int) string { return "" }
func (blind) Count(string) int    { return 0 }

func TestOddTokenizers(t *testing.T) {
	_, err := Synthetic(7, pairs{}, 0)
	require.EqualError(t, err, "synthetic text of 7 tokens: no text of exactly 7 tokens found in 32 attempts with this tokenizer")
	text, err := Synthetic(8, pairs{}, 0)
	require.NoError(t, err)
	require.Len(t, text, 4)

	text, err = Synthetic(8, new(framed), 0)
	require.NoError(t, err)
	require.Len(t, strings.Fields(text), 7)
	require.NotContains(t, text, "<s>")

	_, err = Synthetic(3, blind{}, 0)
	require.EqualError(t, err, "synthetic text of 3 tokens: the source has only 0 tokens")
}

func TestSourceIsReadAsText(t *testing.T) {
	file := write(t, t.TempDir()+"/s.txt", byteOrderMark+"one\r\ntwo\r\n")
	samples, err := Collection{InputLengths: []int{2}, OutputLengths: []int{1}, RequestsPerCombination: 20, SourceFile: file}.Samples()
	require.NoError(t, err)
	for _, s := range samples {
		require.Contains(t, []string{"one\ntwo", "two\none"}, s.Text)
	}
}

func BenchmarkCollection(b *testing.B) {
	source := strings.Repeat(mixed+"\n", 2000)
	for name, tok := range encodings(b) {
		b.Run(name, func(b *testing.B) {
			c := Collection{InputLengths: []int{1000}, OutputLengths: []int{1}, RequestsPerCombination: 100, Source: source, Tokenizer: tok}
			for b.Loop() {
				if _, err := c.Samples(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*100), "µs/prompt")
		})
	}
}
