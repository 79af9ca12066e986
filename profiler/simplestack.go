package profiler

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/llmeter-go/llmeter/stats"
)

// A SimpleStack is what LLM and tool calls cost, by operation: the keys are "LLM:" and "TOOL:" followed by the name.
type SimpleStack struct {
	Operations map[string]OperationStats
	MaxOverall int     // how many calls of any operation ran at once
	Wall       float64 // seconds that requests took, added up
}

// OperationStats describes the calls of one operation. Durations are seconds, of calls that ended without an error.
type OperationStats struct {
	OperationType   Category `json:"operation_type"`
	OperationName   string   `json:"operation_name"`
	UsageCount      int      `json:"usage_count"`
	AvgDuration     float64  `json:"avg_duration"`
	P95Duration     float64  `json:"p95_duration"`
	P99Duration     float64  `json:"p99_duration"`
	MaxConcurrency  int      `json:"max_concurrency"`  // calls that ran at once; one that ends when another begins does not run beside it
	BottleneckScore float64  `json:"bottleneck_score"` // AvgDuration·MaxConcurrency, as NAT has it: it says little, for running side by side costs no time

	TotalDuration float64 `json:"total_duration"`
	CriticalTime  float64 `json:"critical_time"`  // seconds on the critical paths of requests, failed calls included: the bottleneck
	CriticalShare float64 `json:"critical_share"` // of the time that requests took, added up
	Failed        int     `json:"failed"`
	Unfinished    int     `json:"unfinished"` // and otherwise without an interval
}

// isCall says whether a span is the call of a model or a tool.
func isCall(s *Span) bool { return s.Category == LLM || s.Category == Tool }

// isNode says whether a span is part of the tree of calls as NAT draws it.
func isNode(s *Span) bool { return isCall(s) || s.Category == Function || s.Category == UserSpan }

// operation is the key of a call.
func (s *Span) operation() string { return string(s.Category) + ":" + s.operationName() }

// AnalyzeSimpleStack adds up the calls of each operation.
func AnalyzeSimpleStack(requests []*Request) *SimpleStack {
	stack := &SimpleStack{Operations: map[string]OperationStats{}}
	groups := map[string]*operationGroup{}
	group := func(s *Span) *operationGroup {
		key := s.operation()
		if groups[key] == nil {
			groups[key] = &operationGroup{OperationStats: OperationStats{OperationType: s.Category, OperationName: s.operationName()}}
		}
		return groups[key]
	}
	for _, r := range requests {
		stack.Wall += r.Runtime()
		t := newTree(r, isNode)
		critical, _ := t.criticalTimes()
		for i, s := range t.spans {
			if isCall(s) {
				group(s).CriticalTime += critical[i]
			}
		}
		for i := range r.Spans {
			if s := &r.Spans[i]; isCall(s) {
				group(s).add(s)
			}
		}
	}
	for key, g := range groups {
		stack.Operations[key] = g.sum(stack.Wall)
	}
	stack.MaxOverall = levelsOf(intervals(requests, isCall)).max()
	return stack
}

type operationGroup struct {
	OperationStats
	starts, ends, durations []float64
}

func (g *operationGroup) add(s *Span) {
	switch {
	case s.State == Complete:
		g.starts, g.ends, g.durations = append(g.starts, s.Start), append(g.ends, s.End), append(g.durations, s.Duration())
	case s.State == Failed:
		g.starts, g.ends = append(g.starts, s.Start), append(g.ends, s.End)
		g.Failed++
	default:
		g.Unfinished++
	}
}

func (g *operationGroup) sum(wall float64) OperationStats {
	o := g.OperationStats
	if o.UsageCount = len(g.durations); o.UsageCount > 0 {
		s := stats.SampleOf(g.durations)
		o.AvgDuration, o.P95Duration, o.P99Duration, o.TotalDuration = s.Mean(), s.Quantile(0.95), s.Quantile(0.99), s.Sum()
	}
	o.MaxConcurrency = levelsOf(g.starts, g.ends).max()
	o.BottleneckScore = o.AvgDuration * float64(o.MaxConcurrency)
	if wall > 0 {
		o.CriticalShare = o.CriticalTime / wall
	}
	return o
}

// ranked are the operations, highest first.
func (s *SimpleStack) ranked(by func(OperationStats) float64) []OperationStats {
	var all []OperationStats
	for _, key := range namesOf(s.Operations) {
		all = append(all, s.Operations[key])
	}
	slices.SortStableFunc(all, func(a, b OperationStats) int { return cmp.Compare(by(b), by(a)) })
	return all
}

// WriteReport writes the analysis as text, under the headings of NAT.
func (s *SimpleStack) WriteReport(w io.Writer) error {
	if len(s.Operations) == 0 {
		_, err := io.WriteString(w, "No operations found to profile.")
		return err
	}
	p := printer{w: w}
	p.line("---- BOTTLENECK REPORT ----")
	p.line("Total distinct operations found: %d", len(s.Operations))
	p.line("Overall max concurrency (all ops): %d", s.MaxOverall)
	p.line("Top 3 Bottlenecks by bottleneck_score (avg_duration * max_concurrency):")
	for i, o := range first(3, s.ranked(func(o OperationStats) float64 { return o.BottleneckScore })) {
		p.line("%d) %s '%s': score=%.2f, avg_dur=%.2f, max_concurrency=%d", i+1, o.OperationType, o.OperationName, o.BottleneckScore,
			o.AvgDuration, o.MaxConcurrency)
	}
	p.line("Top 3 Bottlenecks by time on the critical path:")
	for i, o := range first(3, s.ranked(func(o OperationStats) float64 { return o.CriticalTime })) {
		p.line("%d) %s '%s': critical=%.2f (%.1f%% of the time of requests), total_dur=%.2f, failed=%d, unfinished=%d", i+1, o.OperationType,
			o.OperationName, o.CriticalTime, 100*o.CriticalShare, o.TotalDuration, o.Failed, o.Unfinished)
	}
	return p.err
}

// A printer writes lines, parted and not ended by line feeds, up to the first error.
type printer struct {
	w     io.Writer
	begun bool
	err   error
}

func (p *printer) line(format string, args ...any) {
	if p.begun {
		format = "\n" + format
	}
	p.begun = true
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// first is at most the first n of a list.
func first[T any](n int, list []T) []T { return list[:min(n, len(list))] }
