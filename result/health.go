package result

import (
	"net/netip"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// Health is how the client itself did during the run. Times are in seconds.
type Health struct {
	// SendLag is the time from when a request was to start until it was written to the connection, without connecting.
	SendLag Lag `json:"send_lag"`
	// StampError bounds how far an event's stamp lies behind the event. With the kernel's clock only events that shared a stamp with
	// a later one are uncertain, by the time since the stamp before: at most by as much as the read was late where that is little. With the
	// user's clock every event is, and what stands here is how long goroutines waited for a processor: an estimate, which does not see
	// what kept the whole process from running.
	StampError Lag `json:"stamp_error"`
	// ReadDelay is how long bytes waited in the kernel until they were read; only the kernel's clock tells.
	ReadDelay Lag `json:"read_delay"`

	GCPause      Lag `json:"gc_pause"`      // pauses of the process for the garbage collector
	SchedLatency Lag `json:"sched_latency"` // how long goroutines waited for a processor

	CPUUsed      float64 `json:"cpu_used"`      // processors used, 1.5 = one and a half; 0 if the system does not say
	CPUAvailable float64 `json:"cpu_available"` // processors that the process may use

	EventsPerRead float64 `json:"events_per_read"` // events of streams per read from the network; 0 without streams
	SharedReads   float64 `json:"shared_reads"`    // share of the events that came in one read with others

	InFlight      float64 `json:"in_flight"`       // requests in flight, time-weighted mean until the last one was sent
	MaxInFlight   int     `json:"max_in_flight"`   // most of them at once
	AskedInFlight int     `json:"asked_in_flight"` // clients of a closed loop; 0 under an open loop
	Little        float64 `json:"little"`          // |L − λW| / L: in flight as the run counted it, against rate × latency as measured
	StartSkew     float64 `json:"start_skew"`      // from the start until the last client had sent its first request

	Slots     int `json:"slots"`      // requests of an open loop
	LateSlots int `json:"late_slots"` // those that were sent more than a millisecond late
	Backlog   int `json:"backlog"`    // most responses that waited to be processed

	URLs int `json:"urls"` // base URLs that requests went to; [Result.ByURL] divides a run by them

	RequestQuota Quota `json:"request_quota"` // what the provider's headers said of its rate limits
	TokenQuota   Quota `json:"token_quota"`

	Descriptors     int `json:"descriptors"`      // open files at the end of the run; 0 if not known
	DescriptorLimit int `json:"descriptor_limit"` // most that the process may open

	// Ports is about how many local ports the run held for one address of its servers, those included that the system keeps for a
	// minute after a connection has been closed; PortLimit is how many there are. 0 if not known.
	Ports     int `json:"ports"`
	PortLimit int `json:"port_limit"`
}

// A Lag is a distribution of delays, in seconds. All are 0 if there was none.
type Lag struct {
	N   uint64  `json:"n"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// A Quota is a provider's rate limit and the least that was left of it; all 0 if the provider did not say.
type Quota struct {
	Limit          int `json:"limit"`
	LeastRemaining int `json:"least_remaining"`
}

func (q *Quota) see(said endpoint.Quota) {
	if said.Limit > 0 && (q.Limit == 0 || said.Remaining < q.LeastRemaining) {
		*q = Quota{said.Limit, said.Remaining}
	}
}

// Scarce reports whether the limit was or nearly was reached: a tenth of it or less was left.
func (q Quota) Scarce() bool { return q.Limit > 0 && q.LeastRemaining*10 <= q.Limit }

func lagOf(s *stats.Sample) Lag {
	if s.N() == 0 {
		return Lag{}
	}
	return Lag{s.N(), s.Quantile(0.5), s.Quantile(0.99), s.Max()}
}

// lateSlot is how late a request of an open loop may be sent before it counts as late.
const lateSlot = time.Millisecond

// Vitals collect from the responses of one run what its [Health] tells. Start is required; what else is not exported starts at zero.
type Vitals struct {
	Start  time.Time // of the run, with its monotonic reading
	Capped bool      // requests of an open loop may wait on purpose, for a cap of those in flight

	sendLag, readDelay       stats.Sample
	stampError, stampGap     stats.Sample // of events with tokens: how late stamps may be, by how late reads were; by what stands before alone
	events, shared, reads    int
	slots, lateSlots         int
	inFlight                 stats.Steps
	firstSent                map[int]time.Duration // by client
	latency                  time.Duration         // sum over all requests, from dispatch to end
	requests                 int
	from, lastSent           time.Duration // first and last dispatch
	requestQuota, tokenQuota Quota
	urls                     map[string]bool
	opened                   map[string]int // connections opened for requests, by the server's address
}

// Add takes a response into account, a cancelled one too.
func (v *Vitals) Add(r *endpoint.Response) {
	if r.Dispatched.IsZero() || r.End.IsZero() {
		return // never sent
	}
	sent, end := r.Dispatched.Sub(v.Start), r.End.Sub(v.Start)
	v.inFlight.Add(sent, end)
	v.latency += end - sent
	if v.requests++; v.requests == 1 {
		v.from = sent
	}
	v.from, v.lastSent = min(v.from, sent), max(v.lastSent, sent)
	for i := range r.Attempts {
		if url := r.Attempts[i].URL; !v.urls[url] {
			if v.urls == nil {
				v.urls = map[string]bool{}
			}
			v.urls[url] = true
		}
		v.addConnection(&r.Attempts[i])
		if l := r.Attempts[i].RateLimit; l != nil {
			v.requestQuota.see(l.Requests)
			v.tokenQuota.see(l.Tokens)
		}
	}
	v.addSending(r, sent)
	v.addEvents(r)
}

// addConnection counts connections over TCP that carry one request at a time. One that was open before its request was opened
// beforehand, or was counted then.
func (v *Vitals) addConnection(a *endpoint.Attempt) {
	if _, err := netip.ParseAddrPort(a.RemoteAddr); err != nil || strings.HasPrefix(a.Protocol, "HTTP/2") {
		return
	}
	if v.opened == nil {
		v.opened = map[string]int{}
	}
	opened := 1
	if a.Reused {
		opened = 0
	}
	v.opened[a.RemoteAddr] += opened
}

// ports is how many local ports were held for the busiest address: for connections in flight, and by those of the last minute.
func (v *Vitals) ports() int {
	if len(v.opened) == 0 {
		return 0
	}
	const held = time.Minute
	most := 0
	for _, n := range v.opened {
		most = max(most, n)
	}
	if took := v.lastSent - v.from; took > held {
		most = int(float64(most) * held.Seconds() / took.Seconds())
	}
	return max(most, int(v.inFlight.Max())/len(v.opened))
}

func (v *Vitals) addSending(r *endpoint.Response, sent time.Duration) {
	if r.Client >= 0 {
		if v.firstSent == nil {
			v.firstSent = map[int]time.Duration{}
		}
		if first, ok := v.firstSent[r.Client]; !ok || sent < first {
			v.firstSent[r.Client] = sent
		}
	} else if r.Turn == 0 {
		v.slots++
		if !v.Capped && r.Dispatched.Sub(r.Intended) > lateSlot {
			v.lateSlots++
		}
	}
	if len(r.Attempts) == 0 || r.Attempts[0].Written.IsZero() {
		return
	}
	a := r.Attempts[0]
	lag := a.Written.Sub(r.Dispatched)
	if !a.Reused && !a.Ready.IsZero() {
		lag -= a.Ready.Sub(a.Start) // connecting is the network's time
	}
	if r.Client < 0 && !v.Capped {
		lag += r.Dispatched.Sub(r.Intended)
	}
	v.sendLag.Add(max(lag, 0).Seconds())
}

func (v *Vitals) addEvents(r *endpoint.Response) {
	for i := range r.Events {
		e := &r.Events[i]
		v.events++
		if !e.SameRead {
			v.reads++
			v.readDelay.Add(e.Late.Duration().Seconds())
		}
		if e.SameRead || i+1 < len(r.Events) && r.Events[i+1].SameRead {
			v.shared++
		}
	}
	v.addStampErrors(r)
}

// addStampErrors bounds how far the stamps of events lie behind the events. The last event of those with one stamp is what the
// kernel stamped. The others came after what stands before them, whose stamp is an earlier one. Equal stamps are one segment, or
// several that the kernel had joined, also where the buffer of a read ended in the middle of them.
func (v *Vitals) addStampErrors(r *endpoint.Response) {
	var before time.Duration // the stamp of what stands before
	if n := len(r.Attempts); n > 0 {
		before = since(r, r.Attempts[n-1].FirstByte)
		if len(r.Events) > 0 && before == r.Events[0].At { // the answer's head had the same stamp
			before = since(r, r.Attempts[n-1].Written)
		}
	}
	var sure uint64
	for rest := r.Events; len(rest) > 0; {
		n, tokens := together(rest) // events without tokens are in no latency
		last := &rest[n-1]
		gap := last.At - before
		unsure := tokens
		if last.Tokens > 0 {
			unsure, sure = unsure-1, sure+1
		}
		v.stampGap.AddN(gap.Seconds(), unsure)
		v.stampError.AddN(stampBound(gap, last.Late.Duration(), tokens).Seconds(), unsure)
		before, rest = last.At, rest[n:]
	}
	v.stampGap.AddN(0, sure)
	v.stampError.AddN(0, sure)
}

// together is how many events, from the first one on, have one stamp, and how many of them bear tokens.
func together(events []endpoint.Event) (n int, withTokens uint64) {
	for ; n < len(events) && (n == 0 || events[n].SameRead || events[n].At == events[0].At); n++ {
		if events[n].Tokens > 0 {
			withTokens++
		}
	}
	return n, withTokens
}

// since is an instant as events have theirs, 0 if it is not known.
func since(r *endpoint.Response, at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return at.Sub(r.Dispatched)
}

// stampBound bounds how long one of n events with one stamp had been waiting when the last of them came, by the time since the
// stamp before. Where the read followed that last one at once, compared with the distance between the events, they came
// together: a client that had kept them waiting would come so soon after the last one by chance only, in one of ten cases.
func stampBound(gap, late time.Duration, n uint64) time.Duration {
	const prompt = 10
	if late*time.Duration(prompt*max(n, 1)) <= gap {
		return late
	}
	return gap
}

// Complete fills in h what the responses say of the client. It needs h.SchedLatency, and clock, the result's: without the
// kernel's, every stamp may be as late as a goroutine waits for a processor. occupied is the sum over all requests of the time in which the run
// itself counted them as in flight, the other side of L = λW.
func (v *Vitals) Complete(h *Health, clock string, occupied time.Duration) {
	h.SendLag = lagOf(&v.sendLag)
	if clock == "kernel" {
		h.ReadDelay = lagOf(&v.readDelay)
		h.StampError = lagOf(&v.stampError)
		// Note: where reads keep step with the events that come, all of them can be prompt by chance. It takes waits for a processor of more
		// than the time between events.
		h.StampError.P50 = max(h.StampError.P50, min(lagOf(&v.stampGap).P50, h.SchedLatency.P99))
	} else {
		h.StampError = h.SchedLatency
	}
	if v.events > 0 {
		h.EventsPerRead = float64(v.events) / float64(v.reads)
		h.SharedReads = float64(v.shared) / float64(v.events)
	}
	h.Slots, h.LateSlots, h.URLs = v.slots, v.lateSlots, len(v.urls)
	h.RequestQuota, h.TokenQuota = v.requestQuota, v.tokenQuota
	h.StartSkew = v.started().Seconds()
	if v.requests == 0 {
		return
	}
	h.MaxInFlight, h.Ports = int(v.inFlight.Max()), v.ports()
	// Note: until the last client has sent its first request, fewer are in flight than were asked for. That is StartSkew.
	h.InFlight = float64(h.MaxInFlight)
	if begin := max(v.from, v.started()); v.lastSent > begin {
		h.InFlight = v.inFlight.Mean(begin, v.lastSent)
	}
	if occupied > 0 {
		h.Little = (max(occupied, v.latency) - min(occupied, v.latency)).Seconds() / occupied.Seconds()
	}
}

// started is when the last client had sent its first request; 0 under an open loop.
func (v *Vitals) started() (at time.Duration) {
	for _, first := range v.firstSent {
		at = max(at, first)
	}
	return at
}
