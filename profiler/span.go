package profiler

import (
	"cmp"
	"slices"
	"strings"
)

// A SpanState says whether both ends of a span are known, and how it ended.
type SpanState uint8

// The states. Spans that are not Complete are never the parent of another.
const (
	Complete   SpanState = iota
	Failed               // it ended with an error, see StepPayload.FailedWith
	Unfinished           // a START without an END: End is 0
	Unstarted            // an END without a START that does not say when it started either: Start is 0
	Reversed             // the END is earlier than the START
)

// String prints "complete", "failed", "unfinished", "unstarted" or "reversed".
func (s SpanState) String() string {
	switch s {
	case Complete:
		return "complete"
	case Failed:
		return "failed"
	case Unfinished:
		return "unfinished"
	case Unstarted:
		return "unstarted"
	case Reversed:
		return "reversed"
	}
	return "unknown"
}

// MarshalText is String.
func (s SpanState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Span is a piece of work with a beginning and an end: the events of one UUID.
type Span struct {
	UUID       string
	Category   Category
	Name       string // of the model, the tool or the function
	Function   *InvocationNode
	Start, End float64 // seconds since the epoch
	State      SpanState
	Parent     int32      // index in Request.Spans; -1 = none
	Tokens     TokenUsage // of an LLM call
	Input      string     // the prompt of an LLM call that started
	Chunks     []float64  // when the pieces of an LLM call's answer came: its LLM_NEW_TOKEN events, ascending
	HTTPStatus int        // of the answer that ended it, where its END says so, see HTTPStatusKey; 0 = not known
	RetryAfter float64    // seconds that the server asked to wait before another attempt, see RetryAfterKey; 0 = not known

	parentID string
	gap      float64 // seconds since the call before, as the trace has it
}

// Timed says whether the span has an interval: whether it is Complete or Failed.
func (s *Span) Timed() bool { return s.State == Complete || s.State == Failed }

// Duration is End - Start, in seconds; 0 for a span that is not Timed.
func (s *Span) Duration() float64 {
	if !s.Timed() {
		return 0
	}
	return s.End - s.Start
}

// Started says whether it is known when the span started.
func (s *Span) Started() bool { return s.State != Unstarted }

// Ended says whether it is known when the span ended.
func (s *Span) Ended() bool { return s.State != Unfinished }

// encloses says whether the interval of s holds that of o.
func (s *Span) encloses(o *Span) bool {
	start, end := o.extent()
	return s.Start <= start && end <= s.End
}

// extent is what is known of the interval.
func (s *Span) extent() (start, end float64) {
	switch s.State {
	case Unfinished:
		return s.Start, s.Start
	case Unstarted:
		return s.End, s.End
	case Reversed:
		return s.End, s.Start
	}
	return s.Start, s.End
}

// compareSpans orders spans by what they are and when they were, not by UUID: by start, the longer first, the outer first.
func compareSpans(a, b *Span) int {
	aStart, aEnd := a.extent()
	bStart, bEnd := b.extent()
	if aStart != bStart {
		return cmp.Compare(aStart, bStart)
	}
	return cmp.Or(cmp.Compare(bEnd, aEnd), cmp.Compare(a.Category.depth(), b.Category.depth()), cmp.Compare(a.State, b.State),
		strings.Compare(a.Name, b.Name), strings.Compare(a.Function.FunctionName, b.Function.FunctionName),
		cmp.Compare(a.Tokens.PromptTokens, b.Tokens.PromptTokens), cmp.Compare(a.Tokens.CompletionTokens, b.Tokens.CompletionTokens),
		strings.Compare(a.Input, b.Input), strings.Compare(a.Function.ParentName, b.Function.ParentName))
}

// sortSpans puts spans in the order of compareSpans.
func sortSpans(spans []Span) []Span {
	order := make([]int32, len(spans))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(compareSpans(&spans[a], &spans[b]), cmp.Compare(a, b)) })
	sorted := make([]Span, len(spans))
	for i, from := range order {
		sorted[i] = spans[from]
	}
	return sorted
}

// pair makes spans of the steps of one request. The events of a UUID that comes again pair in the order of time: an END
// belongs to the earliest START before it that has none.
func pair(steps []IntermediateStep) []Span {
	marks := make([]int32, 0, len(steps))
	for i := range steps {
		if phase := steps[i].Payload.EventType.Phase(); phase == StartPhase || phase == EndPhase {
			marks = append(marks, int32(i))
		}
	}
	slices.SortFunc(marks, func(a, b int32) int { return compareMarks(&steps[a], &steps[b]) })
	p := pairer{steps: steps, spans: make([]Span, 0, len(marks)/2+1), functions: map[InvocationNode]*InvocationNode{}}
	for len(marks) > 0 {
		n := 1
		for n < len(marks) && samePair(&steps[marks[0]], &steps[marks[n]]) {
			n++
		}
		p.pair(marks[:n])
		marks = marks[n:]
	}
	return p.spans
}

