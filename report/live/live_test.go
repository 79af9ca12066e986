package live_test

import (
	"bytes"
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/report/live"
)

// tokens streams n tokens, the first after 100 ms and the others each 10 ms later.
func tokens(n int) llmeter.Endpoint {
	return endpoint.NewStream(endpoint.Info{Model: "m"}, func(ctx context.Context, _ endpoint.Payload) iter.Seq2[endpoint.Chunk, error] {
		return func(yield func(endpoint.Chunk, error) bool) {
			wait := 100 * time.Millisecond
			for range n {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					yield(endpoint.Chunk{}, ctx.Err())
					return
				}
				if wait = 10 * time.Millisecond; !yield(endpoint.Chunk{Text: "x "}, nil) {
					return
				}
			}
		}
	})
}

// runner sends requests that take 990 ms each.
func runner(clients, requests int) llmeter.Runner {
	return llmeter.Runner{Endpoint: tokens(90), Payloads: []llmeter.Payload{endpoint.JSON(map[string]string{"prompt": "hello"})}, Clients: clients, Requests: requests}
}

func TestWithoutATerminalThereIsALineEveryTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		r := runner(3, 5)
		r.AddCallback(live.New(&b))
		res, err := r.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 15, res.TotalRequests)
		require.Equal(t, "2.00 s  6/15 done, 0 failed, 3 in flight  TTFT p50 100 ms\n"+
			"4.00 s  12/15 done, 0 failed, 3 in flight  TTFT p50 100 ms\n", b.String())
	})
}

func TestFollowShowsTheSameOfARunThatItIsNotPartOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		r := runner(3, 5)
		run, err := r.Start(t.Context())
		require.NoError(t, err)
		view := &live.View{Out: &b, Specs: live.Specs{{Label: "fail", Key: "failed_requests"}, {Label: "speed", Key: "tpot-p50", Inverse: true}}}
		require.NoError(t, view.Follow(t.Context(), run))
		require.Equal(t, "2.00 s  6/15 done, 0 failed, 3 in flight  TTFT p50 100 ms  fail=0  speed=100.0 tok/s\n"+
			"4.00 s  12/15 done, 0 failed, 3 in flight  TTFT p50 100 ms  fail=0  speed=100.0 tok/s\n", b.String())
		res, err := run.Wait()
		require.NoError(t, err)
		n := 0
		for range res.Responses() {
			n++
		}
		require.Equal(t, 15, n)
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		run, err := runner(1, 10).Start(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		require.NoError(t, live.New(&b).Follow(ctx, run))
		require.Equal(t, 3*time.Second, time.Since(start))
		res, err := run.Wait()
		require.NoError(t, err)
		require.Equal(t, 10, res.TotalRequests)
	})
}

func TestAViewShowsOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		view := live.New(&b)
		first, second := runner(1, 5), runner(2, 9)
		first.AddCallback(view)
		second.AddCallback(view)
		one, err := first.Start(t.Context())
		require.NoError(t, err)
		two, err := second.Start(t.Context())
		require.NoError(t, err)
		require.NoError(t, view.Follow(t.Context(), two))
		_, err = one.Wait()
		require.NoError(t, err)
		_, err = two.Wait()
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(b.String(), "/5 done"))
		require.NotContains(t, b.String(), "/18 done")

		b.Reset()
		_, err = second.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 4, strings.Count(b.String(), "/18 done"), "8.91 s")
	})
}

func TestAViewThatIsNotValidMeansThatThereIsNoRun(t *testing.T) {
	view := &live.View{Specs: live.Specs{{Label: "a", Key: "nonsense"}}}
	r := runner(1, 1)
	r.AddCallback(view)
	_, err := r.Run(t.Context())
	require.ErrorContains(t, err, "Out is missing")
	require.ErrorContains(t, err, `unknown key "nonsense"`)
	require.Error(t, view.Follow(t.Context(), nil))
	show, done := view.Experiment(t.Context())
	show(experiments.Progress{})
	done()
}

func TestAnExperimentHasALineEveryTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		show, done := live.New(&b).Experiment(t.Context())
		r := runner(0, 0)
		test := experiments.LoadTest{Runner: r, SequenceOfClients: []int{1, 2}, MinRequestsPerClient: 3, MinRequestsPerRun: 1, TestName: "t", Progress: show}
		_, err := test.Run(t.Context())
		require.NoError(t, err)
		done()
		done()
		require.Equal(t, `run 1 of 2, 00001-clients: 2.00 s  2/3 done, 0 failed, 1 in flight  TTFT p50 100 ms
run 2 of 2, 00002-clients: 1.20 s  2/6 done, 0 failed, 2 in flight  TTFT p50 100 ms
`, b.String())
	})
}
