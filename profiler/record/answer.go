package record

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/llmeter-go/llmeter/profiler"
)

// An answer is what has come so far of the answer to a call.
type answer struct {
	span     *profiler.OpenSpan
	at       time.Time // when what is being read came
	chunk    []byte    // what the event that is being read brought
	text     strings.Builder
	tools    []toolCall
	usage    profiler.TokenUsage
	pieces   int   // events with output
	finished bool  // the model has said why it stopped
	done     bool  // nothing follows
	failed   error // what the server said
}

// A toolCall is the call of a tool that the model asks for.
type toolCall struct {
	index     int
	ID        string `json:"id,omitempty"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// say adds visible text.
func (a *answer) say(text string) {
	a.chunk = append(a.chunk, text...)
	a.text.WriteString(text)
}

// think adds output that is not part of the answer's text: reasoning, or other choices.
func (a *answer) think(text string) { a.chunk = append(a.chunk, text...) }

// callTool adds to the call of a tool.
func (a *answer) callTool(index int, id, name, arguments string) {
	i := slices.IndexFunc(a.tools, func(t toolCall) bool { return t.index == index })
	if i < 0 {
		i = len(a.tools)
		a.tools = append(a.tools, toolCall{index: index})
	}
	t := &a.tools[i]
	if id != "" {
		t.ID = id
	}
	t.Name += name
	t.Arguments += arguments
	a.chunk = append(a.chunk, arguments...)
}

// record records what an event brought, if anything.
func (a *answer) record(streamed bool) {
	if streamed && len(a.chunk) > 0 {
		a.pieces++
		a.span.NewTokenAt(a.at, string(a.chunk))
	}
}

// output is the text, and the calls of tools behind it, as NAT writes them.
func (a *answer) output() string {
	if len(a.tools) == 0 {
		return a.text.String()
	}
	calls, _ := json.Marshal(a.tools) // texts alone
	return a.text.String() + "\n\nTool calls: " + string(calls)
}

// contentText is the text of a content: a text itself, or those of a list of parts.
func contentText(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeArray {
		return textOf(v)
	}
	var b strings.Builder
	for _, part := range v.GetArray() {
		b.WriteString(textOf(part.Get("text")))
	}
	return b.String()
}
