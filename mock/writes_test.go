package mock_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/mock"
)

// A writeLog is a response writer that keeps the bytes between two flushes together.
type writeLog struct {
	*httptest.ResponseRecorder
	writes []string
}

func (l *writeLog) Flush() {
	if text := l.Body.String(); text != "" {
		l.writes = append(l.writes, text)
	}
	l.Body.Reset()
}

// writes returns what an answer is made of, write by write.
func writes(t require.TestingT, o mock.Options, api mock.API, body string) []string {
	s, err := mock.New(o)
	require.NoError(t, err)
	l := &writeLog{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(l, httptest.NewRequest(http.MethodPost, paths[api], strings.NewReader(body)))
	l.Flush()
	return l.writes
}

// Times of creation in an answer are whole seconds, and may differ between two runs outside of a bubble.
func withoutCreated(text string) string {
	for _, key := range []string{`"created":`, `"created_at":`} {
		parts := strings.Split(text, key)
		for i := range parts[1:] {
			parts[i+1] = strings.TrimLeft(parts[i+1], "0123456789")
		}
		text = strings.Join(parts, key)
	}
	return text
}

func TestEachEventIsAWriteOfItsOwn(t *testing.T) {
	list := writes(t, mock.Options{Tokens: mock.Fixed(7)}, mock.Chat, request(mock.Chat, true))
	require.Len(t, list, 8)
	for _, w := range list[:7] {
		require.Equal(t, 1, strings.Count(w, "\n\n"))
	}
	require.Equal(t, 3, strings.Count(list[7], "\n\n")) // finish reason, usage, [DONE]
}

func TestTornAndMergedWritesReassemble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		api := rapid.SampledFrom(streamsAPIs).Draw(t, "api")
		o := mock.Options{
			Seed:           rapid.Uint64().Draw(t, "seed"),
			Tokens:         mock.Fixed(rapid.IntRange(1, 40).Draw(t, "tokens")),
			TokensPerEvent: mock.Fixed(rapid.IntRange(1, 3).Draw(t, "per event")),
			Reasoning:      mock.Fixed(rapid.IntRange(0, 10).Draw(t, "reasoning")),
		}
		plain := strings.Join(writes(t, o, api, request(api, true)), "")
		o.Writes.Merge = rapid.IntRange(0, 5).Draw(t, "merge")
		o.Writes.Tear = rapid.IntRange(0, 9).Draw(t, "tear")
		rough := strings.Join(writes(t, o, api, request(api, true)), "")
		require.Equal(t, withoutCreated(plain), withoutCreated(rough))
	})
}

func TestTornWritesFallInsideCharactersToo(t *testing.T) {
	o := mock.Options{Tokens: mock.Fixed(200), Writes: mock.Writes{Tear: 8}}
	list := writes(t, o, mock.Completions, request(mock.Completions, true))
	require.Len(t, list, 8*201)
	inside := 0
	for _, w := range list {
		if !utf8.ValidString(w) {
			inside++
		}
	}
	require.NotZero(t, inside)
}

func TestMergedEventsComeTogetherWhenTheLastIsDue(t *testing.T) {
	o := mock.Options{
		TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(8), Writes: mock.Writes{Merge: 3},
	}
	inBubble(t, o, func(t *testing.T, c *client) {
		var at []time.Duration
		for _, e := range c.stream(t, mock.Chat).tokens(t) {
			at = append(at, e.at)
		}
		third := 120 * ms
		require.Equal(t, []time.Duration{third, third, third, 150 * ms, 150 * ms, 150 * ms, 170 * ms, 170 * ms}, at)
		for i, e := range c.Records()[0].Events[:8] {
			require.Equal(t, at[i], e.At)
		}
	})
}

// An event is there when its last piece is; the pauses between pieces do not shift what follows.
func TestPiecesOfATornEventComeApart(t *testing.T) {
	o := mock.Options{
		TTFT: mock.Fixed(100 * ms), ITL: mock.Fixed(10 * ms), Tokens: mock.Fixed(5), Writes: mock.Writes{Tear: 3, Gap: 2 * ms},
	}
	inBubble(t, o, func(t *testing.T, c *client) {
		for i, e := range c.stream(t, mock.Chat).tokens(t) {
			want := 100*ms + time.Duration(i)*10*ms + 4*ms
			require.Equal(t, want, e.at)
			require.Equal(t, want, c.Records()[0].Events[i].At)
		}
	})
}
