package endpoint

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"iter"
	"sync"
	"time"
)

// A Chunk is one event of a streamed answer, as the author of a streaming endpoint yields it. The zero Chunk is an event
// without tokens, such as one that only names the role.
type Chunk struct {
	Text    string    // generated text that it adds to Channel; only read until the next chunk is asked for
	Channel Channel   // what Text is; the zero value is visible content
	Tokens  int       // tokens in it, where the provider says so; 0 = not said: an event with Text bears one
	At      time.Time // when its bytes were read; zero = the moment it is yielded
	Bytes   int       // size on the wire, 0 if unknown

	SameRead bool          // its bytes came with the same read as those of the chunk before it
	Late     time.Duration // how much earlier than they were read its bytes had arrived; 0 = not known

	ID           string // the provider's id of the answer; the first one counts
	FinishReason string
	Usage        *Usage // token counts; a later report replaces an earlier one
	Tool         *Tool  // which tool call Text (Channel ToolCallArguments) belongs to

	// Attempt is yielded once, when the attempt begins: the stopwatch keeps the pointer and copies what it points to
	// when the stream has ended. So its author fills it in as it goes, and no fact is lost on the way to an error.
	Attempt *Attempt
}

// A Usage is a provider's own count of tokens. Unknown counts are the zero Count.
type Usage struct {
	Input, Output, Cached, Reasoning Count
}

// A Tool names the tool call that a chunk adds to.
type Tool struct {
	Index    int    // position in Response.ToolCalls
	ID, Name string // added when they come
}

// New makes an endpoint from a function that gives whole answers. The clock runs around f: fields of the Response that
// f left zero are filled in, so that the shortest f returns just a text. Where f knows an instant better (End and
// LastToken: when the last byte had been read, before parsing), it sets it.
func New(info Info, f func(context.Context, Payload) (*Response, error)) Endpoint {
	return &whole{info: info, f: f}
}

// NewStream makes an endpoint from a function that gives an answer in chunks. Each chunk is stamped when it is yielded,
// unless it says when its bytes were read. A yielded error ends the answer; what came before it is kept. When f's
// sequence ends without an error, the request has succeeded; ended without any chunk, it fails as empty.
func NewStream(info Info, f func(context.Context, Payload) iter.Seq2[Chunk, error]) Endpoint {
	return &stream{info: info, f: f}
}

type whole struct {
	info Info
	f    func(context.Context, Payload) (*Response, error)
}

func (e *whole) Info() Info { return e.info }

func (e *whole) Invoke(ctx context.Context, p Payload) (*Response, error) {
	requestTime, start := startClock(ctx)
	watchIn(ctx).begin(start, nil)
	r, err := e.f(ctx, p)
	end := time.Now()
	failure := AsError(err)
	if r == nil {
		r = &Response{}
		if failure == nil {
			failure = &Error{Kind: KindEmpty, Message: "the endpoint gave neither a response nor an error"}
		}
	}
	if failure != nil {
		r.Error = failure
	}
	r.RequestTime, r.Dispatched = requestTime, start
	if r.End.IsZero() {
		r.End = end
	}
	if r.LastToken.IsZero() && r.Error == nil {
		r.LastToken = r.End
	}
	return finish(r, p)
}

type stream struct {
	info Info
	f    func(context.Context, Payload) iter.Seq2[Chunk, error]
}

func (e *stream) Info() Info { return e.info }

func (e *stream) Invoke(ctx context.Context, p Payload) (*Response, error) {
	t := &taking{rec: recorders.Get().(*recorder)}
	defer t.end()
	r := &t.r
	t.rec.watch = watchIn(ctx)
	r.Streamed = true
	r.RequestTime, r.Dispatched = startClock(ctx)
	t.rec.watch.begin(r.Dispatched, t.rec)
	e.f(ctx, p)(t.take)
	r.End = time.Now()
	t.rec.copyTo(r)
	if n := len(r.Attempts); n > 0 && !r.Attempts[n-1].End.IsZero() {
		r.End = r.Attempts[n-1].End // the end as it was read, not when its author was done with it
	}
	if r.Error == nil && len(r.Events) == 0 {
		r.Error = &Error{Kind: KindEmpty, Message: "the stream ended without a single event"}
	}
	return finish(r, p)
}

// A taking makes a response of the chunks that an author yields. It stands in the place of the body of a range over them, whose
// variables would lie scattered in memory: with many streams each is out of the cache by the time of its next chunk.
type taking struct {
	r   Response
	rec *recorder // nil when it is over
}

// take takes a chunk, and reports whether another one is wanted.
func (t *taking) take(c Chunk, err error) bool {
	if t.rec == nil || t.r.Error != nil {
		panic("llmeter: the sequence of a stream went on after its end")
	}
	if err != nil {
		t.r.Error = AsError(err)
	}
	t.rec.add(&t.r, &c, t.r.Error != nil)
	return t.r.Error == nil
}

