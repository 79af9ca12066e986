package profiler

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// An OpenSpan is a span that is being recorded. It is safe for concurrent use. A nil OpenSpan does nothing.
type OpenSpan struct {
	rec      *Recorder
	trace    *recording
	kind     Category
	types    spanTypes
	parentID string
	function InvocationNode
	name     string
	uuid     string
	head     []byte // what the lines of all its events begin with
	start    float64

	mu    sync.Mutex // puts the end after all else
	shard *shard     // of the last event
	last  float64    // its time
	ended bool
}

// Keys of an [Outcome]'s metadata by which analyses tell waiting from work.
const (
	HTTPStatusKey = "http_status"   // the status of an answer over HTTP that is an error, as a number
	RetryAfterKey = "retry_after_s" // how long the server asked to wait before the next attempt, in seconds
)

// An Outcome is what is known of a span when it ends.
type Outcome struct {
	Output   any            // what came out, see [Recorder.Start]
	Tokens   TokenUsage     // of an LLM call. A total of 0 is prompt and completion
	Err      error          // why it failed: NAT has no event for that, so it stands in the metadata, see [StepPayload.FailedWith]
	Metadata map[string]any // further facts, which stand beside the error
	At       time.Time      // when it ended; zero = now
}

// Start starts a span: it records its START, and gives the context in which its parts are to run. The parent is the span that ctx
// belongs to, if it is of the same recorder; a span without a parent begins a trace. Spans that are started in the same context
// are siblings. The name is that of the model, the tool or the function.
//
// What goes in is nothing, one value, or several, which are a list. A value is text, or anything that encodes as JSON.
//
// A span of category Function or Workflow is the function that its parts run in. The trace is complete when all its spans have
// ended. A span that is started later in the context of one of these begins a trace of its own.
func (r *Recorder) Start(ctx context.Context, kind Category, name string, input ...any) (context.Context, *OpenSpan) {
	if r == nil {
		return ctx, nil
	}
	s := r.open(ctx, kind, name)
	s.head = appendPlace(appendLine(make([]byte, 0, headCap), s.trace.id), s.parentID, &s.function)
	s.start = r.seconds(time.Now())
	b := r.scratch()
	b.value = appendInput(b.value, input)
	s.event(b, &StepPayload{EventType: s.types.start, EventTimestamp: s.start, Data: &StreamEventData{Input: b.value}})
	return context.WithValue(ctx, contextKey{}, s), s
}

// headCap is how many bytes the beginning of a line mostly has: three UUIDs and as many names.
const headCap = 384

// open makes a span without recording it.
func (r *Recorder) open(ctx context.Context, kind Category, name string) *OpenSpan {
	s := &OpenSpan{rec: r, kind: kind, types: kind.types(), name: name, uuid: newUUID(), parentID: RootID, function: InvocationNode{FunctionID: RootID, FunctionName: RootID}}
	if p, ok := ctx.Value(contextKey{}).(*OpenSpan); ok && p.rec == r && p.trace.join() {
		s.trace, s.parentID, s.function = p.trace, p.uuid, p.function
	} else {
		s.trace = newRecording()
	}
	if kind == Function || kind == Workflow {
		s.function = InvocationNode{FunctionID: s.uuid, FunctionName: name, ParentID: s.function.FunctionID, ParentName: s.function.FunctionName}
	}
	return s
}

// UUID pairs the events of the span; "" for a nil span.
func (s *OpenSpan) UUID() string {
	if s == nil {
		return ""
	}
	return s.uuid
}

// NewToken records that a piece of the output has come: LLM_NEW_TOKEN for a span of category LLM, SPAN_CHUNK for a UserSpan. Spans of
// other categories have no such event, and neither has one that has ended.
func (s *OpenSpan) NewToken(text string) { s.NewTokenAt(time.Now(), text) }

// NewTokenAt is NewToken for a piece that came at a given time.
func (s *OpenSpan) NewTokenAt(at time.Time, text string) {
	if s == nil || s.types.chunk == "" {
		return
	}
	b := s.rec.scratch()
	b.value = appendString(b.value, text)
	s.chunk(at, b)
}

