package result_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/result"
)

func TestACutIsReadFromTextAndPrintedBack(t *testing.T) {
	for text, want := range map[string]result.Cut{
		"auto": {}, " none ": {None: true}, "10s": {Time: 10 * time.Second}, "1m30s": {Time: 90 * time.Second},
		"50 requests": {Requests: 50}, "50requests": {Requests: 50}, "1 request": {Requests: 1},
	} {
		got, err := result.ParseCut(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		again, err := result.ParseCut(got.String())
		require.NoError(t, err, text)
		require.Equal(t, want, again)
		require.NoError(t, got.Validate())
	}
	for _, text := range []string{"", "50", "0s", "-1s", "0 requests", "-5 requests", "5 answers", "10 s", "99999999999999999999 requests"} {
		_, err := result.ParseCut(text)
		require.ErrorContains(t, err, `is no cut: it is "auto", "none", a time such as "10s" or a number such as "50 requests"`, text)
	}
}

func TestACutSaysOneThing(t *testing.T) {
	require.ErrorContains(t, result.Cut{Time: time.Second, Requests: 1}.Validate(), "not several")
	require.ErrorContains(t, result.Cut{None: true, Requests: 1}.Validate(), "not several")
	require.ErrorContains(t, result.Cut{Time: -time.Second}.Validate(), "negative")
	require.ErrorContains(t, result.Cut{Requests: -1}.Validate(), "negative")
}

func TestACutIsTextInJSON(t *testing.T) {
	type config struct {
		Warmup result.Cut `json:"warmup,omitzero"`
	}
	rapid.Check(t, func(t *rapid.T) {
		c := config{rapid.SampledFrom([]result.Cut{{}, {None: true}, {Time: time.Minute}, {Requests: 3}}).Draw(t, "cut")}
		data, err := json.Marshal(c)
		require.NoError(t, err)
		var back config
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, c, back)
	})
	require.Error(t, json.Unmarshal([]byte(`{"warmup": "soon"}`), new(config)))
}
