package llmetertest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/llmetertest"
	"github.com/llmeter-go/llmeter/mock"
	"github.com/llmeter-go/llmeter/result"
)

func TestARunAgainstAServerInABubbleIsExact(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, server := against(t, answers, 4)
		r.Requests = 5
		res := llmetertest.Run(t, r)
		require.Equal(t, 20, res.TotalRequests)
		require.Equal(t, 1200*time.Millisecond, res.TotalTestTime)
		require.Len(t, server.Records(), 20)
		llmetertest.Check(t, res, "ttft-p50 <= 200ms", "ttft-p50 >= 200ms", "itl-p99 <= 40ms", "itl-p50 >= 40ms", "total_requests >= 20")
	})
}

func TestARunAgainstAServerOnASocket(t *testing.T) {
	r, server := against(t, mock.Options{Tokens: mock.Fixed(3)}, 2)
	res := llmetertest.Run(t, r, func(c *llmeter.RunConfig) { c.Requests = 2 })
	require.Equal(t, 4, res.TotalRequests)
	require.Len(t, server.Records(), 4)
	require.NotEqual(t, "http://mock", server.URL)
}

func TestServersEndWithTheirTest(t *testing.T) {
	var server *mock.Server
	t.Run("test", func(t *testing.T) {
		server = llmetertest.NewServer(t, mock.Options{})
		resp, err := server.Client().Get(server.URL + "/health")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	})
	_, err := server.Client().Get(server.URL + "/health")
	require.Error(t, err)
}

func TestARunThatCannotBeMadeEndsTheTest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := against(t, mock.Options{Faults: []mock.Fault{{Kind: mock.FaultStatus, Status: 503, Rate: 1}}}, 2)
		told := in(t, func(t testing.TB) { llmetertest.Run(t, r) })
		requireFatal(t, told, `none of 6 requests succeeded\n\t6 × http_5xx.*503`)

		told = in(t, func(t testing.TB) { llmetertest.Run(t, llmeter.Runner{}) })
		requireFatal(t, told, `(?s)run: .*Endpoint is missing`)

		told = in(t, func(t testing.TB) {
			llmetertest.Run(t, r, func(c *llmeter.RunConfig) {
				c.AddCallback(llmeter.Hooks{AfterRunFunc: func(context.Context, *llmeter.Result) error { return errors.New("full disk") }})
			})
		})
		requireFatal(t, told, "run: .*full disk")

		told = in(t, func(t testing.TB) { llmetertest.NewServer(t, mock.Options{Slots: -1}) })
		requireFatal(t, told, "model server: .*Slots")
	})
}

func TestADoubtfulRunIsLogged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, _ := against(t, answers, 2)
		r.AddCallback(verdict(result.Verdict{Level: result.Degraded, Reasons: []result.Reason{
			{Metric: "itl-p50", Error: 0.0052, Unit: "s"}, {Metric: "client_cpu", Error: 0.97, Unit: "of the CPU"},
		}}))
		told := in(t, func(t testing.TB) { llmetertest.Run(t, r) })
		requirePasses(t, told)
		require.Equal(t, []string{"measurement degraded: up to 5.2ms of itl-p50 may be the client's own; client_cpu: 0.97 of the CPU"}, told.logs)
	})
}

// verdict is a callback that replaces the verdict of a run.
func verdict(v result.Verdict) llmeter.Callback {
	return llmeter.Hooks{AfterRunFunc: func(_ context.Context, res *llmeter.Result) error {
		res.Verdict = v
		return nil
	}}
}

func TestRunsAreSkippedWhenShortUnlessInABubble(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.short", "-test.v", "-test.run=^TestARunAgainstAServer")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- SKIP: TestARunAgainstAServerOnASocket")
	require.Contains(t, string(out), "--- PASS: TestARunAgainstAServerInABubbleIsExact")
}
