package mock

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// A format renders one answer in the wire format of one API.
type format interface {
	body(buf []byte) []byte       // the answer as one object
	failedBody(buf []byte) []byte // a failure as one object, with status 200
}

// An eventFormat can also render the answer as a stream. Nothing on the way of a token-bearing event encodes JSON: the
// words need no escapes, and the rest is the same from event to event.
type eventFormat interface {
	open(b *batch)           // what comes with the headers, before any token
	token(b *batch, st step) // a token-bearing event
	finish(b *batch)         // the end of the stream
	malformed(b *batch)      // an event with broken JSON
	fail(b *batch)           // an error event
	failed(b *batch)         // the API's own event for a failure, where it has one
}

func newFormat(api API, a *answer, q request) format {
	switch api {
	case Chat:
		return newChat(a)
	case Completions:
		return newCompletion(a)
	case Responses:
		return newResponse(a, q.stream)
	}
	return &embeddings{answer: a, request: q}
}

// appendError appends an error object in OpenAI's form, with the type that belongs to the HTTP status.
func appendError(buf []byte, status int, message, param, code string) []byte {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "requests"
		if code == "" {
			code = "rate_limit_exceeded"
		}
	case status >= 500:
		kind = "server_error"
	}
	buf = append(buf, `{"error":{"message":`...)
	buf = appendJSON(buf, message)
	buf = append(buf, `,"type":"`+kind+`","param":`...)
	buf = appendNullable(buf, param)
	buf = append(buf, `,"code":`...)
	buf = appendNullable(buf, code)
	return append(buf, `}}`...)
}

func appendJSON(buf []byte, text string) []byte {
	quoted, _ := json.Marshal(text)
	return append(buf, quoted...)
}

func appendNullable(buf []byte, text string) []byte {
	if text == "" {
		return append(buf, `null`...)
	}
	return appendJSON(buf, text)
}

// chunks are what the streams of Chat Completions and Completions have in common: events without names, of one object
// each, that differ inside "choices" alone.
type chunks struct {
	*answer
	head []byte // up to and with the [ of choices
	tail []byte // from the ] of choices, of the next chunk
	rest []byte // the same, of the chunks after that
}

func newChunks(a *answer, object string) chunks {
	c := chunks{answer: a}
	c.head = c.appendHead([]byte("data: "), object)
	c.rest = []byte("]}\n\n")
	if a.tellUsage && a.options.Usage != UsageFirst {
		c.rest = []byte(`],"usage":null}` + "\n\n")
	}
	c.tail = c.rest
	if a.options.Usage == UsageFirst {
		c.tail = append(a.counts(a.tokens).appendUsage([]byte(`],"usage":`)), "}\n\n"...)
	}
	return c
}

func (c *chunks) appendHead(buf []byte, object string) []byte {
	buf = append(buf, `{"id":"`+c.id+`","object":"`+object+`","created":`...)
	buf = strconv.AppendInt(buf, c.created, 10)
	buf = append(buf, `,"model":`...)
	buf = append(buf, c.model...)
	return append(buf, `,"choices":[`...)
}

// end ends a chunk.
func (c *chunks) end(b *batch, kind EventKind, tokens int) {
	b.buf = append(b.buf, c.tail...)
	b.end(kind, tokens)
	c.tail = c.rest
}

// close ends the stream, after the chunk with the finish reason.
func (c *chunks) close(b *batch) {
	if c.tellUsage && c.options.Usage != UsageFirst {
		b.buf = append(b.buf, c.head...)
		b.buf = append(b.buf, `],"usage":`...)
		b.buf = c.counts(c.sent).appendUsage(b.buf)
		b.buf = append(b.buf, "}\n\n"...)
		b.end(KindOther, 0)
	}
	b.buf = append(b.buf, "data: [DONE]\n\n"...)
	b.end(KindOther, 0)
}

func (c *chunks) malformed(b *batch) {
	b.buf = append(b.buf, c.head...)
	b.buf = append(b.buf, "\n\n"...)
	b.end(KindError, 0)
}

func (c *chunks) fail(b *batch) {
	b.buf = append(b.buf, "data: "...)
	b.buf = c.failedBody(b.buf)
	b.buf = append(b.buf, "\n\n"...)
	b.end(KindError, 0)
}

func (c *chunks) failed(b *batch) { c.fail(b) }

func (c *chunks) failedBody(buf []byte) []byte {
	return appendError(buf, http.StatusInternalServerError, faultMessage, "", "")
}

// appendBodyEnd appends what follows the choice of an answer that is not streamed.
func (c *chunks) appendBodyEnd(buf []byte) []byte {
	buf = append(buf, ']')
	if c.options.Usage != UsageAbsent {
		buf = append(buf, `,"usage":`...)
		buf = c.counts(c.sent).appendUsage(buf)
	}
	return append(buf, '}')
}
