package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/endpoint/endpointtest"
	"github.com/llmeter-go/llmeter/transport"
)

func TestNothingSecretIsShown(t *testing.T) {
	x := &exchange{Request: &Request{Secrets: []string{"sk-0123456789", "Bearer sk-0123456789", "x"}}}
	check := func(in, want string) {
		t.Helper()
		require.Equal(t, want, x.conceal(in))
	}
	check("key sk-0123456789, again sk-0123456789.", "key [redacted], again [redacted].")
	check(`{"Authorization":"Bearer sk-0123456789"}`, `{"Authorization":"Bearer [redacted]"}`)
	check("Incorrect API key provided: sk-01***6789. Find yours", "Incorrect API key provided: [redacted] Find yours")
	check(`the key "****6789" is wrong`, `the key "[redacted]" is wrong`)
	check("**bold** and x stay", "**bold** and x stay")
	check("cut in the middle: sk-0123…", "cut in the middle: [redacted]…")
	check("cut before: sk-…", "cut before: sk-…")

	cause := fmt.Errorf("read: sk-0123456789")
	e := x.redact(&endpoint.Error{Kind: endpoint.KindReset, Code: "sk-0123456789", Message: cause.Error(), Err: cause})
	require.Equal(t, "reset [[redacted]]: read: [redacted]", e.Error())
	require.EqualError(t, errors.Unwrap(e), "read: [redacted]")
	harmless := &endpoint.Error{Kind: endpoint.KindReset, Err: io.EOF}
	require.ErrorIs(t, x.redact(harmless), io.EOF)
	require.Len(t, x.redact(&endpoint.Error{Message: strings.Repeat("y", 1<<16)}).Message, endpoint.MaxMessage+len("…"))
}

func TestSecretNames(t *testing.T) {
	for _, name := range []string{"Authorization", "X-Api-Key", "api-key", "Proxy-Authorization", "Cookie", "X-Amz-Security-Token", "client_secret", "sig-Signature"} {
		require.True(t, IsSecret(name), name)
	}
	for _, name := range []string{"User-Agent", "X-Team", "api-version", "OpenAI-Organization"} {
		require.False(t, IsSecret(name), name)
	}
	require.ElementsMatch(t, []string{"Bearer abc", "abc", "def"}, SecretsIn(http.Header{"Authorization": {"Bearer abc"}, "Api-Key": {"def"}, "X-Team": {"perf"}}))
}

func TestExcerpt(t *testing.T) {
	require.Equal(t, "abc", Excerpt([]byte("abc"), 3))
	require.Equal(t, "ab…", Excerpt([]byte("abc"), 2))
	require.Equal(t, "日…", Excerpt([]byte("日本"), 5))
	require.Equal(t, "…", Excerpt([]byte("日本"), 2))
	rapid.Check(t, func(t *rapid.T) {
		data, max := rapid.SliceOf(rapid.Byte()).Draw(t, "data"), rapid.IntRange(0, 20).Draw(t, "max")
		s := Excerpt(data, max)
		require.True(t, utf8.ValidString(s))
		require.LessOrEqual(t, len(s), max+len("…"))
		if utf8.Valid(data) {
			require.True(t, strings.HasPrefix(string(data), strings.TrimSuffix(s, "…")))
			require.Equal(t, len(data) <= max, s == string(data))
		}
	})
}

func TestReportsOfErrors(t *testing.T) {
	check := func(body, code, message string) {
		t.Helper()
		e := StreamError(fastjson.MustParse(body))
		if message == "" {
			require.Nil(t, e)
			return
		}
		require.Equal(t, [2]string{code, message}, [2]string{e.Code, e.Message})
	}
	check(`{}`, "", "")
	check(`{"error":null}`, "", "")
	check(`{"error":false}`, "", "")
	check(`{"error":""}`, "", "")
	check(`{"error":"m"}`, "", "m")
	check(`{"error":{"message":"m","code":"c","type":"t"}}`, "c", "m")
	check(`{"error":{"message":"m","code":null,"type":"t"}}`, "t", "m")
	check(`{"error":{"message":"m","code":503}}`, "503", "m")
	check(`{"error":{"message":"m","code":503,"type":"t"}}`, "t", "m")
	check(`{"error":{"reason":"r"}}`, "", `{"reason":"r"}`)
	check(`{"type":"error","error":{"type":"overloaded_error","message":"m"}}`, "overloaded_error", "m")
	check(`{"type":"error","code":"c","message":"m"}`, "c", "m")
	check(`{"object":"error","message":"m","type":"t","code":400}`, "t", "m")
	require.Equal(t, endpoint.KindRateLimited, ServerError("rate_limit_error", "m").Kind)
	require.Equal(t, endpoint.KindRateLimited, StreamError(fastjson.MustParse(`{"error":{"message":"m","code":429,"type":"t"}}`)).Kind)
	require.Equal(t, endpoint.KindStream, ServerError("overloaded_error", "m").Kind)
}

func TestPages(t *testing.T) {
	for _, body := range []string{"<!DOCTYPE HTML>x", " \n<html>", "<HTML lang=en>", "<head>"} {
		require.True(t, isHTML([]byte(body)), body)
	}
	require.False(t, isHTML([]byte(`{"a":"<html>"}`)))
	require.Equal(t, `an HTML page, "502 Bad",`, page([]byte("<html><Title> 502 Bad\n</title>")))
	require.Equal(t, "an HTML page", page([]byte("<html></title><title>")))
}

// echo yields each event's data as a chunk.
type echo struct{}

func (echo) Event(_, data []byte, emit func(*endpoint.Chunk)) (bool, error) {
	emit(&endpoint.Chunk{Text: string(data)})
	return false, nil
}
func (echo) Complete() bool                                      { return true }
func (echo) Whole(body []byte, emit func(*endpoint.Chunk)) error { return nil }

func TestConsumerThatStopsEndsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		client, err := transport.New(transport.Options{DialContext: endpointtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: one\n\ndata: two\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			close(gone)
		}))})
		require.NoError(t, err)
		var clocks []string
		q := &Request{Client: client, URL: &url.URL{Scheme: "http", Host: "a"}, Clock: func(c transport.Clock) { clocks = append(clocks, c.String()) }}
		var texts []string
		var attempt *endpoint.Attempt
		for c, err := range q.Stream(t.Context(), echo{}) {
			require.NoError(t, err)
			if c.Attempt != nil {
				attempt = c.Attempt
				continue
			}
			texts = append(texts, c.Text)
			break
		}
		<-gone
		require.Equal(t, []string{"one"}, texts)
		require.Equal(t, 200, attempt.Status)
		require.False(t, attempt.End.IsZero())
		require.Equal(t, []string{"user"}, clocks)
		for range q.Stream(t.Context(), echo{}) {
			break // before anything was sent
		}
		client.CloseIdleConnections()
		time.Sleep(time.Second)
	})
}
