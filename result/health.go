package result

import (
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/stats"
)

// Health is how the client itself did during the run. Times are in seconds.
type Health struct {
	// SendLag is the time from when a request was to start until it was written to the connection, without connecting.
	SendLag Lag `json:"send_lag"`
	// StampError bounds how far an event's stamp lies behind the event. With the kernel's clock only events that shared a read with
	// a later one are uncertain, by the time since what stood before them had been read, and by no more than reads are late. With the user's clock
	// every event is, by the time that goroutines waited for a processor.
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

	sendLag, stampError, readDelay stats.Sample
	events, shared, reads          int
	slots, lateSlots               int
	inFlight                       stats.Steps
	firstSent                      map[int]time.Duration // by client
	latency                        time.Duration         // sum over all requests, from dispatch to end
	requests                       int
	from, lastSent                 time.Duration // first and last dispatch
	requestQuota, tokenQuota       Quota
	urls                           map[string]bool
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
		if l := r.Attempts[i].RateLimit; l != nil {
			v.requestQuota.see(l.Requests)
			v.tokenQuota.see(l.Tokens)
		}
	}
	v.addSending(r, sent)
	v.addEvents(r)
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
	var sure uint64
	var read time.Duration // when what stands before the present read had been read
	if n := len(r.Attempts); n > 0 && !r.Attempts[n-1].FirstByte.IsZero() {
		read = r.Attempts[n-1].FirstByte.Sub(r.Dispatched)
	}
	for i := range r.Events {
		e := &r.Events[i]
		v.events++
		if !e.SameRead {
			v.reads++
			v.readDelay.Add(e.Late.Duration().Seconds())
			if i > 0 {
				before := &r.Events[i-1]
				read = before.At + before.Late.Duration()
			}
		}
		last := i+1 == len(r.Events) || !r.Events[i+1].SameRead
		if e.SameRead || !last {
			v.shared++
		}
		switch {
		case e.Tokens == 0: // in no latency
		case last: // the stamp is its own
			sure++
		default:
			v.stampError.Add(max(0, e.At-read).Seconds())
		}
	}
	v.stampError.AddN(0, sure)
}

// Complete fills in h what the responses say of the client. It needs h.SchedLatency, and clock, the result's: without the
// kernel's, every stamp may be as late as a goroutine waits for a processor. occupied is the sum over all requests of the time in which the run
// itself counted them as in flight, the other side of L = λW.
func (v *Vitals) Complete(h *Health, clock string, occupied time.Duration) {
	h.SendLag = lagOf(&v.sendLag)
	if clock == "kernel" {
		h.ReadDelay = lagOf(&v.readDelay)
		// Note: an event cannot have waited longer than reads are late.
		gaps := lagOf(&v.stampError)
		h.StampError = Lag{gaps.N, min(gaps.P50, h.ReadDelay.P99), min(gaps.P99, h.ReadDelay.P99), min(gaps.Max, h.ReadDelay.Max)}
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
	h.MaxInFlight = int(v.inFlight.Max())
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
