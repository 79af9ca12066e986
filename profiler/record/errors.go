package record

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"
)

// maxMessage bounds how much of an error's text is kept, in bytes.
const maxMessage = 500

// errorIn is the error that a JSON value reports in one of the usual shapes, nil if it reports none.
func errorIn(v *fastjson.Value) error {
	e := v.Get("error")
	if e == nil {
		return nil
	}
	switch e.Type() {
	case fastjson.TypeString:
		if s := textOf(e); s != "" {
			return errors.New(shortened(s))
		}
	case fastjson.TypeObject:
		for _, key := range []string{"message", "type", "code"} {
			if s := textOf(e.Get(key)); s != "" {
				return errors.New(shortened(s))
			}
		}
		return errors.New("error without a message")
	}
	return nil
}

// statusError is the error of an answer whose status says that there is none.
func statusError(status int, body []byte) error {
	text := strings.TrimSpace(string(body[:min(len(body), maxMessage)]))
	if v, err := fastjson.ParseBytes(body); err == nil {
		if e := errorIn(v); e != nil {
			text = e.Error()
		} else if m := textOf(v.Get("message")); m != "" {
			text = m
		}
	}
	if text == "" {
		text = http.StatusText(status)
	}
	return fmt.Errorf("HTTP %d: %s", status, shortened(text))
}

func shortened(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxMessage)], "\uFFFD")
}

// retryAfter is how long an answer asks to wait.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return positive(ms * float64(time.Millisecond))
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return positive(s * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return positive(float64(at.Sub(now)))
	}
	return 0, false
}

func positive(ns float64) (time.Duration, bool) {
	if !(ns >= 0 && ns < math.MaxInt64) {
		return 0, false
	}
	return time.Duration(ns), true
}

// secrets are texts that no recorded error may hold.
type secrets []string

// secretsOf are the values of a request's headers and parameters that are likely to be credentials.
func secretsOf(req *http.Request) secrets {
	var s secrets
	for _, values := range []map[string][]string{req.Header, req.URL.Query()} {
		for name, all := range values {
			for _, v := range all {
				if _, bare, ok := strings.Cut(v, " "); ok { // behind a scheme such as Bearer
					v = bare
				}
				if isSecret(name) && len(v) > 3 {
					s = append(s, v, url.QueryEscape(v))
				}
			}
		}
	}
	if password, ok := req.URL.User.Password(); ok {
		s = append(s, password)
	}
	return s
}

func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "key", "token", "secret", "cookie", "signature", "sig", "password"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// from is the error without secrets.
func (s secrets) from(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return errors.New(text)
}
