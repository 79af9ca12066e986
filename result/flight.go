package result

import (
	"context"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
	"github.com/llmeter-go/llmeter/internal/urgent"
)

// A flight is a request whose response was not added yet.
type flight struct {
	seq, client, turn    int
	intended, dispatched time.Time
	watch                endpoint.Watch
	written              int // events that are in the log; -1 = not even the request is
}

// Watch saves in the event log what a request's stream brings while it goes on, no later than [Writer.Add] saves responses, so
// that a program that is killed loses no more of requests in flight either. r says what is known of the request before it
// is sent: Seq, Client, Turn, Intended and Dispatched. The request is to be sent under the context that Watch returns,
// and its response to be added. Like Add, it never waits for the store.
func (w *Writer) Watch(ctx context.Context, r endpoint.Response) context.Context {
	if !w.logs() {
		return ctx
	}
	f := &flight{seq: r.Seq, client: r.Client, turn: r.Turn, intended: r.Intended, dispatched: r.Dispatched, written: -1}
	w.queue.Push(item{flight: f})
	return endpoint.WithWatch(ctx, &f.watch)
}

// logs reports whether there is an event log.
func (w *Writer) logs() bool { return w.events.w != nil }

// saveParts appends to the event log what requests in flight brought since the last time.
func (w *Writer) saveParts() {
	for _, f := range w.inFlight {
		if w.events.err != nil {
			return
		}
		w.savePart(f)
	}
}

func (w *Writer) savePart(f *flight) {
	urgent.Yield()
	dispatched, first, events := f.watch.Read(w.fresh[:0])
	w.fresh = events
	if first == f.written && len(events) == 0 {
		return
	}
	f.written = first + len(events)
	if !dispatched.IsZero() {
		f.dispatched = dispatched // as the stopwatch says
	}
	r := endpoint.Response{
		Seq: f.seq, Client: f.client, Turn: f.turn, Streamed: f.written > 0,
		RequestTime: stamp(f.dispatched), Intended: f.intended, Dispatched: f.dispatched, Events: events,
	}
	if r.Intended.IsZero() {
		r.Intended = r.Dispatched
	}
	record(&w.record, w.start, &r)
	// Note: it is not committed, since what is counted as lost on a full disk are responses.
	w.events.buf = eventlog.AppendPart(w.events.buf, w.start, first, &w.record)
}

// saveEnd appends to the event log what it does not know from its records.
func (w *Writer) saveEnd(res *Result) {
	if w.done == nil || w.events.err != nil {
		return // there is no header, or no room
	}
	run := eventlog.Run{
		TestTime: int64(res.TotalTestTime), EndTime: eventlog.Missing, Interrupted: res.Interrupted,
		Clients: res.Clients, Requests: res.Requests, Cancelled: res.CancelledRequests, Conversations: res.Conversations,
	}
	if !res.EndTime.IsZero() {
		run.EndTime = res.EndTime.UnixMicro()
	}
	w.events.buf = eventlog.AppendRun(w.events.buf, w.start, &run)
}
