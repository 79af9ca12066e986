package result

import (
	"cmp"
	"math"
	"slices"
)

// The levels of a [Verdict].
const (
	Trusted  = "trusted"  // the client's own part in every number is small beside the number
	Degraded = "degraded" // the numbers that are named may be wrong by as much as is said
	Invalid  = "invalid"  // for a number that is named, the client's part is as large as the number: it measured itself
)

// Thresholds of the verdict: shares of the quantity measured, so that what spoils a gap of 5 ms does not spoil an answer of 20 s.
const (
	degradedShare = 0.10 // of a latency
	invalidShare  = 1.00
	noiseFloor    = 20e-6 // seconds: what a stamp costs at best; less is never a reason

	busyCPU       = 0.95 // of the CPU that the process may use
	reachedShare  = 0.90 // of the requests in flight that were asked for
	littleShare   = 0.05 // between the two sides of L = λW
	shareLateSlot = 0.01 // of the slots of an open loop
	usedUp        = 0.95 // of what the system lets the process open
)

// The metrics of reasons that are not about a latency: the load was not what was asked for.
const (
	reasonCPU      = "client_cpu"
	reasonInFlight = "in_flight"
	reasonSchedule = "schedule"
	reasonFiles    = "descriptors"
	reasonPorts    = "local_ports"
)

var loadReasons = [...]string{reasonCPU, reasonInFlight, reasonSchedule, reasonFiles, reasonPorts}

// sources of error of the latencies: how late the client was in sending, in stamping, or both.
var lags = []struct {
	metric          string
	sending, stamps bool
}{
	{"ttft", true, true}, {"ttfct", true, true}, {"ttlt", true, true}, {"response", true, true},
	{"itl", false, true}, {"icl", false, true}, {"stall", false, true},
}

// Judge tells whether the client could be trusted as an instrument. It compares what the client added to latencies, by its own
// health, with the latencies themselves: lookup gives our statistics by key. At p50 and p99, a latency is degraded when the client's part is
// more than a tenth of it, and invalid when it is as large as the latency. Beyond latencies, the load must have been what was asked for.
func Judge(h Health, lookup func(key string) (float64, bool)) Verdict {
	v := Verdict{Level: Trusted}
	for _, l := range lags {
		for _, q := range []struct {
			name string
			of   func(Lag) float64
		}{{"-p50", func(l Lag) float64 { return l.P50 }}, {"-p99", func(l Lag) float64 { return l.P99 }}} {
			value, ok := lookup(l.metric + q.name)
			if !ok {
				continue
			}
			part := 0.0
			if l.sending {
				part += q.of(h.SendLag)
			}
			if l.stamps {
				part += q.of(h.StampError)
			}
			v.compare(l.metric+q.name, part, value)
		}
	}
	v.checkLoad(h)
	slices.SortStableFunc(v.Reasons, func(a, b Reason) int { return cmp.Compare(b.share, a.share) })
	return v
}

func (v *Verdict) compare(metric string, part, value float64) {
	if part <= max(noiseFloor, degradedShare*value) {
		return
	}
	share := part / value
	if value <= 0 {
		share = math.MaxFloat64
	}
	v.add(Reason{Metric: metric, Error: part, Unit: "s", share: share}, share >= invalidShare)
}

// checkLoad checks that the load was what was asked for.
func (v *Verdict) checkLoad(h Health) {
	if used := h.CPUUsed / h.CPUAvailable; used > busyCPU {
		v.add(Reason{Metric: reasonCPU, Error: used, Unit: "of the CPU", share: used}, false)
	}
	if h.AskedInFlight > 0 && h.InFlight > 0 && h.InFlight < reachedShare*float64(h.AskedInFlight) {
		missing := 1 - h.InFlight/float64(h.AskedInFlight)
		v.add(Reason{Metric: reasonInFlight, Error: missing, Unit: "fewer than asked for", share: missing}, false)
	}
	if h.Little > littleShare {
		v.add(Reason{Metric: reasonInFlight, Error: h.Little, Unit: "between L and λW", share: h.Little}, false)
	}
	if h.Slots > 0 && float64(h.LateSlots) > shareLateSlot*float64(h.Slots) {
		share := float64(h.LateSlots) / float64(h.Slots)
		v.add(Reason{Metric: reasonSchedule, Error: share, Unit: "of the requests late", share: share}, false)
	}
	for _, r := range []struct {
		metric     string
		used, most int
	}{{reasonFiles, h.Descriptors, h.DescriptorLimit}, {reasonPorts, h.Ports, h.PortLimit}} {
		if share := float64(r.used) / float64(r.most); r.most > 0 && share > usedUp {
			v.add(Reason{Metric: r.metric, Error: share, Unit: "of the limit", share: share}, false)
		}
	}
}

func (v *Verdict) add(r Reason, invalid bool) {
	v.Reasons = append(v.Reasons, r)
	if invalid {
		v.Level = Invalid
	} else if v.Level == Trusted {
		v.Level = Degraded
	}
}

// Lag is by how much the client may have lengthened a latency, in seconds; 0 where it was not found doubtful.
func (v Verdict) Lag(metric string) float64 {
	for _, r := range v.Reasons {
		if r.Metric == metric && r.Unit == "s" {
			return r.Error
		}
	}
	return 0
}
