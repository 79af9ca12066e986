package load_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/llmeter-go/llmeter/load"
	"github.com/stretchr/testify/require"
)

type reader = func(io.Reader) iter.Seq2[load.Entry, error]

const ms = time.Millisecond

func TestReadersReadTheirFormats(t *testing.T) {
	check := func(read reader, text string, want ...load.Entry) {
		t.Helper()
		trace, err := load.NewTrace(read(strings.NewReader(text)))
		require.NoError(t, err)
		require.Equal(t, want, trace.Entries)
	}
	check(load.ReadMooncake, `{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
{"timestamp": 27482, "input_length": 655, "hash_ids": []}

{"timestamp": 30535.5, "input_length": 472.0, "output_length": 1}`,
		load.Entry{Input: 6955, Output: 52}, load.Entry{Input: 655}, load.Entry{Offset: 3053500 * time.Microsecond, Input: 472, Output: 1})
	check(load.ReadAzure, "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:50.9951691,396,109\r\n",
		load.Entry{Input: 374, Output: 44}, load.Entry{Offset: 4314579100, Input: 396, Output: 109})
	check(load.ReadAzure, "\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 23:59:59.009930+00:00,2162,5\n2024-05-11 01:00:00+01:00,2399,6\n",
		load.Entry{Input: 2162, Output: 5}, load.Entry{Offset: 990070 * time.Microsecond, Input: 2399, Output: 6})
	check(load.ReadBurstGPT, "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45.5,GPT-4,1087,0,1087,API log\n",
		load.Entry{Input: 472, Output: 18}, load.Entry{Offset: 40500 * ms, Input: 1087})
	check(load.ReadBurstGPT, "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5270414.000000001,\"a,b\",1.5,GPT-4,1,2,3,API log\n5270415,x,2,GPT-4,4,5,9,API log\n",
		load.Entry{Input: 1, Output: 2}, load.Entry{Offset: 999999999, Input: 4, Output: 5})
	check(load.ReadCSV, "offset\n0.25\n1e-05\n250ms\n1m30s\n",
		load.Entry{Offset: 10 * time.Microsecond}, load.Entry{Offset: 250 * ms}, load.Entry{Offset: 250 * ms}, load.Entry{Offset: 90 * time.Second})
	check(load.ReadCSV, "output, INPUT ,offset\n52,655.0,5\n,,6\n", load.Entry{Offset: 5 * time.Second, Input: 655, Output: 52}, load.Entry{Offset: 6 * time.Second})
	check(load.ReadJSONL, "{\"offset\": 0.25, \"input\": 655, \"output\": 52}\n{\"offset\": \"2s\", \"input\": null}\n{\"offset\": 2e0}",
		load.Entry{Offset: 250 * ms, Input: 655, Output: 52}, load.Entry{Offset: 2 * time.Second}, load.Entry{Offset: 2 * time.Second})
}

func TestReadersNameTheLineOfWhatIsWrong(t *testing.T) {
	check := func(read reader, text string, line int, msg string) {
		t.Helper()
		trace, err := load.NewTrace(read(strings.NewReader(text)))
		require.Empty(t, trace)
		broken, ok := errors.AsType[*load.TraceError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, line, broken.Line)
		require.ErrorContains(t, err, fmt.Sprintf("load: trace line %d: ", line))
		require.ErrorContains(t, err, msg)
	}
	moon := `{"timestamp": 1, "input_length": 2}` + "\n"
	check(load.ReadMooncake, moon+"\n"+moon[:20]+"\n"+moon, 3, "unexpected end of JSON input")
	check(load.ReadMooncake, moon+`[1]`, 2, "cannot unmarshal array")
	check(load.ReadMooncake, moon+`{"input_length": 2}`, 2, "timestamp is missing")
	check(load.ReadMooncake, moon+`{"timestamp": 2}`, 2, `input_length "" is not a number of tokens`)
	check(load.ReadMooncake, moon+`{"timestamp": -1, "input_length": 2.5}`, 2, `timestamp "-1" is not a time from 0 on`)
	check(load.ReadMooncake, moon+`{"timestamp": -1, "input_length": 2.5}`, 2, `input_length "2.5" is not a number of tokens`)
	check(load.ReadMooncake, moon+`{"timestamp": "5s", "input_length": -2}`, 2, `"5s" is not a time`)
	check(load.ReadMooncake, moon+`{"timestamp": 1e300, "input_length": 2}`, 2, `"1e300" is not a time`)
	check(load.ReadMooncake, moon+`{"timestamp": true, "input_length": 2}`, 2, `"true" is not a time`)
	check(load.ReadMooncake, moon+strings.Repeat(" ", 5<<20), 2, bufio.ErrTooLong.Error())
	azure := "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n"
	check(load.ReadAzure, "", 1, "the file is empty")
	check(load.ReadAzure, "timestamp,tokens\n", 1, `there is no column "ContextTokens"`)
	check(load.ReadAzure, "a,b\n", 1, `there is no column "TIMESTAMP"`)
	check(load.ReadAzure, azure+"yesterday,1,1\n", 3, `TIMESTAMP "yesterday" is not a date and time`)
	check(load.ReadAzure, azure+"0001-01-01 00:00:00,1,1\n", 3, "is not a date and time")
	check(load.ReadAzure, azure+"2023-11-16 18:15:46,1\n", 3, "wrong number of fields")
	check(load.ReadAzure, azure+"\"2023-11-16\n", 3, "quote")
	check(load.ReadBurstGPT, "Timestamp,Request tokens,Response tokens\n1h3,1,1\n", 2, `"1h3" is not a time`)
	check(load.ReadCSV, "time\n1\n", 1, `there is no column "offset"`)
	check(load.ReadCSV, "offset,input\n1,5\n2,many\n", 3, `input "many" is not a number of tokens`)
	check(load.ReadJSONL, "{\"offset\": 0}\n{\"offset\": 1", 2, "unexpected end")
}

