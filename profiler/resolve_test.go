package profiler

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecordedParentsArePreferred(t *testing.T) {
	r := request(function("f", 0, 10).below(RootID), function("g", 1, 9).below("f"), llm("a", 2, 3).below("f"), tool("late", 8, 12).below("g"))
	require.Equal(t, map[string]string{"f": "", "g": "f", "a": "f", "late": "g"}, parents(r))
}

func TestRootsStayRoots(t *testing.T) {
	r := request(function("f", 0, 10).below(RootID), function("g", 1, 9).below(RootID), llm("a", 2, 3).below("g"))
	require.Equal(t, map[string]string{"f": "", "g": "", "a": "g"}, parents(r))
}

func TestWhichOfTwinsIsCriticalDoesNotDependOnUUIDs(t *testing.T) {
	var critical [][2]float64 // of what is within the twins
	for _, ids := range [][2]string{{"x", "y"}, {"y", "x"}} {
		n := AnalyzeNestedStack([]*Request{request(
			function("f", 0, 10).below(RootID), function(ids[0], 1, 9).below("f"), function(ids[1], 1, 9).below("f"),
			llm("a", 2, 8).below(ids[0]), tool("b", 2, 8).below(ids[1]),
		)})
		critical = append(critical, [2]float64{nodeOf(t, n, "a").CriticalTime, nodeOf(t, n, "b").CriticalTime})
	}
	require.Equal(t, critical[0], critical[1])
	require.Equal(t, 6.0, critical[0][0]+critical[0][1])
}

func TestUnknownParentsAreReplacedByTheFunctionThatEncloses(t *testing.T) {
	r := request(
		function("f", 0, 10).in("f", RootID), function("g", 1, 9).in("g", "f"), llm("a", 2, 3).in("f", RootID), llm("b", 2, 3).in("g", "f"),
		tool("wraps", 4, 8).in("g", "f"), function("h", 5, 7).in("h", "g").below("nobody"), llm("c", 6, 7).in("h", "g"),
	)
	require.Equal(t, map[string]string{"f": "", "g": "f", "a": "f", "b": "g", "wraps": "g", "h": "wraps", "c": "h"}, parents(r))
}

func TestWithoutIDsTheInnermostIntervalIsTheParent(t *testing.T) {
	workflow := call{kind: Workflow, uuid: "w", start: 0, end: 20}
	r := request(workflow, function("f", 0, 10), function("g", 2, 8), llm("a", 3, 4), llm("b", 8, 9), llm("c", 12, 13), tool("t", 14, 18), llm("d", 15, 16),
		tool("u", 15, 17), llm("beyond", 19, 21))
	require.Equal(t, map[string]string{
		"w": "", "f": "w", "g": "f", "a": "g", "b": "f", "c": "w", "t": "w", "d": "u", "u": "w", "beyond": "",
	}, parents(r))
}

func TestEqualIntervalsNestByKindOrNotAtAll(t *testing.T) {
	r := request(call{kind: Workflow, uuid: "w", start: 0, end: 5}, function("f", 0, 5), function("g", 0, 5), llm("a", 0, 5), llm("b", 1, 2))
	require.Equal(t, map[string]string{"w": "", "f": "w", "g": "w", "a": "w", "b": "w"}, parents(r)) // f and g could both be it
	r = request(call{kind: Workflow, uuid: "w", start: 0, end: 5}, function("f", 0, 5), llm("a", 0, 5))
	require.Equal(t, map[string]string{"w": "", "f": "w", "a": "f"}, parents(r))
}

func TestCirclesOfParentsAreBroken(t *testing.T) {
	r := request(function("f", 0, 10).below("g"), function("g", 1, 9).below("f"), llm("a", 2, 3).below("b"), llm("b", 2, 3).below("a"), function("self", 20, 30).below("self"))
	require.Equal(t, map[string]string{"f": "", "g": "f", "a": "g", "b": "g", "self": ""}, parents(r))
}

