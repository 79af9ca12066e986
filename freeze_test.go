package llmeter_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// freezing answers in a millisecond, but not between the 5th and the 6th second after start.
func freezing(start time.Time) llmeter.Endpoint {
	return endpoint.New(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
		if at := time.Since(start); at >= 5*time.Second && at < 6*time.Second {
			time.Sleep(6*time.Second - at)
		}
		time.Sleep(time.Millisecond)
		return &endpoint.Response{Text: "ok"}, nil
	})
}

func TestAFreezeOfTheServerShowsInTheResponseTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := llmeter.Runner{
			Endpoint: freezing(time.Now()), Payloads: numbered(1), Arrivals: load.Constant{Rate: 100}, Duration: 10 * time.Second,
		}
		at := func(res *llmeter.Result, key string) float64 {
			v, ok := res.Stats().Lookup(key)
			require.True(t, ok, key)
			return v
		}
		res := run(t, r)
		require.Equal(t, 1000, res.TotalRequests)
		require.InDelta(t, 0.9, at(res, "response-p99"), 0.02) // 100 requests waited for up to a second, 10 of them longer than 0.9 s
		require.Equal(t, at(res, "response-p99"), at(res, "ttlt-p99"), "without a cap nobody waits on this side")

		// With five requests in flight at most, only five meet the freeze: the service latency of the others is as ever, but they
		// started up to a second late.
		r.Endpoint, r.MaxInFlight = freezing(time.Now()), 5
		res = run(t, r)
		require.InDelta(t, 0.9, at(res, "response-p99"), 0.05)
		require.Equal(t, 0.001, at(res, "ttlt-p99"))
	})
}
