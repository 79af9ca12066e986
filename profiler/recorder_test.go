package profiler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/profiler"
)

// recorded reads what was recorded, without problems.
func recorded(t require.TestingT, text []byte) []*profiler.Trace {
	var traces []*profiler.Trace
	for trace, err := range profiler.Read(bytes.NewReader(text), "recording") {
		require.NoError(t, err)
		require.Empty(t, trace.Problems)
		traces = append(traces, trace)
	}
	return traces
}

// spans are those of a request by name.
func spans(t require.TestingT, trace *profiler.Trace) (*profiler.Request, map[string]*profiler.Span) {
	request := profiler.Resolve(trace)
	byName := map[string]*profiler.Span{}
	for i := range request.Spans {
		require.NotContains(t, byName, request.Spans[i].Name)
		byName[request.Spans[i].Name] = &request.Spans[i]
	}
	return request, byName
}

func parentName(r *profiler.Request, s *profiler.Span) string {
	if s.Parent < 0 {
		return ""
	}
	return r.Spans[s.Parent].Name
}

func TestARecordedWorkflowIsReadAsItHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		rec := profiler.NewRecorder(&file)
		began := time.Now()
		at := func(ms int) float64 { return profiler.Seconds(began.Add(time.Duration(ms) * time.Millisecond)) }
		ctx, agent := rec.Start(t.Context(), profiler.Workflow, "agent", "a question")
		time.Sleep(10 * time.Millisecond)
		_, plan := rec.Start(ctx, profiler.LLM, "planner", "plan \"this\"\n")
		for range 3 {
			time.Sleep(20 * time.Millisecond)
			plan.NewToken("to\tken")
		}
		plan.End(profiler.Outcome{Output: "search", Tokens: profiler.TokenUsage{PromptTokens: 7, CompletionTokens: 3, CachedTokens: 4, ReasoningTokens: 1}})
		var calls sync.WaitGroup
		for i := range 3 {
			calls.Go(func() {
				ctx, tool := rec.Start(ctx, profiler.Tool, fmt.Sprintf("tool-%d", i), map[string]int{"n": i}, "second")
				time.Sleep(time.Duration(100+i) * time.Millisecond)
				if i == 2 {
					tool.End(profiler.Outcome{Err: errors.New("no such page"), Metadata: map[string]any{profiler.HTTPStatusKey: 404}})
					return
				}
				_, inner := rec.Start(ctx, profiler.LLM, fmt.Sprintf("reader-%d", i))
				time.Sleep(time.Millisecond)
				inner.End()
				tool.End(profiler.Outcome{Output: []int{i}})
			})
		}
		calls.Wait()
		agent.End(profiler.Outcome{Output: "an answer"})
		agent.End(profiler.Outcome{Err: errors.New("too late")})
		require.NoError(t, rec.Close())
		require.Zero(t, rec.Blocked())

		traces := recorded(t, file.Bytes())
		require.Len(t, traces, 1)
		steps := traces[0].Steps
		require.Len(t, steps, 2*7+3)
		request, byName := spans(t, traces[0])
		require.Equal(t, at(0), request.Start)
		require.Equal(t, at(172), request.End)
		for name, want := range map[string]struct {
			start, end int
			state      profiler.SpanState
			parent     string
		}{
			"agent": {0, 172, profiler.Complete, ""}, "planner": {10, 70, profiler.Complete, "agent"},
			"tool-0": {70, 171, profiler.Complete, "agent"}, "tool-1": {70, 172, profiler.Complete, "agent"}, "tool-2": {70, 172, profiler.Failed, "agent"},
			"reader-0": {170, 171, profiler.Complete, "tool-0"}, "reader-1": {171, 172, profiler.Complete, "tool-1"},
		} {
			s := byName[name]
			require.Equal(t, at(want.start), s.Start, name)
			require.Equal(t, at(want.end), s.End, name)
			require.Equal(t, want.state, s.State, name)
			require.Equal(t, want.parent, parentName(request, s), name)
			require.Equal(t, "agent", s.Function.FunctionName)
		}
		planner := byName["planner"]
		require.Equal(t, "plan \"this\"\n", planner.Input)
		require.Equal(t, profiler.TokenUsage{PromptTokens: 7, CompletionTokens: 3, CachedTokens: 4, ReasoningTokens: 1, TotalTokens: 10}, planner.Tokens)
		var tokens []float64
		for i := range steps {
			p := &steps[i].Payload
			switch {
			case p.EventType == profiler.LLMNewToken:
				tokens = append(tokens, p.EventTimestamp)
				require.Equal(t, "to\tken", p.Chunk())
			case p.EventType == profiler.ToolStart && p.Name == "tool-1":
				require.Equal(t, `[{"n":1},"second"]`, p.Input())
			case p.EventType == profiler.ToolEnd && p.Name == "tool-1":
				require.Equal(t, `[1]`, p.Output())
			case p.EventType == profiler.ToolEnd && p.Name == "tool-2":
				require.Equal(t, "no such page", p.FailedWith())
				require.JSONEq(t, `{"provided_metadata":{"error":"no such page","http_status":404}}`, string(p.Metadata))
			case p.EventType == profiler.WorkflowEnd:
				require.Equal(t, "an answer", p.Output())
				require.Empty(t, p.FailedWith())
			}
		}
		require.Equal(t, []float64{at(30), at(50), at(70)}, tokens)
	})
}

