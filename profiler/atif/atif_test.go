package atif_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/profiler"
	"github.com/llmeter-go/llmeter/profiler/atif"
)

// nat is a trajectory in the layout of NAT's converter.
const nat = `{
 "schema_version": "ATIF-v1.7", "session_id": "s1",
 "agent": {"name": "react_agent", "version": "0.0.0", "model_name": "model-a"},
 "steps": [
  {"step_id": 1, "source": "user", "message": "What is 12 * 15?", "timestamp": "2025-06-15T15:06:40+00:00",
   "extra": {"ancestry": {"function_id": "root", "function_name": "root"}, "invocation": {"status": "completed"}}},
  {"step_id": 2, "source": "agent", "message": "I multiply.", "timestamp": "2025-06-15T15:06:42.500000+00:00", "model_name": "model-a",
   "tool_calls": [{"tool_call_id": "call_t1", "function_name": "calculator", "arguments": {"input": "12*15"}}, {"tool_call_id": "call_f1", "function_name": "check", "arguments": {}}],
   "observation": {"results": [{"source_call_id": "call_t1", "content": "180"}, {"source_call_id": "call_f1", "content": "fine"}]},
   "metrics": {"prompt_tokens": 100, "completion_tokens": 20, "cached_tokens": 64, "extra": {"reasoning_tokens": 5}},
   "extra": {"ancestry": {"function_id": "f1", "function_name": "react_agent", "parent_id": "root", "parent_name": "root"},
    "invocation": {"start_timestamp": 1750000001.0, "end_timestamp": 1750000002.5, "status": "completed", "framework": "langchain"},
    "tool_ancestry": [{"function_id": "f1", "function_name": "react_agent"}, {"function_id": "f2", "function_name": "check"}],
    "tool_invocations": [{"start_timestamp": 1750000002.5, "end_timestamp": 1750000003.25, "invocation_id": "call_t1"}, {"start_timestamp": 1750000002.5, "end_timestamp": 1750000004.0}]}},
  {"step_id": 3, "source": "agent", "message": "180", "timestamp": "2025-06-15T15:06:46Z", "model_name": "model-a",
   "metrics": {"prompt_tokens": 140, "completion_tokens": 3}, "extra": {"span_event_timestamp": "2025-06-15T15:06:45Z"}},
  {"step_id": 4, "source": "agent", "message": "The answer is 180.", "timestamp": "2025-06-15T15:06:47Z"}
 ]}`

func one(t *testing.T, text string) *atif.Trajectory {
	for tr, err := range atif.ReadTrajectories(strings.NewReader(text), "t.json") {
		require.NoError(t, err)
		return tr
	}
	t.Fatal("no trajectory")
	return nil
}

func spans(tr *profiler.Trace) (list []string) {
	for _, s := range profiler.Resolve(tr).Spans {
		list = append(list, fmt.Sprintf("%s:%s %v-%v in %s %d/%d %s %q", s.Category, s.Name, s.Start-1.75e9, s.End-1.75e9, s.Function.FunctionName,
			s.Tokens.PromptTokens, s.Tokens.CompletionTokens, s.State, s.Input))
	}
	return list
}

func TestATrajectoryOfNATBecomesATrace(t *testing.T) {
	tr := one(t, nat)
	require.NoError(t, tr.Validate())
	require.Equal(t, []string{
		`WORKFLOW:react_agent 0-7 in react_agent 0/0 complete ""`,
		`LLM:model-a 1-2.5 in react_agent 100/20 complete "What is 12 * 15?"`,
		`FUNCTION:check 2.5-4 in check 0/0 complete ""`,
		`TOOL:calculator 2.5-3.25 in react_agent 0/0 complete ""`,
		`LLM:model-a 5-6 in react_agent 140/3 complete "180\nfine"`,
	}, spans(tr.Trace()))
	require.Empty(t, tr.Trace().Problems)
	usage := tr.Trace().Steps[1].Payload.Tokens()
	require.Equal(t, profiler.TokenUsage{PromptTokens: 100, CompletionTokens: 20, CachedTokens: 64, ReasoningTokens: 5, TotalTokens: 120}, usage)
}

func TestTheEvaluatorsOfTrajectoriesAreThoseOfNAT(t *testing.T) {
	tr := one(t, nat)
	got := map[string]string{}
	for name, evaluate := range atif.Evaluators() {
		b, err := json.Marshal(evaluate(tr))
		require.NoError(t, err)
		got[name] = string(b)
	}
	require.Equal(t, map[string]string{
		"avg_llm_latency":        `{"id":0,"score":1.25,"reasoning":{"num_llm_calls":2,"latencies":[1.5,1]}}`,
		"avg_workflow_runtime":   `{"id":0,"score":7,"reasoning":{"steps":4}}`,
		"avg_num_llm_calls":      `{"id":0,"score":2,"reasoning":{"num_llm_calls":2}}`,
		"avg_tokens_per_llm_end": `{"id":0,"score":131.5,"reasoning":{"num_llm_calls":2,"totals":[120,143]}}`,
	}, got)
	empty := &atif.Trajectory{}
	for name, evaluate := range atif.Evaluators() {
		require.Zero(t, evaluate(empty).Score, name)
	}
}

