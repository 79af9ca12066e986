package wire

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestLimitsOfBothFormsAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := http.Header{}
		require.Nil(t, rateLimit(h))
		for name, value := range map[string]string{
			"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499", "x-ratelimit-reset-requests": "120ms",
			"x-ratelimit-limit-tokens": "30000", "x-ratelimit-remaining-tokens": "12", "x-ratelimit-reset-tokens": "6m0s",
		} {
			h.Set(name, value)
		}
		require.Equal(t, &endpoint.RateLimit{
			Requests: endpoint.Quota{Limit: 500, Remaining: 499, Reset: 120 * time.Millisecond},
			Tokens:   endpoint.Quota{Limit: 30000, Remaining: 12, Reset: 6 * time.Minute},
		}, rateLimit(h))

		h = http.Header{}
		h.Set("anthropic-ratelimit-requests-limit", "50")
		h.Set("anthropic-ratelimit-requests-remaining", "7")
		h.Set("anthropic-ratelimit-requests-reset", time.Now().Add(30*time.Second).UTC().Format(time.RFC3339))
		require.Equal(t, &endpoint.RateLimit{Requests: endpoint.Quota{Limit: 50, Remaining: 7, Reset: 30 * time.Second}}, rateLimit(h))
	})
}

func TestLimitsThatMakeNoSenseAreLeftOut(t *testing.T) {
	h := http.Header{}
	for _, limit := range []string{"-1", "0", "many", "1e99"} {
		h.Set("x-ratelimit-limit-requests", limit)
		require.Nil(t, rateLimit(h), limit)
	}
	h.Set("x-ratelimit-limit-requests", "5")
	h.Set("x-ratelimit-reset-requests", "soon")
	require.Equal(t, endpoint.Quota{Limit: 5}, rateLimit(h).Requests)
}
