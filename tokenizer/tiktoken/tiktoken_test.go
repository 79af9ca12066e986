package tiktoken_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/tokenizer"
	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

var names = []string{"o200k_base", "o200k_harmony", "cl100k_base", "p50k_base", "p50k_edit", "r50k_base"}

func TestModelsOfTodayAreKnownByEveryNameTheyAreServedUnder(t *testing.T) {
	for want, models := range map[string][]string{
		"o200k_harmony": {
			"gpt-oss-20b", "openai/gpt-oss-120b", "gpt-oss:20b", "bedrock/openai.gpt-oss-20b-1:0", "us.openai.gpt-oss-120b-1:0",
			"accounts/fireworks/models/gpt-oss-120b", "openai/gpt-oss-20b:free",
		},
		"o200k_base": {
			"gpt-5", "gpt-5-mini", "gpt-5-2025-08-07", "gpt-5.1", "gpt-5.2-codex", "openai/gpt-5-nano", "gpt-4.5-preview", "gpt-4.1",
			"gpt-4.1-nano-2025-04-14", "gpt-4o", "gpt-4o-mini", "azure/gpt-4o-2024-11-20", "chatgpt-4o-latest", "o1", "o1-mini", "o1-pro",
			"o3", "o3-deep-research", "o4-mini", "openai/o4-mini-2025-04-16",
			"ft:gpt-4o-mini-2024-07-18:acme::7p4lURel", "ft:gpt-4.1-mini-2025-04-14:acme::x",
		},
		"cl100k_base": {
			"gpt-4", "gpt-4-turbo", "gpt-4-32k", "gpt-4-0613", "gpt-3.5-turbo", "gpt-3.5-turbo-0125", "azure/gpt-35-turbo-16k",
			"text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002", "ft:gpt-3.5-turbo-0125:acme:suffix:id",
		},
		"p50k_base": {"text-davinci-003"}, "p50k_edit": {"code-davinci-edit-001"}, "r50k_base": {"davinci:ft-acme-2023"},
	} {
		for _, model := range models {
			e, err := tiktoken.ForModel(model)
			require.NoError(t, err)
			require.Equal(t, want, e.Name(), model)
		}
	}
}

func TestUnknownModelIsNotGuessed(t *testing.T) {
	for _, model := range []string{"", "gpt-", "gpt-4.7", "o11", "o2-mini", "llama-3-8b", "meta-llama/o", "openai/", "my-gpt-4o"} {
		e, err := tiktoken.ForModel(model)
		require.ErrorIs(t, err, tiktoken.ErrUnknownModel, model)
		require.Nil(t, e)
	}
	_, err := tiktoken.ForModel("qwen/qwen3")
	require.EqualError(t, err, `tiktoken: unknown model "qwen/qwen3"`)
}

func TestUnknownEncodingNamesTheKnownOnes(t *testing.T) {
	e, err := tiktoken.New("gpt2")
	require.Nil(t, e)
	require.ErrorIs(t, err, tiktoken.ErrUnknownEncoding)
	require.EqualError(t, err, `tiktoken: unknown encoding "gpt2" (known: `+strings.Join(names, ", ")+`)`)
}

func TestEncodingComesBackFromItsSavedForm(t *testing.T) {
	for _, name := range names {
		e := encoding(t, name)
		data, err := tokenizer.Save(e)
		require.NoError(t, err)
		require.Contains(t, string(data), `{"__llmeter_class__":"tiktoken.core.Encoding","__llmeter_state__":{"name":"`+name+`","max_token_value":`)
		loaded, err := tokenizer.Load(data, tiktoken.Entry())
		require.NoError(t, err)
		require.Same(t, e, loaded)
		loaded, err = tokenizer.Load([]byte(`{"tokenizer_module":"tiktoken","name":"`+name+`"}`), tiktoken.Entry())
		require.NoError(t, err)
		require.Same(t, e, loaded)
	}
}

func TestEncodingThatIsNotOpenAIsDoesNotComeBack(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "tiktoken_own_encoding.json"))
	require.NoError(t, err)
	_, err = tokenizer.Load(data, tiktoken.Entry())
	require.ErrorIs(t, err, tiktoken.ErrUnknownEncoding)
	require.ErrorContains(t, err, `"bytes256"`)

	for state, want := range map[string]string{
		`{"name":"cl100k_base","max_token_value":256}`: "the saved cl100k_base is not the known one: its highest token is 256, not 100276",
		`{"name":3}`: "cannot unmarshal number",
		`{}`:         `unknown encoding ""`,
	} {
		_, err = tokenizer.Load([]byte(`{"__llmeter_class__":"tiktoken.core.Encoding","__llmeter_state__":`+state+`}`), tiktoken.Entry())
		require.ErrorContains(t, err, want)
	}
	_, err = tokenizer.Load([]byte(`{"__llmeter_class__":"tiktoken.core.Encoding"}`), tiktoken.Entry())
	require.Error(t, err)
	_, err = tiktoken.Entry().Load(json.RawMessage(nil))
	require.Error(t, err)
}

func TestNumbersThatAreNoTokensDecodeToNothing(t *testing.T) {
	for _, name := range names {
		e := encoding(t, name)
		tokens := append([]int{-1, 1 << 40}, e.Encode("hello")...)
		require.Equal(t, "hello", e.Decode(tokens))
		require.Empty(t, e.Decode(nil))
	}
	require.Empty(t, encoding(t, "p50k_base").Decode([]int{50281}))
	require.Empty(t, encoding(t, "cl100k_base").Decode([]int{100256, 100261}), "gaps between the numbers")
}

func TestEncodingMayBeUsedByManyGoroutines(t *testing.T) {
	e := encoding(t, "cl100k_base")
	text := strings.Repeat("pneumonoultramicroscopicsilicovolcanoconiosis \u6f22\u5b57 ", 20)
	want := e.Encode(text)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				require.Equal(t, want, e.Encode(text))
				require.Equal(t, len(want), e.Count(text))
				require.Equal(t, text, e.Decode(want))
			}
		})
	}
	group.Wait()
}

// With time quadratic in the length, these take a quarter of an hour.
func TestLongRunsTakeNearLinearTime(t *testing.T) {
	const length = 1 << 18
	for _, unit := range []string{"abcdefghij", "A", "A\u0301B", " ", " \n", "7", "=", "'s", "\u6f22\u5b57", "\xff", "\u02b0A"} {
		text := strings.Repeat(unit, length/len(unit))
		for _, name := range []string{"o200k_base", "r50k_base"} {
			require.Positive(t, encoding(t, name).Count(text))
		}
	}
}

func FuzzDecodeGivesBackWhatWasEncoded(f *testing.F) {
	for _, seed := range []string{
		"", "hello world", " \n \n x", "'S'LL caf\u00e9\u0301 \u6f22\u5b57 12345 <|endoftext|>", "\xff\xfe a\xc3", "\u02b0AB\u0301C'\u017f", "//\r\n/",
	} {
		f.Add(seed)
	}
	for _, name := range names {
		encoding(f, name).Count("read before the first input, whose time is limited")
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range names {
			e := encoding(t, name)
			tokens := e.Encode(text)
			require.Equal(t, text, e.Decode(tokens))
			require.Equal(t, len(tokens), e.Count(text))
		}
	})
}
