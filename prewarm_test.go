package llmeter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
)

// cold is an endpoint whose connections cannot be opened beforehand.
type cold struct{ endpoint.Endpoint }

func (cold) Prewarm(context.Context, int) error {
	return errors.Join(errors.New("no descriptor left"), errors.New("raise the limit"))
}

func TestConnectionsThatCouldNotBeOpenedBeforehandAreAWarning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := llmeter.Runner{Endpoint: cold{slow(time.Second)}, Payloads: numbered(1)}
		res := run(t, r)
		require.Equal(t, llmeter.WarnNotPrewarmed, res.Warnings[0].Code)
		require.Contains(t, res.Warnings[0].Text, "no descriptor left; raise the limit")

		r.NoPrewarm = true
		for _, w := range run(t, r).Warnings {
			require.NotEqual(t, llmeter.WarnNotPrewarmed, w.Code)
		}

		refused := endpoint.New(endpoint.Info{}, func(context.Context, endpoint.Payload) (*endpoint.Response, error) {
			return nil, &endpoint.Error{Kind: endpoint.KindConnect}
		})
		res, err := llmeter.Runner{Endpoint: cold{refused}, Payloads: numbered(1)}.Run(t.Context())
		require.ErrorIs(t, err, llmeter.ErrUnreachable)
		require.Empty(t, res.Warnings, "the error says it")
	})
}
