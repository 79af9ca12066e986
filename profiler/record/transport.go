package record

import (
	"net/http"
	"time"

	"github.com/llmeter-go/llmeter/profiler"
)

// A Transport is an http.RoundTripper that records each call of a model as a span: an LLM_START with the text of the prompt when the
// request is sent, an LLM_NEW_TOKEN for each piece of a streamed answer when it is read, and an LLM_END with the answer, the calls of
// tools that it asks for, and its tokens, when it has been read. The span is part of the one that the request's context belongs to.
//
//	client := &http.Client{Transport: &record.Transport{Recorder: rec}}
//
// The bytes of requests and answers stay as they are, and no read waits for another: pieces are looked at when the program
// reads them. A program that does not read an answer to its end, or close it, leaves a span without an end.
//
// A call fails if it gets no answer, a status of 300 or above, an error in the answer, or not all of the answer. The metadata of a
// call that was refused hold [profiler.HTTPStatusKey] and, if the server said how long to wait, [profiler.RetryAfterKey]. Each attempt
// at a call is a span of its own.
//
// Headers are not recorded, and neither are images and other media in prompts. What may be a credential in a header or in the URL is
// taken out of errors.
type Transport struct {
	Base     http.RoundTripper  // sends the requests; nil = http.DefaultTransport
	Recorder *profiler.Recorder // nil = the one of the request's context; if there is none, nothing is recorded
}

// RoundTrip sends the request, and records it if it is the call of a model.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := t.Recorder
	if rec == nil {
		rec = profiler.FromContext(req.Context())
	}
	decode := decodeOf(req)
	if rec == nil || decode == nil {
		return t.base().RoundTrip(req)
	}
	body, req := bodyOf(req)
	model, prompt, ok := readRequest(req, body)
	if !ok {
		return t.base().RoundTrip(req)
	}
	_, span := rec.Start(req.Context(), profiler.LLM, model, prompt)
	c := &call{decode: decode, hide: secretsOf(req), answer: answer{span: span}}
	resp, err := t.base().RoundTrip(req)
	if err != nil {
		c.answer.failed = err
		c.end(time.Now())
		return resp, err
	}
	c.begin(resp, time.Now())
	resp.Body = &watchedBody{inner: resp.Body, call: c}
	return resp, nil
}

// CloseIdleConnections closes what Base keeps open, if it can.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}
