package profiler

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func stepText(uuid string) string {
	return fmt.Sprintf(`{"payload":{"event_type":"TOOL_START","event_timestamp":1.5,"UUID":%q}}`, uuid)
}

// shape is the UUIDs of each trace, and the number of its problems behind a slash if there are any.
func shape(t *testing.T, text string) (traces []string, failed error) {
	for _, src := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		traces, failed = []string{}, nil
		for trace, err := range Read(src, "f.json") {
			if err != nil {
				require.NoError(t, failed)
				failed = err
				continue
			}
			require.NoError(t, failed, "a trace after the error")
			require.Equal(t, len(traces), trace.Number)
			var ids []string
			for _, s := range trace.Steps {
				ids = append(ids, s.Payload.UUID)
			}
			shape := strings.Join(ids, " ")
			if n := len(trace.Problems); n > 0 {
				shape += fmt.Sprintf("/%d", n)
			}
			traces = append(traces, shape)
		}
	}
	return traces, failed
}

func TestEveryShapeOfTracesIsRead(t *testing.T) {
	a, b, c := stepText("a"), stepText("b"), stepText("c")
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"requests":          {`[{"request_number":7,"intermediate_steps":[` + a + "," + b + `]},{"intermediate_steps":[` + c + `]}]`, []string{"a b", "c"}},
		"further members":   {`[{"id":{"x":[1]},"intermediate_steps":[` + a + `],"output":"]}"}]`, []string{"a"}},
		"lists of steps":    {"[[" + a + "],[],[" + b + "," + c + "]]", []string{"a", "", "b c"}},
		"steps":             {"[" + a + "," + b + "]", []string{"a b"}},
		"lines":             {`{"intermediate_steps":[` + a + "]}\n\n" + `{"intermediate_steps":[` + b + "]}\r\n", []string{"a", "b"}},
		"lines of steps":    {a + "\n" + b + "\n" + c, []string{"a b c"}},
		"indented":          {"{\n\"intermediate_steps\": [\n" + a + ",\n" + b + "\n]\n}\n{\n\"intermediate_steps\": []\n}", []string{"a b", ""}},
		"a mark before":     {"\xef\xbb\xbf[[" + a + "]]", []string{"a"}},
		"nothing":           {" \n", []string{}},
		"no requests":       {"[]", []string{}},
		"lines of lists":    {"[" + a + "]\n[" + b + "]", []string{"a", "b"}},
		"steps after lists": {"[[" + a + "]," + b + "," + c + "]", []string{"a", "b c"}},
	} {
		got, err := shape(t, test.text)
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
}