// compareMarks puts the events of a span together, starts before ends, each by time. Whatever else events of one time differ in
// comes last, so that their order in the trace does not matter.
func compareMarks(a, b *IntermediateStep) int {
	p, q := &a.Payload, &b.Payload
	if p.UUID != q.UUID {
		return strings.Compare(p.UUID, q.UUID)
	}
	if c := cmp.Or(compareTypes(p.EventType, q.EventType), cmp.Compare(p.EventTimestamp, q.EventTimestamp)); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(p.Name, q.Name), strings.Compare(a.FunctionAncestry.FunctionID, b.FunctionAncestry.FunctionID),
		strings.Compare(a.ParentID, b.ParentID), cmp.Compare(p.Tokens().TotalTokens, q.Tokens().TotalTokens),
		strings.Compare(p.Input(), q.Input()))
}

func compareTypes(a, b EventType) int {
	aCategory, aPhase := a.parts()
	bCategory, bPhase := b.parts()
	return cmp.Or(cmp.Compare(aCategory.depth(), bCategory.depth()), cmp.Compare(aPhase, bPhase))
}

func samePair(a, b *IntermediateStep) bool {
	return a.Payload.UUID != "" && a.Payload.UUID == b.Payload.UUID &&
		a.Payload.EventType.Category() == b.Payload.EventType.Category()
}

type pairer struct {
	steps     []IntermediateStep
	spans     []Span
	functions map[InvocationNode]*InvocationNode
}

// pair pairs the events of one UUID and category, which are sorted.
func (p *pairer) pair(marks []int32) {
	first := slices.IndexFunc(marks, func(m int32) bool { return p.steps[m].Payload.EventType.Phase() == EndPhase })
	if first < 0 {
		first = len(marks)
	}
	starts, ends := marks[:first], marks[first:]
	var late []int32 // ends before any start
	for _, e := range ends {
		if len(starts) == 0 || p.at(starts[0]) > p.at(e) {
			late = append(late, e)
			continue
		}
		p.add(starts[0], e)
		starts = starts[1:]
	}
	for _, e := range late {
		if len(starts) == 0 {
			p.add(-1, e)
			continue
		}
		p.add(starts[0], e)
		starts = starts[1:]
	}
	for _, s := range starts {
		p.add(s, -1)
	}
}

func (p *pairer) at(mark int32) float64 { return p.steps[mark].Payload.EventTimestamp }

// add makes a span of a start and an end, either of which may be missing: -1.
func (p *pairer) add(start, end int32) {
	s := Span{Parent: -1, State: Complete}
	if end >= 0 {
		e := &p.steps[end]
		p.describe(&s, e)
		s.End, s.Tokens = e.Payload.EventTimestamp, e.Payload.Tokens()
		s.Start = e.Payload.SpanEventTimestamp
		if s.Start == 0 {
			s.State = Unstarted
		}
	}
	if start >= 0 {
		b := &p.steps[start]
		p.describe(&s, b)
		s.Start, s.State = b.Payload.EventTimestamp, Complete
		if s.Category == LLM {
			s.Input = b.Payload.Input()
		}
		if b.Payload.UsageInfo != nil {
			s.gap = b.Payload.UsageInfo.SecondsBetweenCalls
		}
	}
	switch {
	case end < 0:
		s.State = Unfinished
	case s.State == Complete && s.End < s.Start:
		s.State = Reversed
	case s.State == Complete && p.steps[end].Payload.FailedWith() != "":
		s.State = Failed
	}
	if end >= 0 {
		s.HTTPStatus, s.RetryAfter = p.steps[end].Payload.answered()
	}
	p.spans = append(p.spans, s)
}

// describe takes over what an event says of its span.
func (p *pairer) describe(s *Span, step *IntermediateStep) {
	s.UUID = step.Payload.UUID
	s.Category = step.Payload.EventType.Category()
	if step.Payload.Name != "" {
		s.Name = step.Payload.Name
	}
	if step.ParentID != "" {
		s.parentID = step.ParentID
	}
	f, ok := p.functions[step.FunctionAncestry]
	if !ok {
		f = new(InvocationNode)
		*f = step.FunctionAncestry
		p.functions[*f] = f
	}
	s.Function = f
}
