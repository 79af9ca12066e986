// Package eventlog is the format of events.bin: every instant of every request of a run, in a form that costs next to
// nothing to write, loses nothing, and can be read up to the point where a writer was killed. It knows bytes and
// integers, and nothing of endpoints or files.
//
// # Format
//
// A log is a header and any number of frames. Fixed-width integers are little-endian; the others are the varints of
// encoding/binary, signed ones in zig-zag form.
//
//	header   magic "LLMEVT" · version uint16 = 1 · start int64: wall clock in Unix nanoseconds
//	frame    length uint32 of the payload · type uint8 · payload · CRC-32C uint32 of all of the frame before it
//
// start is also the zero of the monotonic clock: instants are nanoseconds since then, and differences between
// them never contain a step of the wall clock. Readers skip types that they do not know, and what follows the fields that
// they know inside a payload, so both can grow under one version.
//
// Type 1 is a response, finished or cancelled. Its fields stand in this order; one in brackets is there if its bit of
// flags is set, bits counting from 0. An instant that is missing did not happen or is not known. The instants after
// dispatched are signed differences to it (to start, if it is missing).
//
//	flags         unsigned: 0 streamed, 1 error, 2 request time, 3 dispatched, 4 intended, 5 first token,
//	              6 first text, 7 last token, 8 end, 9 input, 10 output, 11 cached and 12 reasoning tokens
//	seq, client, turn   signed
//	[request time]      signed: the wall clock in Unix microseconds, less that of start
//	[dispatched]        signed: nanoseconds since start
//	[intended] [first token] [first text] [last token] [end]
//	[input] [output] [cached] [reasoning]   each a signed number and an unsigned source
//	[error]
//	attempts      unsigned count, then each one
//	events        unsigned count, then each one
//
//	error     kind, code, message: strings (unsigned length, bytes) · status signed · retry after signed nanoseconds
//	attempt   flags unsigned: 0 reused, 1 error, 2 start, 3 ready, 4 written, 5 first byte, 6 end · url, address, protocol:
//	          strings · status signed · [start] [ready] [written] [first byte] [end] · dns, connect, tls signed
//	          nanoseconds · [error]
//	event     time since the event before it (since dispatched) signed · bytes unsigned · bytes of text unsigned ·
//	          tokens×2 + 1 if it came in the same read as the event before it, unsigned · channel uint8
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
}

// An Event is one event of a stream.
type Event struct {
	At       int64 // nanoseconds since Dispatched
	Bytes    int32
	Text     int32
	Tokens   int32
	Channel  uint8
	SameRead bool
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

// The bits of an attempt's flags.
const (
	attemptReused = 1 << iota
	attemptError
	attemptStart
	attemptReady
	attemptWritten
	attemptFirstByte
	attemptEnd
)
