package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/internal/sse"
)

// event is what the tests compare: an Event with its slices copied and without its place in the stream.
type event struct {
	Type, Data, ID string
	Partial        bool
}

func readAll(r *sse.Reader) ([]event, error) {
	var all []event
	for {
		e, err := r.Next()
		if err != nil {
			return all, err
		}
		all = append(all, event{string(e.Type), string(e.Data), string(e.ID), e.Partial})
	}
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want []event
	}{
		"empty stream":            {"", nil},
		"one event":               {"data: hi\n\n", []event{{Data: "hi"}}},
		"no space after colon":    {"data:hi\n\n", []event{{Data: "hi"}}},
		"one space is stripped":   {"data:  hi\n\n", []event{{Data: " hi"}}},
		"tab is not stripped":     {"data:\thi\n\n", []event{{Data: "\thi"}}},
		"colon in the value":      {"data: a: b\n\n", []event{{Data: "a: b"}}},
		"CRLF":                    {"data: a\r\n\r\ndata: b\r\n\r\n", []event{{Data: "a"}, {Data: "b"}}},
		"CR":                      {"data: a\r\rdata: b\r\r", []event{{Data: "a"}, {Data: "b"}}},
		"mixed line ends":         {"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", []event{{Data: "a\nb\nc"}, {Data: "d"}}},
		"several data lines":      {"data: YHOO\ndata: +2\ndata: 10\n\n", []event{{Data: "YHOO\n+2\n10"}}},
		"empty data":              {"data\n\ndata:\n\n", []event{{}, {}}},
		"two empty data lines":    {"data\ndata\n\n", []event{{Data: "\n"}}},
		"type":                    {"event: add\ndata: 1\n\ndata: 2\n\n", []event{{Type: "add", Data: "1"}, {Data: "2"}}},
		"last type counts":        {"event: a\nevent: b\ndata: 1\n\n", []event{{Type: "b", Data: "1"}}},
		"type after data":         {"data: 1\nevent: b\n\n", []event{{Type: "b", Data: "1"}}},
		"empty type":              {"event: a\nevent:\ndata: 1\n\n", []event{{Data: "1"}}},
		"type without data":       {"event: add\n\ndata: 2\n\n", []event{{Data: "2"}}},
		"id stays":                {"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []event{{Data: "a", ID: "7"}, {Data: "b", ID: "7"}, {Data: "c"}}},
		"id alone":                {"id: 7\n\ndata: b\n\n", []event{{Data: "b", ID: "7"}}},
		"id with NUL is ignored":  {"id: 7\nid: 8\x00\ndata: a\n\n", []event{{Data: "a", ID: "7"}}},
		"comments":                {": hi\n:\n\n:x\ndata: a\n: in between\ndata: b\n\n", []event{{Data: "a\nb"}}},
		"unknown fields":          {"retry: 5\nfoo: bar\nfoo\ndatax: 1\n data: 2\nData: 3\n\ndata: a\n\n", []event{{Data: "a"}}},
		"byte order mark":         {"\uFEFFdata: a\n\n", []event{{Data: "a"}}},
		"one byte order mark":     {"\uFEFF\uFEFFdata: a\n\n", nil},
		"mark inside":             {"data: a\n\n\uFEFFdata: b\n\n", []event{{Data: "a"}}},
		"blank lines":             {"\n\n\r\n\rdata: a\n\n\n\n", []event{{Data: "a"}}},
		"bytes that are not text": {"data: \xff\xfe\x00\n\n", []event{{Data: "\xff\xfe\x00"}}},
		"no blank line":           {"data: a\n\ndata: b\n", []event{{Data: "a"}, {Data: "b", Partial: true}}},
		"no final newline":        {"data: a\n\nevent: x\ndata: b", []event{{Data: "a"}, {Type: "x", Data: "b", Partial: true}}},
		"CR at the end":           {"data: b\r", []event{{Data: "b", Partial: true}}},
		"no data at the end":      {"data: a\n\nevent: x\nid: 1", []event{{Data: "a"}}},
		"part of a mark":          {"\xEF\xBB", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{
				strings.NewReader(test.in),
				iotest.OneByteReader(strings.NewReader(test.in)),
				iotest.DataErrReader(strings.NewReader(test.in)),
				iotest.HalfReader(strings.NewReader(test.in)),
			} {
				got, err := readAll(sse.NewReader(src))
				require.Equal(t, io.EOF, err)
				require.Equal(t, test.want, got)
			}
		})
	}
}

func TestAnEventIsStampedByTheReadThatCompletedItBeforeParsing(t *testing.T) {
	start := time.Unix(1000, 0)
	reads := 0
	r := sse.Reader{Stamp: func() time.Time { reads++; return start.Add(time.Duration(reads) * time.Second) }}
	r.Reset(chunks("data: a\n\ndata: b\n\nda", "ta: c", "\r", "\r", "\ndata: d\n\n"))
	for _, want := range []struct {
		data        string
		read, bytes int
	}{{"a", 1, 9}, {"b", 1, 9}, {"c", 4, 9}, {"d", 5, 10}} {
		e, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want.data, string(e.Data))
		require.Equal(t, want.read, e.Read)
		require.Equal(t, want.bytes, e.Bytes)
		require.Equal(t, start.Add(time.Duration(want.read)*time.Second), e.At)
	}
	_, err := r.Next()
	require.Equal(t, io.EOF, err)
	require.Equal(t, 5, r.Reads())
}

