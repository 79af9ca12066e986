package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// The headers in which providers tell of their limits: the two forms differ in the order of their words.
const (
	openAIPrefix    = "X-Ratelimit-"
	anthropicPrefix = "Anthropic-Ratelimit-"
)

// rateLimit reads what the headers say of the provider's limits, nil if nothing.
func rateLimit(h http.Header) *endpoint.RateLimit {
	if !tellsLimits(h) {
		return nil
	}
	l := endpoint.RateLimit{
		Requests: quota(h, "requests"),
		Tokens:   quota(h, "tokens"),
	}
	if l == (endpoint.RateLimit{}) {
		return nil
	}
	return &l
}

// tellsLimits reports whether there is anything to be looked for, which on most servers there is not.
func tellsLimits(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, openAIPrefix) || strings.HasPrefix(name, anthropicPrefix) {
			return true
		}
	}
	return false
}

func quota(h http.Header, of string) (q endpoint.Quota) {
	get := func(what string) string {
		if v := h.Get(openAIPrefix + what + "-" + of); v != "" {
			return v
		}
		return h.Get(anthropicPrefix + of + "-" + what)
	}
	limit, err := strconv.Atoi(get("limit"))
	if err != nil || limit <= 0 {
		return q
	}
	q.Limit = limit
	q.Remaining, _ = strconv.Atoi(get("remaining")) // what is not a number is taken for none
	q.Reset = resetIn(get("reset"))
	return q
}

// resetIn reads how long a period still lasts: "6m0s", "12" seconds, or an instant.
func resetIn(text string) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return max(d, 0)
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 && s < 1e9 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
