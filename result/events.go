package result

import (
	"net/url"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
)

// record turns r into a record of the event log, reusing into's memory. All instants of one response are taken from the
// instant of its dispatch, with which they share the monotonic clock; a start without a monotonic reading then shifts
// them together and changes no duration.
func record(into *eventlog.Response, start time.Time, r *endpoint.Response) {
	*into = eventlog.Response{
		Seq: r.Seq, Client: r.Client, Turn: r.Turn, Streamed: r.Streamed,
		RequestTime: eventlog.Missing, Dispatched: eventlog.Missing,
		Input: recordCount(r.InputTokens), Output: recordCount(r.OutputTokens),
		Cached: recordCount(r.CachedTokens), Reasoning: recordCount(r.ReasoningTokens),
		Error: recordError(r.Error), Attempts: into.Attempts[:0], Events: into.Events[:0],
	}
	if !r.RequestTime.IsZero() {
		into.RequestTime = r.RequestTime.UnixMicro()
	}
	from := origin{start, 0}
	if !r.Dispatched.IsZero() {
		into.Dispatched = min(max(int64(r.Dispatched.Sub(start)), -farthest), farthest)
		from = origin{r.Dispatched, into.Dispatched}
	}
	into.Intended, into.End = from.offset(r.Intended), from.offset(r.End)
	into.FirstToken, into.FirstText = from.offset(r.FirstToken), from.offset(r.FirstText)
	into.LastToken = from.offset(r.LastToken)
	for i := range r.Attempts {
		into.Attempts = append(into.Attempts, from.attempt(&r.Attempts[i]))
	}
	into.Events = recordEvents(into.Events, r.Events)
}

func recordEvents(to []eventlog.Event, events []endpoint.Event) []eventlog.Event {
	for i := range events {
		e := &events[i]
		to = append(to, eventlog.Event{
			At: int64(e.At), Bytes: e.Bytes, Text: e.Text, Tokens: e.Tokens, Channel: uint8(e.Channel), SameRead: e.SameRead,
			Late: uint16(e.Late),
		})
	}
	return to
}

// farthest is as far from the start as a dispatch is written: so far only stamps that are wrong lie, and the durations after
// them still add up.
const farthest = 1 << 62

// An origin is an instant and where it stands in the log.
type origin struct {
	at    time.Time
	since int64
}

func (o origin) offset(t time.Time) int64 {
	if t.IsZero() {
		return eventlog.Missing
	}
	return o.since + int64(t.Sub(o.at))
}

func (o origin) attempt(a *endpoint.Attempt) eventlog.Attempt {
	return eventlog.Attempt{
		URL: withoutSecrets(a.URL), RemoteAddr: a.RemoteAddr, Protocol: a.Protocol, Reused: a.Reused, Status: a.Status,
		Start: o.offset(a.Start), Ready: o.offset(a.Ready), Written: o.offset(a.Written),
		FirstByte: o.offset(a.FirstByte), End: o.offset(a.End),
		DNS: int64(a.DNS), Connect: int64(a.Connect), TLS: int64(a.TLS), Error: recordError(a.Error),
		RateLimit: recordRateLimit(a.RateLimit), Events: recordEvents(nil, a.Events),
	}
}

func recordRateLimit(l *endpoint.RateLimit) *eventlog.RateLimit {
	if l == nil {
		return nil
	}
	quota := func(q endpoint.Quota) eventlog.Quota {
		return eventlog.Quota{Limit: q.Limit, Remaining: q.Remaining, Reset: int64(q.Reset)}
	}
	return &eventlog.RateLimit{Requests: quota(l.Requests), Tokens: quota(l.Tokens)}
}

