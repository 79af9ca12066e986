//go:build linux

package main

import (
	"bytes"
	"io"
	"net/http"
)

// A direct transport lets the handler answer in memory, before RoundTrip returns: there is no network, and nothing waits.
type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	a := &answer{header: http.Header{}, status: http.StatusOK}
	d.handler.ServeHTTP(a, r)
	a.Flush()
	return a.response(r), nil
}

// An answer collects what a handler writes. Its body gives what was written between two flushes in one read.
type answer struct {
	header http.Header
	status int
	all    []byte
	ends   []int // of the reads
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(n int)   { a.status = n }

func (a *answer) Write(p []byte) (int, error) {
	a.all = append(a.all, p...)
	return len(p), nil
}

func (a *answer) Flush() {
	if n := len(a.ends); n == 0 && len(a.all) > 0 || n > 0 && a.ends[n-1] < len(a.all) {
		a.ends = append(a.ends, len(a.all))
	}
}

func (a *answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: &body{answer: a}, ContentLength: -1, Request: r,
	}
}

// A body reads an answer from its beginning.
type body struct {
	*answer
	from, read int // bytes and flushes that were read
}

func (b *body) Read(p []byte) (int, error) {
	if b.read == len(b.ends) {
		return 0, io.EOF
	}
	n := copy(p, b.all[b.from:b.ends[b.read]])
	if b.from += n; b.from == b.ends[b.read] {
		b.read++
	}
	return n, nil
}

func (b *body) Close() error { return nil }

// A replay answers every request with what one was answered with.
type replay struct{ answer *answer }

// record takes an answer to be replayed.
func record(h http.Handler, url string, request []byte) (replay, error) {
	r, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", bytes.NewReader(request))
	if err != nil {
		return replay{}, err
	}
	a := &answer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(a, r)
	a.Flush()
	return replay{a}, nil
}

// RoundTrip implements http.RoundTripper.
func (p replay) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return p.answer.response(r), nil
}
