package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/slo"
)

func TestObjectivesDecideTheExitCode(t *testing.T) {
	outcome := func(s slo.Status) slo.Outcome {
		return slo.Outcome{Objective: slo.MustParse("ttft-p99 < 500ms"), Status: s, Value: 0.51, Margin: -0.01}
	}
	code := func(statuses ...slo.Status) int {
		var all []slo.Outcome
		for _, s := range statuses {
			all = append(all, outcome(s))
		}
		var kept objectives
		kept.add("", all)
		exit, ok := errors.AsType[*exitError](kept.err())
		if !ok {
			return 0
		}
		return exit.code
	}
	require.Zero(t, code())
	require.Zero(t, code(slo.Met, slo.Met))
	require.Equal(t, exitFailed, code(slo.Met, slo.Missed))
	require.Equal(t, exitFailed, code(slo.Undefined))
	require.Equal(t, exitDoubtful, code(slo.Inconclusive, slo.Met))
	require.Equal(t, exitDoubtful, code(slo.Missed, slo.Inconclusive), "what cannot be trusted goes before what is missed")
	var kept objectives
	kept.add("00004-clients", []slo.Outcome{outcome(slo.Inconclusive)})
	require.ErrorContains(t, kept.err(),
		"objectives left open: 00004-clients: ttft-p99 < 500ms: inconclusive, 510ms, off by 10ms; the client's own part in it could be the reason")
}
