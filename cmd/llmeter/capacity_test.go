package main

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

func TestAnAnswerThatTheClientItselfBoundsIsDoubtful(t *testing.T) {
	level := func(ttft, lag time.Duration) (l experiments.CapacityLevel) {
		synctest.Test(t, func(t *testing.T) {
			stream := func(context.Context, llmeter.Payload) iter.Seq2[endpoint.Chunk, error] {
				return func(yield func(endpoint.Chunk, error) bool) {
					time.Sleep(ttft)
					yield(endpoint.Chunk{Text: "ok"}, nil)
				}
			}
			res, err := llmeter.Runner{
				Endpoint: endpoint.NewStream(endpoint.Info{}, stream), Payloads: []llmeter.Payload{endpoint.JSON(map[string]int{})},
				Objectives: []slo.Objective{slo.MustParse("ttft-p50 < 100ms")},
			}.Run(t.Context())
			require.NoError(t, err)
			res.Verdict = result.Verdict{Level: result.Degraded, Reasons: []result.Reason{{Metric: "ttft-p50", Error: lag.Seconds(), Unit: "s"}}}
			l = experiments.CapacityLevel{Load: experiments.Load{Clients: 1}, Result: res, Decision: experiments.Met}
			if ttft > 100*time.Millisecond {
				l.Decision = experiments.Missed
			}
		})
		return l
	}
	code := func(levels ...experiments.CapacityLevel) int {
		exit, ok := errors.AsType[*exitError](capacityFound(&experiments.CapacityResult{Load: experiments.Load{Clients: 1}, Levels: levels}))
		if !ok {
			return 0
		}
		return exit.code
	}
	met := level(90*time.Millisecond, 20*time.Millisecond)
	require.Zero(t, code(met))
	require.Zero(t, code(met, level(200*time.Millisecond, 20*time.Millisecond)), "it is missed by more than the client's part")
	close := level(110*time.Millisecond, 20*time.Millisecond)
	require.Equal(t, exitDoubtful, code(met, close, level(200*time.Millisecond, 20*time.Millisecond)))
	close.Saturated = true
	require.Zero(t, code(met, close), "requests that come faster than they are answered are the endpoint's limit")
	exit, _ := errors.AsType[*exitError](capacityFound(&experiments.CapacityResult{Levels: []experiments.CapacityLevel{close}}))
	require.Equal(t, exitFailed, exit.code)
}
