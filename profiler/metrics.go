package profiler

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// WriteReport writes the reports of the stack, spike and pattern analyses, and then those of the Profile, as workflow_profiling_report.txt
// holds them.
func (r *Results) WriteReport(w io.Writer) error {
	var reports []func(io.Writer) error
	if r.SimpleStack != nil {
		reports = append(reports, r.SimpleStack.WriteReport)
	}
	if r.NestedStack != nil {
		reports = append(reports, r.NestedStack.WriteReport)
	}
	if r.Spikes != nil {
		reports = append(reports, r.Spikes.WriteReport)
	}
	if r.Patterns != nil {
		reports = append(reports, r.Patterns.WriteReport)
	}
	reports = append(reports, r.Profile.reports()...)
	for _, report := range reports {
		if _, err := io.WriteString(w, "\n\n\n"); err != nil {
			return err
		}
		if err := report(w); err != nil {
			return err
		}
	}
	return nil
}

// reports are those of the analyses that there are.
func (p *Profile) reports() (reports []func(io.Writer) error) {
	if p.CriticalPaths != nil {
		reports = append(reports, p.CriticalPaths.WriteReport)
	}
	if p.Streaming != nil {
		reports = append(reports, p.Streaming.WriteReport)
	}
	if p.Waiting != nil {
		reports = append(reports, p.Waiting.WriteReport)
	}
	if p.Costs != nil {
		reports = append(reports, p.Costs.WriteReport)
	}
	if p.Anomalies != nil {
		reports = append(reports, p.Anomalies.WriteReport)
	}
	return reports
}

// writeMetrics writes workflow_profiling_metrics.json. The lists in it can be long, so they are written element by element.
func (r *Results) writeMetrics(w io.Writer) error {
	m := members{w: w}
	m.open("")
	if r.SimpleStack != nil {
		m.value("simple_stack_analysis", r.SimpleStack.Operations)
	}
	if r.NestedStack != nil {
		r.NestedStack.write(&m, "nested_stack_analysis")
	}
	if r.Spikes != nil {
		r.Spikes.write(&m, "concurrency_spike_analysis")
	}
	if r.Patterns != nil {
		m.value("prefix_span_analysis", r.Patterns)
	}
	m.close()
	m.text("\n")
	return m.err
}

// MarshalJSON writes the operations by their keys.
func (s *SimpleStack) MarshalJSON() ([]byte, error) { return json.Marshal(s.Operations) }

// MarshalJSON writes the analysis under NAT's keys, and ours beside.
func (n *NestedStack) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	m := members{w: &b}
	n.write(&m, "")
	return b.Bytes(), m.err
}

// write writes the analysis as a member, or as all there is if it has no name.
func (n *NestedStack) write(m *members, name string) {
	m.open(name)
	m.open("concurrency")
	m.list("timeline_segments", len(n.Segments), func(i int) any {
		s := n.Segments[i]
		return [3]float64{s.Start, s.End, float64(s.Level)}
	})
	m.value("p50", n.Concurrency.P50)
	m.value("p90", n.Concurrency.P90)
	m.value("p95", n.Concurrency.P95)
	m.value("p99", n.Concurrency.P99)
	m.close()
	m.open("node_metrics")
	seen := make(map[string]int, len(n.Nodes))
	for i := range n.Nodes {
		key := n.Nodes[i].UUID
		if seen[key]++; seen[key] > 1 {
			key += "#" + strconv.Itoa(seen[key]) // a UUID that comes again
		}
		m.value(key, &n.Nodes[i])
	}
	m.close()
	m.value("top_bottlenecks", n.TopBottlenecks())
	m.value("critical_path_bottlenecks", n.TopCritical())
	m.value("critical_path_outside", n.Outside)
	m.value("total_request_time", n.Wall)
	m.value("leaf_concurrency", n.LeafConcurrency)
	m.value("busy_concurrency", n.BusyConcurrency)
	m.list("incomplete", len(n.Incomplete), func(i int) any { return n.Incomplete[i] })
	m.close()
}

// MarshalJSON writes the analysis under NAT's keys, and ours beside.
func (a *Spikes) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	m := members{w: &b}
	a.write(&m, "")
	return b.Bytes(), m.err
}

func (a *Spikes) write(m *members, name string) {
	m.open(name)
	m.value("concurrency_distribution", a.Distribution)
	m.value("p50_concurrency", a.Percentiles.P50)
	m.value("p90_concurrency", a.Percentiles.P90)
	m.value("p95_concurrency", a.Percentiles.P95)
	m.value("p99_concurrency", a.Percentiles.P99)
	m.value("spike_threshold", a.Threshold)
	m.list("spike_intervals", len(a.Intervals), func(i int) any { return &a.Intervals[i] })
	m.value("correlation_stats", a.PerSegment)
	m.value("average_latency_by_concurrency", a.Latency)
	m.value("correlation_stats_by_call", a.PerCall)
	m.value("busy_concurrency", a.Busy)
	m.value("total_calls", a.Calls)
	m.close()
}

// members writes JSON objects member by member, one a line, up to the first error.
type members struct {
	w     io.Writer
	begun bool // the innermost open object, or list, has a member
	err   error
}

func (m *members) text(s string) {
	if m.err == nil {
		_, m.err = io.WriteString(m.w, s)
	}
}

// key begins a member.
func (m *members) key(name string) {
	if m.begun {
		m.text(",")
	}
	m.begun = true
	m.text("\n" + string(appendString(nil, name)) + ": ")
}

// open begins an object; the name is "" for the outermost.
func (m *members) open(name string) {
	if name != "" {
		m.key(name)
	}
	m.text("{")
	m.begun = false
}

// close ends an object.
func (m *members) close() {
	m.text("\n}")
	m.begun = true
}

// value writes a member whole.
func (m *members) value(name string, v any) {
	m.key(name)
	m.element(v)
}

func (m *members) element(v any) {
	b, err := json.Marshal(v)
	if m.err == nil {
		m.err = err
	}
	if m.err == nil {
		_, m.err = m.w.Write(b)
	}
}

// list writes a member that is a list of n elements.
func (m *members) list(name string, n int, element func(int) any) {
	m.key(name)
	m.text("[")
	for i := range n {
		if i > 0 {
			m.text(",")
		}
		m.text("\n")
		m.element(element(i))
	}
	m.text("]")
}
