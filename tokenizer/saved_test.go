package tokenizer_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/tokenizer"
)

// own is a tokenizer as a user might write one.
type own struct {
	*tokenizer.Words
	Size int `json:"size"`
}

func (own) Class() string { return "mine.Own" }
func (o own) State() any  { return struct{ Size int }{o.Size} }

func ownEntry() tokenizer.Entry {
	return tokenizer.Entry{Class: "mine.Own", Module: "mine", Load: func(state json.RawMessage) (tokenizer.Tokenizer, error) {
		var o own
		if err := json.Unmarshal(state, &o); err != nil {
			return nil, err
		}
		if o.Size == 0 {
			return nil, errors.New("size is missing")
		}
		return o, nil
	}}
}

// bare has only what a tokenizer must have.
type bare struct{ tokenizer.Tokenizer }

func TestWordsAreSavedAsLLMeterSavesItsDummyTokenizer(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "dummy.json"))
	require.NoError(t, err)
	got, err := tokenizer.Save(new(tokenizer.Words))
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
	require.Equal(t, `{"__llmeter_class__":"llmeter.tokenizers.DummyTokenizer","__llmeter_state__":{}}`, string(got))

	loaded, err := tokenizer.Load(want)
	require.NoError(t, err)
	require.Equal(t, new(tokenizer.Words), loaded)
}

func TestOldFormIsRead(t *testing.T) {
	loaded, err := tokenizer.Load([]byte(`{"tokenizer_module": "llmeter"}`))
	require.NoError(t, err)
	require.Equal(t, new(tokenizer.Words), loaded)

	loaded, err = tokenizer.Load([]byte(`{"tokenizer_module": "mine", "size": 3}`), ownEntry())
	require.NoError(t, err)
	require.Equal(t, own{Size: 3}, loaded)
}

func TestOwnTokenizerComesBackThroughItsEntry(t *testing.T) {
	data, err := tokenizer.Save(own{Size: 3})
	require.NoError(t, err)
	loaded, err := tokenizer.Load(data, ownEntry())
	require.NoError(t, err)
	require.Equal(t, own{Size: 3}, loaded)
}

func TestOwnEntryHoldsBeforeThePackagesOwn(t *testing.T) {
	e := ownEntry()
	e.Class, e.Load = "llmeter.tokenizers.DummyTokenizer", func(json.RawMessage) (tokenizer.Tokenizer, error) { return own{Size: 1}, nil }
	loaded, err := tokenizer.Load([]byte(`{"__llmeter_class__":"llmeter.tokenizers.DummyTokenizer","__llmeter_state__":{}}`), e)
	require.NoError(t, err)
	require.Equal(t, own{Size: 1}, loaded)
}

func TestUnknownClassNamesItselfAndTheKnownOnes(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "tiktoken_own_encoding.json"))
	require.NoError(t, err)
	_, err = tokenizer.Load(data, ownEntry())
	require.ErrorIs(t, err, tokenizer.ErrUnknownClass)
	require.EqualError(t, err, `tokenizer: load: unknown class of tokenizer "tiktoken.core.Encoding" (known: mine.Own, llmeter.tokenizers.DummyTokenizer)`)

	_, err = tokenizer.Load([]byte(`{"tokenizer_module":"transformers","name":"x"}`), ownEntry())
	require.ErrorIs(t, err, tokenizer.ErrUnknownClass)
	require.EqualError(t, err, `tokenizer: load: unknown class of tokenizer "transformers" (known: mine, llmeter)`)
}

func TestWhatIsNoSavedTokenizerIsAnError(t *testing.T) {
	for data, want := range map[string]string{
		``:                            "unexpected end of JSON input",
		`{"__llmeter_class__":`:       "unexpected end of JSON input",
		`{}`:                          "neither __llmeter_class__ nor tokenizer_module",
		`null`:                        "neither __llmeter_class__ nor tokenizer_module",
		`"llmeter"`:                   "cannot unmarshal string",
		`{"__llmeter_class__":3}`:     "cannot unmarshal number",
		`{"tokenizer_module":"mine"}`: "load mine: size is missing",
	} {
		_, err := tokenizer.Load([]byte(data), ownEntry())
		require.ErrorContains(t, err, want, "%s", data)
	}
}

func TestWhatCannotBeSavedIsAnError(t *testing.T) {
	_, err := tokenizer.Save(bare{})
	require.EqualError(t, err, "tokenizer: a tokenizer_test.bare cannot be saved: it lacks the methods Class and State")
	_, err = tokenizer.Save(unwritable{})
	require.ErrorContains(t, err, "unsupported type")
	_, err = tokenizer.Save(nil)
	require.ErrorContains(t, err, "cannot be saved")
}

type unwritable struct{ own }

func (unwritable) State() any { return func() {} }

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		`{"__llmeter_class__":"llmeter.tokenizers.DummyTokenizer","__llmeter_state__":{}}`, `{"tokenizer_module":"llmeter"}`,
		`{"__llmeter_class__":"mine.Own","__llmeter_state__":{"size":3}}`, `{"__llmeter_class__":"mine.Own"}`, `{`, `null`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		loaded, err := tokenizer.Load(data, ownEntry())
		if err != nil {
			require.Nil(t, loaded)
			return
		}
		again, err := tokenizer.Save(loaded)
		require.NoError(t, err)
		back, err := tokenizer.Load(again, ownEntry())
		require.NoError(t, err)
		require.Equal(t, loaded, back)
	})
}
