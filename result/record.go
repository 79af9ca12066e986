package result

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/internal/eventlog"
	"github.com/llmeter-go/llmeter/store"
)

// A State says how a request ended.
type State string

// The states.
const (
	Succeeded  State = "succeeded"
	Failed     State = "failed"
	Cancelled  State = "cancelled"  // aborted by the run
	Unfinished State = "unfinished" // in flight when the run was killed
)

// A Record is one request as the event log has it: every instant of it, exactly, its counts of tokens, attempts, events and
// error, and none of its texts. All measures of [endpoint.Response] are those of the run, and an [Accumulator] of all
// records gives its statistics.
//
// Of an unfinished request it tells what had come until shortly before the run was killed. Its Error says that it was
// cancelled, so that it is in no statistic.
type Record struct {
	endpoint.Response
	State State
	Start time.Time // of the run: what instants count from in logs
}

// Events reads the event log of the run in a folder (st nil = on the local disk): all its requests in the order in which they
// ended, and then those that never did. Memory does not grow with their number.
//
// An error is the last thing given, after all that can be read. It names the file, and the byte from which on that is
// damaged; of a log that is just cut off it matches io.ErrUnexpectedEOF, of a run without a log fs.ErrNotExist.
func Events(ctx context.Context, st store.Store, folder string) iter.Seq2[*Record, error] {
	if st == nil {
		st = store.Local{}
	}
	name := store.Join(folder, eventsFile)
	return func(yield func(*Record, error) bool) {
		f, err := st.Open(ctx, name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		log, err := eventlog.NewReader(f)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		var scratch eventlog.Response
		for err = ctx.Err(); err == nil; err = ctx.Err() {
			if err = log.Next(&scratch); err != nil {
				break
			}
			if !yield(newRecord(log.Start(), &scratch), nil) {
				return
			}
		}
		for _, from := range log.InFlight() {
			if !yield(&Record{*unfinished(log.Start(), from), Unfinished, log.Start()}, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(nil, fmt.Errorf("%s: %w", name, err))
		}
	}
}

func newRecord(start time.Time, from *eventlog.Response) *Record {
	r := &Record{State: Succeeded, Start: start}
	restore(&r.Response, start, from)
	switch {
	case r.Cancelled():
		r.State = Cancelled
	case r.Failed():
		r.State = Failed
	}
	return r
}

// MarshalJSON writes the record as `llmeter events` does; docs/events.md describes its keys. Instants are in seconds since
// Start, exact to the nanosecond. What is not known, zero or false has no key.
func (r *Record) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 512+96*len(r.Events)), `{"seq": `...)
	b = strconv.AppendInt(b, int64(r.Seq), 10)
	b = append(b, `, "client": `...)
	b = strconv.AppendInt(b, int64(r.Client), 10)
	b = appendInt(b, "turn", r.Turn)
	b = appendMember(b, "state", string(r.State))
	b = appendBool(b, "streamed", r.Streamed)
	if !r.RequestTime.IsZero() {
		b = appendStamp(append(b, `, "request_time": `...), r.RequestTime)
	}
	b = r.appendInstant(b, "intended", r.Intended)
	b = r.appendInstant(b, "dispatched", r.Dispatched)
	b = r.appendInstant(b, "first_token", r.FirstToken)
	b = r.appendInstant(b, "first_text", r.FirstText)
	b = r.appendInstant(b, "last_token", r.LastToken)
	b = r.appendInstant(b, "end", r.End)
	for i, c := range tokenCounts(&r.Response) {
		if c.Known() {
			b = append(b, `, "`+tokenKeys[i]+`": `...)
			b = strconv.AppendInt(b, int64(c.N), 10)
			b = appendMember(b, sourceKeys[i], c.Source.String())
		}
	}
	if r.State != Unfinished {
		b = appendErrorObject(b, r.Error)
	}
	b = r.appendAttempts(b)
	b = r.appendEvents(b, r.Events)
	return append(b, '}'), nil
}

