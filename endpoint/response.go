package endpoint

import (
	"math"
	"time"
)

// A Response is what one request brought: its answer, and the instant of everything that happened to it.
//
// Instants are time.Time with a monotonic reading; the zero Time means that it did not happen or is not known.
// Responses read from a file have instants that are relative to the saved request time and carry no monotonic reading.
type Response struct {
	Seq    int // number of the request in its run, from 0, in the order of dispatch
	Client int // the client that sent it, from 0; -1 under an open loop
	Turn   int // 0 for the first request of a conversation, 1 for the next …

	ID      string  // the provider's id, or one made here
	Payload Payload // as sent
	Prompt  string  // the prompt's text, "" if unknown

	Text         string     // visible content
	Reasoning    string     // reasoning as far as the provider shows it
	Refusal      string     // what the model said when it refused
	ToolCalls    []ToolCall // in the order of their index
	FinishReason string     // as the provider names it, "" if it did not say

	InputTokens     Count // prompt, cached tokens included
	OutputTokens    Count // everything generated, reasoning included
	CachedTokens    Count // the part of InputTokens that came from a cache
	ReasoningTokens Count // the part of OutputTokens that is reasoning

	RequestTime time.Time // wall clock (UTC, microseconds) just before the request was dispatched
	Intended    time.Time // when the schedule wanted it to start; equals Dispatched in a closed loop
	Dispatched  time.Time // left the client's queue; all latencies count from here
	FirstToken  time.Time // first event with generated tokens of any channel; zero without streaming
	FirstText   time.Time // first event with visible content; zero without streaming
	LastToken   time.Time // last event with generated tokens; without streaming, when the whole answer was read
	End         time.Time // the end of the answer, or of the attempt to get one

	Streamed bool
	Events   []Event   // every event of the stream, in order
	Attempts []Attempt // at least one if anything was sent by an endpoint that reports them
	Error    *Error    // nil if the request succeeded

	Annotations map[string]any // for callbacks; saved with the response, values must be encodable as JSON
}

// A ToolCall is one call of a tool that the model asked for.
type ToolCall struct {
	ID, Name  string
	Arguments string // JSON as the model wrote it, not checked
}

// An Attempt is one try to get an answer: retries are off unless asked for, and every try is kept.
// Instants that were not reached are zero.
type Attempt struct {
	URL        string // the base URL it went to
	RemoteAddr string
	Protocol   string // e.g. "HTTP/1.1"
	Reused     bool   // over a connection that was open already
	Status     int    // HTTP status, 0 if there was no answer

	Start     time.Time     // handed to the HTTP client
	Ready     time.Time     // had a connection
	Written   time.Time     // request written
	FirstByte time.Time     // first byte of the answer
	End       time.Time     // end of the answer or of the attempt
	DNS       time.Duration // name resolution; 0 if none was needed
	Connect   time.Duration // TCP connect; 0 if the connection was reused
	TLS       time.Duration // TLS handshake; 0 if none was needed
	RateLimit *RateLimit    // what the answer's headers said of the provider's limits, nil if nothing
	Error     *Error        // why it failed, nil if it did not
	Events    []Event       // what its stream brought, at times since the request's dispatch, if the request was sent again after it
}

// A RateLimit is what a provider says of its limits beside an answer.
type RateLimit struct {
	Requests, Tokens Quota
}

// A Quota is how much of something may be used in a provider's period.
type Quota struct {
	Limit     int           // 0 = not said
	Remaining int           // until the period ends
	Reset     time.Duration // until there is the full quota again; 0 = not said
}

// A Channel is the kind of output that an event carries.
type Channel uint8

// The channels. The zero Channel is visible content.
const (
	Content Channel = iota
	Reasoning
	ToolCallArguments
	RefusalText
	AudioData
)

var channelNames = [...]string{"content", "reasoning", "tool_call", "refusal", "audio"}

// String gives the channel's name as it stands in logs.
func (c Channel) String() string {
	if int(c) < len(channelNames) {
		return channelNames[c]
	}
	return "unknown"
}

// An Event is one event of a stream as it was read. Role-only and other events without generated tokens are kept too.
type Event struct {
	At       time.Duration // since Dispatched
	Bytes    int32         // size of the event on the wire, 0 if unknown
	Text     int32         // bytes of generated text in it
	Tokens   int32         // tokens in it if it bears any: as the endpoint said, else 1; see [Response.TokensPerEvent]
	Channel  Channel       // meaningful if Tokens > 0
	SameRead bool          // it came in the same read from the network as the event before it
	Late     Lateness      // how long it waited for this process to read it, where the kernel's clock tells
}

// A Lateness is a short time in units of 10 µs, small enough to be kept with each event. Its largest value means that much
// or more.
type Lateness uint16

const latenessUnit = 10 * time.Microsecond

// LatenessOf rounds d to a Lateness; what is negative is none.
func LatenessOf(d time.Duration) Lateness {
	return Lateness(min(max(d+latenessUnit/2, 0)/latenessUnit, math.MaxUint16))
}

// Duration gives the time.
func (l Lateness) Duration() time.Duration { return time.Duration(l) * latenessUnit }

// A Source says who counted tokens.
type Source uint8

// The sources, best first.
const (
	Unknown     Source = iota // nobody: the count is not known, which is not zero
	Server                    // the provider's usage report
	ByTokenizer               // a tokenizer on this side
	ByEvents                  // the number of events that bore tokens
)

var sourceNames = [...]string{"", "server", "tokenizer", "events"}

// String gives the source's name, "" for Unknown.
func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return ""
}

// ParseSource is the reverse of [Source.String]; any other text is Unknown.
func ParseSource(name string) Source {
	for i, n := range sourceNames {
		if n == name {
			return Source(i)
		}
	}
	return Unknown
}

// A Count is a number of tokens together with who counted them. The zero Count is unknown, not zero tokens.
type Count struct {
	N      int
	Source Source
}

// Known reports whether there is a number at all.
func (c Count) Known() bool { return c.Source != Unknown }

// Counted is a Count by the server.
func Counted(n int) Count { return Count{N: n, Source: Server} }
