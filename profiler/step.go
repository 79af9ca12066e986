package profiler

import (
	"bytes"
	"encoding/json"
)

// RootID is the parent of what nobody called.
const RootID = "root"

// An IntermediateStep is one event of a workflow, in the form of NAT.
type IntermediateStep struct {
	ParentID         string         // the UUID of the span that this one is part of; RootID for none; "" = not known, as in the first version
	FunctionAncestry InvocationNode // the function that was running
	Payload          StepPayload
}

// An InvocationNode is one invocation of a function, and who invoked it.
type InvocationNode struct {
	FunctionID   string
	FunctionName string
	ParentID     string // "" = not known
	ParentName   string // "" = not known
}

// A StepPayload says what happened and when.
type StepPayload struct {
	EventType          EventType // required
	EventTimestamp     float64   // required; seconds since the epoch
	SpanEventTimestamp float64   // of an END: when the span began; 0 = not given
	Framework          string    // such as "langchain"
	Name               string    // of the model or the tool
	Tags               []string
	Metadata           json.RawMessage // a JSON object; nil = none
	Data               *StreamEventData
	UsageInfo          *UsageInfo
	UUID               string                     // pairs the events of one span; "" pairs with nothing
	Extra              map[string]json.RawMessage // members that are not named above
}

// StreamEventData is what went in and came out. Each is any JSON value; nil = none.
type StreamEventData struct {
	Input, Output, Chunk, Payload json.RawMessage
	Extra                         map[string]json.RawMessage // members that are not named above
}

// UsageInfo is what a call used.
type UsageInfo struct {
	TokenUsage          TokenUsage
	NumLLMCalls         int
	SecondsBetweenCalls float64 // since the call before; NAT cuts it to whole seconds
}

// TokenUsage counts tokens. Cached ones are part of the prompt's, reasoning ones of the completion's.
type TokenUsage struct {
	PromptTokens, CompletionTokens, CachedTokens, ReasoningTokens, TotalTokens int
}

// FailedWith is the error with which the span of an END event ended, "" if it did not fail. NAT has no event for failures; its
// metadata, or the provided_metadata within, may carry a member "error" that is neither null nor false nor "".
func (p *StepPayload) FailedWith() string {
	if len(p.Metadata) == 0 || !bytes.Contains(p.Metadata, []byte(`"error"`)) {
		return ""
	}
	var m struct {
		Error    json.RawMessage `json:"error"`
		Provided struct {
			Error json.RawMessage `json:"error"`
		} `json:"provided_metadata"`
	}
	if json.Unmarshal(p.Metadata, &m) != nil {
		return ""
	}
	for _, raw := range []json.RawMessage{m.Error, m.Provided.Error} {
		if t := Text(raw); t != "" && t != "false" {
			return t
		}
	}
	return ""
}

// Input is the text that went in: a JSON string as it is, another value as compact JSON, "" for none.
func (p *StepPayload) Input() string {
	if p.Data == nil {
		return ""
	}
	return Text(p.Data.Input)
}

// Output is the text that came out, see Input.
func (p *StepPayload) Output() string {
	if p.Data == nil {
		return ""
	}
	return Text(p.Data.Output)
}

// Chunk is the text of one chunk, see Input.
func (p *StepPayload) Chunk() string {
	if p.Data == nil {
		return ""
	}
	return Text(p.Data.Chunk)
}

// Tokens are the tokens that the call used; zeros where nothing is said.
func (p *StepPayload) Tokens() TokenUsage {
	if p.UsageInfo == nil {
		return TokenUsage{}
	}
	return p.UsageInfo.TokenUsage
}

// Text is a JSON value as text: a string as it is, another value as JSON, "" for none and for null.
func Text(raw json.RawMessage) string {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case len(raw) < 2 || raw[0] != '"':
		return string(raw)
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}
