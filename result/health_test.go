package result_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
)

// An arrival is an event that was stamped so long after the dispatch, and read so much later.
type arrival struct {
	at, late time.Duration
	tokens   int32
	same     bool // in the read of the one before
}

// healthOf is what one answer, whose head came 10 ms after the request was written, tells with the kernel's clock.
func healthOf(h result.Health, arrivals ...arrival) result.Health {
	start := time.Now()
	r := endpoint.Response{Dispatched: start, End: start.Add(time.Second), Attempts: []endpoint.Attempt{{
		Start: start, Ready: start, Written: start.Add(time.Millisecond), FirstByte: start.Add(11 * time.Millisecond),
	}}}
	for _, a := range arrivals {
		r.Events = append(r.Events, endpoint.Event{At: a.at, Tokens: a.tokens, SameRead: a.same, Late: endpoint.LatenessOf(a.late)})
	}
	v := result.Vitals{Start: start}
	v.Add(&r)
	v.Complete(&h, "kernel", 0)
	return h
}

func TestHowLateAStampMayBe(t *testing.T) {
	const ms, soon, late = time.Millisecond, 50 * time.Microsecond, 5 * time.Millisecond
	for name, test := range map[string]struct {
		arrivals []arrival
		waited   float64 // how long goroutines waited for a processor
		n        int
		max      time.Duration
	}{
		"alone in their reads":            {[]arrival{{20 * ms, late, 1, false}, {30 * ms, late, 1, false}}, 1, 2, 0},
		"two, read at once":               {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, soon, 1, false}, {40 * ms, soon, 1, true}}, 0, 3, soon},
		"two, read late":                  {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, late, 1, false}, {40 * ms, late, 1, true}}, 0, 3, 20 * ms},
		"two, when goroutines waited":     {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, soon, 1, false}, {40 * ms, soon, 1, true}}, 0.003, 3, 3 * ms},
		"two, when they waited for long":  {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, soon, 1, false}, {40 * ms, soon, 1, true}}, 9, 3, 20 * ms},
		"many, read at once for that":     {[]arrival{{31 * ms, soon, 1, false}, {31 * ms, soon, 1, true}, {31 * ms, soon, 1, true}, {31 * ms, soon, 1, true}}, 0, 4, soon},
		"many, read too late for that":    {[]arrival{{31 * ms, ms, 1, false}, {31 * ms, ms, 1, true}, {31 * ms, ms, 1, true}, {31 * ms, ms, 1, true}}, 0, 4, 20 * ms},
		"a stamp that two reads have":     {[]arrival{{20 * ms, late, 1, false}, {40 * ms, late, 1, false}, {40 * ms, late, 1, false}}, 0, 3, 20 * ms},
		"what is read on, with its stamp": {[]arrival{{20 * ms, 15 * ms, 1, false}, {30 * ms, late, 1, false}, {30 * ms, late, 1, true}}, 0, 3, 10 * ms},
		"with the head of the answer":     {[]arrival{{11 * ms, late, 1, false}, {11 * ms, late, 1, true}}, 0, 2, 10 * ms},
		"the last one with the end":       {[]arrival{{20 * ms, soon, 1, false}, {30 * ms, ms, 1, false}, {30 * ms, ms, 0, true}, {30 * ms, ms, 0, true}}, 0, 2, ms},
	} {
		t.Run(name, func(t *testing.T) {
			h := healthOf(result.Health{SchedLatency: result.Lag{N: 1, P50: test.waited, P99: test.waited, Max: test.waited}}, test.arrivals...)
			require.EqualValues(t, test.n, h.StampError.N)
			require.Equal(t, test.max.Seconds(), h.StampError.Max)
		})
	}
}