func (t *taking) end() {
	t.rec.release()
	t.rec = nil
}

// startClock reads the clock for the start of a request, which may be due a moment later. The wall clock is cut to microseconds at once, so that
// saving it loses nothing.
func startClock(ctx context.Context) (requestTime, dispatched time.Time) {
	now := DispatchTime(ctx)
	return now.UTC().Truncate(time.Microsecond), now
}

func finish(r *Response, p Payload) (*Response, error) {
	r.Payload = p
	if r.ID == "" {
		r.ID = newID()
	}
	if r.Intended.IsZero() {
		r.Intended = r.Dispatched
	}
	if r.End.Before(r.Dispatched) { // it failed before it was due
		r.End = r.Dispatched
	}
	if r.Error == nil {
		return r, nil
	}
	return r, r.Error
}

// newID makes 32 hexadecimal digits for answers that came without an id.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// A recorder is the scratch space in which one stream is collected: reused, so that a chunk costs no allocation.
type recorder struct {
	events                   []Event
	text, reasoning, refusal []byte
	arguments                [][]byte // by tool call
	calls                    []ToolCall
	attempts                 []*Attempt
	watch                    *Watch // guards events if it is not nil
}

var recorders = sync.Pool{New: func() any { return new(recorder) }}

// release forgets the stream but not its space, and puts rec up for the next one.
func (rec *recorder) release() {
	rec.watch.end(rec)
	rec.watch = nil
	rec.events, rec.text, rec.reasoning, rec.refusal = rec.events[:0], rec.text[:0], rec.reasoning[:0], rec.refusal[:0]
	clear(rec.calls)
	clear(rec.attempts)
	rec.arguments, rec.calls, rec.attempts = rec.arguments[:0], rec.calls[:0], rec.attempts[:0]
	recorders.Put(rec)
}

func (rec *recorder) add(r *Response, c *Chunk, last bool) {
	if c.Attempt != nil {
		rec.attempts = append(rec.attempts, c.Attempt)
	}
	if c.ID != "" && r.ID == "" {
		r.ID = c.ID
	}
	if c.FinishReason != "" {
		r.FinishReason = c.FinishReason
	}
	if u := c.Usage; u != nil {
		r.InputTokens, r.OutputTokens, r.CachedTokens, r.ReasoningTokens = u.Input, u.Output, u.Cached, u.Reasoning
	}
	if c.Tool != nil {
		rec.tool(c.Tool, c.Text)
	}
	if (c.Attempt != nil || last) && c.Text == "" && c.Tokens == 0 {
		return // neither the start of an attempt nor an error is an event of the stream
	}
	at := c.At
	if at.IsZero() {
		at = time.Now()
	}
	e := Event{At: at.Sub(r.Dispatched), Bytes: int32(c.Bytes), Text: int32(len(c.Text)), Channel: c.Channel, SameRead: c.SameRead, Late: LatenessOf(c.Late)}
	if c.Text != "" || c.Tokens > 0 {
		e.Tokens = int32(max(c.Tokens, 1))
		rec.keep(c)
		r.LastToken = at
		if r.FirstToken.IsZero() {
			r.FirstToken = at
		}
		if c.Channel == Content && r.FirstText.IsZero() {
			r.FirstText = at
		}
	}
	if rec.watch == nil {
		rec.events = append(rec.events, e)
		return
	}
	rec.watch.mu.Lock()
	rec.events = append(rec.events, e)
	rec.watch.mu.Unlock()
}

func (rec *recorder) keep(c *Chunk) {
	switch c.Channel {
	case Content:
		rec.text = append(rec.text, c.Text...)
	case Reasoning:
		rec.reasoning = append(rec.reasoning, c.Text...)
	case RefusalText:
		rec.refusal = append(rec.refusal, c.Text...)
	}
}

// maxToolCalls bounds what a server that numbers its tool calls wildly can make us hold.
const maxToolCalls = 1024

func (rec *recorder) tool(t *Tool, arguments string) {
	if t.Index < 0 || t.Index >= maxToolCalls {
		return
	}
	for len(rec.calls) <= t.Index {
		rec.calls = append(rec.calls, ToolCall{})
		rec.arguments = append(rec.arguments, nil)
	}
	call := &rec.calls[t.Index]
	if t.ID != "" {
		call.ID = t.ID
	}
	call.Name += t.Name
	rec.arguments[t.Index] = append(rec.arguments[t.Index], arguments...)
}

func (rec *recorder) copyTo(r *Response) {
	r.Events = append([]Event(nil), rec.events...)
	r.Text, r.Reasoning, r.Refusal = string(rec.text), string(rec.reasoning), string(rec.refusal)
	for i, call := range rec.calls {
		call.Arguments = string(rec.arguments[i])
		r.ToolCalls = append(r.ToolCalls, call)
	}
	for _, a := range rec.attempts {
		r.Attempts = append(r.Attempts, *a)
	}
}
