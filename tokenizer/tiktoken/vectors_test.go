package tiktoken_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/tokenizer/tiktoken"
)

// vectors is what OpenAI's own library says; testdata/README.md tells how it was asked.
type vectors struct {
	Max     map[string]int            `json:"max_token_value"`
	Special map[string]map[int]string `json:"special"`
	Models  map[string]string         `json:"models"`
	Texts   []struct {
		Text   string           `json:"text"`
		Tokens map[string][]int `json:"tokens"`
	} `json:"texts"`
	Long []struct {
		Text   string            `json:"text"`
		Times  int               `json:"times"`
		Tokens map[string]digest `json:"tokens"`
	} `json:"long"`
}

type digest struct {
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"`
}

func readVectors(t *testing.T) vectors {
	data, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}

func encoding(t testing.TB, name string) *tiktoken.Encoding {
	e, err := tiktoken.New(name)
	require.NoError(t, err)
	require.Equal(t, name, e.Name())
	return e
}

func TestTokensAreThoseOfOpenAIsLibrary(t *testing.T) {
	v := readVectors(t)
	require.Len(t, v.Max, 6)
	require.NotEmpty(t, v.Texts)
	for _, text := range v.Texts {
		require.Len(t, text.Tokens, 6)
		for name, want := range text.Tokens {
			e := encoding(t, name)
			got := e.Encode(text.Text)
			require.Equal(t, want, append([]int{}, got...), "%s %q", name, text.Text)
			require.Equal(t, len(want), e.Count(text.Text))
			require.Equal(t, text.Text, e.Decode(got))
		}
	}
}

func TestTokensOfLongRunsAreThoseOfOpenAIsLibrary(t *testing.T) {
	v := readVectors(t)
	require.NotEmpty(t, v.Long)
	for _, run := range v.Long {
		text := strings.Repeat(run.Text, run.Times)
		for name, want := range run.Tokens {
			e := encoding(t, name)
			got := e.Encode(text)
			require.Equal(t, want, sum(got), "%s %d times %q", name, run.Times, run.Text)
			require.Equal(t, want.Count, e.Count(text))
			require.Equal(t, text, e.Decode(got))
		}
	}
}

func sum(tokens []int) digest {
	numbers := make([]string, len(tokens))
	for i, t := range tokens {
		numbers[i] = strconv.Itoa(t)
	}
	hash := sha256.Sum256([]byte(strings.Join(numbers, ",")))
	return digest{len(tokens), hex.EncodeToString(hash[:])}
}

func TestSpecialTokensAreDecodedAndNeverEncoded(t *testing.T) {
	for name, special := range readVectors(t).Special {
		e := encoding(t, name)
		require.NotEmpty(t, special)
		for token, text := range special {
			require.Equal(t, text, e.Decode([]int{token}), name)
			tokens := e.Encode(text)
			require.NotContains(t, tokens, token, name)
			require.Equal(t, text, e.Decode(tokens), name)
		}
	}
}

func TestSavedStateIsThatOfOpenAIsLibrary(t *testing.T) {
	for name, limit := range readVectors(t).Max {
		e := encoding(t, name)
		state, err := json.Marshal(e.State())
		require.NoError(t, err)
		require.Equal(t, `{"name":"`+name+`","max_token_value":`+strconv.Itoa(limit)+`}`, string(state))
		require.NotEmpty(t, e.Decode([]int{limit}), name)
		require.Empty(t, e.Decode([]int{limit + 1}), name)
	}
}

func TestModelsHaveTheEncodingOfOpenAIsLibrary(t *testing.T) {
	models := readVectors(t).Models
	require.NotEmpty(t, models)
	for model, want := range models {
		e, err := tiktoken.ForModel(model)
		require.NoError(t, err)
		require.Equal(t, want, e.Name(), model)
	}
}
