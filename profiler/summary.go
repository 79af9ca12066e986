package profiler

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
)

// summaryRows is how many operations a summary lists.
const summaryRows = 8

// WriteSummary writes what matters most as text for a terminal: run times, latency and throughput with their 95 % intervals, and the
// operations that requests waited for.
func (r *Results) WriteSummary(w io.Writer) error {
	p := printer{w: w}
	in := &r.InferenceOptimization.Input
	p.line("%s, %s", plural(in.Requests, "request"), plural(in.Steps, "step"))
	if in.Steps == 0 {
		p.line("There is nothing to profile.\n")
		return p.err
	}
	ci := &r.InferenceOptimization.ConfidenceIntervals
	for _, e := range []struct {
		name     string
		estimate *Estimate
		unit     figure.Unit
	}{{"run time", ci.WorkflowRuntime.Corrected, figure.Seconds}, {"LLM call", ci.LLMLatency.Corrected, figure.Seconds}, {"throughput", ci.Throughput.Corrected, "requests/s"}} {
		if e.estimate != nil && e.estimate.Mean != nil {
			p.line("%-12s %s", e.name, e.estimate.summary(e.unit))
		}
	}
	r.summarizeOperations(&p)
	p.line("")
	return p.err
}

// summary is the mean with its interval, and the 95th percentile with its.
func (e *Estimate) summary(u figure.Unit) string {
	s := "mean " + u.Format(*e.Mean) + inBrackets(e.NinetyFifth, u)
	for _, p := range e.Percentiles {
		if p.Name == "p95" {
			s += ", p95 " + u.Format(p.Value) + inBrackets(p.Interval, u)
		}
	}
	return fmt.Sprintf("%s, n = %d", s, e.N)
}

func inBrackets(b *Bounds, u figure.Unit) string {
	if b == nil {
		return ""
	}
	return " (" + b.Format(u) + ")"
}

func (r *Results) summarizeOperations(p *printer) {
	stack := r.SimpleStack
	if stack == nil {
		stack = AnalyzeSimpleStack(r.Requests)
	}
	ops := stack.ranked(func(o OperationStats) float64 { return o.CriticalTime })
	if len(ops) == 0 {
		return
	}
	rows := [][]string{{"on critical paths", "time", "share", "calls", "p95", "incomplete"}}
	for _, o := range first(summaryRows, ops) {
		incomplete := ""
		if n := o.Failed + o.Unfinished; n > 0 {
			incomplete = fmt.Sprint(n)
		}
		p95 := "–"
		if o.UsageCount > 0 {
			p95 = figure.Seconds.Format(o.P95Duration)
		}
		rows = append(rows, []string{string(o.OperationType) + ":" + shortened(o.OperationName, 40), figure.Seconds.Format(o.CriticalTime), figure.Fraction.Format(o.CriticalShare),
			fmt.Sprint(o.UsageCount + o.Failed + o.Unfinished), p95, incomplete})
	}
	p.line("")
	writeColumns(p, rows)
	if len(ops) > summaryRows {
		p.line("and %d more", len(ops)-summaryRows)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shortened is a name on one line, of no more than n characters.
func shortened(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// writeColumns lines up columns, the first to the left and the others to the right.
func writeColumns(p *printer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for i := range width {
		longest := slices.MaxFunc(rows, func(a, b []string) int { return cmp.Compare(len([]rune(a[i])), len([]rune(b[i]))) })
		width[i] = len([]rune(longest[i]))
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-len([]rune(cell)))
			if i == 0 {
				line = cell + pad
				continue
			}
			line += "  " + pad + cell
		}
		p.line("%s", strings.TrimRight(line, " "))
	}
}