func TestReadersStreamWhatComesBeforeAnError(t *testing.T) {
	onFire := errors.New("disk on fire")
	check := func(read reader, text string) {
		t.Helper()
		var offsets []time.Duration
		var errs []error
		for e, err := range read(io.MultiReader(strings.NewReader(text), iotest.ErrReader(onFire))) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			offsets = append(offsets, e.Offset)
		}
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second}, offsets)
		require.Equal(t, []error{onFire}, errs)
	}
	check(load.ReadCSV, "offset\n1\n2\n")
	check(load.ReadJSONL, "{\"offset\":1}\n{\"offset\":2}\n")
}

func TestReadersStopWhenNoMoreIsWanted(t *testing.T) {
	check := func(read reader, text string) {
		t.Helper()
		for _, err := range read(strings.NewReader(text)) {
			require.NoError(t, err)
			break
		}
	}
	check(load.ReadCSV, "offset\n1\nbroken\n")
	check(load.ReadJSONL, "{\"offset\":1}\nbroken\n")
	check(load.ReadAzure, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\nbroken,1,1\n")
}

func TestATraceWhoseFileIsNotInOrderIsSorted(t *testing.T) {
	trace, err := load.NewTrace(load.ReadMooncake(strings.NewReader(
		`{"timestamp": 500, "input_length": 1}` + "\n" + `{"timestamp": 700, "input_length": 2}` + "\n" +
			`{"timestamp": 200, "input_length": 3}` + "\n" + `{"timestamp": 500, "input_length": 4}`)))
	require.NoError(t, err)
	require.Equal(t, []load.Entry{{Input: 3}, {Offset: 300 * ms, Input: 1}, {Offset: 300 * ms, Input: 4}, {Offset: 500 * ms, Input: 2}}, trace.Entries)
}

func TestATraceWithoutEntriesIsAnError(t *testing.T) {
	_, err := load.NewTrace(load.ReadJSONL(strings.NewReader("\n\n")))
	require.ErrorContains(t, err, "at least one entry")
}

func TestSpeedDividesTheOffsetsOfATrace(t *testing.T) {
	trace := load.Trace{Entries: []load.Entry{{}, {Offset: 5}, {Offset: time.Second}}}
	require.Equal(t, []time.Duration{0, 5, time.Second}, first(trace, 0, 9))
	trace.Speed = 2
	require.Equal(t, []time.Duration{0, 3, 500 * ms}, first(trace, 0, 9)) // 2.5 ns is rounded up
	length, ends := load.Length(trace)
	require.True(t, ends)
	require.Equal(t, 500*ms, length)
	trace.Speed = 0.1
	require.Equal(t, []time.Duration{0, 50, 10 * time.Second}, first(trace, 0, 9))
	trace.Speed = 1e-300
	require.Equal(t, []time.Duration{0}, first(trace, 0, 9)) // the others would be after the end of time
	trace.Speed = 1e300
	require.Equal(t, []time.Duration{0, 0, 0}, first(trace, 0, 9))
}

func FuzzReaders(f *testing.F) {
	f.Add([]byte(`{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}` + "\n" + `{"timestamp": 1e3}`))
	f.Add([]byte("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"))
	f.Add([]byte("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n"))
	f.Add([]byte("offset,input,output\n0.25,1,2\n\"1e-5\",,\n"))
	f.Add([]byte("{\"offset\": \"250ms\", \"input\": 655, \"output\": 52}\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, read := range []reader{load.ReadMooncake, load.ReadAzure, load.ReadBurstGPT, load.ReadCSV, load.ReadJSONL} {
			trace, err := load.NewTrace(read(strings.NewReader(string(file))))
			if err != nil {
				require.Empty(t, trace.Entries)
				if broken, ok := errors.AsType[*load.TraceError](err); ok {
					require.Positive(t, broken.Line)
				}
				continue
			}
			back, err := load.Parse(trace.String())
			require.NoError(t, err)
			require.Equal(t, trace, back)
		}
	})
}
