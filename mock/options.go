package mock

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Options say how a [Server] behaves. They are a plain value; the zero value is a server that answers at once, without
// limits or faults, with as many tokens as it was asked for.
type Options struct {
	// TTFT is the time from the start of the work on a request to its first token. Work starts when the request has been
	// read, or when it gets a slot. Answers to embeddings take this long in all.
	TTFT Delay `json:"ttft,omitzero"`

	// ITL is the time from each token to the next. An event with k tokens is sent k such times after the one before it;
	// the first event is sent after TTFT whatever it holds. An answer that is not streamed comes when the last event
	// would have.
	ITL Delay `json:"itl,omitzero"`

	// Tokens is the length of an answer, reasoning included. The request's max_tokens (max_completion_tokens,
	// max_output_tokens) caps it: a cut answer says so, with finish reason "length" or status "incomplete".
	// Zero means exactly what the request allows, ending as if the model had stopped there, and 64 if it names no limit.
	Tokens Count `json:"tokens,omitzero"`

	// TokensPerEvent is how many tokens an event carries; zero means 1.
	TokensPerEvent Count `json:"tokens_per_event,omitzero"`

	// Reasoning is how many of an answer's first tokens are reasoning; at most all of them. Completions have none.
	Reasoning Count `json:"reasoning,omitzero"`

	// ReasoningField is the name of the delta that carries reasoning in Chat Completions: "reasoning_content" or
	// "reasoning". Empty means "reasoning_content".
	ReasoningField string `json:"reasoning_field,omitempty"`

	// RoleFirst sends a chunk that names the role, without tokens, when work starts and not with the first token.
	RoleFirst bool `json:"role_first,omitempty"`

	// Answer is what the tokens that are not reasoning are: text, the arguments of a tool call, or a refusal. Empty means
	// text. Completions are always text.
	Answer Answer `json:"answer,omitempty"`

	// Usage is where a stream carries its token counts, and whether they are true. Empty means UsageLast.
	Usage UsageMode `json:"usage,omitempty"`

	// CachedTokens is how many prompt tokens usage reports as cached; at most all of them.
	CachedTokens int `json:"cached_tokens,omitempty"`

	// Dimensions is the length of an embedding where the request does not name one; 0 means 16.
	Dimensions int `json:"dimensions,omitempty"`

	// Slots is how many requests are worked on at once. Further ones wait in the order in which they were read. The
	// server can then not do more than Slots requests per mean time of work. 0 means no limit.
	Slots int `json:"slots,omitempty"`

	// Faults strike requests as each says. At most one strikes a request.
	Faults []Fault `json:"faults,omitempty"`

	// Writes say how events are divided into writes; the zero value writes each event by itself.
	Writes Writes `json:"writes,omitzero"`

	// Seed decides everything that is drawn. The draws of the n-th request depend on Seed and n alone.
	Seed uint64 `json:"seed,omitempty"`

	// Models are listed by GET /v1/models, and a request that names another gets a 404. Empty means that any name is
	// accepted and "mock" is listed.
	Models []string `json:"models,omitempty"`

	// APIKey, if set, must come with each request below /v1 as "Authorization: Bearer KEY"; other requests get a 401.
	APIKey string `json:"-"`

	// RecordLimit is how many requests are remembered, the latest ones; 0 means all.
	RecordLimit int `json:"record_limit,omitempty"`

	// Addr is where [Start] listens; empty means a free port of 127.0.0.1.
	Addr string `json:"addr,omitempty"`
}

// Writes say how events are divided into writes to the connection. A write is flushed by itself.
type Writes struct {
	// Merge is how many token-bearing events are sent in one write, when the last of them is due; 0 means 1.
	Merge int `json:"merge,omitempty"`

	// Tear is into how many pieces each write is torn, at any byte, also inside a character; 0 means 1.
	Tear int `json:"tear,omitempty"`

	// Gap is the time between two pieces.
	Gap time.Duration `json:"gap_ns,omitempty"`
}

// An Answer is a kind of answer.
type Answer string

// The kinds of answers.
const (
	AnswerText     Answer = "text"
	AnswerToolCall Answer = "tool-call" // one call of the function "record_text"
	AnswerRefusal  Answer = "refusal"
)

// A UsageMode is where a stream carries its token counts. Streams of Chat Completions and Completions carry them only
// if the request's stream_options.include_usage asks for it, except where the mode says otherwise. Answers that are not
// streamed have them unless the mode is UsageAbsent.
type UsageMode string

// The places of token counts.
const (
	UsageLast   UsageMode = "last"   // at the end, as OpenAI does
	UsageFirst  UsageMode = "first"  // on the first event, asked for or not, foretelling the whole answer
	UsageAbsent UsageMode = "absent" // nowhere
	UsageWrong  UsageMode = "wrong"  // at the end, with twice the true number of output tokens
)

// Validate returns all that is wrong with the options, joined, or nil.
func (o Options) Validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("mock: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	check := func(field string, err error) {
		if err != nil {
			bad(field, "%v", err)
		}
	}
	atLeast0 := func(field string, n int) {
		if n < 0 {
			bad(field, "%d: must not be negative", n)
		}
	}
	check("TTFT", o.TTFT.validate())
	check("ITL", o.ITL.validate())
	check("Tokens", o.Tokens.validate())
	check("TokensPerEvent", o.TokensPerEvent.validate())
	check("Reasoning", o.Reasoning.validate())
	atLeast0("CachedTokens", o.CachedTokens)
	atLeast0("Dimensions", o.Dimensions)
	atLeast0("Slots", o.Slots)
	atLeast0("RecordLimit", o.RecordLimit)
	atLeast0("Writes.Merge", o.Writes.Merge)
	atLeast0("Writes.Tear", o.Writes.Tear)
	if o.Writes.Gap < 0 {
		bad("Writes.Gap", "%v: must not be negative", o.Writes.Gap)
	}
	if f := o.ReasoningField; !oneOf(f, "", "reasoning_content", "reasoning") {
		bad("ReasoningField", `%q: want "reasoning_content" or "reasoning"`, f)
	}
	if !oneOf(o.Answer, "", AnswerText, AnswerToolCall, AnswerRefusal) {
		bad("Answer", `%q: want "text", "tool-call" or "refusal"`, o.Answer)
	}
	if !oneOf(o.Usage, "", UsageLast, UsageFirst, UsageAbsent, UsageWrong) {
		bad("Usage", `%q: want "last", "first", "absent" or "wrong"`, o.Usage)
	}
	rates := 0.0
	for i, f := range o.Faults {
		check(fmt.Sprintf("Faults[%d]", i), f.validate())
		rates += f.Rate
	}
	if rates > 1+1e-9 {
		bad("Faults", "the rates add up to %g: want at most 1", rates)
	}
	return errors.Join(errs...)
}

func oneOf[T comparable](v T, allowed ...T) bool { return slices.Contains(allowed, v) }

// A purpose separates the draws of one request, so that turning one feature on does not change what another draws.
type purpose uint64

const (
	drawAnswer purpose = iota
	drawTimes
	drawFault
	drawTear
	purposes
)

// random returns the source of one request's draws for one purpose.
func (o *Options) random(number int, p purpose) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, uint64(number)*uint64(purposes)+uint64(p)))
}
