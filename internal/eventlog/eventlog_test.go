package eventlog_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/internal/eventlog"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2026, 11, 22, 15, 52, 26, 431459789, time.UTC)

const none = eventlog.Missing

// example uses every field.
func example() eventlog.Response {
	return eventlog.Response{
		Seq: 7, Client: -1, Turn: 2, RequestTime: start.UnixMicro() + 12345, Intended: 11_000_000, Dispatched: 12_000_000,
		FirstToken: 212_000_000, FirstText: none, LastToken: 412_000_001, End: 412_500_000, Streamed: true,
		Input: eventlog.Count{N: 41, Source: 1}, Output: eventlog.Count{N: 9, Source: 2}, Reasoning: eventlog.Count{N: 0, Source: 1},
		Error: &eventlog.Error{Kind: "truncated", Code: "c", Message: "the stream was cut", Status: 200, RetryAfter: 2_000_000_000},
		Attempts: []eventlog.Attempt{
			{URL: "http://a/v1", RemoteAddr: "[::1]:80", Protocol: "HTTP/1.1", Reused: true, Status: 503,
				Start: 12_000_001, Ready: 12_000_002, Written: 12_000_003, FirstByte: none, End: 12_000_004, DNS: 1, Connect: 2, TLS: 3,
				Error: &eventlog.Error{Kind: "http_5xx", Status: 503}, RateLimit: &eventlog.RateLimit{
					Requests: eventlog.Quota{Limit: 60, Remaining: 0, Reset: 1_000_000_000}, Tokens: eventlog.Quota{Limit: 90_000}}},
			{Start: 13_000_000, Ready: none, Written: none, FirstByte: none, End: none},
		},
		Events: []eventlog.Event{
			{At: 150_000_000, Bytes: 180},
			{At: 200_000_000, Bytes: 210, Text: 4, Tokens: 1, Channel: 1, Late: 7},
			{At: 199_999_999, Bytes: 215, Text: 9, Tokens: 3, Channel: 4, SameRead: true, Late: 65535},
		},
	}
}

// exampleRun uses every field.
func exampleRun() eventlog.Run {
	return eventlog.Run{
		TestTime: 61_000_000_001, EndTime: start.UnixMicro() + 61_000_001, Interrupted: true,
		Clients: 8, Requests: 4, Cancelled: 2, Conversations: 3,
	}
}

// part is what is known of a request while it streams: its events from first up to last.
func part(seq, first, last int) []byte {
	r := eventlog.Response{
		Seq: seq, Client: 3, RequestTime: start.UnixMicro(), Dispatched: 12_000_000, Intended: 12_000_000,
		FirstToken: none, FirstText: none, LastToken: none, End: none, Events: events(first, last),
	}
	return eventlog.AppendPart(nil, start, first, &r)
}

func events(first, last int) (all []eventlog.Event) {
	for i := first; i < last; i++ {
		all = append(all, eventlog.Event{At: int64(i+1) * 20_000_000, Bytes: 210, Text: 5, Tokens: 1})
	}
	return all
}

func logOf(rs ...eventlog.Response) []byte {
	b := eventlog.AppendHeader(nil, start)
	for i := range rs {
		b = eventlog.AppendResponse(b, start, &rs[i])
	}
	return b
}