// chunk records a piece whose value is in the scratch.
func (s *OpenSpan) chunk(at time.Time, b *scratch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		s.rec.release(b)
		return
	}
	s.event(b, &StepPayload{EventType: s.types.chunk, EventTimestamp: s.rec.seconds(at), Data: &StreamEventData{Chunk: b.value}})
}

// End records the END of the span, with what is known of its outcome: nothing, or one value. Only the first call does anything.
func (s *OpenSpan) End(outcome ...Outcome) {
	if s == nil {
		return
	}
	var o Outcome
	if len(outcome) > 0 {
		o = outcome[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if o.At.IsZero() {
		o.At = time.Now()
	}
	b := s.rec.scratch()
	if o.Output != nil {
		b.value = appendValue(b.value, o.Output)
	}
	s.event(b, &StepPayload{
		EventType: s.types.end, EventTimestamp: s.rec.seconds(o.At), SpanEventTimestamp: s.start,
		Data: &StreamEventData{Output: b.value}, Metadata: o.metadata(), UsageInfo: s.usage(o.Tokens),
	})
	s.leave()
}

// leave is called once all of the span is recorded.
func (s *OpenSpan) leave() {
	if s.trace.open.Add(-1) == 0 {
		s.rec.complete(s.shard, s.trace.id)
	}
}

// usage is what the END of an LLM call says, nil for others.
func (s *OpenSpan) usage(t TokenUsage) *UsageInfo {
	if s.kind != LLM {
		return nil
	}
	if t.TotalTokens == 0 {
		t.TotalTokens = t.PromptTokens + t.CompletionTokens
	}
	return &UsageInfo{TokenUsage: t, NumLLMCalls: 1}
}

// metadata has the form of NAT's TraceMetadata.
func (o *Outcome) metadata() json.RawMessage {
	if o.Err == nil && len(o.Metadata) == 0 {
		return nil
	}
	m := maps.Clone(o.Metadata)
	if m == nil {
		m = map[string]any{}
	}
	if o.Err != nil {
		m["error"] = errorText(o.Err)
	}
	return appendValue(nil, map[string]any{"provided_metadata": m})
}

// errorText is the text of an error, never "".
func errorText(err error) string {
	if text := err.Error(); text != "" {
		return text
	}
	return fmt.Sprintf("%T", err)
}

// event records one event, whose values may be in the scratch. Readers order events by time. Those of one time go to one shard, so
// that they are in their order too.
func (s *OpenSpan) event(b *scratch, p *StepPayload) {
	p.Name, p.UUID = s.name, s.uuid
	if len(b.value) == 0 {
		p.Data = nil
	}
	b.line = appendLineEnd(appendPayload(append(b.line, s.head...), p))
	if s.shard == nil || p.EventTimestamp != s.last {
		s.shard, s.last = b.shard, p.EventTimestamp
	}
	s.rec.add(s.shard, b.line)
	s.rec.release(b)
}

// appendInput is what goes in, nothing for nothing.
func appendInput(b []byte, input []any) []byte {
	switch len(input) {
	case 0:
		return b
	case 1:
		if input[0] == nil {
			return b
		}
		return appendValue(b, input[0])
	}
	return appendValue(b, input)
}

// appendValue writes any value as JSON on one line. What cannot be encoded is its text.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(b, v)
	case json.RawMessage:
		var compact bytes.Buffer
		if json.Compact(&compact, v) == nil {
			return append(b, compact.Bytes()...)
		}
		return appendString(b, string(v))
	}
	var encoded bytes.Buffer
	e := json.NewEncoder(&encoded)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return appendString(b, fmt.Sprint(v))
	}
	return append(b, bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))...)
}

// newUUID is a random UUID.
func newUUID() string {
	hi, lo := rand.Uint64(), rand.Uint64()
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], hi&^0xf000|0x4000) // version 4
	binary.BigEndian.PutUint64(raw[8:], lo>>2|1<<63)       // variant 1
	var text [36]byte
	for i, part := range [...]struct{ from, to, at int }{{0, 4, 0}, {4, 6, 9}, {6, 8, 14}, {8, 10, 19}, {10, 16, 24}} {
		hex.Encode(text[part.at:], raw[part.from:part.to])
		if i > 0 {
			text[part.at-1] = '-'
		}
	}
	return string(text[:])
}
