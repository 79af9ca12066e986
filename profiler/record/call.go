package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/internal/sse"
	"github.com/llmeter-go/llmeter/profiler"
)

// A call follows one request through its answer.
type call struct {
	decode decode
	hide   secrets

	mu       sync.Mutex // a body may be closed while it is read
	answer   answer
	status   int
	metadata map[string]any
	framing  framing
	pending  []byte // of an event, or of an answer in one piece
	tooLong  bool   // so it is not looked at any more
	ended    bool

	parser fastjson.Parser
	events sse.Reader
	source bytes.Reader
}

// A framing says how an answer is divided.
type framing uint8

const (
	whole  framing = iota // one JSON value
	events                // server-sent events
	lines                 // a JSON value a line
)

var (
	errClosed   = errors.New("closed before the end of the answer")
	errUnended  = errors.New("the answer ended before its end was announced")
	errNotJSON  = errors.New("the answer is not JSON")
	errTooLarge = fmt.Errorf("not looked at: more than %d MiB in one piece", maxBody>>20)
)

// begin notes what the head of the answer says.
func (c *call) begin(resp *http.Response, now time.Time) {
	c.status, c.metadata = resp.StatusCode, map[string]any{}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case c.status >= http.StatusMultipleChoices:
		c.metadata[profiler.HTTPStatusKey] = c.status
		if wait, ok := retryAfter(resp.Header, now); ok {
			c.metadata[profiler.RetryAfterKey] = wait.Seconds()
		}
	case kind == "text/event-stream":
		c.framing = events
	case kind == "application/x-ndjson" || kind == "application/jsonl":
		c.framing = lines
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" {
		c.metadata[unreadKey], c.tooLong = "content encoding "+encoding, true
	}
}

// unreadKey says in the metadata why an answer was not looked at.
const unreadKey = "answer_unread"

// read looks at bytes that have come.
func (c *call) read(p []byte, at time.Time) {
	if c.ended || c.tooLong {
		return
	}
	before := len(c.pending)
	c.pending = append(c.pending, p...)
	c.answer.at = at
	switch c.framing {
	case events:
		if n := lastBlankLine(c.pending, before-1); n > 0 {
			c.readEvents(c.pending[:n])
			c.pending = append(c.pending[:0], c.pending[n-1:]...) // behind an empty line, a byte order mark is none
		}
	case lines:
		if n := bytes.LastIndexByte(c.pending[before:], '\n'); n >= 0 {
			c.readLines(c.pending[:before+n])
			c.pending = append(c.pending[:0], c.pending[before+n+1:]...)
		}
	}
	if len(c.pending) > maxBody {
		c.metadata[unreadKey] = errTooLarge.Error()
		c.pending, c.tooLong = nil, true
	}
	if c.answer.done {
		c.end(at)
	}
}

func (c *call) readEvents(b []byte) {
	c.source.Reset(b)
	c.events.Reset(&c.source)
	for {
		e, err := c.events.Next()
		if err != nil {
			return
		}
		if string(e.Data) == "[DONE]" {
			c.answer.finished, c.answer.done = true, true
			return
		}
		c.readValue(e.Data)
	}
}

func (c *call) readLines(b []byte) {
	for line := range bytes.Lines(b) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			c.readValue(line)
		}
	}
}

// readValue reads an event, or an answer that is in one piece. It says whether that is JSON.
func (c *call) readValue(b []byte) bool {
	v, err := c.parser.ParseBytes(b)
	if err != nil {
		return false
	}
	c.answer.chunk = c.answer.chunk[:0]
	if c.answer.failed == nil {
		c.answer.failed = errorIn(v)
	}
	c.decode(&c.answer, v)
	c.answer.record(c.framing != whole)
	return true
}

// finish ends the span when the body has ended with an error, io.EOF among them.
func (c *call) finish(err error, at time.Time) {
	if c.ended {
		return
	}
	c.answer.at = at
	if wrong := c.readRest(err); c.answer.failed == nil {
		c.answer.failed = wrong
	}
	c.end(at)
}

// readRest reads what is pending at the end, and says what is wrong with the answer. How the body ended matters if it is not complete.
func (c *call) readRest(end error) error {
	if c.status >= http.StatusMultipleChoices {
		return statusError(c.status, c.pending)
	}
	complete, why := false, errUnended
	switch {
	case c.tooLong:
		complete = errors.Is(end, io.EOF)
	case c.framing == events:
		c.readEvents(c.pending)
		complete = c.answer.finished
	case c.framing == lines:
		c.readLines(c.pending)
		complete = c.answer.finished
	default:
		complete, why = c.readValue(c.pending), errNotJSON
	}
	if complete {
		return nil
	}
	if errors.Is(end, io.EOF) {
		return why
	}
	return end
}

// end ends the span.
func (c *call) end(at time.Time) {
	c.ended, c.pending = true, nil
	a := &c.answer
	o := profiler.Outcome{Tokens: a.usage, Err: c.hide.from(a.failed), Metadata: c.metadata, At: at}
	if a.usage == (profiler.TokenUsage{}) && a.pieces > 0 {
		o.Tokens.CompletionTokens = a.pieces
		c.metadata[countedKey] = "events"
	}
	if text := a.output(); text != "" {
		o.Output = text
	}
	a.span.End(o)
}

// countedKey says in the metadata that completion tokens are the number of events, because the server gave none.
const countedKey = "completion_tokens_from"

// A watchedBody shows a call what is read from the body of an answer.
type watchedBody struct {
	inner io.ReadCloser
	call  *call
}

// Read reads from the body.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	at := time.Now()
	b.call.mu.Lock()
	defer b.call.mu.Unlock()
	b.call.read(p[:n], at)
	if err != nil {
		b.call.finish(err, at)
	}
	return n, err
}

// Close closes the body.
func (b *watchedBody) Close() error {
	err := b.inner.Close()
	at := time.Now()
	b.call.mu.Lock()
	defer b.call.mu.Unlock()
	b.call.finish(errClosed, at)
	return err
}

// lastBlankLine is where the last blank line of b ends that begins at from or later; 0 if there is none. The CR LF of one line end may
// come apart: the LF that is left over is an empty line before the next event.
func lastBlankLine(b []byte, from int) int {
	for i := len(b) - 1; i > max(from, 0); i-- {
		if b[i] != '\n' && b[i] != '\r' {
			continue
		}
		switch before := b[i-1]; {
		case before == '\n', before == '\r' && b[i] == '\r':
			return i + 1
		}
	}
	return 0
}
