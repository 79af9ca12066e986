package profiler

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// The HTTP statuses by which a server sends a call away because it, or the caller, has too much to do.
const (
	tooManyRequests = 429
	unavailable     = 503
	overloaded      = 529 // not in any standard, but in use
)

// Throttled says whether a server sent the call away because it, or the caller, had too much to do: by HTTP status 429, 503 or 529.
func (s *Span) Throttled() bool {
	return s.HTTPStatus == tooManyRequests || s.HTTPStatus == unavailable || s.HTTPStatus == overloaded
}

// answered is what the metadata of an END say of the answer over HTTP: its status, and for how long the server asked to wait. An
// error without a status that speaks of a rate limit has 429.
func (p *StepPayload) answered() (status int, retryAfter float64) {
	if len(p.Metadata) == 0 || !bytes.Contains(p.Metadata, []byte(`"`+HTTPStatusKey)) && !bytes.Contains(p.Metadata, []byte(`"`+RetryAfterKey)) &&
		!bytes.Contains(p.Metadata, []byte(`"error"`)) {
		return 0, 0
	}
	type facts map[string]json.RawMessage
	var m facts
	var provided struct {
		Facts facts `json:"provided_metadata"`
	}
	if json.Unmarshal(p.Metadata, &m) != nil {
		return 0, 0
	}
	_ = json.Unmarshal(p.Metadata, &provided) // what is no object says nothing
	find := func(key string) float64 {
		for _, from := range []facts{m, provided.Facts} {
			if v, err := strconv.ParseFloat(Text(from[key]), 64); err == nil && v > 0 {
				return v
			}
		}
		return 0
	}
	status, retryAfter = int(find(HTTPStatusKey)), find(RetryAfterKey)
	if status == 0 && saysRateLimited(p.FailedWith()) {
		status = tooManyRequests
	}
	return status, retryAfter
}

// saysRateLimited says whether an error text names the status 429, or a rate limit.
func saysRateLimited(text string) bool {
	text = strings.ToLower(text)
	for _, phrase := range []string{"rate limit", "ratelimit", "rate_limit", "too many requests"} {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	isWord := func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) }) {
		if word == "429" {
			return true
		}
	}
	return false
}