func TestACallWithoutTimesHasNoInterval(t *testing.T) {
	tr := one(t, `{"schema_version":"ATIF-v1.4","session_id":"s","agent":{"name":"a","version":"1"},"steps":[
		{"step_id":1,"source":"agent","message":"m","timestamp":"2025-06-15T15:06:40Z","metrics":{"prompt_tokens":1}},
		{"step_id":2,"source":"agent","message":"m","metrics":{"prompt_tokens":1}}]}`)
	trace := tr.Trace()
	require.Equal(t, []string{`LLM: 0-0 in a 1/0 unstarted ""`, `WORKFLOW:a 0-0 in a 0/0 complete ""`},
		[]string{strings.Replace(spans(trace)[1], "-1.75e+09-0", "0-0", 1), spans(trace)[0]})
	require.Len(t, trace.Problems, 1)
	require.Equal(t, 1, trace.Problems[0].Step)
}

func TestASubagentIsAFunctionOfItsCaller(t *testing.T) {
	tr := one(t, `{"schema_version":"ATIF-v1.7","agent":{"name":"boss","version":"1"},"steps":[
	 {"step_id":1,"source":"user","message":"go","timestamp":"2025-06-15T15:06:40Z"},
	 {"step_id":2,"source":"system","message":"done","timestamp":"2025-06-15T15:06:49Z"}],
	 "subagent_trajectories":[{"schema_version":"ATIF-v1.7","trajectory_id":"sub","agent":{"name":"assistant","version":"1"},"steps":[
	  {"step_id":1,"source":"agent","message":"x","model_name":"m","extra":{"invocation":{"start_timestamp":1750000002,"end_timestamp":1750000003}}}]}]}`)
	require.NoError(t, tr.Validate())
	require.Equal(t, []string{
		`WORKFLOW:boss 0-9 in boss 0/0 complete ""`, `FUNCTION:assistant 2-3 in assistant 0/0 complete ""`, `LLM:m 2-3 in assistant 0/0 complete ""`,
	}, spans(tr.Trace()))
}

func TestValidateNamesEveryProblem(t *testing.T) {
	two := -2
	tr := &atif.Trajectory{SchemaVersion: "v7", Agent: atif.Agent{Name: "a"}, Steps: []atif.Step{
		{StepID: 2, Source: "model", Timestamp: "yesterday", LLMCallCount: &two},
		{StepID: 2, Source: atif.FromUser, ModelName: "m", Message: atif.Content{Parts: []atif.ContentPart{{Type: "text"}, {Type: "sound"}}},
			Observation: &atif.Observation{Results: []atif.ObservationResult{{SourceCallID: "x", SubagentTrajectoryRef: []atif.SubagentRef{{SessionID: "s"}}}}}},
	}, SubagentTrajectories: []*atif.Trajectory{{SchemaVersion: atif.Version, Agent: atif.Agent{Name: "b", Version: "1"}}}}
	err := tr.Validate()
	for _, text := range []string{
		`schema_version "v7"`, "agent has no version", "steps[0]: step_id is 2, not 1", `source "model"`, `timestamp "yesterday"`, "llm_call_count is negative",
		"steps[1]: a step of the user has what only an agent's has: model_name", "part 0 is a text", `part 1 is of type "sound"`, `source_call_id "x"`,
		"neither trajectory_id nor trajectory_path", "subagent_trajectories[0]: has no trajectory_id",
	} {
		require.ErrorContains(t, err, text)
	}
}

func TestReadGoesOnBehindWhatIsNoTrajectory(t *testing.T) {
	whole := strings.Join(strings.Fields(nat), " ")
	for name, text := range map[string]string{
		"lines": whole + "\n{\"schema_version\":\"v9\"}\n" + whole, "list": "\xef\xbb\xbf [" + whole + ", 3, " + whole + "]",
	} {
		var traces, errs int
		for tr, err := range atif.Read(strings.NewReader(text), "f.json") {
			if err != nil {
				errs++
				require.ErrorContains(t, err, "f.json: request 1", name)
				continue
			}
			require.Equal(t, traces, tr.Number)
			traces++
		}
		require.Equal(t, 2, traces, name)
		require.Equal(t, 1, errs, name)
	}
	var last error
	for _, err := range atif.Read(strings.NewReader("["+whole+","), "f.json") {
		last = err
	}
	require.ErrorIs(t, last, io.ErrUnexpectedEOF)
	for range atif.Read(strings.NewReader(""), "f.json") {
		t.Fatal("nothing is no trajectory")
	}
}

func TestLeavingAReadEarlyEndsIt(t *testing.T) {
	for range atif.Read(strings.NewReader(nat+nat), "f.json") {
		break
	}
	for range atif.Read(strings.NewReader("{}"), "f.json") {
		break
	}
}

