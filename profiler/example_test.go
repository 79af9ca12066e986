package profiler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/llmeter-go/llmeter/profiler"
)

const trace = `[{"request_number": 0, "intermediate_steps": [
	{"parent_id": "root", "payload": {"event_type": "WORKFLOW_START", "event_timestamp": 0, "UUID": "w", "name": "agent"}},
	{"parent_id": "w", "payload": {"event_type": "LLM_START", "event_timestamp": 1, "UUID": "a", "name": "planner"}},
	{"parent_id": "w", "payload": {"event_type": "LLM_END", "event_timestamp": 3, "UUID": "a", "name": "planner"}},
	{"parent_id": "w", "payload": {"event_type": "TOOL_START", "event_timestamp": 3, "UUID": "s", "name": "search"}},
	{"parent_id": "w", "payload": {"event_type": "TOOL_START", "event_timestamp": 3, "UUID": "f", "name": "fetch"}},
	{"parent_id": "w", "payload": {"event_type": "TOOL_END", "event_timestamp": 4, "UUID": "f", "name": "fetch"}},
	{"parent_id": "w", "payload": {"event_type": "TOOL_END", "event_timestamp": 8, "UUID": "s", "name": "search"}},
	{"parent_id": "root", "payload": {"event_type": "WORKFLOW_END", "event_timestamp": 9, "UUID": "w", "name": "agent"}}]}]`

func ExampleRunner() {
	r := profiler.Runner{Config: profiler.FullConfig(), NoOutput: true} // with OutputDir it writes the files of NAT
	results, err := r.Run(context.Background(), profiler.Read(strings.NewReader(trace), "trace.json"))
	if err != nil {
		log.Fatal(err)
	}
	for _, call := range results.NestedStack.TopCritical() {
		fmt.Printf("%s %s: %g s of %g s on the critical path\n", call.OperationType, call.OperationName, call.CriticalTime, call.Duration)
	}
	fmt.Printf("outside of calls: %g s\n", results.NestedStack.Outside)
	// Output:
	// TOOL search: 5 s of 5 s on the critical path
	// LLM planner: 2 s of 2 s on the critical path
	// TOOL fetch: 0 s of 1 s on the critical path
	// outside of calls: 2 s
}

func ExampleResolve() {
	for t, err := range profiler.Read(strings.NewReader(trace), "trace.json") {
		if err != nil {
			log.Fatal(err)
		}
		for _, span := range profiler.Resolve(t).Spans {
			fmt.Println(span.Category, span.Name, span.Duration())
		}
	}
	// Output:
	// WORKFLOW agent 9
	// LLM planner 2
	// TOOL search 5
	// TOOL fetch 1
}

func ExampleRecorder() {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	ctx, agent := rec.Start(context.Background(), profiler.Workflow, "agent", "a question")
	_, call := rec.Start(ctx, profiler.LLM, "model", "the prompt")
	call.NewToken("42")
	call.End(profiler.Outcome{Output: "42", Tokens: profiler.TokenUsage{PromptTokens: 2, CompletionTokens: 1}})
	_, tool := rec.Start(ctx, profiler.Tool, "search")
	tool.End(profiler.Outcome{Err: errors.New("no such page")})
	agent.End()
	if err := rec.Close(); err != nil {
		log.Fatal(err)
	}

	for t, err := range profiler.Read(&file, "recording") {
		if err != nil {
			log.Fatal(err)
		}
		for _, span := range profiler.Resolve(t).Spans {
			fmt.Println(span.Category, span.Name, span.State)
		}
	}
	// Output:
	// WORKFLOW agent complete
	// LLM model complete
	// TOOL search failed
}