func TestFunctionsAreTheAncestryOfTheirParts(t *testing.T) {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	ctx, agent := profiler.Start(profiler.NewContext(t.Context(), rec), profiler.Workflow, "agent")
	ctx, planner := profiler.Start(ctx, profiler.Function, "planner")
	require.Equal(t, ctx, profiler.NewContext(ctx, rec), "the span stays the parent")
	_, call := profiler.Start(ctx, profiler.LLM, "model")
	call.End()
	planner.End()
	agent.End()
	require.NoError(t, rec.Close())
	steps := recorded(t, file.Bytes())[0].Steps
	require.Equal(t, profiler.InvocationNode{agent.UUID(), "agent", profiler.RootID, profiler.RootID}, steps[0].FunctionAncestry)
	require.Equal(t, profiler.InvocationNode{planner.UUID(), "planner", agent.UUID(), "agent"}, steps[1].FunctionAncestry)
	require.Equal(t, steps[1].FunctionAncestry, steps[2].FunctionAncestry)
	require.Equal(t, []string{profiler.RootID, agent.UUID(), planner.UUID()}, []string{steps[0].ParentID, steps[1].ParentID, steps[2].ParentID})
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, call.UUID())
}

// TestWhatIsRecordedIsReadAgain says that any tree of spans, recorded from many goroutines, is the same after it was read: the
// parents, the states and the contents of all spans, each trace by itself.
func TestWhatIsRecordedIsReadAgain(t *testing.T) {
	kinds := []profiler.Category{profiler.Workflow, profiler.Task, profiler.Function, profiler.UserSpan, profiler.Custom, profiler.TTC}
	type node struct {
		parent, chunks int
		kind           profiler.Category
		text           string
		failed         bool
	}
	rapid.Check(t, func(t *rapid.T) {
		nodes := make([]node, rapid.IntRange(1, 25).Draw(t, "spans"))
		for i := range nodes {
			nodes[i] = node{
				rapid.IntRange(-1, i-1).Draw(t, "parent"), rapid.IntRange(0, 3).Draw(t, "chunks"), rapid.SampledFrom(kinds).Draw(t, "kind"),
				rapid.String().Draw(t, "text"), rapid.Bool().Draw(t, "failed"),
			}
		}
		var file bytes.Buffer
		rec := profiler.NewRecorder(&file)
		var record func(ctx context.Context, parent int) // and all below, side by side
		record = func(ctx context.Context, parent int) {
			var group sync.WaitGroup
			for i, n := range nodes {
				if n.parent != parent {
					continue
				}
				group.Go(func() {
					ctx, span := rec.Start(ctx, n.kind, fmt.Sprint(i), n.text)
					defer span.End(profiler.Outcome{Output: n.text})
					for range n.chunks {
						span.NewToken(n.text)
					}
					record(ctx, i)
				})
			}
			group.Wait()
		}
		record(t.Context(), -1)
		require.NoError(t, rec.Close())
		seen := 0
		for number, trace := range recorded(t, file.Bytes()) {
			require.LessOrEqual(t, number, len(nodes))
			request, byName := spans(t, trace)
			for name, s := range byName {
				var i int
				_, _ = fmt.Sscan(name, &i)
				want := ""
				if p := nodes[i].parent; p >= 0 {
					want = fmt.Sprint(p)
				}
				require.Equal(t, want, parentName(request, s))
				require.Equal(t, nodes[i].kind, s.Category)
				require.Equal(t, profiler.Complete, s.State)
				seen++
			}
			for i := 1; i < len(trace.Steps); i++ {
				require.LessOrEqual(t, trace.Steps[i-1].Payload.EventTimestamp, trace.Steps[i].Payload.EventTimestamp)
			}
			for i := range trace.Steps {
				p := &trace.Steps[i].Payload
				var n int
				_, _ = fmt.Sscan(p.Name, &n)
				require.Equal(t, strings.ToValidUTF8(nodes[n].text, "\uFFFD"), p.Input()+p.Output()+p.Chunk())
			}
		}
		require.Equal(t, len(nodes), seen)
	})
}

func TestAKilledProgramLeavesWhatItHadRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file lockedBuffer
		rec := profiler.NewRecorder(&file)
		ctx, done := rec.Start(t.Context(), profiler.Workflow, "done")
		_, part := rec.Start(ctx, profiler.Tool, "part")
		part.End()
		done.End()
		ctx, agent := rec.Start(t.Context(), profiler.Workflow, "agent")
		_, call := rec.Start(ctx, profiler.LLM, "model", "prompt")
		call.NewToken("one")
		time.Sleep(251 * time.Millisecond)
		whole := bytes.Clone(file.bytes()) // what there is when the program is killed
		call.End()
		agent.End()
		require.NoError(t, rec.Close())

		traces := recorded(t, whole)
		require.Len(t, traces, 2)
		request, byName := spans(t, traces[1])
		require.Len(t, request.Spans, 2)
		require.Equal(t, profiler.Unfinished, byName["agent"].State)
		require.Equal(t, profiler.Unfinished, byName["model"].State)

		for cut := 2; cut < len(whole); cut++ { // nor does a line that is torn hide the lines before
			steps, problems := 0, 0
			for trace, err := range profiler.Read(bytes.NewReader(whole[:cut]), "torn") {
				require.NoError(t, err)
				steps += len(trace.Steps)
				problems += len(trace.Problems)
			}
			lines := bytes.Split(whole[:cut], []byte("\n"))
			torn := len(lines[len(lines)-1]) > 0
			want := bytes.Count(whole[:cut], []byte("event_type")) - bytes.Count(lines[len(lines)-1], []byte("event_type"))
			require.GreaterOrEqual(t, steps, want, cut)
			require.LessOrEqual(t, steps, want+1, cut)
			if !torn {
				require.Zero(t, problems)
			}
		}
	})
}

func TestASpanThatOutlivesItsTraceBeginsAnother(t *testing.T) {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	ctx, agent := rec.Start(t.Context(), profiler.Workflow, "agent")
	agent.End()
	_, late := rec.Start(ctx, profiler.Tool, "late")
	late.End()
	require.NoError(t, rec.Close())
	traces := recorded(t, file.Bytes())
	require.Len(t, traces, 2)
	require.Equal(t, profiler.RootID, traces[1].Steps[0].ParentID)
}

func TestTwoRecordingsInOneFileStayApart(t *testing.T) {
	var file bytes.Buffer
	for range 2 {
		rec := profiler.NewRecorder(&file)
		_, span := rec.Start(t.Context(), profiler.Workflow, "never ended")
		_, other := rec.Start(t.Context(), profiler.Workflow, "ended")
		other.End()
		require.NoError(t, rec.Close())
		span.End() // comes too late
	}
	require.Len(t, recorded(t, file.Bytes()), 4)
}

func TestNoRecorderRecordsNothing(t *testing.T) {
	ctx, span := profiler.Start(t.Context(), profiler.LLM, "model")
	require.Equal(t, t.Context(), ctx)
	span.NewToken("x")
	span.End()
	require.Empty(t, span.UUID())
	var rec *profiler.Recorder
	require.NoError(t, rec.Flush())
	require.NoError(t, rec.Close())
	require.Zero(t, rec.Blocked())
}

func TestTheFirstErrorOfTheWriterIsReported(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	full := errors.New("disk full")
	rec := profiler.NewRecorder(writerFunc(func([]byte) (int, error) { return 0, full }))
	_, span := rec.Start(t.Context(), profiler.LLM, "model")
	require.ErrorIs(t, rec.Flush(), full)
	for range 10_000 { // more than fits: nobody waits for a writer that has failed
		span.NewToken(strings.Repeat("x", 10_000))
	}
	span.End()
	require.ErrorIs(t, rec.Close(), full)
	require.ErrorIs(t, rec.Close(), full)
}

func TestEventsWaitForASlowWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		rec := profiler.NewRecorder(writerFunc(func(b []byte) (int, error) {
			time.Sleep(time.Second)
			return file.Write(b)
		}))
		began := time.Now()
		_, span := rec.Start(t.Context(), profiler.LLM, "model")
		const tokens = 600
		for range tokens {
			span.NewToken(strings.Repeat("x", 40_000)) // 512 wait, and none fits into a buffer with another
		}
		require.Equal(t, (tokens-512)*time.Second, time.Since(began))
		require.Equal(t, time.Since(began), rec.Blocked())
		span.End()
		require.NoError(t, rec.Close())
		require.Len(t, recorded(t, file.Bytes())[0].Steps, tokens+2)
	})
}

func TestValuesThatCannotBeEncodedAreText(t *testing.T) {
	var file bytes.Buffer
	rec := profiler.NewRecorder(&file)
	for _, in := range []any{func() {}, json.RawMessage("{\n \"a\": 1 }"), json.RawMessage("{broken"), nil, "bad\xffutf8\u2028", "\x00\x1b\"", []byte(nil)} {
		_, span := rec.Start(t.Context(), profiler.Tool, "tool", in)
		span.End(profiler.Outcome{Output: in, Err: errors.New("")})
	}
	require.NoError(t, rec.Close())
	require.True(t, strings.HasSuffix(file.String(), "}\n"))
	var got []string
	for _, trace := range recorded(t, file.Bytes()) {
		require.Equal(t, trace.Steps[0].Payload.Input(), trace.Steps[1].Payload.Output())
		require.Equal(t, "*errors.errorString", trace.Steps[1].Payload.FailedWith())
		got = append(got, regexp.MustCompile("^0x[0-9a-f]+$").ReplaceAllString(trace.Steps[0].Payload.Input(), "a function"))
	}
	require.ElementsMatch(t, []string{"a function", `{"a":1}`, "{broken", "", "bad\uFFFDutf8\u2028", "\x00\x1b\"", ""}, got)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lockedBuffer) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Bytes()
}

var _ io.Writer = (*lockedBuffer)(nil)
