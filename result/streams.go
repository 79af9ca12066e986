package result

import (
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// stallMultiple is how many times its answer's median gap a gap must be longer than to count as a stall.
const stallMultiple = 10

// streams count what the events of successful streams tell beyond their gaps.
type streams struct {
	events, reads         int // events of any sort, and the reads from the network that brought them
	withTokens, tokens    int // events that bear tokens, and these
	answers, stalls       int // answers with gaps, and the stalls in them
	reported, contradicts int // answers whose tokens the server counted, and those with more events that bear tokens than that
}

func (s *streams) add(r *endpoint.Response, tokens []int, gaps *stats.Gaps) {
	for i := range r.Events {
		s.events++
		if !r.Events[i].SameRead {
			s.reads++
		}
	}
	s.withTokens += len(tokens)
	for _, n := range tokens {
		s.tokens += n
	}
	if r.OutputTokens.Source == endpoint.Server {
		s.reported++
		if r.OutputTokens.N < len(tokens) {
			s.contradicts++
		}
	}
	if gaps.N() > 0 {
		s.answers++
		s.stalls += gaps.Stalls(stallMultiple)
	}
}

func (s *streams) merge(o *streams) {
	s.events, s.reads = s.events+o.events, s.reads+o.reads
	s.withTokens, s.tokens = s.withTokens+o.withTokens, s.tokens+o.tokens
	s.answers, s.stalls = s.answers+o.answers, s.stalls+o.stalls
	s.reported, s.contradicts = s.reported+o.reported, s.contradicts+o.contradicts
}

func (s *streams) addTo(to *Stats) {
	ratio := func(key string, part, whole int) {
		if whole > 0 {
			to.set(key, float64(part)/float64(whole))
		}
	}
	ratio(keyStalls, s.stalls, s.answers)
	ratio(keyTokensPerEvent, s.tokens, s.withTokens)
	ratio(keyEventsPerRead, s.events, s.reads)
	if s.reported > 0 {
		to.set(keyMismatched, s.contradicts)
	}
}
