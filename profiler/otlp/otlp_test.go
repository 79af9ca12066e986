package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/llmeter-go/llmeter/profiler"
)

const traceID = "0102030405060708090a0b0c0d0e0f10"

// spanText is a span in OTLP's JSON: from and to in seconds, attributes as JSON values by key.
func spanText(id, parent, name string, from, to float64, attributes map[string]any, more string) string {
	var list []string
	for key, v := range attributes {
		kind := map[bool]string{true: "stringValue", false: "intValue"}[fmt.Sprintf("%T", v) == "string"]
		b, _ := json.Marshal(v)
		list = append(list, fmt.Sprintf(`{"key":%q,"value":{%q:%s}}`, key, kind, b))
	}
	if id != "" {
		id = strings.Repeat(id, 16)
	}
	if parent != "" {
		parent = strings.Repeat(parent, 16)
	}
	return fmt.Sprintf(`{"traceId":%q,"spanId":%q,"parentSpanId":%q,"name":%q,"startTimeUnixNano":"%.0f","endTimeUnixNano":%.0f,"attributes":[%s]%s}`,
		traceID, id, parent, name, from*1e9, to*1e9, strings.Join(list, ","), more)
}

func exportText(scope string, spans ...string) string {
	return fmt.Sprintf(`{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{"name":%q},"spans":[%s]}]}]}`, scope, strings.Join(spans, ","))
}

func readAll(t *testing.T, text string) []*profiler.Trace {
	var traces []*profiler.Trace
	for trace, err := range Read(strings.NewReader(text), "spans") {
		require.NoError(t, err)
		traces = append(traces, trace)
	}
	return traces
}

// call is what is told of a span.
type call struct {
	kind              profiler.Category
	name, input       string
	prompt, completed int
}

func calls(t *testing.T, text string) map[string]call {
	traces := readAll(t, text)
	require.Len(t, traces, 1)
	require.Empty(t, traces[0].Problems)
	found := map[string]call{}
	for _, s := range traces[0].Steps {
		if p := &s.Payload; p.EventType.Phase() == profiler.EndPhase {
			found[p.UUID[:1]] = call{p.EventType.Category(), p.Name, p.Input(), p.Tokens().PromptTokens, p.Tokens().CompletionTokens}
		}
	}
	return found
}

func TestTheAttributesOfEachInstrumentationAreKnown(t *testing.T) {
	for name, test := range map[string]struct {
		attributes map[string]any
		want       call
	}{
		"OpenTelemetry": {map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3,
			"gen_ai.input.messages": `[{"role":"user"}]`,
		}, call{profiler.LLM, "m", `[{"role":"user"}]`, 7, 3}},
		"OpenTelemetry tool":  {map[string]any{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.tool.call.arguments": "q"}, call{kind: profiler.Tool, name: "search", input: "q"}},
		"OpenTelemetry agent": {map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}, call{kind: profiler.Function, name: "planner"}},
		"OpenInference": {map[string]any{
			"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 7, "llm.token_count.completion": 3, "input.value": "whole",
			"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "be nice",
			"llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.contents.0.message_content.text": "hi ",
			"llm.input_messages.1.message.contents.1.message_content.text": "there",
		}, call{profiler.LLM, "m", `[{"role":"system","content":"be nice"},{"role":"user","content":"hi there"}]`, 7, 3}},
		"OpenInference retriever": {map[string]any{"openinference.span.kind": "RETRIEVER", "input.value": "query"}, call{kind: profiler.Tool, name: "span", input: "query"}},
		"OpenInference chain":     {map[string]any{"openinference.span.kind": "CHAIN"}, call{kind: profiler.Function, name: "span"}},
		"OpenLLMetry": {map[string]any{
			"llm.request.type": "chat", "gen_ai.response.model": "m", "gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": "3",
			"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hi",
		}, call{profiler.LLM, "m", `[{"role":"user","content":"hi"}]`, 7, 3}},
		"OpenLLMetry task": {map[string]any{"traceloop.span.kind": "task", "traceloop.entity.name": "plan", "traceloop.entity.input": `{"x":1}`}, call{kind: profiler.Task, name: "plan", input: `{"x":1}`}},
		"LangSmith":        {map[string]any{"langsmith.span.kind": "llm", "gen_ai.request.model": "m", "gen_ai.prompt": `{"messages":[]}`}, call{profiler.LLM, "m", `{"messages":[]}`, 0, 0}},
		"NAT":              {map[string]any{"aiq.event_type": "FUNCTION_START", "aiq.function.name": "f"}, call{kind: profiler.Function, name: "f"}},
		"model alone":      {map[string]any{"gen_ai.request.model": "m"}, call{kind: profiler.LLM, name: "m"}},
		"nothing":          {nil, call{kind: profiler.UserSpan, name: "span"}},
	} {
		found := calls(t, exportText("", spanText("a", "", "root", 0.5, 9, map[string]any{"x": "y"}, ""), spanText("b", "a", "span", 1, 2, test.attributes, "")))
		require.Equal(t, test.want, found["b"], name)
		require.Equal(t, call{kind: profiler.Workflow, name: "root"}, found["a"])
	}
}