func TestLongChainsOfWrongParentsTakeLinearTime(t *testing.T) {
	calls := []call{function("f", 0, 1e6).below(RootID)}
	last := "f"
	for i := range 50_000 { // each call is recorded below the one before, which is still open
		c := llm(fmt.Sprint(i), float64(i), float64(i)+0.5).below(last)
		calls = append(calls, c)
		last = c.uuid
	}
	for _, parent := range parents(request(calls...)) {
		require.Contains(t, []string{"", "f"}, parent)
	}
}

func TestEveryStateOfASpan(t *testing.T) {
	failed := llm("failed", 1, 2)
	failed.failed = true
	r := request(llm("whole", 1, 2), failed, llm("unfinished", 1, -1), llm("unstarted", -1, 2), llm("reversed", 5, 2))
	got := map[string]SpanState{}
	for _, s := range r.Spans {
		got[s.UUID] = s.State
	}
	require.Equal(t, map[string]SpanState{"whole": Complete, "failed": Failed, "unfinished": Unfinished, "unstarted": Unstarted, "reversed": Reversed}, got)
	require.Equal(t, map[SpanState]int{Failed: 1, Unfinished: 1, Unstarted: 1, Reversed: 1}, r.Incomplete())
	require.Equal(t, 4.0, r.Runtime())
}

func TestAnEndMaySayWhenItsSpanBegan(t *testing.T) {
	step := llm("a", -1, 10).steps()
	step[0].Payload.SpanEventTimestamp = 4
	r := Resolve(&Trace{Steps: step})
	require.Equal(t, Complete, r.Spans[0].State)
	require.Equal(t, 6.0, r.Spans[0].Duration())
	require.Equal(t, 0.0, r.Runtime()) // of events
}

func TestUUIDsThatComeAgainPairInTheOrderOfTime(t *testing.T) {
	r := request(llm("a", 1, 2), llm("a", 3, 5), llm("a", 9, -1), tool("a", 4, 6), llm("b", -1, 1), llm("b", 5, 6))
	type interval struct {
		kind       Category
		start, end float64
		state      SpanState
	}
	var got []interval
	for _, s := range r.Spans {
		got = append(got, interval{s.Category, s.Start, s.End, s.State})
	}
	require.Equal(t, []interval{{LLM, 1, 2, Complete}, {LLM, 0, 1, Unstarted}, {LLM, 3, 5, Complete}, {Tool, 4, 6, Complete}, {LLM, 5, 6, Complete}, {LLM, 9, 0, Unfinished}}, got)
}

func TestErrorsAreFoundInMetadata(t *testing.T) {
	for metadata, want := range map[string]string{
		``: "", `{}`: "", `{"error":null}`: "", `{"error":false}`: "", `{"error":""}`: "", `{"note":"error"}`: "", `["error"]`: "",
		`{"error":"timeout"}`: "timeout", `{"error":true}`: "true", `{"provided_metadata":{"error":{"code":429}}}`: `{"code":429}`,
	} {
		require.Equal(t, want, (&StepPayload{Metadata: json.RawMessage(metadata)}).FailedWith(), metadata)
	}
}

func TestEveryEventTypeHasItsParts(t *testing.T) {
	for kind, want := range map[EventType]struct {
		category Category
		phase    Phase
	}{
		LLMStart: {LLM, StartPhase}, LLMNewToken: {LLM, ChunkPhase}, LLMEnd: {LLM, EndPhase}, ToolStart: {Tool, StartPhase}, ToolEnd: {Tool, EndPhase},
		WorkflowStart: {Workflow, StartPhase}, WorkflowEnd: {Workflow, EndPhase}, TaskStart: {Task, StartPhase}, TaskEnd: {Task, EndPhase},
		FunctionStart: {Function, StartPhase}, FunctionEnd: {Function, EndPhase}, CustomStart: {Custom, StartPhase}, CustomEnd: {Custom, EndPhase},
		TTCStart: {TTC, StartPhase}, TTCEnd: {TTC, EndPhase}, SpanStart: {UserSpan, StartPhase}, SpanChunk: {UserSpan, ChunkPhase}, SpanEnd: {UserSpan, EndPhase},
		"AGENT_START": {"", NoPhase}, "": {"", NoPhase},
	} {
		require.Equal(t, want.category, kind.Category(), kind)
		require.Equal(t, want.phase, kind.Phase(), kind)
	}
}
