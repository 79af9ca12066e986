package profiler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generate makes the traces of an agent: requests of about 34 events, some of which run at once, with functions, tools, retrieval, parallel
// calls, streamed answers and prompts that share their beginnings.
func generate(events int) []*Trace {
	g := &generator{random: rand.New(rand.NewPCG(1, 2))}
	for n := 0; n < events; n += len(g.traces[len(g.traces)-1].Steps) {
		g.request(len(g.traces))
	}
	return g.traces
}

// generateText is the same as JSON.
func generateText(events int) []byte {
	var b bytes.Buffer
	w := NewTraceWriter(&b)
	for _, trace := range generate(events) {
		_ = w.Write(trace)
	}
	_ = w.Close()
	return b.Bytes()
}

type generator struct {
	random *rand.Rand
	traces []*Trace
	trace  *Trace
	ids    int
}

var systemPrompt = strings.Repeat("You are a careful assistant who answers in one line. ", 8)

func (g *generator) request(n int) {
	g.trace = &Trace{Number: n}
	g.traces = append(g.traces, g.trace)
	at := 1.75e9 + float64(n)*2 + g.random.Float64()
	workflow := InvocationNode{fmt.Sprintf("f%d", n), "agent", RootID, RootID}
	id := g.start(WorkflowStart, "agent", at, RootID, workflow, "task")
	end := at + 0.1
	history := ""
	for i := range 3 {
		f := InvocationNode{fmt.Sprintf("f%d.%d", n, i), []string{"plan", "work", "review"}[i], workflow.FunctionID, "agent"}
		function := g.start(FunctionStart, f.FunctionName, end, id, f, "in")
		prompt := fmt.Sprintf("%sTask %d of %s.\n%s", systemPrompt, g.random.IntN(50), f.FunctionName, history)
		end = g.llm(end+0.01, function, f, prompt)
		history += fmt.Sprintf("Step %d said %d.\n", i, g.random.IntN(1000))
		last := end
		for range 1 + g.random.IntN(3) { // tools side by side
			tool := []string{"search", "fetch", "store"}[g.random.IntN(3)]
			stop := end + 0.02 + g.random.ExpFloat64()*0.3
			toolID := g.start(ToolStart, tool, end+0.01, function, f, "query")
			g.end(ToolEnd, tool, stop, toolID, function, f, nil)
			last = max(last, stop)
		}
		end = last + 0.01
		g.end(FunctionEnd, f.FunctionName, end, function, id, f, nil)
	}
	g.end(WorkflowEnd, "agent", end+0.05, id, RootID, workflow, nil)
}

func (g *generator) llm(at float64, parent string, f InvocationNode, prompt string) float64 {
	model := []string{"model-a", "model-b"}[g.random.IntN(2)]
	id := g.start(LLMStart, model, at, parent, f, prompt)
	for range 3 {
		at += 0.05 + g.random.ExpFloat64()*0.2
		g.step(LLMNewToken, model, at, id, parent, f).Data = &StreamEventData{Chunk: quoted("tok")}
	}
	tokens := 10 + g.random.IntN(200)
	g.end(LLMEnd, model, at, id, parent, f, &UsageInfo{
		TokenUsage: TokenUsage{PromptTokens: len(prompt) / 4, CompletionTokens: tokens, TotalTokens: len(prompt)/4 + tokens}, NumLLMCalls: 1,
	})
	return at
}

func (g *generator) start(kind EventType, name string, at float64, parent string, f InvocationNode, input string) string {
	g.ids++
	id := fmt.Sprintf("%08x-7c1a-4c6e-9d2f-%012x", g.ids*2654435761%(1<<32), g.ids)
	g.step(kind, name, at, id, parent, f).Data = &StreamEventData{Input: quoted(input)}
	return id
}

func (g *generator) end(kind EventType, name string, at float64, id, parent string, f InvocationNode, usage *UsageInfo) {
	p := g.step(kind, name, at, id, parent, f)
	p.Data, p.UsageInfo = &StreamEventData{Output: quoted("some answer")}, usage
}

func (g *generator) step(kind EventType, name string, at float64, id, parent string, f InvocationNode) *StepPayload {
	g.trace.Steps = append(g.trace.Steps, IntermediateStep{parent, f, StepPayload{
		EventType: kind, EventTimestamp: at, UUID: id, Name: name, Framework: "langchain",
	}})
	return &g.trace.Steps[len(g.trace.Steps)-1].Payload
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}
