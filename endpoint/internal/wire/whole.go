package wire

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/endpoint"
)

// Whole sends the request and reads its whole answer, as endpoint.New wants it. The answer has ended when its last byte
// has come, before it is looked at.
func (q *Request) Whole(ctx context.Context, d Decoder) (*endpoint.Response, error) {
	x := &exchange{Request: q, ctx: ctx}
	defer x.close()
	r := new(endpoint.Response)
	err := x.send()
	if err == nil {
		err = x.whole(d, r)
	}
	failure := x.settle(err)
	r.Attempts = []endpoint.Attempt{x.attempt}
	r.End = x.attempt.End
	if failure != nil {
		return r, failure
	}
	return r, nil
}

func (x *exchange) whole(d Decoder, r *endpoint.Response) error {
	if mediaType(x.resp) == "text/event-stream" {
		return &endpoint.Error{Kind: endpoint.KindMalformed, Message: "the server streams its answer though it was asked not to"}
	}
	body, err := x.readAll()
	if err != nil {
		return err
	}
	return x.document(body, d, func(c *endpoint.Chunk) { add(r, c) })
}

// add takes a chunk of a whole answer into r.
func add(r *endpoint.Response, c *endpoint.Chunk) {
	if c.ID != "" {
		r.ID = c.ID
	}
	if c.FinishReason != "" {
		r.FinishReason = c.FinishReason
	}
	if u := c.Usage; u != nil {
		r.InputTokens, r.OutputTokens, r.CachedTokens, r.ReasoningTokens = u.Input, u.Output, u.Cached, u.Reasoning
	}
	switch c.Channel { // Note: the strings are made anew, c.Text is not theirs to keep
	case endpoint.Content:
		r.Text += strings.Clone(c.Text)
	case endpoint.Reasoning:
		r.Reasoning += strings.Clone(c.Text)
	case endpoint.RefusalText:
		r.Refusal += strings.Clone(c.Text)
	case endpoint.ToolCallArguments:
		r.ToolCalls = append(r.ToolCalls, endpoint.ToolCall{ID: c.Tool.ID, Name: c.Tool.Name, Arguments: strings.Clone(c.Text)})
	}
}

// maxDocument is how long an answer in one document may be, in bytes.
const maxDocument = 256 << 20

// readAll reads the answer to its end. The time of that is when its last byte came.
func (x *exchange) readAll() ([]byte, error) {
	var b bytes.Buffer
	if n := x.resp.ContentLength; n > 0 && n <= maxDocument {
		b.Grow(int(n) + bytes.MinRead) // with room for the read that finds the end
	}
	if _, err := b.ReadFrom(io.LimitReader(x, maxDocument+1)); err != nil {
		return nil, x.failed(err)
	}
	x.end = x.last
	if b.Len() > maxDocument {
		return nil, Malformed("the answer is longer than 256 MiB", b.Bytes())
	}
	return b.Bytes(), nil
}

// document reads an answer that came as one document.
func (x *exchange) document(body []byte, d Decoder, emit func(*endpoint.Chunk)) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return &endpoint.Error{Kind: endpoint.KindEmpty, Message: "the answer has no content"}
	case isHTML(body):
		return Malformed(page(body)+" instead of an answer; is the base URL right?", nil)
	}
	return d.Whole(body, emit)
}

// noEvents says what an answer was in which no event was found.
func (x *exchange) noEvents() error {
	if len(bytes.TrimSpace(x.head)) == 0 {
		return &endpoint.Error{Kind: endpoint.KindEmpty, Message: "the stream ended without a single event"}
	}
	var p fastjson.Parser
	if v, err := p.ParseBytes(x.head); err == nil {
		if err := StreamError(v); err != nil {
			return err
		}
	}
	if isHTML(x.head) {
		return Malformed(page(x.head)+" instead of a stream of events", nil)
	}
	return Malformed("the answer is not a stream of events", x.head)
}

// A form is how an answer is written.
type form int

const (
	eventStream form = iota
	oneDocument
)

// form tells from its type how the answer is written. Servers that do not say, or say text/plain, send events.
func (x *exchange) form() form {
	t := mediaType(x.resp)
	if t == "application/json" || t == "text/html" || strings.HasSuffix(t, "+json") {
		return oneDocument
	}
	return eventStream
}
