package sse_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/internal/sse"
)

var lineEnd = regexp.MustCompile("\r\n|\r|\n")

// obvious reads the whole stream at once, line by line, as the standard's text says it. It returns
// the events whose blank line is there, the one that the end of the stream leaves unfinished, and
// the number of comments.
func obvious(stream string) (done, unfinished []event, comments int) {
	lines := lineEnd.Split(strings.TrimPrefix(stream, "\uFEFF"), -1)
	var e event
	var data []string
	for i, line := range lines {
		if line == "" && i < len(lines)-1 {
			if data != nil {
				e.Data = strings.Join(data, "\n")
				done = append(done, e)
			}
			e, data = event{ID: e.ID}, nil
		}
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "data":
			data = append(data, strings.TrimPrefix(value, " "))
		case "event":
			e.Type = strings.TrimPrefix(value, " ")
		case "id":
			if id := strings.TrimPrefix(value, " "); !strings.Contains(id, "\x00") {
				e.ID = id
			}
		case "":
			if line != "" {
				comments++
			}
		}
	}
	if data != nil {
		e.Data, e.Partial = strings.Join(data, "\n"), true
		unfinished = []event{e}
	}
	return done, unfinished, comments
}

// torn gives a stream in reads whose sizes are those of cuts, over and over, and notes where each read ended.
type torn struct {
	rest string
	cuts []byte
	ends []int
	at   int
}

func (t *torn) Read(p []byte) (int, error) {
	if t.rest == "" {
		return 0, io.EOF
	}
	size := len(t.rest)
	if len(t.cuts) > 0 {
		size = int(t.cuts[len(t.ends)%len(t.cuts)]) + 1
	}
	n := copy(p, t.rest[:min(size, len(t.rest))])
	t.rest = t.rest[n:]
	t.at += n
	t.ends = append(t.ends, t.at)
	return n, nil
}

// FuzzReader compares the reader with the obvious one under every way to tear a stream into reads:
// the events, the read that completed each, their stamps, and the bytes, none of which is counted twice.
func FuzzReader(f *testing.F) {
	for _, stream := range []string{
		chatEvent, "\uFEFFevent: a\r\nid: 1\r\ndata: x\r\ndata: y\r\n\r\n: c\r\n\r\ndata: z",
		"data\rdata:\r\rid: \x00\rid\revent\r\r", "\xEF\xBB\xBF\xEF\xBB\xBFdata: \xe2\x82\xac\n\n", "data: a\n\r\n\rdata: b\r\n",
	} {
		f.Add(stream, []byte{})
		f.Add(stream, []byte{0})
		f.Add(stream, []byte{2, 0, 7})
	}
	f.Fuzz(func(t *testing.T, stream string, cuts []byte) {
		start := time.Unix(0, 0)
		src := &torn{rest: stream, cuts: cuts}
		r := sse.Reader{Limit: 1 << 30, Stamp: func() time.Time { return start.Add(time.Duration(src.at)) }}
		r.Reset(src)
		done, unfinished, comments := obvious(stream)
		sum := 0
		for i, want := range append(done, unfinished...) {
			e, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, want, event{string(e.Type), string(e.Data), string(e.ID), e.Partial})
			end := src.ends[e.Read-1]
			require.Equal(t, start.Add(time.Duration(end)), e.At)
			if !e.Partial {
				now, _, _ := obvious(stream[:end])
				require.Greater(t, len(now), i, "the event was not complete after the read it names")
				if e.Read > 1 {
					before, _, _ := obvious(stream[:src.ends[e.Read-2]])
					require.LessOrEqual(t, len(before), i, "the event was complete a read before")
				}
			}
			require.Positive(t, e.Bytes)
			sum += e.Bytes
			require.LessOrEqual(t, sum, end)
		}
		_, err := r.Next()
		require.Equal(t, io.EOF, err)
		require.Equal(t, comments, r.Comments())
		require.Equal(t, len(src.ends), r.Reads())
	})
}

// FuzzLimit says that how a stream is torn into reads decides nothing about the limit either.
func FuzzLimit(f *testing.F) {
	f.Add("data: abc\r\n\r\n: comment\n\ndata: d\ndata: e\n\n", []byte{0}, uint8(12))
	f.Add("\uFEFFdata: a\r\rdata: abcdef", []byte{3, 1}, uint8(10))
	f.Fuzz(func(t *testing.T, stream string, cuts []byte, limit uint8) {
		var got [2][]event
		var errs [2]error
		for i, src := range []io.Reader{bytes.NewReader([]byte(stream)), &torn{rest: stream, cuts: cuts}} {
			r := sse.Reader{Limit: int(limit)}
			r.Reset(src)
			got[i], errs[i] = readAll(&r)
		}
		require.Equal(t, got[0], got[1])
		require.Equal(t, errs[0], errs[1])
	})
}
