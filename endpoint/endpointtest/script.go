package endpointtest

import (
	"context"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A Script says what a model does with every request that it gets: what it says and when, and how it fails. The adapter
// of an endpoint's author renders it, see Run.
type Script struct {
	Parts  []Part         // the answer, in order
	Finish string         // the finish reason, "stop" or "length"; providers' own words for it will do
	Usage  endpoint.Usage // the provider's token counts; all unknown = it reports none

	// Fault is what goes wrong after the parts; "" = nothing.
	Fault Fault

	// Key is the credential to configure the endpoint with. A server that refuses it quotes it, as real ones do.
	Key string
}

// A Part is what a model says at once: an event of a streamed answer.
type Part struct {
	After   time.Duration    // the time since the part before; for the first, since the request had been read
	Channel endpoint.Channel // what it says it on; the zero value is visible content
	Text    string           // "" = an event without tokens, such as one that names the role
}

// A Fault is a way to fail.
type Fault string

// The faults. Those marked "at once" come instead of an answer.
const (
	Refused     Fault = "refused"      // at once: HTTP 401 whose message quotes the credential
	Overloaded  Fault = "overloaded"   // at once: HTTP 429 with Retry-After: 7
	Crashed     Fault = "crashed"      // at once: HTTP 500
	Empty       Fault = "empty"        // at once: HTTP 200 and nothing more
	TurnedError Fault = "turned error" // an answer that began well turns into a report of an error
	Garbage     Fault = "garbage"      // something follows that the protocol does not allow
	Cut         Fault = "cut"          // the connection is closed in the middle of the answer
	Unfinished  Fault = "unfinished"   // a stream ends in order, but without the end of the answer
	Stalled     Fault = "stalled"      // nothing more comes, until the request is given up
)

// RetryAfter is what an overloaded server asks to wait.
const RetryAfter = 7 * time.Second

// Text is all that the script says on a channel.
func (s Script) Text(channel endpoint.Channel) string {
	var b strings.Builder
	for _, p := range s.Parts {
		if p.Channel == channel {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// Says reports whether the script says anything on one of the channels; without channels, on any.
func (s Script) Says(channels ...endpoint.Channel) bool {
	if len(channels) == 0 {
		channels = []endpoint.Channel{endpoint.Content, endpoint.Reasoning, endpoint.ToolCallArguments, endpoint.RefusalText, endpoint.AudioData}
	}
	for _, c := range channels {
		if s.Text(c) != "" {
			return true
		}
	}
	return false
}

// Duration is the time from the request to the last part.
func (s Script) Duration() (d time.Duration) {
	for _, p := range s.Parts {
		d += p.After
	}
	return d
}

// Play waits for each part and gives it to say, until say returns false. A stalled script then waits until ctx is done,
// and any other fault is left to the caller. The error is that of ctx, if it was done before the end.
func (s Script) Play(ctx context.Context, say func(Part) bool) error {
	for _, p := range s.Parts {
		if err := wait(ctx, p.After); err != nil {
			return err
		}
		if !say(p) {
			return nil
		}
	}
	if s.Fault == Stalled {
		<-ctx.Done()
	}
	return ctx.Err()
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
