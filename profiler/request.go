package profiler

import "math"

// A Request is what a trace says, resolved: the form that the analyses take.
type Request struct {
	Number     int
	Steps      int               // how many there were
	Start, End float64           // of its first and last step, in seconds since the epoch; 0 without steps
	Spans      []Span            // by start, the longer first, then by what they are
	Unknown    map[EventType]int // how many steps had types that are not known; nil for none
}

// Resolve pairs the steps of a trace to spans and finds the parent of each.
func Resolve(t *Trace) *Request {
	r := &Request{Number: t.Number, Steps: len(t.Steps)}
	if len(t.Steps) == 0 {
		return r
	}
	r.Start, r.End = math.Inf(1), math.Inf(-1)
	for i := range t.Steps {
		p := &t.Steps[i].Payload
		r.Start, r.End = min(r.Start, p.EventTimestamp), max(r.End, p.EventTimestamp)
		if p.EventType.Phase() == NoPhase {
			if r.Unknown == nil {
				r.Unknown = map[EventType]int{}
			}
			r.Unknown[p.EventType]++
		}
	}
	spans := pair(t.Steps)
	addChunks(spans, t.Steps)
	r.Spans = sortSpans(spans)
	setParents(r.Spans)
	return r
}

// Runtime is End - Start, in seconds.
func (r *Request) Runtime() float64 { return r.End - r.Start }

// Incomplete counts the spans that are not Complete, by state.
func (r *Request) Incomplete() map[SpanState]int {
	counts := map[SpanState]int{}
	for i := range r.Spans {
		if s := r.Spans[i].State; s != Complete {
			counts[s]++
		}
	}
	return counts
}
