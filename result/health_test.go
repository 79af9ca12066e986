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
		n        int
		max      time.Duration
	}{
		"alone in their reads":            {[]arrival{{20 * ms, late, 1, false}, {30 * ms, late, 1, false}}, 2, 0},
		"two, read at once":               {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, soon, 1, false}, {40 * ms, soon, 1, true}}, 3, soon},
		"two, read late":                  {[]arrival{{20 * ms, soon, 1, false}, {40 * ms, late, 1, false}, {40 * ms, late, 1, true}}, 3, 20 * ms},
		"many, read at once for that":     {[]arrival{{31 * ms, soon, 1, false}, {31 * ms, soon, 1, true}, {31 * ms, soon, 1, true}, {31 * ms, soon, 1, true}}, 4, soon},
		"many, read too late for that":    {[]arrival{{31 * ms, ms, 1, false}, {31 * ms, ms, 1, true}, {31 * ms, ms, 1, true}, {31 * ms, ms, 1, true}}, 4, 20 * ms},
		"a stamp that two reads have":     {[]arrival{{20 * ms, late, 1, false}, {40 * ms, late, 1, false}, {40 * ms, late, 1, false}}, 3, 20 * ms},
		"what is read on, with its stamp": {[]arrival{{20 * ms, 15 * ms, 1, false}, {30 * ms, late, 1, false}, {30 * ms, late, 1, true}}, 3, 10 * ms},
		"with the head of the answer":     {[]arrival{{11 * ms, late, 1, false}, {11 * ms, late, 1, true}}, 2, 10 * ms},
		"the last one with the end":       {[]arrival{{20 * ms, soon, 1, false}, {30 * ms, ms, 1, false}, {30 * ms, ms, 0, true}, {30 * ms, ms, 0, true}}, 2, ms},
	} {
		t.Run(name, func(t *testing.T) {
			h := healthOf(result.Health{}, test.arrivals...)
			require.EqualValues(t, test.n, h.StampError.N)
			require.Equal(t, test.max.Seconds(), h.StampError.Max)
		})
	}
}

// All reads are prompt, because they keep step with the events. That goroutines waited tells that the events had to wait too.
func TestPromptReadsAreNotBelievedWhereGoroutinesWaited(t *testing.T) {
	const ms, soon = time.Millisecond, 50 * time.Microsecond
	arrivals := []arrival{{31 * ms, soon, 1, false}, {31 * ms, soon, 1, true}, {31 * ms, soon, 1, true}}
	for waited, want := range map[time.Duration]time.Duration{0: soon, 3 * ms: 3 * ms, time.Second: 20 * ms} {
		h := healthOf(result.Health{SchedLatency: result.Lag{N: 1, P99: waited.Seconds()}}, arrivals...)
		require.Equal(t, want.Seconds(), h.StampError.P50)
	}
}

func TestLocalPortsThatARunHeldAreCounted(t *testing.T) {
	start := time.Now()
	open := func(at time.Duration, address, protocol string, reused bool) *endpoint.Response {
		sent := start.Add(at)
		return &endpoint.Response{Dispatched: sent, End: sent.Add(time.Second), Attempts: []endpoint.Attempt{{
			RemoteAddr: address, Protocol: protocol, Reused: reused, Start: sent, Ready: sent,
		}}}
	}
	ports := func(rs ...*endpoint.Response) int {
		v, h := result.Vitals{Start: start}, result.Health{}
		for _, r := range rs {
			v.Add(r)
		}
		v.Complete(&h, "user", 0)
		return h.Ports
	}
	many := func(n int, every time.Duration, address, protocol string, reused bool) (all []*endpoint.Response) {
		for i := range n {
			all = append(all, open(time.Duration(i)*every, address, protocol, reused))
		}
		return all
	}
	require.Zero(t, ports())
	require.Equal(t, 100, ports(many(100, 100*time.Millisecond, "10.0.0.1:80", "HTTP/1.1", false)...), "closed ones are held for a minute")
	require.Equal(t, 60, ports(many(601, time.Second, "10.0.0.1:80", "HTTP/1.1", false)...), "and no longer")
	require.Equal(t, 30, ports(many(30, 0, "10.0.0.1:80", "HTTP/1.1", true)...), "those in flight are open, whoever opened them")
	two := append(many(20, 0, "10.0.0.1:80", "HTTP/1.1", true), many(20, 0, "10.0.0.2:80", "HTTP/1.1", true)...)
	require.Equal(t, 20, ports(two...), "each address has its own")
	require.Zero(t, ports(many(30, 0, "/tmp/socket", "HTTP/1.1", false)...))
	require.Zero(t, ports(many(30, 0, "10.0.0.1:80", "HTTP/2.0", false)...), "many share one connection")
}