func TestBrokenPartsAreLeftOutAndTheRestIsRead(t *testing.T) {
	a, b, c := stepText("a"), stepText("b"), stepText("c")
	request := func(steps ...string) string { return `{"intermediate_steps":[` + strings.Join(steps, ",") + `]}` }
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"broken value":        {"[" + request(a, `{"payload":{x}}`, b) + "," + request(c) + "]", []string{"a b/1", "c"}},
		"bracket missing":     {"[" + request(a, `{"payload":{"tags":["x"}}`, b) + "," + request(c) + "]", []string{"a b/1", "c"}},
		"brace missing":       {"[" + request(a, `{"payload":{"x":1`) + "," + request(c) + "]", []string{"a/1", "c"}},
		"number as a step":    {"[" + request(a, "17", `"s"`, "null", "[1]", b) + "]", []string{"a b/4"}},
		"number as a request": {"[" + request(a) + ",17," + request(c) + "]", []string{"a", "/1", "c"}},
		"other object":        {"[" + request(a) + `,{"question":1},` + request(c) + "]", []string{"a", "/1", "c"}},
		"steps are no list":   {`[{"intermediate_steps":3},` + request(c) + "]", []string{"/1", "c"}},
		"member without key":  {`[{"intermediate_steps":[` + a + `], 3, "x":1},` + request(c) + "]", []string{"a/1", "c"}},
		"brace too many":      {"[" + request(a) + "}," + request(c) + "]", []string{"a", "/1", "c"}},
		"line end in string":  {"[" + request(a, "{\"payload\":{\"x\":\"abc\n}}", b) + "]", []string{"a b/1"}},
		"cut line":            {request(a) + "\n" + `{"intermediate_steps":[` + b + `,{"payload":{"ev` + "\n" + request(c), []string{"a", "b/2", "c"}},
		"cut last line":       {request(a) + "\n" + `{"intermediate_steps":[` + b + `,{"payload":{"ev`, []string{"a", "b/1"}},
		"cut line of steps":   {a + "\n" + `{"payload":{"ev` + "\n" + c, []string{"a c/1"}},
		"too deep":            {"[" + request(a, `{"payload":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+"}", b) + "]", []string{"a b/1"}},
		"too deep, as a line": {a + "\n" + `{"payload":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `,"parent_id":""}` + "\n" + b, []string{"a b/1"}},
	} {
		got, err := shape(t, test.text)
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
}

func TestTextThatIsCutOffEndsWithAnErrorBehindWhatCameBefore(t *testing.T) {
	got, err := shape(t, `[{"intermediate_steps":[`+stepText("a")+`]},{"intermediate_steps":[`+stepText("b")+`,{"payload":{"event`)
	require.Equal(t, []string{"a", "b"}, got)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.EqualError(t, err, "f.json: request 1 (the 2nd of the file), step 1, byte 195: the text is cut off: unexpected EOF")
}

func TestErrorsNameRequestsAsTheFileNumbersThem(t *testing.T) {
	nine := `[{"request_number":9,"intermediate_steps":[` + stepText("a")
	for text, want := range map[string]string{
		nine + `,7]}]`:                     "f: request 9 (the 1st of the file), step 1, byte 116: step is no JSON object",
		nine + `,{"payload":x}]}]`:         "f: request 9 (the 1st of the file), step 1, byte 116: invalid character 'x' looking for beginning of value, 12 bytes on",
		nine + `]},{"request_number":4,"x`: "f: request 4 (the 2nd of the file), byte 138: the text is cut off: unexpected EOF",
		nine + `]},`:                       "f: request 1 (the 2nd of the file), byte 118: the text is cut off: unexpected EOF",
		nine + `]},[{"payload"`:            "f: request 1 (the 2nd of the file), step 0, byte 119: the text is cut off: unexpected EOF",
		nine + `]},{"request_number":12,"intermediate_steps":3}`: "f: request 12 (the 2nd of the file), byte 118: neither a request nor a step: it has no intermediate_steps and no payload",
	} {
		var said []string
		for trace, err := range Read(strings.NewReader(text), "f") {
			if err != nil {
				said = append(said, err.Error())
				continue
			}
			for _, p := range trace.Problems {
				said = append(said, p.Error())
			}
		}
		require.NotEmpty(t, said, text)
		require.Equal(t, want, said[0], text)
	}
	require.Equal(t, "3rd 11th 21st 112th", strings.Join([]string{ordinal(3), ordinal(11), ordinal(21), ordinal(112)}, " "))
}

func TestErrorsOfTheSourceEndTheTraces(t *testing.T) {
	src := io.MultiReader(strings.NewReader("[["+stepText("a")), iotest.ErrReader(os.ErrPermission))
	var errs []error
	for _, err := range Read(src, "") {
		errs = append(errs, err)
	}
	require.Len(t, errs, 2)
	require.ErrorIs(t, errs[1], os.ErrPermission)
}

func TestWrongStepsAreNamed(t *testing.T) {
	for payload, want := range map[string]string{
		`{"event_timestamp":1}`:                                                                     "payload.event_type is missing",
		`{"event_type":"LLM_END"}`:                                                                  "payload.event_timestamp is missing",
		`{"event_type":"LLM_END","event_timestamp":null}`:                                           "payload.event_timestamp is missing",
		`{"event_type":7,"event_timestamp":1}`:                                                      "payload.event_type is a JSON number, not a string",
		`{"event_type":"LLM_END","event_timestamp":true}`:                                           "payload.event_timestamp is a JSON true, not a finite number",
		`{"event_type":"LLM_END","event_timestamp":"NaN"}`:                                          `payload.event_timestamp "NaN" is no time`,
		`{"event_type":"LLM_END","event_timestamp":1e999}`:                                          "payload.event_timestamp is a JSON number, not a finite number",
		`{"event_type":"LLM_END","event_timestamp":1,"tags":"x"}`:                                   "payload.tags is a JSON string, not a list",
		`{"event_type":"LLM_END","event_timestamp":1,"data":3}`:                                     "data is no JSON object",
		`{"event_type":"LLM_END","event_timestamp":1,"UUID":{}}`:                                    "payload.UUID is a JSON object, not a string",
		`{"event_type":"E","event_timestamp":1,"usage_info":{"token_usage":{"prompt_tokens":1.5}}}`: "token_usage.prompt_tokens is a JSON number, not a whole number",
		`3`: "payload is no JSON object",
	} {
		err := new(IntermediateStep).UnmarshalJSON([]byte(`{"payload":` + payload + `}`))
		require.EqualError(t, err, want, payload)
	}
	require.EqualError(t, new(IntermediateStep).UnmarshalJSON([]byte(`{}`)), "payload is missing")
}

func TestTimesAreNumbersOrText(t *testing.T) {
	for text, want := range map[string]float64{
		"1750000000.125": 1750000000.125, `"1750000000.125"`: 1750000000.125, `"2025-06-15T15:06:40.125Z"`: 1750000000.125,
		`"2025-06-15T17:06:40.125+02:00"`: 1750000000.125, `"2025-06-15T15:06:40.125"`: 1750000000.125, `"2025-06-15 15:06:40.125"`: 1750000000.125,
	} {
		var s IntermediateStep
		require.NoError(t, json.Unmarshal([]byte(`{"payload":{"event_type":"LLM_END","event_timestamp":`+text+`}}`), &s), text)
		require.Equal(t, want, s.Payload.EventTimestamp, text)
	}
}

func TestStepsOfTheFirstVersionHaveNoParents(t *testing.T) {
	var s IntermediateStep
	require.NoError(t, json.Unmarshal([]byte(`{"payload":{"event_type":"LLM_END","event_timestamp":1}}`), &s))
	require.Equal(t, IntermediateStep{
		FunctionAncestry: InvocationNode{FunctionID: "N/A", FunctionName: "N/A"}, Payload: StepPayload{EventType: LLMEnd, EventTimestamp: 1},
	}, s)
}

func TestEveryMemberOfAStepIsKept(t *testing.T) {
	const text = `{"parent_id":"p","function_ancestry":{"function_id":"i","function_name":"né","parent_id":"pi","parent_name":"pn"},` +
		`"payload":{"event_type":"TTC_END","event_timestamp":2.5,"span_event_timestamp":1.5,"framework":"agno","name":"\"n\\","tags":["a","b"],` +
		`"metadata":{"provided_metadata":{"k":[1,null]}},"data":{"input":[{"role":"user"}],"output":"o\n","chunk":1,"payload":{"a":2},"score":0.5,"turn_id":null},` +
		`"usage_info":{"token_usage":{"prompt_tokens":1,"completion_tokens":2,"cached_tokens":3,"reasoning_tokens":4,"total_tokens":5},"num_llm_calls":6,"seconds_between_calls":7.25},` +
		`"UUID":"u","novel":{"x":true}}}`
	var s IntermediateStep
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	got, err := json.Marshal(s)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

func TestTracesAreTheSameAfterWritingAndReading(t *testing.T) {
	want := generate(2000)
	var b bytes.Buffer
	w := NewTraceWriter(&b)
	for _, trace := range want {
		require.NoError(t, w.Write(trace))
	}
	require.NoError(t, w.Close())
	require.True(t, json.Valid(b.Bytes()))
	require.Equal(t, resolveAll(want), resolveAll(readAll(t, b.Bytes())))
}

func TestCompressedTracesAreRead(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte("[[" + stepText("a") + "]]"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Len(t, readAll(t, b.Bytes()), 1)
}

func TestRequestsOfSeveralFilesAreNumberedThrough(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.json"), filepath.Join(dir, "two.jsonl")
	require.NoError(t, os.WriteFile(one, []byte("[["+stepText("a")+"],[17]]"), 0o600))
	require.NoError(t, os.WriteFile(two, []byte(stepText("b")), 0o600))
	var numbers []int
	var problems []string
	for trace, err := range ReadFiles(one, two) {
		require.NoError(t, err)
		numbers = append(numbers, trace.Number)
		for _, p := range trace.Problems {
			problems = append(problems, p.Error())
		}
	}
	require.Equal(t, []int{0, 1, 2}, numbers)
	require.Equal(t, []string{fmt.Sprintf("%s: request 1 (the 2nd of the file), step 0, byte %d: step is no JSON object", one, len("[["+stepText("a")+"],["))}, problems)
	for _, err := range ReadFiles(filepath.Join(dir, "none.json")) {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestReadingMayBeStopped(t *testing.T) {
	text := "[[" + stepText("a") + "],[" + stepText("b") + "],["
	n := 0
	for _, err := range Read(strings.NewReader(text), "") {
		require.NoError(t, err)
		n++
		break
	}
	require.Equal(t, 1, n)
}

func TestALineOfAHundredMegabytesIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("takes memory")
	}
	const size = 100 << 20
	long := strings.Repeat("x", size)
	text := `{"intermediate_steps":[{"payload":{"event_type":"LLM_START","event_timestamp":1,"UUID":"a","data":{"input":"` + long + `"}}}]}` + "\n" + stepText("b")
	var sizes []int
	for trace, err := range Read(strings.NewReader(text), "") {
		require.NoError(t, err)
		require.Empty(t, trace.Problems)
		sizes = append(sizes, len(trace.Steps[0].Payload.Input()))
	}
	require.Equal(t, []int{size, 0}, sizes)
}

func TestNoNestingOverflowsTheStack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes memory")
	}
	const depth = 6_000_000
	deep := `{"payload":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
	for _, text := range []string{"[[" + deep + "," + stepText("b") + "]]", deep + "\n" + stepText("b")} {
		for trace, err := range Read(strings.NewReader(text), "") {
			require.NoError(t, err)
			require.Len(t, trace.Steps, 1)
			require.Len(t, trace.Problems, 1)
		}
	}
}

func TestUnknownEventTypesAreKeptAndCounted(t *testing.T) {
	const text = `[[{"payload":{"event_type":"AGENT_THOUGHT","event_timestamp":1,"UUID":"x"}},{"payload":{"event_type":"LLM_START","event_timestamp":2,"UUID":"a"}},
		{"payload":{"event_type":"LLM_END","event_timestamp":3,"UUID":"a"}}]]`
	dir := t.TempDir()
	results, err := Runner{OutputDir: dir}.Run(t.Context(), Read(strings.NewReader(text), ""))
	require.NoError(t, err)
	require.Equal(t, map[EventType]int{"AGENT_THOUGHT": 1}, results.InferenceOptimization.Input.UnknownTypes)
	require.Equal(t, 2.0, results.Requests[0].Runtime()) // its time counts
	kept, err := os.ReadFile(filepath.Join(dir, "all_requests_profiler_traces.json"))
	require.NoError(t, err)
	require.Contains(t, string(kept), "AGENT_THOUGHT")
}

func FuzzRead(f *testing.F) {
	f.Add("[[" + stepText("a") + "]]")
	f.Add(`{"intermediate_steps":[` + stepText("a") + "," + stepText("b") + "]}\n" + stepText("c"))
	f.Add(`[{"intermediate_steps":[{"payload":{"event_type":"LLM_END","event_timestamp":"1","data":{"input":"\u00e9\\"}}}]},3,{"a":[}`)
	f.Add("{\"a\":\"\n{\"payload\"")
	f.Add("{\"")
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := shape(t, text) // of whole reads and of single bytes
		var b bytes.Buffer
		w := NewTraceWriter(&b)
		for trace, err := range Read(strings.NewReader(text), "") {
			if err != nil {
				break
			}
			require.NoError(t, w.Write(trace))
		}
		require.NoError(t, w.Close())
		require.True(t, json.Valid(b.Bytes()), "%q gives %q", text, b.String())
		got, err := shape(t, b.String())
		require.NoError(t, err)
		if wantErr == nil {
			require.Len(t, got, len(want))
		}
	})
}
