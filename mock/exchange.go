package mock

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// An exchange is one request to a model API on its way through the server.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	rc     *http.ResponseController
	ctx    context.Context
	api    API
	fault  Fault
	entry  *entry

	request request
	answer  *answer
	format  format
	events  eventFormat // the same where the answer is a stream

	start time.Time // of the work; what is due, is due so long after it
	timer *time.Timer
	batch batch
	held  int        // token-bearing events in the batch
	tear  *rand.Rand // nil = writes are not torn
}

// How a fault may end an exchange, told apart from a client that left.
var (
	errAbort = errors.New("mock: connection to be closed")
	errReset = errors.New("mock: connection taken and closed")
)

func (s *Server) serveModel(w http.ResponseWriter, r *http.Request, api API, received time.Time) {
	x := &exchange{
		server: s, w: w, rc: http.NewResponseController(w), ctx: r.Context(), api: api,
		entry: s.ledger.open(api, received),
	}
	err := x.run(r)
	if x.timer != nil {
		x.timer.Stop()
	}
	x.entry.update(func(rec *Record) {
		rec.Ended, rec.Done = time.Since(received), true
		rec.Gone = err != nil && err != errAbort && err != errReset
	})
	if err != nil && err != errReset {
		panic(http.ErrAbortHandler) // an answer that was not completed must not look as if it were
	}
}

func (x *exchange) run(r *http.Request) error {
	s, number := x.server, x.entry.rec.Number
	x.fault = s.options.fault(number)
	id := answerID(x.api, number)
	x.entry.update(func(rec *Record) { rec.ID, rec.Fault = id, x.fault.Kind })
	x.w.Header().Set("X-Request-Id", id)

	if !s.authorized(r) {
		x.told(http.StatusUnauthorized)
		writeUnauthorized(x.w)
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	read := time.Now()
	if ok := x.understand(body, read); !ok {
		return nil
	}
	if replaced, err := x.instead(); replaced {
		return err
	}
	if err := s.slots.acquire(x.ctx); err != nil {
		return err
	}
	defer s.slots.release()
	return x.work()
}

// understand reads the request's body; false if it has sent an error for it.
func (x *exchange) understand(body []byte, read time.Time) bool {
	s := x.server
	parser := s.parsers.Get()
	q, bad := parseRequest(parser, x.api, body)
	s.parsers.Put(parser)
	if q.model == "" {
		q.model = s.models()[0]
	}
	x.request = q
	x.entry.update(func(rec *Record) {
		rec.Read = read.Sub(rec.Received)
		rec.Model, rec.Stream, rec.PromptTokens = q.model, q.stream, q.promptTokens
	})
	if bad != nil {
		x.told(http.StatusBadRequest)
		writeError(x.w, http.StatusBadRequest, bad.message, bad.param, "")
		return false
	}
	if len(s.options.Models) > 0 && !slices.Contains(s.options.Models, q.model) {
		x.told(http.StatusNotFound)
		writeError(x.w, http.StatusNotFound, "The model '"+q.model+"' does not exist.", "model", "model_not_found")
		return false
	}
	return true
}

// work answers the request, in a slot.
func (x *exchange) work() error {
	x.start = time.Now()
	x.entry.update(func(rec *Record) { rec.Started = x.start.Sub(rec.Received) })
	x.answer = newAnswer(&x.server.options, x.entry.rec.Number, x.api, x.request, x.start)
	if x.fault.Kind == FaultSlowHeaders {
		if err := x.stall(); err != nil {
			return err
		}
	}
	x.format = newFormat(x.api, x.answer, x.request)
	if events, ok := x.format.(eventFormat); ok && x.request.stream {
		x.events = events
		return x.stream()
	}
	return x.whole()
}

func (x *exchange) stream() error {
	if x.server.options.Writes.Tear > 1 {
		x.tear = x.server.options.random(x.answer.number, drawTear)
	}
	expected := min(x.answer.tokens, 1<<12) + 20 // those of the tokens and of the structure around them
	x.entry.update(func(rec *Record) { rec.Events = make([]Event, 0, expected) })

	x.respond(http.StatusOK, "text/event-stream; charset=utf-8")
	x.events.open(&x.batch)
	var err error
	if len(x.batch.buf) == 0 {
		err = x.rc.Flush() // the headers alone
	} else {
		err = x.flush()
	}
	if err != nil {
		return err
	}
	pending := x.fault.Kind != "" && x.fault.Kind != FaultSlowHeaders
	for n := 0; ; n++ {
		if pending && (n == x.fault.After || x.answer.done()) {
			pending = false
			if ended, err := x.strike(); ended || err != nil {
				return err
			}
		}
		st, more := x.answer.next()
		if !more {
			break
		}
		if err := x.wait(x.start.Add(st.due)); err != nil {
			return err
		}
		x.events.token(&x.batch, st)
		x.held++
		if x.held >= x.server.options.Writes.Merge {
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	x.events.finish(&x.batch)
	return x.flush()
}

// told notes that the headers of an answer are about to be sent.
func (x *exchange) told(status int) {
	x.entry.update(func(rec *Record) {
		rec.Status, rec.Responded = status, time.Since(rec.Received)
	})
}

// respond sends the headers of an answer, or leaves them to be sent with the first write.
func (x *exchange) respond(status int, contentType string) {
	x.told(status)
	x.w.Header().Set("Content-Type", contentType)
	x.w.Header().Set("Cache-Control", "no-cache")
	x.w.WriteHeader(status)
}

// whole sends an answer that is not streamed, when its last token is due.
func (x *exchange) whole() error {
	due := x.answer.due
	tokens := 0
	if x.api != Embeddings {
		due, tokens = x.answer.rest(), x.answer.tokens
	}
	switch x.fault.Kind {
	case FaultIncomplete:
		x.answer.finishReason = "content_filter"
	case FaultUnfinished:
		x.answer.finishReason = ""
	}
	body := x.format.body(nil)
	if oneOf(x.fault.Kind, FaultError, FaultFailed) {
		body, tokens = x.format.failedBody(nil), 0
	}
	if err := x.wait(x.start.Add(due)); err != nil {
		return err
	}
	return x.writeBody(body, tokens)
}

// writeBody sends a body, or as much of it as the fault lets through.
func (x *exchange) writeBody(body []byte, tokens int) error {
	if x.fault.Kind == FaultMalformed {
		body = body[:len(body)/2]
	}
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.respond(http.StatusOK, "application/json")
	if oneOf(x.fault.Kind, FaultCut, FaultReset, FaultStall) {
		half := len(body) / 2
		if err := x.write(body[:half]); err != nil {
			return err
		}
		if _, err := x.strike(); err != nil {
			return err
		}
		body = body[half:]
	}
	x.entry.sent(time.Now(), []Event{{Kind: KindBody, Tokens: int32(tokens)}})
	_, err := x.w.Write(body)
	return err
}

// wait returns when it is time, at once if it was; with an error if the client leaves before.
func (x *exchange) wait(until time.Time) error {
	if d := time.Until(until); d > 0 {
		return x.pause(d)
	}
	return nil
}

func (x *exchange) pause(d time.Duration) error {
	if x.timer == nil {
		x.timer = time.NewTimer(d)
	} else {
		x.timer.Reset(d)
	}
	select {
	case <-x.timer.C:
		return nil
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
}
