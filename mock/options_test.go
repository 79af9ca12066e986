package mock_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/mock"
)

func TestZeroOptionsAreValid(t *testing.T) {
	require.NoError(t, mock.Options{}.Validate())
}

func TestValidateTellsAllProblemsAtOnce(t *testing.T) {
	o := mock.Options{
		TTFT:           mock.Fixed(-ms),
		ITL:            mock.Uniform(3*ms, 2*ms),
		Tokens:         mock.LogNormal(5, -1),
		TokensPerEvent: mock.Fixed(-1),
		Reasoning:      mock.Fixed(-2),
		ReasoningField: "thoughts",
		Answer:         "song",
		Usage:          "never",
		CachedTokens:   -3,
		Dimensions:     -4,
		Slots:          -5,
		RecordLimit:    -6,
		Writes:         mock.Writes{Merge: -7, Tear: -8, Gap: -9},
		Faults: []mock.Fault{
			{Kind: "flood", Rate: 2},
			{Kind: mock.FaultCut, After: -2, For: -1, RetryAfter: -1, Status: 500},
			{Kind: mock.FaultStatus, Status: 200, On: []int{0}},
		},
		APIKey: "not-to-be-told",
	}
	err := o.Validate()
	require.Error(t, err)
	for _, field := range []string{
		"TTFT", "ITL", "Tokens", "TokensPerEvent", "Reasoning", "ReasoningField", "Answer", "Usage", "CachedTokens", "Dimensions",
		"Slots", "RecordLimit", "Writes.Merge", "Writes.Tear", "Writes.Gap", "Faults[0]", "Faults[1]", "Faults[2]", "Faults",
	} {
		require.ErrorContains(t, err, "mock: Options."+field+": ")
	}
	for _, text := range []string{
		`kind "flood"`, "rate 2", "strikes nothing", "after -2", "for -1ns", "retry-after -1ns", "status 500", "status 200",
		"on request 0", "the rates add up to 2",
	} {
		require.ErrorContains(t, err, text)
	}
	require.NotContains(t, err.Error(), o.APIKey)

	_, newErr := mock.New(o)
	require.EqualError(t, newErr, err.Error())
	_, startErr := mock.Start(o)
	require.EqualError(t, startErr, err.Error())
}

func TestOptionsSurviveJSONWithoutTheKey(t *testing.T) {
	o := mock.Options{
		TTFT: mock.LogNormal(200*ms, 0.3), ITL: mock.Exponential(10 * ms), Tokens: mock.Uniform(10, 20), Slots: 4, Seed: 7,
		Faults: []mock.Fault{
			{Kind: mock.FaultStatus, Status: 429, RetryAfter: 2 * time.Second, Rate: 0.05},
			{Kind: mock.FaultStall, After: mock.AfterAll, For: time.Minute, On: []int{3, 7}},
		},
		Usage: mock.UsageFirst, Models: []string{"a"}, APIKey: "secret",
	}
	data, err := json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"ttft": "lognormal 200ms sigma 0.3", "itl": "exp 10ms", "tokens": "uniform 10 to 20", "slots": 4, "seed": 7,
		"faults": ["status 429 retry-after 2s rate 0.05", "stall after all for 1m0s on 3,7"],
		"usage": "first", "models": ["a"]
	}`, string(data))
	var again mock.Options
	require.NoError(t, json.Unmarshal(data, &again))
	o.APIKey = ""
	require.Equal(t, o, again)
}

func TestFaultTexts(t *testing.T) {
	for text, want := range map[string]mock.Fault{
		"status rate 1":                           {Kind: mock.FaultStatus, Rate: 1},
		"status 429 retry-after 2s rate 0.05":     {Kind: mock.FaultStatus, Status: 429, RetryAfter: 2 * time.Second, Rate: 0.05},
		"html 502 on 1":                           {Kind: mock.FaultHTML, Status: 502, On: []int{1}},
		"cut after 5 on 3,7":                      {Kind: mock.FaultCut, After: 5, On: []int{3, 7}},
		"stall after all for 2s rate 0.5 on 1":    {Kind: mock.FaultStall, After: mock.AfterAll, For: 2 * time.Second, Rate: 0.5, On: []int{1}},
		"slow-headers for 30s rate 1e-05":         {Kind: mock.FaultSlowHeaders, For: 30 * time.Second, Rate: 1e-5},
		"unfinished after all rate 0.25":          {Kind: mock.FaultUnfinished, After: mock.AfterAll, Rate: 0.25},
		"close rate 0.125 on 10,20,30,40,5000000": {Kind: mock.FaultClose, Rate: 0.125, On: []int{10, 20, 30, 40, 5000000}},
	} {
		var f mock.Fault
		require.NoError(t, f.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, f)
		require.Equal(t, text, f.String())
	}
}

func TestFaultRefusesTextsThatMeanNothing(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "empty",
		"flood rate 1":        `kind "flood": want one of`,
		"cut":                 "strikes nothing",
		"cut rate":            `"rate" wants a value`,
		"cut rate much":       `"much" is not a number`,
		"cut rate NaN":        "want 0 to 1",
		"cut often 1":         `"often": want rate, on, after, for or retry-after`,
		"cut after some on 1": `"some" is not a whole number`,
		"cut on 1,two":        `"two" is not a whole number`,
		"stall for 5 on 1":    `"5" is not a duration`,
		"status 200 on 1":     "status 200",
	} {
		f := mock.Fault{Kind: "kept"}
		require.ErrorContains(t, f.UnmarshalText([]byte(text)), want, text)
		require.Equal(t, mock.Fault{Kind: "kept"}, f)
	}
}

func FuzzFault(f *testing.F) {
	for _, seed := range []string{"", "status 429 retry-after 2s rate 0.05", "cut after 5 on 3,7", "stall after all for 2s rate 1", "html 200"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var fault, again mock.Fault
		if fault.UnmarshalText([]byte(text)) != nil {
			return
		}
		require.NoError(t, mock.Options{Faults: []mock.Fault{fault}}.Validate())
		require.NoError(t, again.UnmarshalText([]byte(fault.String())))
		require.Equal(t, fault, again)
		require.Equal(t, strings.Join(strings.Fields(fault.String()), " "), fault.String())
	})
}
