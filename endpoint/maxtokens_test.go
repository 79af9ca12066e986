package endpoint_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestMaxTokensIsFoundUnderEveryProvidersName(t *testing.T) {
	for body, want := range map[string]int{
		`{"max_tokens": 7}`:                              7,
		`{"max_tokens": 7, "max_completion_tokens": 8}`:  8,
		`{"max_output_tokens": 9}`:                       9,
		`{"inferenceConfig": {"maxTokens": 10}}`:         10,
		`{"generationConfig": {"maxOutputTokens": 11}}`:  11,
		`{"parameters": {"max_new_tokens": 12}}`:         12,
		`{}`:                                             0,
		`{"max_tokens": null}`:                           0,
		`{"max_tokens": "many", "max_output_tokens": 0}`: 0,
		`{"max_tokens": -1}`:                             0,
	} {
		n, ok := endpoint.JSON(json.RawMessage(body)).MaxTokens()
		require.Equal(t, want > 0, ok, body)
		if ok {
			require.Equal(t, want, n, body)
		}
	}
}
