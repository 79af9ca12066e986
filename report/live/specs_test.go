package live

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDefaultNumbersStandInTheirGroups(t *testing.T) {
	st := statsOf(t, `{"requests_per_minute": 75.0, "output_tps": 20.8, "time_per_output_token-p50": 0.02, "time_to_first_token-p50": 0.32,
		"time_to_first_token-p90": 0.344, "time_to_last_token-p50": 1.2, "time_to_last_token-p90": 1.44, "total_input_tokens": 500,
		"total_output_tokens": 125, "failed_requests": 0}`)
	require.Equal(t, []string{
		"Throughput: rpm=75.0  output_tps=20.8 tok/s  p50_tps=50.0 tok/s",
		"TTFT: p50_ttft=0.320s  p90_ttft=0.344s",
		"TTLT: p50_ttlt=1.200s  p90_ttlt=1.440s",
		"Tokens: input_tokens=500  output_tokens=125",
		"Errors: fail=0",
	}, DefaultSpecs().lines(st))
}

func TestNumbersThatARunDoesNotHaveAreDashes(t *testing.T) {
	st := statsOf(t, `{"requests_per_minute": null, "time_per_output_token-p50": 0}`)
	require.Equal(t, "Throughput: rpm=—  output_tps=—  p50_tps=—", DefaultSpecs().lines(st)[0])
}

func TestOurNumbersArePrintedAsInReports(t *testing.T) {
	st := statsOf(t, `{"itl-p99": 0.00522, "itl-n": 7, "requests_per_second": 12.345, "failed_requests_rate": 0.25, "tpot-p50": 0.04}`)
	specs, err := ParseSpecs([]byte(`{"gap": "itl-p99", "gaps": "itl-n", "rate": "requests_per_second", "failing": "failed_requests_rate", "speed": ["tpot-p50", "inv"]}`))
	require.NoError(t, err)
	require.NoError(t, specs.Validate())
	require.Equal(t, []string{"Errors: failing=0.2", "Other: gap=5.22 ms  gaps=7  rate=12.3  speed=25.0 tok/s"}, specs.lines(st))
}

func TestSpecsAreReadInTheirOrderFromLLMetersForm(t *testing.T) {
	specs, err := ParseSpecs([]byte(`{"p99": "time_to_last_token-p99", "a": ["time_per_output_token-p90", "inv"]}`))
	require.NoError(t, err)
	require.Equal(t, Specs{{Label: "p99", Key: "time_to_last_token-p99"}, {Label: "a", Key: "time_per_output_token-p90", Inverse: true}}, specs)

	specs, err = ParseSpecs([]byte(" null\n"))
	require.NoError(t, err)
	require.Equal(t, DefaultSpecs(), specs)

	specs, err = ParseSpecs([]byte(`{}`))
	require.NoError(t, err)
	require.Empty(t, specs)
}

func TestEverythingThatIsWrongWithSpecsIsSaidAtOnce(t *testing.T) {
	_, err := ParseSpecs([]byte(`{"a": "rpm", "b": ["time_to_last_token", "p99"], "c": 3, "d": "nonsense-p50"}`))
	require.ErrorContains(t, err, `live statistic "a": unknown key "rpm"`)
	require.ErrorContains(t, err, `live statistic "b": want a key or [key, "inv"]`)
	require.ErrorContains(t, err, `live statistic "c": want a key`)
	require.ErrorContains(t, err, `live statistic "d": unknown key "nonsense-p50"`)
	require.ErrorContains(t, err, "known keys: total_requests, ")
	require.Equal(t, 1, strings.Count(err.Error(), "known keys"))
	for _, text := range []string{"", "[]", "3", `{"a"`, `{"a": "ttft-p50"`, `{"a": }`} {
		_, err := ParseSpecs([]byte(text))
		require.Error(t, err, text)
	}
}

func FuzzParseSpecs(f *testing.F) {
	for _, text := range []string{"null", "{}", `{"a": "ttft-p50"}`, `{"a": ["tpot-p50", "inv"]}`, `{"a": ["x"]}`, `{"a": {"b": 1}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if specs, err := ParseSpecs(data); err == nil {
			require.NoError(t, specs.Validate())
			specs.lines(statsOf(t, "{}"))
		}
	})
}
