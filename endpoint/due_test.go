package endpoint_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
)

func TestLatenciesCountFromWhenARequestIsDue(t *testing.T) {
	answer := func(ctx context.Context) {
		time.Sleep(time.Until(endpoint.Due(ctx)) + 50*ms)
	}
	for name, e := range map[string]endpoint.Endpoint{
		"stream": endpoint.NewStream(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
			return func(yield func(endpoint.Chunk, error) bool) {
				answer(ctx)
				yield(endpoint.Chunk{Text: "a"}, nil)
			}
		}),
		"whole": endpoint.New(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
			answer(ctx)
			return &endpoint.Response{Text: "a"}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				due := time.Now().Add(3 * ms)
				r, err := e.Invoke(endpoint.WithDue(t.Context(), due), endpoint.Payload{})
				require.NoError(t, err)
				require.Equal(t, due, r.Dispatched)
				require.Equal(t, due.UTC(), r.RequestTime)
				require.Equal(t, 50*ms, r.LastToken.Sub(r.Dispatched))

				r, err = e.Invoke(endpoint.WithDue(t.Context(), due), endpoint.Payload{}) // long ago
				require.NoError(t, err)
				require.Equal(t, due.Add(50*ms), r.Dispatched)
			})
		})
	}
}

func TestARequestThatFailsBeforeItIsDueEndsWhenItIsDue(t *testing.T) {
	e := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
		return nil, errors.New("no")
	})
	synctest.Test(t, func(t *testing.T) {
		due := time.Now().Add(3 * ms)
		r, err := e.Invoke(endpoint.WithDue(t.Context(), due), endpoint.Payload{})
		require.Error(t, err)
		require.Equal(t, due, r.Dispatched)
		require.Equal(t, due, r.End)
	})
}

func TestAContextWithoutADueIsDueAtNoTime(t *testing.T) {
	require.Zero(t, endpoint.Due(t.Context()))
	at := time.Now()
	type key struct{}
	ctx := context.WithValue(endpoint.WithDue(context.WithValue(t.Context(), key{}, 1), at), key{}, 2)
	require.Equal(t, at, endpoint.Due(ctx))
	require.Equal(t, 2, ctx.Value(key{}))
}
