// Package health watches the process that measures: how long its goroutines waited for a processor, how long the garbage
// collector stopped it, how much of its CPU it used. It knows nothing of requests and judges nothing.
package health

import (
	"math"
	"runtime"
	"runtime/metrics"
	"time"
)

// A Reading is what happened in the process between two moments. All times are in seconds.
type Reading struct {
	Elapsed      float64 // between the two moments
	GCPauses     Spread  // pauses of the whole process for the garbage collector
	SchedLatency Spread  // how long goroutines that could run waited for a processor
	CPUUsed      float64 // CPU time used per second: 1.5 = one and a half processors; 0 if the system does not say
	CPUAvailable float64 // processors that this process may use, limits of a container included

	Descriptors, DescriptorLimit int // open files now, and the most there may be; 0 if the system does not say
	PortLimit                    int // local ports for connections to one address of a server; 0 if the system does not say
}

// A Spread is a distribution as the runtime keeps it, in buckets: each value is the upper edge of its bucket.
type Spread struct {
	N             uint64
	P50, P99, Max float64 // 0 if N is 0
}

const (
	gcPauses     = "/sched/pauses/total/gc:seconds"
	schedLatency = "/sched/latencies:seconds"
)

// A Monitor takes readings since it was started.
type Monitor struct {
	start    time.Time
	cpu      float64
	ports    int
	gc, wait *metrics.Float64Histogram
}

// Start begins to watch. It costs nothing until Read.
func Start() *Monitor {
	gc, wait := histograms()
	return &Monitor{start: time.Now(), cpu: cpuSeconds(), ports: LocalPorts(), gc: gc, wait: wait}
}

// Read tells what happened since Start.
func (m *Monitor) Read() Reading {
	gc, wait := histograms()
	elapsed := time.Since(m.start).Seconds()
	r := Reading{
		Elapsed: elapsed, GCPauses: between(m.gc, gc), SchedLatency: between(m.wait, wait),
		CPUAvailable: cpuAvailable(),
	}
	r.Descriptors, r.DescriptorLimit = descriptors()
	r.PortLimit = m.ports
	if elapsed > 0 {
		r.CPUUsed = (cpuSeconds() - m.cpu) / elapsed
	}
	return r
}

func histograms() (gc, wait *metrics.Float64Histogram) {
	samples := []metrics.Sample{{Name: gcPauses}, {Name: schedLatency}}
	metrics.Read(samples)
	return histogram(samples[0]), histogram(samples[1])
}

func histogram(s metrics.Sample) *metrics.Float64Histogram {
	if s.Value.Kind() != metrics.KindFloat64Histogram {
		return &metrics.Float64Histogram{} // a runtime that does not have it any more
	}
	return s.Value.Float64Histogram()
}

// between is the distribution of what b counts and a does not yet.
func between(a, b *metrics.Float64Histogram) (s Spread) {
	if len(a.Counts) != len(b.Counts) {
		return s
	}
	for i := range b.Counts {
		s.N += b.Counts[i] - a.Counts[i]
	}
	rank50, rank99 := uint64(math.Ceil(0.5*float64(s.N))), uint64(math.Ceil(0.99*float64(s.N)))
	var seen uint64
	for i := range b.Counts {
		n := b.Counts[i] - a.Counts[i]
		if n == 0 {
			continue
		}
		edge := upperEdge(b, i)
		if seen < rank50 {
			s.P50 = edge
		}
		if seen < rank99 {
			s.P99 = edge
		}
		s.Max = edge
		seen += n
	}
	return s
}

func upperEdge(h *metrics.Float64Histogram, bucket int) float64 {
	if edge := h.Buckets[bucket+1]; !math.IsInf(edge, 1) {
		return edge
	}
	return h.Buckets[bucket]
}

func cpuAvailable() float64 {
	return min(float64(min(runtime.GOMAXPROCS(0), runtime.NumCPU())), cpuLimit())
}
