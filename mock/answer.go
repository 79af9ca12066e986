package mock

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	defaultTokens     = 64
	defaultDimensions = 16
)

// An answer is what one request gets, decided before the first byte is sent.
type answer struct {
	number  int
	id      string
	created int64  // Unix seconds
	model   []byte // as a JSON string
	options *Options

	promptTokens int
	tokens       int       // in all
	reasoning    int       // the first of them
	kind         EventKind // of the others
	finishReason string    // in the terms of Chat Completions; "" = none is told
	tellUsage    bool      // in a stream

	random *rand.Rand
	times  *rand.Rand
	word   int           // where in the list of words the answer begins
	sent   int           // tokens of the steps so far
	due    time.Duration // of the last step, or before that of the first
}

// A step is one token-bearing event: tokens from to to of the answer, due so long after work began.
type step struct {
	kind     EventKind
	from, to int
	due      time.Duration
}

func newAnswer(o *Options, number int, api API, q request, now time.Time) *answer {
	a := &answer{
		number:       number,
		id:           answerID(api, number),
		created:      now.Unix(),
		options:      o,
		promptTokens: q.promptTokens,
		kind:         contentKind(o, api),
		finishReason: "stop",
		random:       o.random(number, drawAnswer),
		times:        o.random(number, drawTimes),
	}
	a.model, _ = json.Marshal(q.model)
	a.tellUsage = o.Usage == UsageFirst || o.Usage != UsageAbsent && (q.includeUsage || api == Responses)
	if a.kind == KindToolCall {
		a.finishReason = "tool_calls"
	}
	a.tokens = max(1, o.Tokens.Draw(a.random))
	if o.Tokens.IsZero() {
		a.tokens = q.maxTokens
		if a.tokens == 0 {
			a.tokens = defaultTokens
		}
	}
	if q.maxTokens > 0 && a.tokens > q.maxTokens {
		a.tokens, a.finishReason = q.maxTokens, "length"
	}
	if api != Completions {
		a.reasoning = min(o.Reasoning.Draw(a.random), a.tokens)
	}
	a.word = a.random.IntN(len(words))
	a.due = o.TTFT.Draw(a.times)
	return a
}

func answerID(api API, number int) string {
	prefix := ""
	switch api {
	case Chat:
		prefix = "chatcmpl"
	case Completions:
		prefix = "cmpl"
	case Responses:
		prefix = "resp"
	case Embeddings:
		prefix = "embd"
	}
	return fmt.Sprintf("%s-mock-%06d", prefix, number)
}

func contentKind(o *Options, api API) EventKind {
	switch {
	case api == Completions:
		return KindContent
	case o.Answer == AnswerToolCall:
		return KindToolCall
	case o.Answer == AnswerRefusal:
		return KindRefusal
	}
	return KindContent
}

// done reports whether all tokens have been taken.
func (a *answer) done() bool { return a.sent == a.tokens }

// next returns the next token-bearing event; false after the last. No event carries tokens of two kinds.
func (a *answer) next() (step, bool) {
	if a.done() {
		return step{}, false
	}
	st := step{kind: a.kind, from: a.sent}
	end := a.tokens
	if a.sent < a.reasoning {
		st.kind, end = KindReasoning, a.reasoning
	}
	st.to = min(end, st.from+max(1, a.options.TokensPerEvent.Draw(a.random)))
	if st.from > 0 {
		for range st.to - st.from {
			a.due += a.options.ITL.Draw(a.times)
		}
	}
	st.due = a.due
	a.sent = st.to
	return st, true
}

// rest takes all further steps at once and returns when the last is due.
func (a *answer) rest() time.Duration {
	for {
		if _, ok := a.next(); !ok {
			return a.due
		}
	}
}

// begins and ends tell whether a step is the first or the last of the tokens that are not reasoning.
func (a *answer) begins(st step) bool { return st.from == a.reasoning }
func (a *answer) ends(st step) bool   { return st.to == a.tokens }

