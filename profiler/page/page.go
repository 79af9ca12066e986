// Package page shows a profile as one HTML page that opens from disk without a network: key numbers with their intervals, where the time
// went, every call on a time line with what was waited for marked, how many ran at once, what prompts have in common, patterns, forecasts
// with their errors, and what is incomplete.
//
// It knows the results of package profiler and how to show them. It computes nothing that they could hold, but adds the two analyses of
// stacks where they were not asked for, because a page without them would say nothing of where the time went. What a trace says is
// shown as text, whatever it says.
package page

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/profiler"
)

// HTML writes the page of a profile, with further sections behind its summary, such as a [Comparison]. The error is that of w, or says
// that there are no results.
func HTML(w io.Writer, r *profiler.Results, further ...figure.Section) error {
	if r == nil {
		return errors.New("there are no results to show")
	}
	return Of(r, further...).WriteHTML(w)
}

// Of makes the page of a profile; see [HTML].
func Of(r *profiler.Results, further ...figure.Section) figure.Page {
	f := gather(r)
	p := figure.Page{
		Title: "Agent profile", Subtitle: f.subtitle(),
		Footer: "Percentiles are of type 7, intervals at 95 %. Shares of time are shares of the critical paths, which add up to the time that requests took.",
	}
	p.Sections = append(append(p.Sections, figure.Section{Blocks: f.summary()}), further...)
	for _, s := range []figure.Section{
		f.whereTimeWent(), f.timeline(), f.concurrency(), f.calls(), f.streaming(), f.waiting(), f.costs(), f.anomalies(), f.prompts(), f.patterns(), f.forecasts(),
		f.server(), f.incomplete(), f.input(),
	} {
		if len(s.Blocks) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	return p
}

// facts are what a page tells of.
type facts struct {
	*profiler.Results
	nested *profiler.NestedStack
	simple *profiler.SimpleStack
	origin float64 // seconds since the epoch, of the first step of all
	end    float64
	steps  int
	tokens profiler.TokenUsage
	byNo   map[int]*profiler.Request
}

func gather(r *profiler.Results) *facts {
	f := &facts{Results: r, nested: r.NestedStack, simple: r.SimpleStack, origin: math.Inf(1), byNo: map[int]*profiler.Request{}}
	if f.nested == nil {
		f.nested = profiler.AnalyzeNestedStack(r.Requests)
	}
	if f.simple == nil {
		f.simple = profiler.AnalyzeSimpleStack(r.Requests)
	}
	for _, q := range r.Requests {
		f.byNo[q.Number] = q
		f.steps += q.Steps
		if q.Steps == 0 {
			continue
		}
		f.origin, f.end = min(f.origin, q.Start), max(f.end, q.End)
		for i := range q.Spans {
			t := q.Spans[i].Tokens
			f.tokens.PromptTokens += t.PromptTokens
			f.tokens.CompletionTokens += t.CompletionTokens
			f.tokens.CachedTokens += t.CachedTokens
			f.tokens.ReasoningTokens += t.ReasoningTokens
		}
	}
	if math.IsInf(f.origin, 1) {
		f.origin = 0
	}
	return f
}

func (f *facts) subtitle() string {
	parts := []string{plural(len(f.Requests), "request"), plural(f.steps, "step")}
	if f.steps > 0 {
		parts = append(parts, plural(f.spans(), "span"), "over "+figure.Seconds.Format(f.end-f.origin), instant(f.origin))
	}
	return strings.Join(parts, " · ")
}

func (f *facts) spans() (n int) {
	for _, q := range f.Requests {
		n += len(q.Spans)
	}
	return n
}

// instant is a point in time for reading; "" if it is none that a calendar has.
func instant(at float64) string {
	if !(at > 0 && at < 1e11) {
		return ""
	}
	return profiler.Instant(at).Format("2 January 2006, 15:04:05 UTC")
}

func plural(n int, noun string) string {
	s := figure.None.Format(float64(n)) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}

// clip shortens a text to n characters and leaves no line breaks in it.
func clip(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// operation is the name of a call, with its type.
func operation(c profiler.Category, name string) string {
	return fmt.Sprintf("%s %s", c, clip(name, 60))
}

func cells(row ...string) []figure.Cell { return figure.Cells(row...) }

func count(n int) string { return figure.None.Format(float64(n)) }
