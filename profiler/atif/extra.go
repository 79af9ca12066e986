package atif

import (
	"encoding/json"

	"github.com/llmeter-go/llmeter/profiler"
)

// An extra is what of an extra object is understood. Members of another form than expected are as good as absent, as the format asks
// its readers to bear.
type extra struct {
	Ancestry           ancestry
	Invocation         invocation
	ToolAncestry       []ancestry
	ToolInvocations    []invocation
	SpanEventTimestamp string
	EventType          string
	Input              json.RawMessage // nil where it is not said
	Error              string
}

func extraOf(m map[string]json.RawMessage) (x extra) {
	for name, to := range map[string]any{
		"ancestry": &x.Ancestry, "invocation": &x.Invocation, "tool_ancestry": &x.ToolAncestry, "tool_invocations": &x.ToolInvocations,
		"span_event_timestamp": &x.SpanEventTimestamp, "event_type": &x.EventType, "error": &x.Error,
	} {
		if raw, ok := m[name]; ok {
			_ = json.Unmarshal(raw, to)
		}
	}
	x.Input = m["input"]
	return x
}

// category is that of a tool call: what this package wrote, or else a tool, unless its ancestry names itself.
func (x *extra) category(name string) profiler.Category {
	if x.EventType != "" && profiler.EventType(x.EventType+"_START").Phase() == profiler.StartPhase {
		return profiler.Category(x.EventType)
	}
	if x.EventType == "" && x.Ancestry.FunctionName == name {
		return profiler.Function
	}
	return profiler.Tool
}

// failed is why the call failed, "" if it did not.
func (x *extra) failed() string {
	if x.Error == "" && x.Invocation.Status == statusError {
		return statusError
	}
	return x.Error
}

// An ancestry is the function that ran.
type ancestry struct {
	FunctionID   string `json:"function_id"`
	FunctionName string `json:"function_name"`
	ParentID     string `json:"parent_id,omitempty"`
	ParentName   string `json:"parent_name,omitempty"`
}

// node is the function, or the given one if there is none.
func (a ancestry) node(or profiler.InvocationNode) profiler.InvocationNode {
	if a.FunctionID == "" && a.FunctionName == "" {
		return or
	}
	return profiler.InvocationNode(a)
}

// An invocation says when something ran. Both times are there, or neither.
type invocation struct {
	Start        float64 `json:"start_timestamp,omitempty"` // seconds since the epoch
	End          float64 `json:"end_timestamp,omitempty"`
	InvocationID string  `json:"invocation_id,omitempty"`
	Status       string  `json:"status,omitempty"`
	Framework    string  `json:"framework,omitempty"`
}

// The values of status that this package writes. NAT writes "completed" alone.
const (
	statusCompleted  = "completed"
	statusError      = "error"
	statusUnfinished = "unfinished" // the timestamp of the step is its start
	statusUnstarted  = "unstarted"  // the timestamp of the step is its end
)

// times are the ends of a call, as far as they are known.
type times struct {
	start, end       float64
	hasStart, hasEnd bool
}

// times of an invocation. Without them, those of the step: its timestamp, and the start that is recorded beside.
func (v invocation) times(s *Step, started string) (t times) {
	if v.Start != 0 || v.End != 0 {
		if finite(v.Start) && finite(v.End) {
			return times{v.Start, v.End, true, true}
		}
	}
	at, known := seconds(s.Timestamp)
	if v.Status == statusUnfinished {
		return times{start: at, hasStart: known}
	}
	t.end, t.hasEnd = at, known
	t.start, t.hasStart = seconds(started)
	return t
}
