package profiler

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// The members of a line in a recording, before its steps: which trace they belong to, and whether it is complete with them.
const (
	partKey     = "part_of"
	completeKey = "complete"
)

// appendLine begins a line with steps of a trace.
func appendLine(b []byte, id uint64) []byte {
	return append(appendPartOf(b, id), `,"intermediate_steps":[`...)
}

// appendComplete begins a line that says that a trace is complete.
func appendComplete(b []byte, id uint64) []byte {
	return append(appendPartOf(b, id), `,"`+completeKey+`":true,"intermediate_steps":[`...)
}

func appendPartOf(b []byte, id uint64) []byte {
	b = strconv.AppendUint(append(b, `{"`+partKey+`":"`...), id, 36)
	return append(b, '"')
}

func appendLineEnd(b []byte) []byte { return append(b, "]}\n"...) }

// spanTypes are the events of a category of spans; "" for what it does not have.
type spanTypes struct{ start, chunk, end EventType }

// types are the events of a category. Those of one that is not known are made of its name.
func (c Category) types() spanTypes {
	switch c {
	case LLM:
		return spanTypes{LLMStart, LLMNewToken, LLMEnd}
	case Tool:
		return spanTypes{ToolStart, "", ToolEnd}
	case Function:
		return spanTypes{FunctionStart, "", FunctionEnd}
	case Workflow:
		return spanTypes{WorkflowStart, "", WorkflowEnd}
	case Task:
		return spanTypes{TaskStart, "", TaskEnd}
	case UserSpan:
		return spanTypes{SpanStart, SpanChunk, SpanEnd}
	case Custom:
		return spanTypes{CustomStart, "", CustomEnd}
	case TTC:
		return spanTypes{TTCStart, "", TTCEnd}
	}
	return spanTypes{EventType(c + "_START"), "", EventType(c + "_END")}
}

// A part says which trace of a recording a line belongs to.
type part struct {
	of       string // "" = the line is no part of a recording
	complete bool
}

// partMember reads the value of one of its members.
func (r *reader) partMember(key string) error {
	v, err := r.s.value()
	if key == partKey {
		r.finish() // what came before is something else
		r.part.of = Text(v)
	} else {
		r.part.complete = string(v) == "true"
	}
	return err
}

// parts are the traces of a recording of which not all has been read.
type parts map[string]*Trace

// add adds steps to their trace, and gives it if it is complete. What is no part of a recording is.
func (p *parts) add(at *part, t *Trace) *Trace {
	id := at.of
	if id == "" {
		return t
	}
	at.of = ""
	if held := (*p)[id]; held != nil {
		held.Steps = append(held.Steps, t.Steps...)
		held.Problems = append(held.Problems, t.Problems...)
		t = held
	}
	if !at.complete {
		if *p == nil {
			*p = parts{}
		}
		(*p)[id] = t
		return nil
	}
	delete(*p, id)
	return t.sorted()
}

// rest gives what is not complete, in the order in which it began, and forgets it.
func (p parts) rest() []*Trace {
	traces := slices.SortedFunc(maps.Values(p), func(a, b *Trace) int { return cmp.Compare(a.Number, b.Number) })
	clear(p)
	for _, t := range traces {
		t.sorted()
	}
	return traces
}

// sorted puts the steps of a recording in the order of time: those of different spans were written as it came.
func (t *Trace) sorted() *Trace {
	slices.SortStableFunc(t.Steps, func(a, b IntermediateStep) int {
		return cmp.Compare(a.Payload.EventTimestamp, b.Payload.EventTimestamp)
	})
	return t
}
