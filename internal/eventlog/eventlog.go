// Package eventlog is the format of events.bin: every instant of every request of a run, in a form that costs next to
// nothing to write, loses nothing, and can be read up to the point where a writer was killed. It knows bytes and
// integers, and nothing of endpoints or files.
//
// # Format
//
// A log is a header and any number of frames:
//
//	header   magic "LLMEVT" · version uint16 = 1 · start int64: wall clock in Unix nanoseconds
//	frame    length uint32 of the payload · type uint8 · payload · CRC-32C uint32 of all of the frame before it
//
// Type 1 is a request that has ended, type 2 a part of one that is in flight, type 3 the end of the run. docs/events.md
// describes their fields. Readers skip types that they do not know, and what follows the fields that they know inside a
// payload, so both can grow under one version.
package eventlog

import (
	"fmt"
	"math"
)

// Missing stands for an instant that did not happen or is not known.
const Missing = math.MinInt64

// A Response is the record of one request. Instants are nanoseconds since the start of the log.
type Response struct {
	Seq, Client, Turn int

	RequestTime int64 // wall clock, Unix microseconds
	Intended    int64
	Dispatched  int64
	FirstToken  int64
	FirstText   int64
	LastToken   int64
	End         int64

	Streamed                         bool
	Input, Output, Cached, Reasoning Count
	Error                            *Error
	Attempts                         []Attempt
	Events                           []Event
}

// A Count is a number of tokens. Source 0 says that it is not known.
type Count struct {
	N      int
	Source uint8
}

// An Error is why a request or an attempt failed.
type Error struct {
	Kind, Code, Message string
	Status              int
	RetryAfter          int64 // nanoseconds
}

// An Attempt is one try to get an answer.
type Attempt struct {
	URL, RemoteAddr, Protocol             string
	Reused                                bool
	Status                                int
	Start, Ready, Written, FirstByte, End int64
	DNS, Connect, TLS                     int64 // nanoseconds
	Error                                 *Error
	RateLimit                             *RateLimit
	Events                                []Event // of an attempt that was not the last
}

// A RateLimit is what a provider said of its limits.
type RateLimit struct {
	Requests, Tokens Quota
}

// A Quota is one such limit.
type Quota struct {
	Limit, Remaining int
	Reset            int64 // nanoseconds
}

// An Event is one event of a stream.
type Event struct {
	At       int64 // nanoseconds since Dispatched
	Bytes    int32
	Text     int32
	Tokens   int32
	Channel  uint8
	SameRead bool
	Late     uint16 // units of 10 µs
}

// A Run is what is known of a run when it has ended.
type Run struct {
	TestTime      int64 // nanoseconds
	EndTime       int64 // wall clock, Unix microseconds
	Interrupted   bool
	Clients       int
	Requests      int // of each client, as planned
	Cancelled     int
	Conversations int
}

// A FormatError says where a log stops being readable, and why. What stood before it was read and is good.
type FormatError struct {
	Offset int64 // of the header or frame that cannot be read
	Reason string
	Err    error // io.ErrUnexpectedEOF where the log is cut off, or what the reader of its bytes gave; else nil
}

// Error names the place and the reason.
func (e *FormatError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Unwrap gives the cause.
func (e *FormatError) Unwrap() error { return e.Err }

const (
	magic      = "LLMEVT"
	version    = 1
	headerSize = 16

	typeResponse = 1
	typePart     = 2
	typeRun      = 3

	frameHead = 5       // length and type
	frameTail = 4       // checksum
	maxFrame  = 1 << 28 // what a reader believes a length to be
)

// The bits of a response's flags.
const (
	hasStreamed = 1 << iota
	hasError
	hasRequestTime
	hasDispatched
	hasIntended
	hasFirstToken
	hasFirstText
	hasLastToken
	hasEnd
	hasInput
	hasOutput
	hasCached
	hasReasoning
)

// The bits of a run's flags.
const (
	runInterrupted = 1 << iota
	runEndTime
)

// The bits of an attempt's flags.
const (
	attemptReused = 1 << iota
	attemptError
	attemptStart
	attemptReady
	attemptWritten
	attemptFirstByte
	attemptEnd
	attemptRateLimit
)