func TestSpansBecomeStepsWithParentsAndFunctions(t *testing.T) {
	agent := map[string]any{"openinference.span.kind": "AGENT"}
	llm := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
	text := exportText("openinference.instrumentation.langchain",
		spanText("c", "b", "chat", 2, 4.5, llm, `,"events":[{"timeUnixNano":"3000000000","name":"gen_ai.content.completion.chunk"},{"timeUnixNano":"1","name":"other"}]`),
		spanText("b", "a", "plan", 1, 5, agent, ""), spanText("a", "", "root", 0.5, 9, nil, ""))
	steps := readAll(t, text)[0].Steps
	var kinds []profiler.EventType
	for _, s := range steps {
		kinds = append(kinds, s.Payload.EventType)
	}
	require.Equal(t, []profiler.EventType{
		"WORKFLOW_START", "FUNCTION_START", "LLM_START", "LLM_NEW_TOKEN", "LLM_END", "FUNCTION_END", "WORKFLOW_END",
	}, kinds)
	id := func(c string) string { return strings.Repeat(c, 16) }
	require.Equal(t, id("b"), steps[2].ParentID)
	require.Equal(t, profiler.InvocationNode{FunctionID: id("b"), FunctionName: "plan", ParentID: id("a"), ParentName: "root"}, steps[2].FunctionAncestry)
	require.Equal(t, profiler.RootID, steps[0].ParentID)
	require.Equal(t, "langchain", steps[2].Payload.Framework)
	require.Equal(t, 2.0, steps[4].Payload.SpanEventTimestamp)
	require.Equal(t, 4.5, steps[4].Payload.EventTimestamp)
}

func TestFailedSpansAreFailedCalls(t *testing.T) {
	text := exportText("", spanText("b", "", "chat", 1, 2, map[string]any{"gen_ai.request.model": "m"}, `,"status":{"code":"STATUS_CODE_ERROR","message":"429"}`))
	r := profiler.Resolve(readAll(t, text)[0])
	require.Equal(t, profiler.Failed, r.Spans[0].State)
}

func TestAnLLMCallWithinAnotherIsTheSameCall(t *testing.T) {
	llm := map[string]any{"gen_ai.request.model": "m"}
	found := calls(t, exportText("", spanText("a", "", "ChatOpenAI", 0.5, 9, llm, ""), spanText("b", "a", "openai.chat", 1, 8, llm, "")))
	require.Equal(t, profiler.Function, found["a"].kind)
	require.Equal(t, profiler.LLM, found["b"].kind)
}

func TestTracesAreGroupedByIDWhereverTheirSpansAre(t *testing.T) {
	other := strings.ReplaceAll(spanText("d", "", "first", 0.5, 1, nil, ""), traceID, strings.Repeat("f", 32))
	text := exportText("", spanText("a", "", "second", 5, 9, nil, ""), other) + "\n" + exportText("", spanText("b", "a", "child", 6, 7, nil, "")) + "\n[" + exportText("") + "]"
	traces := readAll(t, text)
	require.Len(t, traces, 2)
	require.Equal(t, []int{0, 1}, []int{traces[0].Number, traces[1].Number})
	require.Equal(t, "first", traces[0].Steps[0].Payload.Name)
	require.Len(t, traces[1].Steps, 4)
}

func TestProtobufAndItsOwnJSONAreRead(t *testing.T) {
	id := func(size int) []byte { return bytes.Repeat([]byte{7}, size) }
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	data := &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
		TraceId: id(16), SpanId: id(8), Name: "chat", StartTimeUnixNano: 1e9, EndTimeUnixNano: 2e9,
		Attributes: []*commonpb.KeyValue{
			{Key: "gen_ai.request.model", Value: text("m")},
			{Key: "gen_ai.usage.input_tokens", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: 7}}},
			{Key: "gen_ai.usage.output_tokens", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 3}}},
			{Key: "gen_ai.input.messages", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{
				{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{{Key: "role", Value: text("user")}}}}},
			}}}}},
		},
		Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK},
	}}}}}}}
	binary, err := proto.Marshal(data)
	require.NoError(t, err)
	asJSON, err := protojson.Marshal(data)
	require.NoError(t, err)
	require.Contains(t, string(asJSON), base64.StdEncoding.EncodeToString(id(8)))
	for _, text := range [][]byte{binary, asJSON, append([]byte("\n"), asJSON...)} {
		require.Equal(t, map[string]call{"0": {profiler.LLM, "m", `[{"role":"user"}]`, 7, 3}}, calls(t, string(text)))
	}
}

