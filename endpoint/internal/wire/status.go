package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
)

// maxExplanation is how much of the body of an error is read, in bytes.
const maxExplanation = 64 << 10

// refused makes an answer that is not 2xx into an error, with what the server says about it.
func (x *exchange) refused() *endpoint.Error {
	// Note: what cannot be read is only an explanation; the status stands.
	body, _ := io.ReadAll(io.LimitReader(x, maxExplanation))
	x.end = x.last
	e := &endpoint.Error{
		Kind:       statusKind(x.resp.StatusCode),
		Status:     x.resp.StatusCode,
		RetryAfter: retryAfter(x.resp.Header),
	}
	e.Code, e.Message = explain(body)
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	if to, err := url.Parse(x.resp.Header.Get("Location")); err == nil && to.Path != "" && e.Status < 400 {
		e.Message = "redirected to " + (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
	}
	return e
}

func statusKind(status int) endpoint.ErrorKind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return endpoint.KindUnauthorized
	case status == http.StatusNotFound:
		return endpoint.KindNotFound
	case status == http.StatusTooManyRequests:
		return endpoint.KindRateLimited
	case status >= 500:
		return endpoint.KindServerStatus
	}
	return endpoint.KindClientStatus
}

// explain reads the body of an error.
func explain(body []byte) (code, message string) {
	var p fastjson.Parser
	if v, err := p.ParseBytes(body); err == nil {
		if code, message, ok := errorIn(v); ok {
			return code, message
		}
		for _, key := range []string{"message", "detail"} {
			if m := v.Get(key); m != nil {
				return "", text(m)
			}
		}
	}
	if isHTML(body) {
		return "", page(body)
	}
	return "", Excerpt(body, endpoint.MaxMessage)
}

// StreamError gives the error that a server reports in an answer that began well, nil if v is no report of an error.
func StreamError(v *fastjson.Value) *endpoint.Error {
	code, message, ok := errorIn(v)
	if !ok {
		return nil
	}
	return ServerError(code, message)
}

// ServerError is what a server reports in an answer that began well.
func ServerError(code, message string) *endpoint.Error {
	e := &endpoint.Error{Kind: endpoint.KindStream, Code: code, Message: message}
	if code == "429" || strings.Contains(code, "rate_limit") || strings.Contains(code, "too_many_requests") {
		e.Kind = endpoint.KindRateLimited
	}
	return e
}

// errorIn reads the common reports of errors: {"error": {"message", "code", "type"}}, {"error": "text"}, and the inner
// object alone where it says that it is an error.
func errorIn(v *fastjson.Value) (code, message string, ok bool) {
	e := v.Get("error")
	switch {
	case e == nil && (is(v, "object", "error") || is(v, "type", "error")):
		e = v
	case e == nil || e.Type() == fastjson.TypeNull || e.Type() == fastjson.TypeFalse:
		return "", "", false
	case e.Type() != fastjson.TypeObject:
		return "", text(e), text(e) != ""
	}
	for _, key := range []string{"code", "type"} {
		if c := e.Get(key); c != nil && c.Type() == fastjson.TypeString && text(c) != "error" {
			code = text(c)
			break
		}
	}
	if c := e.Get("code"); c != nil && (code == "" || text(c) == "429") {
		code = text(c)
	}
	message = text(e.Get("message"))
	if message == "" {
		message = Excerpt(e.MarshalTo(nil), endpoint.MaxMessage)
	}
	return code, message, true
}

func is(v *fastjson.Value, key, want string) bool { return string(v.GetStringBytes(key)) == want }

// text gives a string as it is, anything else as JSON, and "" for null and nothing.
func text(v *fastjson.Value) string {
	if v == nil || v.Type() == fastjson.TypeNull {
		return ""
	}
	if v.Type() == fastjson.TypeString {
		return string(v.GetStringBytes())
	}
	return Excerpt(v.MarshalTo(nil), endpoint.MaxMessage)
}

// retryAfter reads how long a server wants to be left alone: milliseconds as some providers say them, seconds, or a date,
// which counts from the server's own clock.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	after := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(after, 64); err == nil && s > 0 && s < 1e9 {
		return time.Duration(s * float64(time.Second))
	}
	at, err := http.ParseTime(after)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

const ellipsis = "…" // at the end of a text that was cut

// excerptSize is how much of an offending text an error shows, in bytes.
const excerptSize = 200

// Malformed is the error of an answer that is not what the protocol allows; it shows the beginning of the offending text.
func Malformed(what string, data []byte) *endpoint.Error {
	if len(data) > 0 {
		what = fmt.Sprintf("%s: %s", what, Excerpt(data, excerptSize))
	}
	return &endpoint.Error{Kind: endpoint.KindMalformed, Message: what}
}

// Excerpt gives the beginning of data, at most max bytes and whole characters.
func Excerpt(data []byte, max int) string {
	s := strings.ToValidUTF8(string(data[:min(len(data), max+utf8.UTFMax)]), "\ufffd")
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max] + ellipsis
}

// mediaType is the answer's, without parameters and in lower case. Parsing these, as package mime does, would cost every request.
func mediaType(resp *http.Response) string {
	t, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func isHTML(body []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), headSize)]))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")) || bytes.HasPrefix(head, []byte("<head"))
}

// page names a page of HTML by its title.
func page(body []byte) string {
	lower := bytes.ToLower(body)
	start, end := bytes.Index(lower, []byte("<title>")), bytes.Index(lower, []byte("</title>"))
	if start += len("<title>"); start < len("<title>") || end < start {
		return "an HTML page"
	}
	return fmt.Sprintf("an HTML page, %q,", Excerpt(bytes.TrimSpace(body[start:end]), excerptSize))
}