// read gives all responses and the error that ended the log, nil at its end.
func read(t require.TestingT, log []byte) (all []eventlog.Response, err error) {
	r, err := eventlog.NewReader(bytes.NewReader(log))
	if err != nil {
		return nil, err
	}
	require.True(t, start.Equal(r.Start()))
	for response, err := range r.All() {
		if err != nil {
			return all, err
		}
		kept := *response
		kept.Attempts = append([]eventlog.Attempt(nil), response.Attempts...)
		kept.Events = append([]eventlog.Event(nil), response.Events...)
		all = append(all, kept)
	}
	return all, nil
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := []eventlog.Response{example(), {
		RequestTime: none, Intended: none, Dispatched: none, FirstToken: none, FirstText: none, LastToken: none, End: none,
	}, example()}
	got, err := read(t, logOf(want...))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// The format is a promise to files that exist: a change of these bytes needs a new version.
func TestTheBytesOfALogStayWhatTheyAre(t *testing.T) {
	golden, err := os.ReadFile("testdata/example.hex")
	require.NoError(t, err)
	log := append(logOf(example()), part(9, 2, 4)...)
	run := exampleRun()
	got := hex.EncodeToString(eventlog.AppendRun(log, start, &run))
	if *update {
		require.NoError(t, os.WriteFile("testdata/example.hex", []byte(got+"\n"), 0o666))
		return
	}
	require.Equal(t, strings.TrimSpace(string(golden)), got)
	require.Equal(t, "LLMEVT\x01\x00", string(logOf()[:8]))
	require.Equal(t, uint64(start.UnixNano()), binary.LittleEndian.Uint64(logOf()[8:]))
}

// The bytes in the documentation, for whoever writes a reader, are those that are written.
func TestTheExampleOfTheDocumentationIsALog(t *testing.T) {
	text, err := os.ReadFile("../../docs/events.md")
	require.NoError(t, err)
	_, example, ok := strings.Cut(string(text), "```hex\n")
	require.True(t, ok)
	example, _, _ = strings.Cut(example, "```")
	var digits strings.Builder
	for line := range strings.Lines(example) {
		fields, _, _ := strings.Cut(line, "  ")
		digits.WriteString(strings.ReplaceAll(fields, " ", ""))
	}
	log, err := hex.DecodeString(digits.String())
	require.NoError(t, err)
	want := eventlog.Response{
		Seq: 5, Client: 1, RequestTime: start.UnixMicro() + 1000, Dispatched: 1_000_000, Intended: 1_000_000,
		FirstToken: 201_000_000, FirstText: 201_000_000, LastToken: 221_000_000, End: 221_500_000, Streamed: true,
		Output: eventlog.Count{N: 2, Source: 1},
		Events: []eventlog.Event{{At: 200_000_000, Bytes: 210, Text: 4, Tokens: 1, Late: 3}, {At: 220_000_000, Bytes: 211, Text: 5, Tokens: 1}},
	}
	require.Equal(t, logOf(want), log)
}

func TestALogThatIsCutAnywhereGivesWhatIsComplete(t *testing.T) {
	whole := logOf(example(), example())
	second := len(logOf(example()))
	for n := range len(whole) {
		got, err := read(t, whole[:n])
		switch n {
		case 16:
			require.NoError(t, err)
			require.Empty(t, got)
			continue
		case second:
			require.NoError(t, err)
			require.Len(t, got, 1)
			continue
		}
		var damage *eventlog.FormatError
		require.ErrorAs(t, err, &damage)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		switch {
		case n < 16:
			require.EqualError(t, err, "byte 0: the header is cut off")
		case n < second:
			require.EqualError(t, err, "byte 16: the frame is cut off")
			require.Empty(t, got)
		default:
			require.Equal(t, int64(second), damage.Offset)
			require.Len(t, got, 1)
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	whole := logOf(example())
	for bit := 16 * 8; bit < len(whole)*8; bit++ {
		broken := bytes.Clone(whole)
		broken[bit/8] ^= 1 << (bit % 8)
		got, err := read(t, broken)
		require.Error(t, err)
		require.Empty(t, got)
	}
}

func frame(kind byte, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(append(b, kind), payload...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func TestUnknownFramesAndFieldsAreSkipped(t *testing.T) {
	log := append(logOf(), frame(200, []byte("something of a later version"))...)
	one := logOf(example())
	grown := append(bytes.Clone(one[16+5:len(one)-4]), "\x00more fields"...) // no attempt before the last one has events
	log = append(append(log, frame(1, grown)...), frame(201, nil)...)
	got, err := read(t, log)
	require.NoError(t, err)
	require.Equal(t, []eventlog.Response{example()}, got)
}

func TestAFrameThatLiesIsNamedByItsPlace(t *testing.T) {
	good := logOf(example())
	for _, c := range []struct {
		name, reason string
		frame        []byte
	}{
		{"length", "the length of the frame is impossible", []byte{255, 255, 255, 255, 1}},
		{"payload", "the response in this frame cannot be understood", frame(1, []byte{0, 0, 0, 0, 0, 255, 255, 255, 127})},
		{"attempt", "the response in this frame cannot be understood", frame(1, []byte{0, 0, 0, 0, 0, 0, 1, 0, 0})},
		{"empty", "the response in this frame cannot be understood", frame(1, nil)},
		{"part", "the part of a response in this frame cannot be understood", frame(2, nil)},
		{"part after a gap", "the part of a response in this frame cannot be understood", part(9, 1, 2)},
		{"run", "the end of the run in this frame cannot be understood", frame(3, []byte{2, 0})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, append(bytes.Clone(good), c.frame...))
			var damage *eventlog.FormatError
			require.ErrorAs(t, err, &damage)
			require.Equal(t, int64(len(good)), damage.Offset)
			require.Equal(t, c.reason, damage.Reason)
			require.Len(t, got, 1)
		})
	}
	_, err := eventlog.NewReader(bytes.NewReader([]byte(`{"not": "an event log"}`)))
	require.EqualError(t, err, "byte 0: this is not an event log")
	_, err = eventlog.NewReader(bytes.NewReader([]byte("LLMEVT\x02\x0012345678")))
	require.EqualError(t, err, "byte 0: the log has a version that is not known here")
}

// readAll reads a log to its end and gives the reader.
func readAll(t *testing.T, log []byte) (r *eventlog.Reader, ended []int) {
	r, err := eventlog.NewReader(bytes.NewReader(log))
	require.NoError(t, err)
	for response, err := range r.All() {
		require.NoError(t, err)
		ended = append(ended, response.Seq)
	}
	return r, ended
}

func TestPartsOfARequestAddUpUntilItsEndReplacesThem(t *testing.T) {
	log := bytes.Join([][]byte{logOf(), part(9, 0, 0), part(4, 0, 3), part(9, 0, 2), part(7, 0, 1), part(9, 2, 5)}, nil)
	r, ended := readAll(t, log)
	require.Empty(t, ended)
	inFlight := r.InFlight()
	require.Len(t, inFlight, 3)
	for i, want := range []struct{ seq, events int }{{4, 3}, {7, 1}, {9, 5}} {
		require.Equal(t, want.seq, inFlight[i].Seq)
		require.Equal(t, events(0, want.events), inFlight[i].Events)
		require.Equal(t, int64(12_000_000), inFlight[i].Dispatched)
	}

	log = append(log, part(9, 1, 2)...) // the request was sent again: what had come before is taken back
	r, _ = readAll(t, log)
	require.Equal(t, events(0, 2), r.InFlight()[2].Events)

	done := example() // seq 7
	r, ended = readAll(t, eventlog.AppendResponse(log, start, &done))
	require.Equal(t, []int{7}, ended)
	require.Len(t, r.InFlight(), 2)
}

func TestTheEndOfTheRunIsRead(t *testing.T) {
	r, _ := readAll(t, logOf())
	_, ok := r.Run()
	require.False(t, ok)
	for _, want := range []eventlog.Run{exampleRun(), {EndTime: none}} {
		r, _ = readAll(t, eventlog.AppendRun(logOf(example()), start, &want))
		got, ok := r.Run()
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAFailureToReadIsNotTakenForTheEnd(t *testing.T) {
	broken := errors.New("the disk is on fire")
	r, err := eventlog.NewReader(io.MultiReader(bytes.NewReader(logOf()), failing{broken}))
	require.NoError(t, err)
	var into eventlog.Response
	require.ErrorIs(t, r.Next(&into), broken)
	require.ErrorIs(t, r.Next(&into), broken)
}

func instant() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Just(int64(none)), rapid.Int64Range(-1e15, 1e15))
}

func count() *rapid.Generator[eventlog.Count] {
	return rapid.Custom(func(t *rapid.T) (c eventlog.Count) {
		if c.Source = rapid.Uint8().Draw(t, "source"); c.Source != 0 {
			c.N = rapid.Int().Draw(t, "n")
		}
		return c
	})
}

func response() *rapid.Generator[eventlog.Response] {
	failure := rapid.Ptr(rapid.Make[eventlog.Error](), true)
	attempt := rapid.Custom(func(t *rapid.T) eventlog.Attempt {
		i := instant()
		return eventlog.Attempt{
			URL: rapid.String().Draw(t, "url"), RemoteAddr: rapid.String().Draw(t, "addr"), Protocol: rapid.String().Draw(t, "protocol"),
			Reused: rapid.Bool().Draw(t, "reused"), Status: rapid.Int().Draw(t, "status"),
			Start: i.Draw(t, "start"), Ready: i.Draw(t, "ready"), Written: i.Draw(t, "written"), FirstByte: i.Draw(t, "byte"), End: i.Draw(t, "end"),
			DNS: rapid.Int64().Draw(t, "dns"), Connect: rapid.Int64().Draw(t, "connect"), TLS: rapid.Int64().Draw(t, "tls"),
			Error: failure.Draw(t, "error"), RateLimit: rapid.Ptr(rapid.Make[eventlog.RateLimit](), true).Draw(t, "limit"),
			Events: rapid.SampledFrom([][]eventlog.Event{nil, events(0, 1), events(2, 6)}).Draw(t, "earlier events"),
		}
	})
	return rapid.Custom(func(t *rapid.T) eventlog.Response {
		i, c := instant(), count()
		r := eventlog.Response{
			Seq: rapid.Int().Draw(t, "seq"), Client: rapid.Int().Draw(t, "client"), Turn: rapid.Int().Draw(t, "turn"),
			RequestTime: i.Draw(t, "wall"), Intended: i.Draw(t, "intended"), Dispatched: i.Draw(t, "dispatched"), FirstToken: i.Draw(t, "first"),
			FirstText: i.Draw(t, "text"), LastToken: i.Draw(t, "last"), End: i.Draw(t, "end"), Streamed: rapid.Bool().Draw(t, "streamed"),
			Input: c.Draw(t, "in"), Output: c.Draw(t, "out"), Cached: c.Draw(t, "cached"), Reasoning: c.Draw(t, "reasoning"),
			Error: failure.Draw(t, "error"),
		}
		if a := rapid.SliceOfN(attempt, 0, 3).Draw(t, "attempts"); len(a) > 0 {
			r.Attempts = a
		}
		if e := rapid.SliceOfN(rapid.Make[eventlog.Event](), 0, 20).Draw(t, "events"); len(e) > 0 {
			r.Events = e
		}
		return r
	})
}

func TestReadingUndoesWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(response(), 1, 5).Draw(t, "responses")
		got, err := read(t, logOf(want...))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func FuzzReader(f *testing.F) {
	whole := logOf(example(), example())
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(append(logOf(), frame(9, []byte("x"))...))
	f.Add(bytes.Join([][]byte{logOf(), part(1, 0, 3), part(2, 0, 0), part(1, 3, 4), part(1, 0, 1)}, nil))
	run := exampleRun()
	f.Add(eventlog.AppendRun(logOf(), start, &run))
	f.Add([]byte("LLMEVT"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := eventlog.NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		for response, err := range r.All() {
			if err != nil {
				var damage *eventlog.FormatError
				require.ErrorAs(t, err, &damage)
				require.GreaterOrEqual(t, damage.Offset, int64(16))
				require.LessOrEqual(t, damage.Offset, int64(len(data)))
				return
			}
			require.LessOrEqual(t, len(response.Events), len(data))
		}
	})
}

// FuzzPayload gets past the checksum, which random bytes do not: the payload may then be anything, and what can be
// read can be written and read again.
func FuzzPayload(f *testing.F) {
	one := logOf(example())
	f.Add(one[16+5 : len(one)-4])
	f.Add([]byte{0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		first, err := read(t, append(logOf(), frame(1, payload)...))
		if err != nil {
			require.EqualError(t, err, "byte 16: the response in this frame cannot be understood")
			return
		}
		again, err := read(t, logOf(first...))
		require.NoError(t, err)
		require.Equal(t, first, again)
	})
}

// FuzzPart is the same for parts: whatever comes after a good one adds to it, replaces it, or is refused.
func FuzzPart(f *testing.F) {
	good := part(9, 0, 3)
	f.Add(good[5 : len(good)-4])
	next := part(9, 2, 5)
	f.Add(next[5 : len(next)-4])
	f.Add([]byte{1, 0, 18, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := eventlog.NewReader(bytes.NewReader(bytes.Join([][]byte{logOf(), good, frame(2, payload)}, nil)))
		require.NoError(t, err)
		var into eventlog.Response
		if err := r.Next(&into); err != io.EOF {
			require.EqualError(t, err, fmt.Sprintf("byte %d: the part of a response in this frame cannot be understood", 16+len(good)))
			require.Equal(t, events(0, 3), r.InFlight()[0].Events)
		}
		for _, response := range r.InFlight() {
			require.LessOrEqual(t, len(response.Events), 3+len(payload))
		}
	})
}

func benchmarkResponse(events int) eventlog.Response {
	r := example()
	r.Error, r.Events, r.Attempts = nil, nil, r.Attempts[:1]
	r.Attempts[0].Error = nil
	for i := range events {
		r.Events = append(r.Events, eventlog.Event{At: int64(i)*20_123_456 + int64(i*i%977), Bytes: 210, Text: 5, Tokens: 1})
	}
	return r
}

func BenchmarkAppendResponse(b *testing.B) {
	const events = 200
	r := benchmarkResponse(events)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = eventlog.AppendResponse(buf[:0], start, &r)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
	b.ReportMetric(float64(len(buf))/events, "B/event")
}

func BenchmarkNext(b *testing.B) {
	const events, n = 200, 100
	log := eventlog.AppendHeader(nil, start)
	r := benchmarkResponse(events)
	for range n {
		log = eventlog.AppendResponse(log, start, &r)
	}
	var into eventlog.Response
	for b.Loop() {
		reader, err := eventlog.NewReader(bytes.NewReader(log))
		require.NoError(b, err)
		for range n {
			require.NoError(b, reader.Next(&into))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events/n, "ns/event")
}
