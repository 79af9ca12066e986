package prompt

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
)

// Conversation gives first, which holds the user's first message, the turns that follow: after each answer, and wait
// after that, the same client sends the whole conversation with the answer and the next of messages at its end. Every turn
// counts as a request.
//
//	first, err := model.CreatePayload(256, endpoint.Text("Name a river."))
//	…
//	p, err := prompt.Conversation(first, 2*time.Second, "How long is it?", "Which towns lie on it?")
//
// The payload must hold an array "messages" of objects with role and content, as those of the Chat Completions API and its
// likes. The answer is the visible text, or the refusal; reasoning and calls of tools are not sent back. The conversation
// ends early if a turn fails. Each turn starts from the payload as it was before any hook edited it, so a hook sees, and
// may edit, every turn afresh. A later turn has the labels of the first.
func Conversation(first endpoint.Payload, wait time.Duration, messages ...string) (endpoint.Payload, error) {
	raw, _ := first.Raw("messages")
	var sent []json.RawMessage
	if json.Unmarshal(raw, &sent) != nil || len(sent) == 0 {
		return endpoint.Payload{}, errors.New(`conversation: the payload has no array "messages"`)
	}
	return turn(first, len(sent), wait, slices.Clone(messages)), nil
}

// turn gives p, whose body holds sent messages, the turns that follow. It keeps no state: a run may send p many times.
func turn(p endpoint.Payload, sent int, wait time.Duration, messages []string) endpoint.Payload {
	p.Next = nil
	if len(messages) == 0 {
		return p
	}
	next := p
	p.Next = func(r *endpoint.Response) (*endpoint.Payload, time.Duration, bool) {
		if r.Failed() {
			return nil, 0, false
		}
		next := next
		answer := r.Text
		if answer == "" {
			answer = r.Refusal
		}
		err := errors.Join(
			next.Set(message{"assistant", answer}, "messages", strconv.Itoa(sent)),
			next.Set(message{"user", messages[0]}, "messages", strconv.Itoa(sent+1)),
		)
		if err != nil { // cannot be: the body was read before
			return nil, 0, false
		}
		next = turn(next, sent+2, wait, messages[1:])
		return &next, wait, true
	}
	return p
}

// A message is one entry of "messages".
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}
