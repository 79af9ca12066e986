package profiler

// An EventType says what happened in a step, such as "LLM_START". Types that are not listed below are kept and counted.
type EventType string

// The event types of NAT 1.9. The first version had those up to CustomEnd.
const (
	LLMStart      EventType = "LLM_START"
	LLMEnd        EventType = "LLM_END"
	LLMNewToken   EventType = "LLM_NEW_TOKEN"
	ToolStart     EventType = "TOOL_START"
	ToolEnd       EventType = "TOOL_END"
	WorkflowStart EventType = "WORKFLOW_START"
	WorkflowEnd   EventType = "WORKFLOW_END"
	TaskStart     EventType = "TASK_START"
	TaskEnd       EventType = "TASK_END"
	FunctionStart EventType = "FUNCTION_START"
	FunctionEnd   EventType = "FUNCTION_END"
	CustomStart   EventType = "CUSTOM_START"
	CustomEnd     EventType = "CUSTOM_END"
	TTCStart      EventType = "TTC_START"
	TTCEnd        EventType = "TTC_END"
	SpanStart     EventType = "SPAN_START"
	SpanChunk     EventType = "SPAN_CHUNK"
	SpanEnd       EventType = "SPAN_END"
)

// A Category says what kind of work a span is.
type Category string

// The categories.
const (
	Workflow Category = "WORKFLOW" // a whole request
	Task     Category = "TASK"     // a part of a request, as a framework divides it
	Function Category = "FUNCTION" // a function of the workflow
	UserSpan Category = "SPAN"     // code that a program marked as a span of its own
	Custom   Category = "CUSTOM"
	TTC      Category = "TTC"  // test-time compute: one of several attempts at an answer
	Tool     Category = "TOOL" // the call of a tool
	LLM      Category = "LLM"  // the call of a model
)

// A Phase says which part of a span an event marks.
type Phase uint8

// The phases.
const (
	NoPhase Phase = iota // of an unknown event type
	StartPhase
	ChunkPhase
	EndPhase
)

// Category is the kind of work that the event is about; "" for an unknown type.
func (t EventType) Category() Category {
	category, _ := t.parts()
	return category
}

// Phase is the part of the span that the event marks; NoPhase for an unknown type.
func (t EventType) Phase() Phase {
	_, phase := t.parts()
	return phase
}

func (t EventType) parts() (Category, Phase) {
	switch t {
	case LLMStart:
		return LLM, StartPhase
	case LLMNewToken:
		return LLM, ChunkPhase
	case LLMEnd:
		return LLM, EndPhase
	case ToolStart:
		return Tool, StartPhase
	case ToolEnd:
		return Tool, EndPhase
	case FunctionStart:
		return Function, StartPhase
	case FunctionEnd:
		return Function, EndPhase
	case WorkflowStart:
		return Workflow, StartPhase
	case WorkflowEnd:
		return Workflow, EndPhase
	case TaskStart:
		return Task, StartPhase
	case TaskEnd:
		return Task, EndPhase
	case SpanStart:
		return UserSpan, StartPhase
	case SpanChunk:
		return UserSpan, ChunkPhase
	case SpanEnd:
		return UserSpan, EndPhase
	case CustomStart:
		return Custom, StartPhase
	case CustomEnd:
		return Custom, EndPhase
	case TTCStart:
		return TTC, StartPhase
	case TTCEnd:
		return TTC, EndPhase
	}
	return "", NoPhase
}

// depth orders the categories from what usually encloses to what is usually enclosed. It decides which of two spans with
// the same interval is the outer one.
func (c Category) depth() int {
	switch c {
	case Workflow:
		return 0
	case Task:
		return 1
	case Function:
		return 2
	case UserSpan:
		return 3
	case Custom:
		return 4
	case TTC:
		return 5
	case Tool:
		return 6
	case LLM:
		return 7
	}
	return 8
}