// withoutSecrets cuts off a URL what may hold a credential: the user, the query and the fragment.
func withoutSecrets(address string) string {
	if !strings.ContainsAny(address, "@?#") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func recordCount(c endpoint.Count) eventlog.Count {
	return eventlog.Count{N: c.N, Source: uint8(c.Source)}
}

func recordError(e *endpoint.Error) *eventlog.Error {
	if e == nil {
		return nil
	}
	return &eventlog.Error{
		Kind: string(e.Kind), Code: e.Code, Message: errorMessage(e), Status: e.Status, RetryAfter: int64(e.RetryAfter),
	}
}

// restore sets what the event log knows of r exactly.
func restore(r *endpoint.Response, start time.Time, from *eventlog.Response) {
	r.Seq, r.Client, r.Turn, r.Streamed = from.Seq, from.Client, from.Turn, from.Streamed
	r.InputTokens, r.OutputTokens = restoreCount(from.Input), restoreCount(from.Output)
	r.CachedTokens, r.ReasoningTokens = restoreCount(from.Cached), restoreCount(from.Reasoning)
	r.RequestTime = time.Time{}
	if from.RequestTime != eventlog.Missing {
		r.RequestTime = time.UnixMicro(from.RequestTime).UTC()
	}
	r.Intended, r.Dispatched = instant(start, from.Intended), instant(start, from.Dispatched)
	r.FirstToken, r.FirstText = instant(start, from.FirstToken), instant(start, from.FirstText)
	r.LastToken, r.End = instant(start, from.LastToken), instant(start, from.End)
	r.Error = restoreError(from.Error)
	r.Attempts, r.Events = nil, restoreEvents(from.Events)
	if len(from.Attempts) > 0 {
		r.Attempts = make([]endpoint.Attempt, len(from.Attempts))
	}
	for i := range from.Attempts {
		r.Attempts[i] = restoreAttempt(start, &from.Attempts[i])
	}
}

func restoreEvents(from []eventlog.Event) []endpoint.Event {
	if len(from) == 0 {
		return nil
	}
	events := make([]endpoint.Event, len(from))
	for i := range from {
		e := &from[i]
		events[i] = endpoint.Event{
			At: time.Duration(e.At), Bytes: e.Bytes, Text: e.Text, Tokens: e.Tokens,
			Channel: endpoint.Channel(e.Channel), SameRead: e.SameRead, Late: endpoint.Lateness(e.Late),
		}
	}
	return events
}

// takeLogged gives r everything of a response but its texts, which the event log does not have.
func takeLogged(r, logged *endpoint.Response) {
	texts := *r
	*r = *logged
	r.ID, r.Payload, r.Prompt, r.Text = texts.ID, texts.Payload, texts.Prompt, texts.Text
	r.Reasoning, r.Refusal, r.ToolCalls, r.FinishReason = texts.Reasoning, texts.Refusal, texts.ToolCalls, texts.FinishReason
	r.Annotations = texts.Annotations
}

// unfinished makes a response of the parts of a request that has no end: what its events tell is set as the stopwatch
// would have set it. It counts as cancelled, because it was this side that did not wait for the end.
func unfinished(start time.Time, from *eventlog.Response) *endpoint.Response {
	r := new(endpoint.Response)
	restore(r, start, from)
	r.Streamed = len(r.Events) > 0
	r.Error = &endpoint.Error{Kind: endpoint.KindCancelled, Message: "in flight when the run was killed"}
	for i := range r.Events {
		e := &r.Events[i]
		if e.Tokens == 0 {
			continue
		}
		at := r.Dispatched.Add(e.At)
		r.LastToken = at
		if r.FirstToken.IsZero() {
			r.FirstToken = at
		}
		if e.Channel == endpoint.Content && r.FirstText.IsZero() {
			r.FirstText = at
		}
	}
	return r
}

// lastInstant is when something was last heard of an unfinished request.
func lastInstant(start time.Time, from *eventlog.Response) time.Time {
	at := instant(start, from.Dispatched)
	if n := len(from.Events); n > 0 {
		at = at.Add(time.Duration(from.Events[n-1].At))
	}
	return at
}

// takeEnd gives r what the log says of the run as a whole.
func takeEnd(r *Result, start time.Time, run *eventlog.Run) {
	r.StartTime, r.EndTime, r.TotalTestTime = stamp(start), time.Time{}, time.Duration(run.TestTime)
	if run.EndTime != eventlog.Missing {
		r.EndTime = time.UnixMicro(run.EndTime).UTC()
	}
	r.Interrupted, r.Clients, r.Requests = run.Interrupted, run.Clients, run.Requests
	r.CancelledRequests, r.Conversations = run.Cancelled, run.Conversations
}

func instant(start time.Time, offset int64) time.Time {
	if offset == eventlog.Missing {
		return time.Time{}
	}
	return start.Add(time.Duration(offset))
}

func restoreCount(c eventlog.Count) endpoint.Count {
	return endpoint.Count{N: c.N, Source: endpoint.Source(c.Source)}
}

func restoreError(e *eventlog.Error) *endpoint.Error {
	if e == nil {
		return nil
	}
	return &endpoint.Error{
		Kind: endpoint.ErrorKind(e.Kind), Code: e.Code, Message: e.Message, Status: e.Status,
		RetryAfter: time.Duration(e.RetryAfter),
	}
}

func restoreAttempt(start time.Time, a *eventlog.Attempt) endpoint.Attempt {
	return endpoint.Attempt{
		URL: a.URL, RemoteAddr: a.RemoteAddr, Protocol: a.Protocol, Reused: a.Reused, Status: a.Status,
		Start: instant(start, a.Start), Ready: instant(start, a.Ready), Written: instant(start, a.Written),
		FirstByte: instant(start, a.FirstByte), End: instant(start, a.End),
		DNS: time.Duration(a.DNS), Connect: time.Duration(a.Connect), TLS: time.Duration(a.TLS),
		Error: restoreError(a.Error), RateLimit: restoreRateLimit(a.RateLimit), Events: restoreEvents(a.Events),
	}
}

func restoreRateLimit(l *eventlog.RateLimit) *endpoint.RateLimit {
	if l == nil {
		return nil
	}
	quota := func(q eventlog.Quota) endpoint.Quota {
		return endpoint.Quota{Limit: q.Limit, Remaining: q.Remaining, Reset: time.Duration(q.Reset)}
	}
	return &endpoint.RateLimit{Requests: quota(l.Requests), Tokens: quota(l.Tokens)}
}