func draw(t *rapid.T) *profiler.Trace {
	trace := new(profiler.Trace)
	instant := func(name string) float64 { return 1.75e9 + float64(rapid.IntRange(0, 1<<20).Draw(t, name))/1024 }
	text := func(name string) json.RawMessage {
		return rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`"hi <b>&é"`), json.RawMessage(`{"q":1}`), json.RawMessage(`{"input":"x"}`), json.RawMessage(`[1,2]`)}).Draw(t, name)
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "calls") {
		kind := rapid.SampledFrom([]profiler.Category{profiler.LLM, profiler.Tool, profiler.Function, profiler.UserSpan}).Draw(t, "kind")
		a, b := instant("start"), instant("end")
		node := profiler.InvocationNode{FunctionID: "f", FunctionName: "fn", ParentID: "root", ParentName: "root"}
		step := func(phase string, at float64) *profiler.StepPayload {
			trace.Steps = append(trace.Steps, profiler.IntermediateStep{FunctionAncestry: node, Payload: profiler.StepPayload{
				EventType: profiler.EventType(string(kind) + phase), EventTimestamp: at, UUID: fmt.Sprint("u", i), Name: rapid.SampledFrom([]string{"a", "fn"}).Draw(t, "name"), Framework: "langchain",
			}})
			return &trace.Steps[len(trace.Steps)-1].Payload
		}
		which := rapid.IntRange(0, 9).Draw(t, "ends")
		if which != 0 {
			step("_START", min(a, b)).Data = &profiler.StreamEventData{Input: text("input")}
		}
		if which != 1 {
			p := step("_END", max(a, b))
			p.Data = &profiler.StreamEventData{Output: text("output")}
			if kind == profiler.LLM {
				n := rapid.IntRange(0, 9).Draw(t, "tokens")
				p.UsageInfo = &profiler.UsageInfo{TokenUsage: profiler.TokenUsage{PromptTokens: n, CompletionTokens: 2 * n, CachedTokens: n / 2, ReasoningTokens: n / 3, TotalTokens: rapid.SampledFrom([]int{3 * n, n}).Draw(t, "total")}}
			}
			if rapid.Bool().Draw(t, "failed") {
				p.Metadata = json.RawMessage(`{"error":"boom"}`)
			}
		}
	}
	return trace
}

func TestWritingAndReadingKeepsEveryCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := draw(t)
		written := atif.FromTrace(trace)
		require.NoError(t, written.Validate())

		var b bytes.Buffer
		require.NoError(t, atif.Write(&b, profiler.Traces(trace)))
		var read atif.Trajectory
		require.NoError(t, json.Unmarshal(b.Bytes(), &read))
		again, err := json.Marshal(&read)
		require.NoError(t, err)
		first, err := json.Marshal(written)
		require.NoError(t, err)
		require.JSONEq(t, string(first), string(again), "as JSON it is the same")

		back := read.Trace()
		require.Empty(t, back.Problems)
		require.Equal(t, calls(trace), calls(back))
	})
}

// calls describes every call of a trace, whatever else is in it.
func calls(trace *profiler.Trace) (list []string) {
	contents := map[string]string{}
	for i := range trace.Steps {
		p := &trace.Steps[i].Payload
		switch p.EventType.Phase() {
		case profiler.StartPhase:
			contents[p.UUID] += "in " + p.Input()
		case profiler.EndPhase:
			contents[p.UUID] += " out " + p.Output() + " failed " + p.FailedWith()
		}
	}
	for _, s := range profiler.Resolve(trace).Spans {
		if s.Category != profiler.Workflow {
			list = append(list, fmt.Sprintf("%s %s %s %v %v %s %v %s %s", s.UUID, s.Category, s.Name, s.Start, s.End, s.State, s.Tokens, s.Function.FunctionName, contents[s.UUID]))
		}
	}
	slices.Sort(list)
	return list
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(nat))
	f.Add([]byte("[" + nat + "]"))
	f.Add([]byte(`{"schema_version":"ATIF-v1.7","agent":{},"steps":[{"source":"agent","llm_call_count":1,"message":[{"type":"text","text":"a"}],"extra":{"invocation":[]}}],"subagent_trajectories":[null,{}]}`))
	f.Add([]byte(`{"schema_version":"ATIF-v1.0","steps":[{"timestamp":"2025-01-01","source":"user","message":null,"tool_calls":[{"arguments":null}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for tr, err := range atif.ReadTrajectories(bytes.NewReader(text), "f") {
			if err != nil {
				var where *profiler.ReadError
				require.True(t, errors.As(err, &where))
				continue
			}
			_ = tr.Validate()
			trace := tr.Trace()
			profiler.Resolve(trace)
			for _, evaluate := range atif.Evaluators() {
				evaluate(tr)
			}
			again := atif.FromTrace(trace)
			b, err := json.Marshal(again)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(b, new(atif.Trajectory)))
		}
	})
}
