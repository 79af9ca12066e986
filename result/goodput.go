package result

import (
	"slices"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

// A goodput counts the requests that met all conditions of an objective.
type goodput struct {
	key             string // of the objective: "goodput(ttft<300ms)"
	conditions      []slo.Condition
	good, attempted int
	unknown         bool // it needs the events of a stream of which they are not known any more
}

// goodputOf gives a counter for each objective that is about goodput, those with equal conditions together.
func goodputOf(objectives []slo.Objective) (all []goodput) {
	for _, o := range objectives {
		conditions, ok := o.Goodput()
		if ok && !slices.ContainsFunc(all, func(g goodput) bool { return g.key == o.Key() }) {
			all = append(all, goodput{key: o.Key(), conditions: conditions})
		}
	}
	return all
}

// addGoodput counts a request, a failed one too: it was attempted, and is not good. It returns the goodputs by which it is good.
func (a *Accumulator) addGoodput(r *endpoint.Response) (good uint64) {
	if a.goodput == nil && len(a.Objectives) > 0 {
		a.goodput = goodputOf(a.Objectives)
	}
	for i := range a.goodput {
		if a.goodput[i].add(r) {
			good |= 1 << i
		}
	}
	return good
}

// add counts a request, and reports whether it is good.
func (g *goodput) add(r *endpoint.Response) bool {
	g.attempted++
	g.unknown = g.unknown || !r.Failed() && r.Streamed && len(r.Events) == 0 && slices.ContainsFunc(g.conditions, needsEvents)
	bad := func(c slo.Condition) bool {
		return !c.Good(func(name string) (float64, bool) { return measure(r, name) })
	}
	if r.Failed() || slices.ContainsFunc(g.conditions, bad) {
		return false
	}
	g.good++
	return true
}

// mergeGoodput returns where each goodput of o stands in a.
func (a *Accumulator) mergeGoodput(o *Accumulator) (places []int) {
	for _, g := range o.goodput {
		i := slices.IndexFunc(a.goodput, func(x goodput) bool { return x.key == g.key })
		if i < 0 {
			places, a.goodput = append(places, len(a.goodput)), append(a.goodput, g)
			continue
		}
		places = append(places, i)
		a.goodput[i].good += g.good
		a.goodput[i].attempted += g.attempted
		a.goodput[i].unknown = a.goodput[i].unknown || g.unknown
	}
	return places
}

// addGoodputs adds each share with its n, its interval if that is wanted, and the good requests per second if it is known how long the
// run took.
func (a *Accumulator) addGoodputs(s *Stats, seconds float64, intervals bool) {
	for i, g := range a.goodput {
		if g.attempted == 0 || g.unknown {
			continue
		}
		s.set(g.key, float64(g.good)/float64(g.attempted))
		s.set(g.key+"-n", g.attempted)
		if intervals {
			is := func(t *traced) bool { return t.good>>i&1 != 0 }
			setInterval(s, g.key, stats.WilsonFor(uint64(g.good), uint64(g.attempted), level, a.effectiveRate(g.attempted, is)))
		}
		if seconds > 0 {
			s.set(g.key+"-requests_per_second", float64(g.good)/seconds)
		}
	}
}

// measure is a number of one request, by the name that a condition has for it: those of [endpoint.Response.Metric], LLMeter's
// names of the same, and the mean gap between its tokens (itl) or events (icl).
func measure(r *endpoint.Response, name string) (float64, bool) {
	if key, ok := llmeterNames[name]; ok {
		name = key
	}
	switch name {
	case metricNames[itl], metricNames[icl]:
	case keyAttemptTTFT, keyAttemptTTLT:
		d, ttlt := r.WithoutRetries()
		if name == keyAttemptTTLT {
			d = ttlt
		}
		return d.Seconds(), d >= 0
	default:
		return r.Metric(name)
	}
	var gaps stats.Gaps
	fillGaps(&gaps, r, r.TokensPerEvent())
	var sum time.Duration
	n := 0
	for length, tokens := range gaps.All() {
		sum += length
		if name == metricNames[icl] {
			tokens = 1
		}
		n += tokens
	}
	return sum.Seconds() / float64(n), n > 0
}

// needsEvents reports whether a condition is about what only the events of a stream tell.
func needsEvents(c slo.Condition) bool {
	return c.Name == metricNames[itl] || c.Name == metricNames[icl] || c.Name == metricNames[stall]
}
