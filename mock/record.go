package mock

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Record is what really happened to one request to a model API. Times are since Received; within a process they are
// differences of the monotonic clock.
type Record struct {
	Number int    `json:"number"` // from 1, in the order in which the headers were read
	ID     string `json:"id"`     // the id in the answer, and the header X-Request-Id
	API    API    `json:"api"`
	Model  string `json:"model,omitempty"`
	Stream bool   `json:"stream,omitempty"`

	PromptTokens int       `json:"prompt_tokens,omitempty"` // words of the prompt
	Status       int       `json:"status,omitempty"`        // HTTP status sent; 0 = none
	Fault        FaultKind `json:"fault,omitempty"`         // the fault that struck it, if any

	Received  time.Time     `json:"received"`     // the headers had been read
	Read      time.Duration `json:"read_ns"`      // the body had been read
	Started   time.Duration `json:"started_ns"`   // work began: a slot was free; 0 if it never did
	Responded time.Duration `json:"responded_ns"` // the headers of the answer were sent; 0 if never
	Ended     time.Duration `json:"ended_ns"`     // all was written, or nothing more will be

	Done bool `json:"done,omitempty"` // Ended is set; without it the request is still in flight
	Gone bool `json:"gone,omitempty"` // the client left before all was written

	Events []Event `json:"events,omitempty"`
}

// An Event is one event of a stream, or the body of an answer that is not streamed.
type Event struct {
	At     time.Duration `json:"at_ns"`            // its write began (its last piece's, if torn), since Record.Received
	Tokens int32         `json:"tokens,omitempty"` // tokens that it carries
	Kind   EventKind     `json:"kind"`
}

// An EventKind is what an event carries.
type EventKind uint8

// The kinds of events.
const (
	KindOther     EventKind = iota // no tokens: roles, structure, finish reasons, usage, [DONE]
	KindContent                    // visible text
	KindReasoning                  // reasoning text
	KindToolCall                   // arguments of a tool call
	KindRefusal                    // text of a refusal
	KindBody                       // the body of an answer that is not streamed
	KindError                      // what a fault put into the stream
)

var eventKinds = []string{"other", "content", "reasoning", "tool-call", "refusal", "body", "error"}

// String returns the kind's name.
func (k EventKind) String() string {
	if int(k) < len(eventKinds) {
		return eventKinds[k]
	}
	return fmt.Sprintf("EventKind(%d)", k)
}

// MarshalText returns the kind's name.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *EventKind) UnmarshalText(text []byte) error {
	i := slices.Index(eventKinds, string(text))
	if i < 0 {
		return fmt.Errorf("mock: event kind %q: want one of %q", text, eventKinds)
	}
	*k = EventKind(i)
	return nil
}

// QueueWait is how long the request waited for a slot; 0 if work on it never began.
func (r Record) QueueWait() time.Duration { return max(0, r.Started-r.Read) }

// TTFT is the time from the headers of the request to the first token-bearing event of a stream; false if there is none.
func (r Record) TTFT() (time.Duration, bool) {
	for _, e := range r.Events {
		if e.Tokens > 0 && e.Kind != KindBody {
			return e.At, true
		}
	}
	return 0, false
}

// OutputTokens is the number of tokens that were sent, reasoning included.
func (r Record) OutputTokens() int {
	n := 0
	for _, e := range r.Events {
		n += int(e.Tokens)
	}
	return n
}

// Records returns what happened to the requests so far, those in flight included, by number. The events that a client
// has read are in its record already; Done may follow a moment after the client has read the last.
func (s *Server) Records() []Record {
	entries := s.ledger.all()
	records := make([]Record, len(entries))
	for i, e := range entries {
		records[i] = e.snapshot()
	}
	return records
}

// Reset forgets all records and numbers requests from 1 again. Requests in flight keep their numbers and are forgotten.
func (s *Server) Reset() { s.ledger.reset() }

// An entry is a record that its request is still writing.
type entry struct {
	mu  sync.Mutex
	rec Record
}

func (e *entry) snapshot() Record {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.rec
	r.Events = slices.Clone(r.Events)
	return r
}

func (e *entry) update(f func(r *Record)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(&e.rec)
}

// sent notes events whose write is about to begin.
func (e *entry) sent(now time.Time, events []Event) {
	at := now.Sub(e.rec.Received)
	e.mu.Lock()
	for _, event := range events {
		event.At = at
		e.rec.Events = append(e.rec.Events, event)
	}
	e.mu.Unlock()
}

// A ledger numbers requests and keeps the latest entries.
type ledger struct {
	limit int // 0 = none

	mu      sync.Mutex
	number  int
	entries []*entry // a ring once it has limit entries
}

func (l *ledger) open(api API, received time.Time) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	e := &entry{rec: Record{Number: l.number, API: api, Received: received}}
	if l.limit > 0 && len(l.entries) == l.limit {
		l.entries[(l.number-1)%l.limit] = e
	} else {
		l.entries = append(l.entries, e)
	}
	return e
}

func (l *ledger) all() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit > 0 && len(l.entries) == l.limit {
		oldest := l.number % l.limit
		return slices.Concat(l.entries[oldest:], l.entries[:oldest])
	}
	return slices.Clone(l.entries)
}

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number, l.entries = 0, nil
}
