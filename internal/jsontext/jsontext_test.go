package jsontext_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/internal/jsontext"
)

func TestNothingIsEscapedForHTML(t *testing.T) {
	v := map[string]any{"text": "<b>&\u2028 \"q\"", "n": []int{1}}
	data, err := jsontext.Encode(v, "")
	require.NoError(t, err)
	require.Equal(t, `{"n":[1],"text":"<b>&\u2028 \"q\""}`, string(data))
	data, err = jsontext.Encode(v, "    ")
	require.NoError(t, err)
	require.Equal(t, "{\n    \"n\": [\n        1\n    ],\n    \"text\": \"<b>&\\u2028 \\\"q\\\"\"\n}", string(data))
}

func TestWhatIsNoJSONIsAnError(t *testing.T) {
	_, err := jsontext.Encode(math.NaN(), "")
	require.ErrorContains(t, err, "NaN")
}
