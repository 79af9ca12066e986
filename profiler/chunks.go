package profiler

import (
	"slices"
	"sort"
)

// addChunks gives LLM calls the times of the pieces of their answers. The spans are in the order of their UUIDs. A piece whose text is
// empty carries no token, as the first event of a stream that only names the role, and is passed over, unless all pieces of a call are
// empty, as those of a tool call are.
func addChunks(spans []Span, steps []IntermediateStep) {
	type piece struct {
		span  int32
		empty bool
		at    float64
	}
	var pieces []piece
	last := int32(-1) // pieces of one call mostly follow one another
	for i := range steps {
		p := &steps[i].Payload
		if p.EventType != LLMNewToken {
			continue
		}
		if last < 0 || spans[last].UUID != p.UUID || !spans[last].holds(p.EventTimestamp) {
			last = findSpan(spans, p)
		}
		if last >= 0 {
			pieces = append(pieces, piece{last, p.emptyChunk(), p.EventTimestamp})
		}
	}
	if len(pieces) == 0 {
		return
	}
	full, all := make([]int32, len(spans)), make([]int32, len(spans)) // how many pieces with text, and how many at all
	for _, c := range pieces {
		all[c.span]++
		if !c.empty {
			full[c.span]++
		}
	}
	times := make([]float64, len(pieces))
	for i := range spans {
		if all[i] > 0 {
			spans[i].Chunks, times = times[:0:all[i]], times[all[i]:]
		}
	}
	for _, c := range pieces {
		if s := &spans[c.span]; !c.empty || full[c.span] == 0 {
			s.Chunks = append(s.Chunks, c.at)
		}
	}
	for i := range spans {
		slices.Sort(spans[i].Chunks)
	}
}

// emptyChunk says whether a piece is there and is empty.
func (p *StepPayload) emptyChunk() bool { return p.Data != nil && string(p.Data.Chunk) == `""` }

// holds says whether a moment is in the span, or after its start if it has no end.
func (s *Span) holds(at float64) bool {
	return s.Started() && s.Start <= at && (at <= s.End || s.State == Unfinished)
}

// findSpan finds the LLM call of a piece: of those with its UUID the last that had started, else the first; -1 for none.
func findSpan(spans []Span, p *StepPayload) int32 {
	if p.UUID == "" {
		return -1
	}
	found := int32(-1)
	for i := sort.Search(len(spans), func(i int) bool { return spans[i].UUID >= p.UUID }); i < len(spans) && spans[i].UUID == p.UUID; i++ {
		if spans[i].Category == LLM && (found < 0 || spans[i].Started() && spans[i].Start <= p.EventTimestamp) {
			found = int32(i)
		}
	}
	return found
}