func TestBadSpansAreLeftOutAndNamed(t *testing.T) {
	traces := readAll(t, exportText("", spanText("a", "", "good", 1, 2, nil, ""), spanText("", "", "nameless", 1, 2, nil, ""), spanText("b", "", "timeless", 0, 2, nil, ""),
		`{"name":3}`))
	require.Len(t, traces, 1)
	require.Len(t, traces[0].Steps, 2)
	require.Len(t, traces[0].Problems, 3)
	require.ErrorContains(t, traces[0].Problems[0], `spans: step 1: span "nameless" has no trace id or no span id`)
	require.ErrorContains(t, traces[0].Problems[1], `span "timeless" has no start or no end`)
}

func TestTextThatIsNoOTLPIsAnError(t *testing.T) {
	for _, text := range []string{"{", `{"resourceSpans":3}`, "hello", "\n\x05ab", "\x12"} {
		var failed error
		for _, err := range Read(strings.NewReader(text), "f") {
			failed = err
		}
		require.ErrorContains(t, failed, "f: ", text)
	}
	require.Empty(t, readAll(t, ""))
}

func TestWrittenTracesReadTheSame(t *testing.T) {
	step := func(kind profiler.EventType, at float64, uuid, parent, name string) profiler.IntermediateStep {
		return profiler.IntermediateStep{ParentID: parent, FunctionAncestry: profiler.InvocationNode{FunctionID: "f", FunctionName: "agent"}, Payload: profiler.StepPayload{
			EventType: kind, EventTimestamp: at, UUID: uuid, Name: name,
		}}
	}
	const t0 = 1750000000.1234567
	trace := &profiler.Trace{Steps: []profiler.IntermediateStep{
		step("WORKFLOW_START", t0, "w", "root", "agent"), step("LLM_START", t0+1, "00112233445566aa", "w", "m"), step("LLM_NEW_TOKEN", t0+1.5, "00112233445566aa", "w", "m"),
		step("LLM_END", t0+2, "00112233445566aa", "w", "m"), step("TOOL_START", t0+2.25, "t", "w", "search"), step("TOOL_END", t0+3, "t", "w", "search"),
		step("CUSTOM_START", t0+3, "c", "w", "mine"), step("WORKFLOW_END", t0+4, "w", "root", "agent"),
	}}
	trace.Steps[1].Payload.Data = &profiler.StreamEventData{Input: json.RawMessage(`[{"role":"user"}]`)}
	trace.Steps[3].Payload.UsageInfo = &profiler.UsageInfo{TokenUsage: profiler.TokenUsage{PromptTokens: 5, CompletionTokens: 4, CachedTokens: 3, ReasoningTokens: 2, TotalTokens: 9}}
	trace.Steps[5].Payload.Metadata = json.RawMessage(`{"error":"boom"}`)

	var b bytes.Buffer
	require.NoError(t, Write(&b, profiler.Traces(trace, new(profiler.Trace))))
	require.Equal(t, 1, bytes.Count(b.Bytes(), []byte("\n")))
	want := profiler.Resolve(trace)
	traces := readAll(t, b.String())
	require.Len(t, traces, 1)
	got := profiler.Resolve(traces[0])
	require.Len(t, got.Spans, len(want.Spans))
	for i := range want.Spans {
		w, g := &want.Spans[i], &got.Spans[i]
		if w.State == profiler.Unfinished {
			require.Equal(t, profiler.Failed, g.State)
			continue
		}
		require.Equal(t, []any{w.Category, w.Name, w.Start, w.End, w.State, w.Parent, w.Tokens, w.Input}, []any{g.Category, g.Name, g.Start, g.End, g.State, g.Parent, g.Tokens, g.Input})
	}
	require.Equal(t, profiler.LLMNewToken, traces[0].Steps[2].Payload.EventType)
	id, err := hex.DecodeString(traces[0].Steps[0].Payload.UUID)
	require.NoError(t, err)
	require.Len(t, id, 8)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(exportText("s", spanText("a", "", "x", 1, 2, map[string]any{"gen_ai.request.model": "m", "n": 3}, ""))))
	f.Add([]byte("\n\x02\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for trace, err := range Read(bytes.NewReader(text), "") {
			if err == nil {
				profiler.Resolve(trace)
			}
		}
	})
}
