package result

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// lineSeeds are lines of all sorts, and the words of which others can be made.
func lineSeeds(t testing.TB) (seeds [][]byte) {
	files, err := filepath.Glob("testdata/llmeter/*/*/responses.jsonl")
	require.NoError(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := bytes.Split(data, []byte("\n"))
		seeds = append(seeds, lines[0], lines[len(lines)/2])
	}
	for _, line := range []string{
		`{"response_text": "a", "error": null}`, `{"Response_Text": "a"}`, `{"response_text": "a", "response_text": null}`,
		`{"response_text": "\u00e9\ud83c\udf38\ud83c\ud83cx\udf38\/\b\f\n\r\t\"\\", "id": "é五\u0000"}`, "{\"id\": \"\xff\xc3(\", \"error\": \"\xed\xa0\x80\"}",
		`{"response_text": {"a": [1, {"b": null}]}, "input_payload": [true, false, "\u12", {}]}`, `{"response_text": "a", "time_to_last_token": NaN, "n": [-Infinity]}`,
		`{"response_text": null, "input_payload": {"z": 1.50e+3, "a": ["<b>", -0.0E-1, 01]}, "time_to_first_token": 1e400}`,
		`{"error": "x", "retries": 2, "num_tokens_input": 1e3, "num_tokens_output": -7.9, "time_to_first_content_token": null, "time_to_first_token": 0.25}`,
		`{"request_time": "once", "annotations": {"request_time": 1, "llmeter": {"seq": 1.5, "client": -1}, "cost": 1.25, "é": {"a": []}}}`,
		`{"request_time": "2026-01-01 00:00:00+01:00", "time_to_last_token": 0.1, "annotations": {"llmeter": {"seq": 3, "client": 2, "turn": 1, "ttfct": null, "intended": -0.5, "end": 1e300, "finish_reason": "stop", "input_tokens_by": "events", "error_kind": "reset", "status": 500, "code": "c", "retry_after": 1.5, "reasoning": "r", "refusal": "s", "tool_calls": [{"id": "1", "Name": "n"}], "labels": {"a": "b"}}}}`,
		`{"request_time": "", "annotations": {"llmeter": null, "llmeter": {"SEQ": 4, "ttfct": "x"}}} x`, `{"error": "", "a`, `[1]`, `null`, `{`, `{}`, `{"id":"x",}`,
	} {
		seeds = append(seeds, []byte(line))
	}
	return seeds
}

// sameAsOracle requires of p what parseLine says.
func sameAsOracle(t *testing.T, p *lineParser, line []byte) {
	line = bytes.TrimSpace(line)
	want, wantOwn, wantErr := parseLine(line)
	got, own, err := p.parse(line)
	require.Equal(t, wantErr, err)
	require.Equal(t, want, got)
	require.Equal(t, wantOwn, own)
}

func TestTheQuickParserTakesWhatProgramsWrite(t *testing.T) {
	var p lineParser
	files, err := filepath.Glob("testdata/llmeter/*/*/responses.jsonl")
	require.NoError(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			require.Equal(t, json.Valid(line), p.read(line), "%s: %s", name, line)
			sameAsOracle(t, &p, line)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, line := range lineSeeds(f) {
		f.Add(line)
	}
	var p lineParser // of all lines, so that nothing may be left over from the one before
	f.Fuzz(func(t *testing.T, line []byte) { sameAsOracle(t, &p, line) })
}

func BenchmarkLine(b *testing.B) {
	seeds := lineSeeds(b)
	line := bytes.TrimSpace(seeds[0])
	var p lineParser
	for name, parse := range map[string]func([]byte) (*endpoint.Response, bool, error){"quick": p.parse, "any": parseLine} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				_, _, _ = parse(line)
			}
		})
	}
}
