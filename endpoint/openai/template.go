package openai

import (
	"bytes"

	"github.com/llmeter-go/llmeter/endpoint"
)

// A template recognizes an event that differs from an earlier one in the text of one string alone, as most events of a
// stream do, so that it need not be parsed.
//
// That is exact. JSON that is equal up to the opening quote of a string and from its closing quote on, with nothing between
// them that would end or escape the string, has the same structure and values but for that string.
type template struct {
	before, after []byte
	channel       endpoint.Channel
	learned       int
}

// maxLearned is how often a template is tried anew: events that always differ are not worth it.
const maxLearned = 4

// learn takes an event that brought text on a channel, and nothing else. It does so only if it is certain where in the
// event the text stands: without escapes a string looks like its value, and only one string does.
func (t *template) learn(event []byte, channel endpoint.Channel, text string) {
	if t.learned == maxLearned || bytes.IndexByte(event, '\\') >= 0 || !plain(text) {
		return
	}
	t.learned++
	quoted := []byte(`"` + text + `"`)
	at := bytes.Index(event, quoted)
	if at < 0 || bytes.Contains(event[at+1:], quoted) {
		return
	}
	t.channel = channel
	t.before = append(t.before[:0], event[:at+1]...)
	t.after = append(t.after[:0], event[at+1+len(text):]...)
}

// match gives the text of an event that fits. It shares the event's bytes.
func (t *template) match(event []byte) (text string, ok bool) {
	if len(t.after) == 0 || len(event) < len(t.before)+len(t.after) || !bytes.HasPrefix(event, t.before) || !bytes.HasSuffix(event, t.after) {
		return "", false
	}
	text = stringOf(event[len(t.before) : len(event)-len(t.after)])
	return text, plain(text)
}

// plain reports whether a string looks in JSON like its value.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
