package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

// fails asks for the answer and checks the error.
func fails(t *testing.T, k kind, h http.Handler, want endpoint.ErrorKind, message string) *endpoint.Response {
	t.Helper()
	r, err := ask(t, k, h)
	require.Error(t, err)
	require.Same(t, err, r.Error)
	require.Equal(t, want, r.Error.Kind, "%v", err)
	require.Contains(t, err.Error(), message)
	require.NotContains(t, fmt.Sprintf("%+v %+v", err, errors.Unwrap(err)), key)
	require.Len(t, r.Attempts, 1)
	require.Same(t, r.Error, r.Attempts[0].Error)
	require.Equal(t, "http://llm.test/v1", r.Attempts[0].URL)
	return r
}

func TestStatusIsAnError(t *testing.T) {
	check := func(a answer, want endpoint.ErrorKind, code, message string) {
		t.Helper()
		for _, k := range []kind{chat, chatStream, textStream, responseStream, embeddings} {
			r := fails(t, k, a, want, message)
			require.Equal(t, a.status, r.Error.Status)
			require.Equal(t, a.status, r.Status())
			require.Equal(t, code, r.Error.Code)
		}
	}
	body := func(status int, body string) answer {
		return answer{status: status, kind: "application/json", body: body}
	}
	check(body(401, `{"error":{"message":"Incorrect API key provided: sk-te*********6789.","type":"invalid_request_error","code":"invalid_api_key"}}`),
		endpoint.KindUnauthorized, "invalid_api_key", "Incorrect API key provided: [redacted]")
	check(body(401, `{"error":{"message":"no such key: Bearer `+key+`","code":null,"type":"auth"}}`), endpoint.KindUnauthorized, "auth", "no such key: [redacted]")
	check(body(403, `{"message":"Forbidden"}`), endpoint.KindUnauthorized, "", "(HTTP 403): Forbidden")
	check(body(404, `{"object":"error","message":"The model m does not exist.","type":"NotFoundError","param":null,"code":404}`),
		endpoint.KindNotFound, "NotFoundError", "The model m does not exist.")
	check(body(404, `{"detail":"Not Found"}`), endpoint.KindNotFound, "", "Not Found")
	check(body(400, `{"error":"max_tokens is too large"}`), endpoint.KindClientStatus, "", "max_tokens is too large")
	check(body(422, `{"detail":[{"loc":["body","model"],"msg":"field required"}]}`), endpoint.KindClientStatus, "", `"msg":"field required"`)
	check(body(500, ``), endpoint.KindServerStatus, "", "Internal Server Error")
	check(answer{status: 503, kind: "text/plain", body: "upstream connect error"}, endpoint.KindServerStatus, "", "upstream connect error")
	check(answer{status: 502, kind: "text/html", body: "<html>\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>"},
		endpoint.KindServerStatus, "", `an HTML page, "502 Bad Gateway"`)
	check(answer{status: 307, header: http.Header{"Location": {"https://login.test/sso?token=" + key}}}, endpoint.KindClientStatus, "", "redirected to https://login.test/sso")
}

func TestRetryAfterIsKept(t *testing.T) {
	check := func(want time.Duration, header http.Header) {
		t.Helper()
		r := fails(t, chatStream, answer{status: 429, header: header, kind: "application/json", body: `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`},
			endpoint.KindRateLimited, "slow down")
		require.Equal(t, want, r.Error.RetryAfter)
	}
	check(0, http.Header{})
	check(20*time.Second, http.Header{"Retry-After": {"20"}})
	check(1500*time.Millisecond, http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {"1500"}})
	check(90*time.Second, http.Header{"Date": {"Wed, 21 Oct 2026 07:28:00 GMT"}, "Retry-After": {"Wed, 21 Oct 2026 07:29:30 GMT"}})
	check(0, http.Header{"Retry-After": {"soon"}})
}

