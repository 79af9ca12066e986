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

type key string

var errHook = errors.New("the hook is broken")

func TestEveryEditOfBeforeRunReachesTheRunAndItsResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		edit := llmeter.Hooks{BeforeRunFunc: func(ctx context.Context, cfg *llmeter.RunConfig) (context.Context, error) {
			require.Len(t, cfg.Payloads, 1)
			cfg.Endpoint = slow(2 * time.Second)
			cfg.Payloads = numbered(3)
			cfg.Clients, cfg.Requests = 4, 5
			cfg.RunName, cfg.RunDescription = "edited", "by a hook"
			return context.WithValue(ctx, key("run"), "7"), nil
		}}
		see := llmeter.Hooks{BeforeInvokeFunc: func(ctx context.Context, p *llmeter.Payload) (context.Context, error) {
			return ctx, p.Set(ctx.Value(key("run")), "from_context")
		}}
		r := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Callbacks: []llmeter.Callback{edit, see}}
		res := run(t, r)
		require.Equal(t, 20, res.TotalRequests)
		require.Equal(t, 4, res.Clients)
		require.Equal(t, 5, res.Requests)
		require.Equal(t, "edited", res.RunName)
		require.Equal(t, "by a hook", res.RunDescription)
		require.Equal(t, 10*time.Second, res.TotalTestTime)
		for _, r := range responses(t, res) {
			v, ok := r.Payload.Get("from_context")
			require.True(t, ok)
			require.Equal(t, "7", v)
		}
		require.Len(t, r.Payloads, 1)
		require.Equal(t, `{"n":0}`, string(r.Payloads[0].Body), "hooks edit copies")
	})
}

func TestAnErrorOfBeforeRunMeansThatThereIsNoRun(t *testing.T) {
	res, err := llmeter.Runner{Endpoint: slow(0), Payloads: numbered(1), Callbacks: []llmeter.Callback{
		llmeter.Hooks{BeforeRunFunc: func(ctx context.Context, _ *llmeter.RunConfig) (context.Context, error) { return ctx, errHook }},
	}}.Run(t.Context())
	require.ErrorIs(t, err, errHook)
	require.Nil(t, res)
}

func TestAnErrorOfBeforeInvokeFailsThatRequestAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(4), Callbacks: []llmeter.Callback{
			llmeter.Hooks{BeforeInvokeFunc: func(ctx context.Context, p *llmeter.Payload) (context.Context, error) {
				if number(t, *p) == 2 {
					return ctx, errHook
				}
				return ctx, nil
			}},
		}})
		require.Equal(t, 4, res.TotalRequests)
		for _, r := range responses(t, res) {
			if number(t, r.Payload) == 2 {
				require.Equal(t, endpoint.KindCallback, r.Error.Kind)
				require.ErrorIs(t, r.Error, errHook)
			} else {
				require.False(t, r.Failed())
			}
		}
	})
}

func TestTheContextOfBeforeInvokeGoesToInvokeAndAfterInvoke(t *testing.T) {
	seen := ""
	ep := endpoint.New(endpoint.Info{}, func(ctx context.Context, _ endpoint.Payload) (*endpoint.Response, error) {
		return &endpoint.Response{Text: ctx.Value(key("request")).(string)}, nil
	})
	run(t, llmeter.Runner{Endpoint: ep, Payloads: numbered(1), Callbacks: []llmeter.Callback{llmeter.Hooks{
		BeforeInvokeFunc: func(ctx context.Context, _ *llmeter.Payload) (context.Context, error) {
			return context.WithValue(ctx, key("request"), "one"), nil
		},
		AfterInvokeFunc: func(ctx context.Context, r *llmeter.Response) error {
			seen = r.Text + " " + ctx.Value(key("request")).(string)
			return nil
		},
	}}})
	require.Equal(t, "one one", seen)
}

func TestEditsOfAfterInvokeAreInTheStatistics(t *testing.T) {
	res := run(t, llmeter.Runner{Endpoint: slow(0), Payloads: numbered(3), Callbacks: []llmeter.Callback{
		llmeter.Hooks{AfterInvokeFunc: func(_ context.Context, r *llmeter.Response) error {
			r.OutputTokens = endpoint.Counted(100)
			return nil
		}},
	}})
	total, _ := res.Stats().Lookup("total_output_tokens")
	require.Equal(t, 300.0, total)
}

func TestAnErrorOfAfterInvokeEndsTheRunAndKeepsWhatWasMeasured(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		res, err := llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, Requests: 1000, Callbacks: []llmeter.Callback{
			llmeter.Hooks{AfterInvokeFunc: func(context.Context, *llmeter.Response) error {
				if n++; n == 4 {
					return errHook
				}
				return nil
			}},
		}}.Run(t.Context())
		require.ErrorIs(t, err, errHook)
		require.Equal(t, 4, n, "hooks are not called after one has failed")
		require.GreaterOrEqual(t, res.TotalRequests, 4)
		require.LessOrEqual(t, res.TotalRequests, 6)
		require.True(t, res.Interrupted)
	})
}

