package profiler

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestThrottledAttemptsAndTheirBackoffAreWaiting(t *testing.T) {
	first, second := llm("a", 1, 2).saying("hi").failing(429).below("f"), llm("b", 5, 5.5).saying("hi").failing(429).below("f")
	first.retryAfter = 3
	w := AnalyzeWaiting(requests([]call{function("f", 0, 12).below(RootID), first, second, llm("c", 8, 11).saying("hi").below("f")}))
	require.Equal(t, []OperationWait{{
		OperationType: LLM, OperationName: "m", Calls: 3, Failed: 2, Throttled: 2, ThrottledTime: 1.5, Retries: 2, BackoffTime: 3 + 2.5, AskedTime: 3, Statuses: map[int]int{429: 2},
	}}, w.Operations)
	require.Equal(t, []float64{12, 7, 7, 5}, []float64{w.Runtime, w.Waiting, w.Critical, w.Work})
	require.Equal(t, []RequestWait{{0, 12, 7, 7}}, w.Requests)
	require.Equal(t, 5.0, *w.WorkRuntime.Mean)
	require.Equal(t, 3.0, *w.WorkLatency.Mean)
}

func TestWaitingBesideOtherWorkDoesNotHoldTheRequest(t *testing.T) {
	calls := []call{
		function("f", 0, 10).below(RootID), tool("long", 0, 10).named("long").below("f"),
		llm("a", 0, 1).failing(503).below("f"), llm("b", 4, 6).below("f"),
	}
	w := AnalyzeWaiting(requests(calls))
	require.Equal(t, []float64{4, 0, 10}, []float64{w.Waiting, w.Critical, w.Work})
}

func TestTheSameCallAgainAfterAFailureIsARetry(t *testing.T) {
	again := []call{llm("a", 0, 1).saying("hi").failing(0), llm("b", 3, 5).saying("hi")}
	w := AnalyzeWaiting(requests(again))
	require.Equal(t, []any{1, 2.0, 1.0, 2.0}, []any{w.Operations[0].Retries, w.Operations[0].BackoffTime, w.Operations[0].FailedTime, w.Critical})

	for name, calls := range map[string][]call{
		"another prompt":        {llm("a", 0, 1).saying("hi").failing(0), llm("b", 3, 5).saying("ho")},
		"another model":         {llm("a", 0, 1).saying("hi").failing(0), llm("b", 3, 5).saying("hi").named("n")},
		"another caller":        {function("f", 0, 2).below(RootID), llm("a", 0, 1).saying("hi").failing(0).below("f"), llm("b", 3, 5).saying("hi").below(RootID)},
		"at the same time":      {llm("a", 0, 1).saying("hi").failing(0), llm("b", 0.5, 5).saying("hi")},
		"no prompt is known":    {llm("a", 0, 1).failing(0), llm("b", 3, 5)},
		"a tool, used again":    {tool("a", 0, 1).failing(0), tool("b", 3, 5)},
		"before the failure":    {llm("a", 3, 5).saying("hi").failing(0), llm("b", 0, 1).saying("hi")},
		"nothing failed at all": {llm("a", 0, 1).saying("hi"), llm("b", 3, 5).saying("hi")},
	} {
		w := AnalyzeWaiting(requests(calls))
		require.Zero(t, w.Waiting, name)
		require.Nil(t, w.WorkRuntime, name)
	}
}

func TestEachRetryFollowsOneFailure(t *testing.T) {
	w := AnalyzeWaiting(requests([]call{
		llm("a", 0, 1).failing(429), llm("b", 0, 2).failing(429), llm("c", 4, 5), llm("d", 6, 7), // two at once, each with its retry
	}))
	require.Equal(t, 2, w.Operations[0].Retries)
	require.Equal(t, (4-1.0)+(6-2.0), w.Operations[0].BackoffTime)
	require.Equal(t, 6.0, w.Waiting, "where both wait, the request waits once")
}

// The attempts of an instrumented HTTP client are recorded as parts of the LLM call.
func TestAttemptsWithinACallAreWaitingWithinIt(t *testing.T) {
	attempt := func(uuid string, start, end float64) call {
		return call{kind: UserSpan, uuid: uuid, name: "POST", start: start, end: end, parent: "a"}
	}
	w := AnalyzeWaiting(requests([]call{
		function("f", 0, 12).below(RootID), llm("a", 1, 11).below("f"), attempt("1", 1, 2).failing(429), attempt("2", 4, 5).failing(429), attempt("3", 9, 11),
	}))
	require.Equal(t, []float64{8, 8, 4}, []float64{w.Waiting, w.Critical, w.Work})
	require.Equal(t, 2.0, *w.WorkLatency.Mean, "10 s, of which 8 are waiting")
}

func TestTheStatusIsFoundWhereverItIsSaid(t *testing.T) {
	for metadata, want := range map[string][2]float64{
		`{"http_status":429,"retry_after_s":1.5}`:                 {429, 1.5},
		`{"provided_metadata":{"http_status":"503","error":"x"}}`: {503, 0},
		`{"error":"Error code: 429 - {'message': 'slow down'}"}`:  {429, 0},
		`{"provided_metadata":{"error":"RateLimitError"}}`:        {429, 0},
		`{"error":"429"}`:                                               {429, 0},
		`{"error":"took 4290 ms"}`:                                      {0, 0},
		`{"error":"Too Many Requests","http_status":500}`:               {500, 0},
		`{"provided_metadata":[1],"http_status":-3,"retry_after_s":-1}`: {0, 0},
		`{}`: {0, 0}, ``: {0, 0}, `{"http_status":`: {0, 0},
	} {
		p := StepPayload{Metadata: []byte(metadata)}
		status, after := p.answered()
		require.Equal(t, want, [2]float64{float64(status), after}, metadata)
	}
}

func TestWaitingIsPartOfTheRunTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := resolveAll(drawTraces(t))
		w := AnalyzeWaiting(requests)
		require.LessOrEqual(t, w.Critical, w.Waiting)
		require.LessOrEqual(t, w.Waiting, w.Runtime)
		require.GreaterOrEqual(t, w.Critical, 0.0)
		for _, o := range w.Operations {
			require.LessOrEqual(t, o.Retries, o.Failed+o.Throttled)
			require.GreaterOrEqual(t, o.BackoffTime, 0.0)
		}
	})
}
