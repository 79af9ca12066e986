package llmeter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
)

func TestAPacerIsExactInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait, release := newPacer(t.Context(), false)
		defer release()
		start := time.Now()
		for i := range 5 {
			at := start.Add(time.Duration(i) * 1234567)
			require.True(t, wait(at))
			require.Equal(t, at, time.Now())
		}
	})
}

func TestAPacerIsNeverEarlyOnARealClock(t *testing.T) {
	wait, release := newPacer(t.Context(), false)
	defer release()
	at := time.Now()
	for range 50 {
		at = at.Add(200 * time.Microsecond)
		require.True(t, wait(at))
		require.False(t, time.Now().Before(at))
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	for name, make := range map[string]func(context.Context) (pacer, func()){
		"best":    func(ctx context.Context) (pacer, func()) { return newPacer(ctx, false) },
		"precise": func(ctx context.Context) (pacer, func()) { return precisePacer(ctx, false) },
		"early":   func(ctx context.Context) (pacer, func()) { return precisePacer(ctx, true) },
		"timer":   timerPacer,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			wait, release := make(ctx)
			defer release()
			time.AfterFunc(time.Millisecond, cancel)
			require.False(t, wait(time.Now().Add(time.Hour)))
			require.False(t, wait(time.Now()), "not even for an instant that has come")
		})
	}
}

func TestAnOpenLoopRunsOnARealClock(t *testing.T) {
	answer := func(context.Context, Payload) (*Response, error) { return &Response{Text: "fine"}, nil }
	res, err := Runner{
		Endpoint: endpoint.New(endpoint.Info{}, answer), Payloads: []Payload{endpoint.JSON(map[string]int{"n": 1})},
		Arrivals: load.Constant{Rate: 1000}, Requests: 50,
	}.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 50, res.TotalRequests)
	for r, err := range res.Responses() {
		require.NoError(t, err)
		require.False(t, r.Dispatched.Before(r.Intended))
	}
}