func TestAnErrorOfAfterRunIsReturnedBesideTheResult(t *testing.T) {
	called := 0
	res, err := llmeter.Runner{Endpoint: slow(0), Payloads: numbered(1), Callbacks: []llmeter.Callback{
		llmeter.Hooks{AfterRunFunc: func(context.Context, *llmeter.Result) error { called++; return errHook }},
		llmeter.Hooks{AfterRunFunc: func(context.Context, *llmeter.Result) error { called++; return nil }},
	}}.Run(t.Context())
	require.ErrorIs(t, err, errHook)
	require.Equal(t, 1, res.TotalRequests)
	require.Equal(t, 2, called)
}

func TestErrStopEndsTheRunCleanly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, Requests: 1000, Callbacks: []llmeter.Callback{
			llmeter.Hooks{AfterInvokeFunc: func(context.Context, *llmeter.Response) error {
				if n++; n == 3 {
					return llmeter.ErrStop
				}
				return nil
			}},
		}})
		require.False(t, res.Interrupted)
		require.GreaterOrEqual(t, res.TotalRequests, 4)
		require.LessOrEqual(t, res.TotalRequests, 6)
	})
	bubble(t, func(t *testing.T) {
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Requests: 1000, Callbacks: []llmeter.Callback{
			llmeter.Hooks{BeforeInvokeFunc: func(ctx context.Context, _ *llmeter.Payload) (context.Context, error) {
				if n := time.Now(); n.Second() == 3 {
					return ctx, llmeter.ErrStop
				}
				return ctx, nil
			}},
		}})
		require.Equal(t, 3, res.TotalRequests)
	})
}

func TestASlowAfterInvokeDoesNotChangeTheTestTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		res := run(t, llmeter.Runner{Endpoint: slow(time.Second), Payloads: numbered(1), Clients: 2, Requests: 3, Callbacks: []llmeter.Callback{
			llmeter.Hooks{AfterInvokeFunc: func(context.Context, *llmeter.Response) error {
				time.Sleep(time.Minute)
				return nil
			}},
		}})
		require.Equal(t, 3*time.Second, res.TotalTestTime)
		require.Equal(t, 6*time.Minute+time.Second, time.Since(start))
	})
}

func TestAddCallbackDoesNotReachEarlierCopies(t *testing.T) {
	a := llmeter.Runner{}
	a.AddCallback(llmeter.NopCallback{})
	b, c := a, a
	b.AddCallback(llmeter.Hooks{})
	c.AddCallback(llmeter.NopCallback{})
	require.Len(t, a.Callbacks, 1)
	require.IsType(t, llmeter.Hooks{}, b.Callbacks[1])
	require.IsType(t, llmeter.NopCallback{}, c.Callbacks[1])
}

func TestProcessBeforeInvokeGivesWhatWouldBeSent(t *testing.T) {
	p := endpoint.JSON(map[string]int{"n": 1})
	p.Labels = map[string]string{"cell": "a"}
	got, err := llmeter.ProcessBeforeInvoke(t.Context(), []llmeter.Callback{llmeter.Hooks{
		BeforeInvokeFunc: func(ctx context.Context, p *llmeter.Payload) (context.Context, error) {
			p.Labels["cell"] = "b"
			return ctx, p.Set(2, "n")
		},
	}}, p)
	require.NoError(t, err)
	require.Equal(t, `{"n":2}`, string(got.Body))
	require.Equal(t, `{"n":1}`, string(p.Body))
	require.Equal(t, "a", p.Labels["cell"])
}

func TestValidateReportsAllProblemsAtOnce(t *testing.T) {
	err := llmeter.Runner{
		Clients: -1, Requests: 1, Duration: time.Second, LowMemory: true, MaxInFlight: 1, RunName: "a/b",
		Payloads: []llmeter.Payload{endpoint.JSON([]int{1}), {}, endpoint.JSON(func() {})},
	}.Validate()
	for _, problem := range []string{
		"Endpoint is missing", "Clients is negative", "Requests and Duration", "LowMemory needs", "MaxInFlight is for Arrivals",
		`RunName "a/b"`, "Payloads[0]", "Payloads[1]: payload is empty", "Payloads[2]: json: unsupported type: func()",
	} {
		require.ErrorContains(t, err, problem)
	}
	err = llmeter.Runner{Endpoint: slow(0), OutputPath: "s3://bucket/runs"}.Validate()
	require.ErrorContains(t, err, "s3://bucket/runs needs a Store: package store/s3")
	require.ErrorContains(t, err, "exactly one of Payloads (non-empty), PayloadPath and Source is required, 0 are given")
}