func TestWithoutAStampHookTheClockIsReadAfterTheRead(t *testing.T) {
	var during time.Time
	r := sse.NewReader(readerFunc(func(p []byte) (int, error) {
		during = time.Now()
		return copy(p, "data: a\n\n"), io.EOF
	}))
	e, err := r.Next()
	require.NoError(t, err)
	require.False(t, e.At.Before(during))
}

func TestCommentsAreCounted(t *testing.T) {
	r := sse.NewReader(strings.NewReader(": keep-alive\n\n:\n\ndata: a\n: x\n\n"))
	_, err := readAll(r)
	require.Equal(t, io.EOF, err)
	require.Equal(t, 3, r.Comments())
}

func TestABrokenStreamKeepsTheLinesThatAreComplete(t *testing.T) {
	broken := errors.New("connection reset")
	for in, want := range map[string][]event{
		"data: a\n\ndata: b\n\n":     {{Data: "a"}, {Data: "b"}},
		"data: a\n\ndata: b\n":       {{Data: "a"}, {Data: "b", Partial: true}},
		"data: a\n\ndata: b":         {{Data: "a"}},
		"data: a\n\ndata: b\ndata: ": {{Data: "a"}, {Data: "b", Partial: true}},
	} {
		r := sse.NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)))
		got, err := readAll(r)
		require.Equal(t, want, got, "%q", in)
		require.Equal(t, broken, err)
		_, err = r.Next()
		require.Equal(t, broken, err, "the error stays")
	}
}

func TestAnEventLongerThanTheLimitIsAnErrorThatNamesIt(t *testing.T) {
	const limit = 9000
	longest := "data: " + strings.Repeat("x", limit-len("data: ")-1) + "\n" // the limit counts the line with its end
	for in, fits := range map[string]bool{
		longest + "\n":                           true,
		longest:                                  true,
		"data: before\n\n: c\n" + longest + "\n": true,
		"data: before\n\n" + "data: xx" + longest:   false,
		"data: before\n\ndata: x\n" + longest:       false,
		"data: before\n\n:xxxxxxxx" + longest[1:]:   false,
		"data: before\n\n" + longest + longest[:20]: false,
	} {
		for _, src := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			r := sse.Reader{Limit: limit}
			r.Reset(src)
			got, err := readAll(&r)
			if fits {
				require.Equal(t, io.EOF, err)
				require.Len(t, got[len(got)-1].Data, limit-len("data: ")-1)
				continue
			}
			require.Equal(t, []event{{Data: "before"}}, got)
			var tooLong *sse.TooLongError
			require.ErrorAs(t, err, &tooLong)
			require.Equal(t, limit, tooLong.Limit)
			require.ErrorContains(t, err, "9000 bytes")
		}
	}
}

func TestTheDefaultLimitTakesAnEventOfSixteenMebibytes(t *testing.T) {
	data := strings.Repeat("x", sse.DefaultLimit-len("data: \n"))
	got, err := readAll(sse.NewReader(strings.NewReader("data: " + data + "\n\ndata: y" + data + "\n\n")))
	require.Len(t, got, 1)
	require.Len(t, got[0].Data, len(data))
	require.ErrorContains(t, err, "16777216 bytes")
}

func TestASourceThatReturnsNothingForeverIsAnError(t *testing.T) {
	_, err := sse.NewReader(readerFunc(func([]byte) (int, error) { return 0, nil })).Next()
	require.Equal(t, io.ErrNoProgress, err)
}

func TestResetForgetsTheStreamBefore(t *testing.T) {
	r := sse.NewReader(strings.NewReader("id: 7\nevent: x\ndata: a\r\n: c\r\n\r"))
	_, err := r.Next()
	require.NoError(t, err)
	r.Reset(strings.NewReader("\n\uFEFF\ndata: b\n\n"))
	got, err := readAll(r)
	require.Equal(t, io.EOF, err)
	require.Equal(t, []event{{Data: "b"}}, got)
	require.Equal(t, 0, r.Comments())
	require.Equal(t, 1, r.Reads())
}

func TestReadingAllocatesNothing(t *testing.T) {
	stream := strings.Repeat(chatEvent, 100) + "event: e\nid: 1\ndata: a\ndata: b\n\n"
	src := strings.NewReader(stream)
	r := sse.NewReader(src)
	got := testing.AllocsPerRun(10, func() {
		src.Reset(stream)
		r.Reset(src)
		for n := 0; ; n++ {
			if _, err := r.Next(); err != nil {
				require.Equal(t, 101, n)
				break
			}
		}
	})
	require.Zero(t, got)
}

// readerFunc is a Read method.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// chunks returns a reader that gives one of parts per read.
func chunks(parts ...string) io.Reader {
	readers := make([]io.Reader, len(parts))
	for i, part := range parts {
		readers[i] = strings.NewReader(part)
	}
	return io.MultiReader(readers...)
}