var tokenKeys = [...]string{"input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"}

func (r *Record) appendInstant(b []byte, key string, at time.Time) []byte {
	if at.IsZero() {
		return b
	}
	return appendNanoseconds(append(b, `, "`+key+`": `...), at.Sub(r.Start))
}

func (r *Record) appendAttempts(b []byte) []byte {
	if len(r.Attempts) == 0 {
		return b
	}
	b = append(b, `, "attempts": [`...)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, `{"status": `...)
		b = strconv.AppendInt(b, int64(a.Status), 10)
		b = appendMember(b, "url", a.URL)
		b = appendMember(b, "address", a.RemoteAddr)
		b = appendMember(b, "protocol", a.Protocol)
		b = appendBool(b, "reused", a.Reused)
		b = r.appendInstant(b, "start", a.Start)
		b = r.appendInstant(b, "ready", a.Ready)
		b = r.appendInstant(b, "written", a.Written)
		b = r.appendInstant(b, "first_byte", a.FirstByte)
		b = r.appendInstant(b, "end", a.End)
		b = appendSeconds(b, "dns", a.DNS)
		b = appendSeconds(b, "connect", a.Connect)
		b = appendSeconds(b, "tls", a.TLS)
		b = appendRateLimit(appendErrorObject(b, a.Error), a.RateLimit)
		b = append(r.appendEvents(b, a.Events), '}')
	}
	return append(b, ']')
}

func appendRateLimit(b []byte, l *endpoint.RateLimit) []byte {
	if l == nil {
		return b
	}
	b = appendQuota(append(b, `, "rate_limit": {"requests": `...), l.Requests)
	return append(appendQuota(append(b, `, "tokens": `...), l.Tokens), '}')
}

func appendQuota(b []byte, q endpoint.Quota) []byte {
	b = strconv.AppendInt(append(b, `{"limit": `...), int64(q.Limit), 10)
	b = strconv.AppendInt(append(b, `, "remaining": `...), int64(q.Remaining), 10)
	return append(appendSeconds(b, "reset", q.Reset), '}')
}

func (r *Record) appendEvents(b []byte, events []endpoint.Event) []byte {
	if len(events) == 0 {
		return b
	}
	b = append(b, `, "events": [`...)
	dispatched := r.Dispatched.Sub(r.Start)
	for i := range events {
		e := &events[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendNanoseconds(append(b, `{"at": `...), dispatched+e.At)
		b = appendInt(b, "bytes", int(e.Bytes))
		b = appendInt(b, "text", int(e.Text))
		b = appendInt(b, "tokens", int(e.Tokens))
		if e.Tokens > 0 {
			b = appendMember(b, "channel", e.Channel.String())
		}
		b = appendBool(b, "same_read", e.SameRead)
		b = append(appendSeconds(b, "late", e.Late.Duration()), '}')
	}
	return append(b, ']')
}

func appendErrorObject(b []byte, e *endpoint.Error) []byte {
	if e == nil {
		return b
	}
	b = append(b, `, "error": {"kind": `...)
	b = appendString(b, string(e.Kind))
	b = appendInt(b, "status", e.Status)
	b = appendMember(b, "code", e.Code)
	b = appendMember(b, "message", errorMessage(e))
	return append(appendSeconds(b, "retry_after", e.RetryAfter), '}')
}

func appendBool(b []byte, key string, is bool) []byte {
	if !is {
		return b
	}
	return append(b, `, "`+key+`": true`...)
}

func appendSeconds(b []byte, key string, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return appendNanoseconds(append(b, `, "`+key+`": `...), d)
}

// appendNanoseconds appends d in seconds, with as many decimals as it takes to be exact.
func appendNanoseconds(b []byte, d time.Duration) []byte {
	n := uint64(d)
	if d < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendUint(b, n/1e9, 10)
	if n %= 1e9; n == 0 {
		return b
	}
	b = append(b, '.')
	for unit := uint64(1e8); n > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit))
		n %= unit
	}
	return b
}