// The words of all answers: safe inside JSON strings as they are, and some of them longer in bytes than in characters,
// so that torn writes fall inside characters too.
var words = []string{
	"the", "river", "carries", "größe", "and", "light", "past", "every", "naïve", "stone", "while", "東京", "sleeps",
	"under", "a", "slow", "bridge", "of", "quiet", "numbers", "that", "nobody", "counted", "🙂", "before", "morning",
	"came", "with", "its", "own", "measure", "señal",
}

// appendText appends the words of tokens from to to: one word a token, one space between two, none before the first
// token and none before the first that is not reasoning.
func (a *answer) appendText(b []byte, from, to int) []byte {
	for i := from; i < to; i++ {
		if i != 0 && i != a.reasoning {
			b = append(b, ' ')
		}
		b = append(b, words[(a.word+i)%len(words)]...)
	}
	return b
}

// The arguments of a tool call are the JSON object {"text": words}, here escaped as the inside of a JSON string.
const (
	toolName  = "record_text"
	argsOpen  = `{\"text\":\"`
	argsClose = `\"}`
)

// appendPiece appends the text of a step as the inside of a JSON string, for a tool call as a piece of its arguments.
func (a *answer) appendPiece(b []byte, st step) []byte {
	if st.kind == KindToolCall && a.begins(st) {
		b = append(b, argsOpen...)
	}
	b = a.appendText(b, st.from, st.to)
	if st.kind == KindToolCall && a.ends(st) {
		b = append(b, argsClose...)
	}
	return b
}

// appendReasoning and appendContent append all text sent so far of the one and the other.
func (a *answer) appendReasoning(b []byte) []byte {
	return a.appendText(b, 0, min(a.reasoning, a.sent))
}

func (a *answer) appendContent(b []byte) []byte {
	if a.sent <= a.reasoning {
		return b
	}
	return a.appendPiece(b, step{kind: a.kind, from: a.reasoning, to: a.sent})
}

// counts are the token counts that usage reports, for the tokens sent or, foretold, for all.
type counts struct{ prompt, cached, output, reasoning int }

func (a *answer) counts(output int) counts {
	c := counts{prompt: a.promptTokens, output: output, reasoning: min(a.reasoning, output)}
	c.cached = min(a.options.CachedTokens, c.prompt)
	if a.options.Usage == UsageWrong {
		c.output *= 2
	}
	return c
}

// appendUsage appends usage in the form of Chat Completions and Completions.
func (c counts) appendUsage(b []byte) []byte {
	b = append(b, `{"prompt_tokens":`...)
	b = strconv.AppendInt(b, int64(c.prompt), 10)
	b = append(b, `,"completion_tokens":`...)
	b = strconv.AppendInt(b, int64(c.output), 10)
	b = append(b, `,"total_tokens":`...)
	b = strconv.AppendInt(b, int64(c.prompt+c.output), 10)
	b = append(b, `,"prompt_tokens_details":{"cached_tokens":`...)
	b = strconv.AppendInt(b, int64(c.cached), 10)
	b = append(b, `},"completion_tokens_details":{"reasoning_tokens":`...)
	b = strconv.AppendInt(b, int64(c.reasoning), 10)
	return append(b, `}}`...)
}

// appendResponseUsage appends usage in the form of Responses.
func (c counts) appendResponseUsage(b []byte) []byte {
	b = append(b, `{"input_tokens":`...)
	b = strconv.AppendInt(b, int64(c.prompt), 10)
	b = append(b, `,"input_tokens_details":{"cached_tokens":`...)
	b = strconv.AppendInt(b, int64(c.cached), 10)
	b = append(b, `,"cache_write_tokens":0},"output_tokens":`...)
	b = strconv.AppendInt(b, int64(c.output), 10)
	b = append(b, `,"output_tokens_details":{"reasoning_tokens":`...)
	b = strconv.AppendInt(b, int64(c.reasoning), 10)
	b = append(b, `},"total_tokens":`...)
	b = strconv.AppendInt(b, int64(c.prompt+c.output), 10)
	return append(b, `}`...)
}
