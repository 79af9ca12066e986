package llmeter_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

// A holding endpoint waits until its requests are due, and notes how much earlier they came.
type holding struct {
	llmeter.Endpoint
	mu    sync.Mutex
	early []time.Duration
}

func (*holding) Punctual() {}

func (h *holding) Invoke(ctx context.Context, p llmeter.Payload) (*llmeter.Response, error) {
	h.mu.Lock()
	h.early = append(h.early, time.Until(endpoint.Due(ctx)))
	h.mu.Unlock()
	return h.Endpoint.Invoke(ctx, p)
}

func TestAPunctualEndpointGetsItsRequestsALittleBeforeTheyAreDue(t *testing.T) {
	for _, test := range []struct {
		rate  load.Rate
		early time.Duration
	}{{10, 200 * time.Microsecond}, {1000, 100 * time.Microsecond}, {10_000, 50 * time.Microsecond}} {
		bubble(t, func(t *testing.T) {
			h := &holding{Endpoint: endpoint.New(endpoint.Info{}, func(ctx context.Context, _ llmeter.Payload) (*llmeter.Response, error) {
				time.Sleep(time.Until(endpoint.Due(ctx)) + 5*time.Millisecond)
				return &llmeter.Response{Text: "a"}, nil
			})}
			res := run(t, llmeter.Runner{
				Endpoint: h, Payloads: []llmeter.Payload{endpoint.JSON(map[string]int{"n": 1})}, Arrivals: load.Constant{Rate: test.rate}, Requests: 20,
			})
			require.Len(t, h.early, 20)
			require.Equal(t, 50*time.Microsecond, h.early[0], "there is no time between two before it")
			for _, early := range h.early[1:] {
				require.Equal(t, test.early, early)
			}
			for _, r := range responses(t, res) {
				require.Equal(t, r.Intended, r.Dispatched)
				require.Equal(t, 5*time.Millisecond, r.LastToken.Sub(r.Dispatched))
			}
		})
	}
}