func TestErrorInAnAnswerThatBeganWell(t *testing.T) {
	hi := delta(`{"content":"Hi"}`)
	check := func(k kind, a answer, want endpoint.ErrorKind, code, message string) {
		t.Helper()
		r := fails(t, k, a, want, message)
		require.Equal(t, code, r.Error.Code)
		require.Equal(t, 200, r.Status())
		if strings.Contains(a.body, "Hi") {
			require.Equal(t, "Hi", r.Text, "what came before is kept")
			require.False(t, r.FirstToken.IsZero())
		}
	}
	check(chatStream, events(hi, `{"error":{"message":"out of memory","type":"server_error","code":null}}`), endpoint.KindStream, "server_error", "out of memory")
	check(chatStream, events(hi, `{"error":"out of memory"}`), endpoint.KindStream, "", "out of memory")
	check(chatStream, events(hi, `{"object":"error","message":"out of memory","type":"InternalServerError","code":500}`), endpoint.KindStream, "InternalServerError", "out of memory")
	check(chatStream, events(hi, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`), endpoint.KindRateLimited, "rate_limit_exceeded", "slow down")
	check(chatStream, events(hi, `{"error":{"message":"slow down","code":429}}`), endpoint.KindRateLimited, "429", "slow down")
	check(chatStream, answer{body: "data: " + hi + "\n\nevent: error\ndata: {\"message\":\"gone\"}\n\n"}, endpoint.KindStream, "", "gone")
	check(chatStream, answer{body: "data: " + hi + "\n\nevent: error\ndata: gone\n\n"}, endpoint.KindStream, "", "gone")
	check(textStream, events(`{"choices":[{"text":"Hi","index":0}]}`, `{"error":{"message":"gone","code":"x"}}`), endpoint.KindStream, "x", "gone")

	out := `{"type":"response.output_text.delta","delta":"Hi"}`
	check(responseStream, events(out, `{"type":"error","code":"server_error","message":"gone","param":null}`), endpoint.KindStream, "server_error", "gone")
	check(responseStream, events(out, `{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"},"usage":{"input_tokens":3,"output_tokens":1}}}`),
		endpoint.KindRateLimited, "rate_limit_exceeded", "slow down")
	check(responseStream, events(out, `{"type":"response.failed","response":{"status":"failed","error":null}}`), endpoint.KindStream, "failed", "the response failed")
	check(responseStream, events(out, `{"error":{"message":"gone","code":"x"}}`), endpoint.KindStream, "x", "gone")

	whole := answer{kind: "application/json", body: `{"error":{"message":"out of memory","code":"oom"}}`}
	for _, k := range []kind{chat, chatStream, text, textStream, response, responseStream, embeddings} {
		check(k, whole, endpoint.KindStream, "oom", "out of memory")
	}
	check(chatStream, answer{body: whole.body}, endpoint.KindStream, "oom", "out of memory") // called a stream, but none
	check(response, answer{kind: "application/json", body: `{"id":"r","status":"failed","error":{"code":"server_error","message":"gone"}}`}, endpoint.KindStream, "server_error", "gone")
	check(response, answer{kind: "application/json", body: `{"id":"r","status":"cancelled","error":null}`}, endpoint.KindStream, "cancelled", "cancelled")
}

func TestFailedResponseKeepsItsTokenCounts(t *testing.T) {
	r := fails(t, responseStream, events(`{"type":"response.failed","response":{"status":"failed","error":{"code":"c","message":"m"},"usage":{"input_tokens":3,"output_tokens":1}}}`),
		endpoint.KindStream, "m")
	require.Equal(t, endpoint.Counted(3), r.InputTokens)
}

func TestMalformedAnswers(t *testing.T) {
	page := answer{kind: "text/html; charset=utf-8", body: "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"}
	for _, k := range []kind{chat, chatStream, text, textStream, response, responseStream, embeddings} {
		fails(t, k, page, endpoint.KindMalformed, `an HTML page, "Sign in", instead of an answer; is the base URL right?`)
	}
	fails(t, chatStream, answer{body: page.body}, endpoint.KindMalformed, `an HTML page, "Sign in", instead of a stream of events`)
	fails(t, chatStream, answer{kind: "text/plain", body: `{"choices":[{"message":`}, endpoint.KindMalformed, `the answer is not a stream of events: {"choices"`)

	long := `{"choices":[{"delta":{"content":"` + strings.Repeat("日", 300)
	r := fails(t, chatStream, events(delta(`{"content":"Hi"}`), long), endpoint.KindMalformed, `broken JSON: {"choices":[{"delta":{"content":"日日`)
	require.Equal(t, "Hi", r.Text)
	require.Less(t, len(r.Error.Message), 250, "the offending text is cut")
	require.True(t, strings.HasSuffix(r.Error.Message, "日…"))

	fails(t, chatStream, events(`[1,2]`), endpoint.KindMalformed, "not a JSON object: [1,2]")
	fails(t, chatStream, events("hello"), endpoint.KindMalformed, "broken JSON: hello")
	fails(t, responseStream, events(`{"type":`), endpoint.KindMalformed, `broken JSON: {"type":`)
	fails(t, chat, answer{kind: "application/json", body: `{"id":"c"}`}, endpoint.KindMalformed, `an answer without choices: {"id":"c"}`)
	fails(t, response, answer{kind: "application/json", body: `{"id":"c"}`}, endpoint.KindMalformed, `an answer without output: {"id":"c"}`)
	fails(t, embeddings, answer{kind: "application/json", body: `{"object":"list"}`}, endpoint.KindMalformed, `an answer without data`)
	fails(t, embeddings, answer{kind: "application/json", body: `{"data":[0.1,`}, endpoint.KindMalformed, `broken JSON: {"data":[0.1,`)
	fails(t, chat, events(stop, done), endpoint.KindMalformed, "the server streams its answer though it was asked not to")

	// A key that is quoted where the text is cut.
	r = fails(t, chatStream, events(strings.Repeat("x", 190)+key), endpoint.KindMalformed, "broken JSON")
	require.NotContains(t, r.Error.Error(), key[:5])
}

func TestTooLongEvent(t *testing.T) {
	r := fails(t, chatStream, events(delta(`{"content":"Hi"}`), `{"choices":"`+strings.Repeat("x", 17<<20)+`"}`), endpoint.KindMalformed, "longer than the limit")
	require.Equal(t, "Hi", r.Text)
}

func TestEmptyAndUnfinishedAnswers(t *testing.T) {
	for _, k := range []kind{chatStream, textStream, responseStream} {
		fails(t, k, answer{}, endpoint.KindEmpty, "without a single event")
		fails(t, k, answer{body: ": ping\n\n: ping\n\n"}, endpoint.KindEmpty, "without a single event")
		fails(t, k, answer{status: 204}, endpoint.KindEmpty, "")
	}
	for _, k := range []kind{chat, text, response, embeddings} {
		fails(t, k, answer{kind: "application/json"}, endpoint.KindEmpty, "no content")
		fails(t, k, answer{kind: "application/json", body: " \n"}, endpoint.KindEmpty, "no content")
	}
	r := fails(t, chatStream, events(delta(`{"content":"Hi"}`)), endpoint.KindTruncated, "the stream ended before the answer did")
	require.Equal(t, "Hi", r.Text)
	r = fails(t, chatStream, answer{body: "data: " + delta(`{"content":"Hi"}`) + "\n\ndata: {\"choices\":[{\"del"}, endpoint.KindTruncated, "ended before")
	require.Equal(t, "Hi", r.Text)
	r = fails(t, responseStream, events(`{"type":"response.output_text.delta","delta":"Hi"}`), endpoint.KindTruncated, "ended before")
	require.Equal(t, "Hi", r.Text)
}

func TestConnectionIsReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " + delta(`{"content":"Hi"}`) + "\n\n"
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 1)) // what is left unread makes closing a reset
		_, _ = io.WriteString(c, head)
		_ = c.Close()
	}()
	r, err := invoke(t, chatStream(baseConfig("http://"+l.Addr().String())), time.Minute)
	require.Error(t, err)
	require.Equal(t, endpoint.KindReset, r.Error.Kind, "%v", err)
	require.Contains(t, err.Error(), "connection reset by peer")
}
