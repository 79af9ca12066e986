package profiler

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/llmeter-go/llmeter/stats"
)

// A Comparison says by what two profiles differ, and how sure that is. Of all that is compared, less is better.
type Comparison struct {
	RequestsA   int          `json:"requests_a"` // that have events
	RequestsB   int          `json:"requests_b"`
	Level       float64      `json:"level"`
	Differences []Difference `json:"differences"`
	OnlyA       []string     `json:"only_in_a"` // operations
	OnlyB       []string     `json:"only_in_b"`
}

// A Difference is what a Comparison says of one number. Each request is one value, because the calls of one request are not independent.
type Difference struct {
	Key  string // such as "workflow_runtime-p50"
	Unit string // "s" or "tokens" or "calls"; "" = a share
	stats.Difference
}

// Compare compares the requests of two profiles:
//   - workflow_runtime-p50, -p90 and -p99: seconds, the higher percentiles where both have enough requests,
//   - llm_calls-mean, tool_calls-mean, prompt_tokens-mean, completion_tokens-mean, cached_tokens-mean and reasoning_tokens-mean of a request,
//   - failed_requests_rate: requests in which a call failed or did not end,
//   - LLM:name-p50 and TOOL:name-p50: the median over requests of their calls' mean seconds, of calls that did not fail,
//   - ttft:name-p50: the same of the times to the first piece.
//
// What is the same in all requests of both is left out. How sure an answer is to be, how says, see [stats.Comparer].
func Compare(a, b []*Request, how stats.Comparer) *Comparison {
	x, y := newSide(a), newSide(b)
	c := &Comparison{RequestsA: len(x.runtimes), RequestsB: len(y.runtimes), Level: cmp.Or(how.Level, 0.95), Differences: []Difference{}, OnlyA: x.missingIn(y), OnlyB: y.missingIn(x)}
	add := func(key, unit string, a, b stats.Series, compare func(a, b stats.Series) stats.Difference) {
		if len(a) > 0 && len(b) > 0 && !allEqual(a, b) {
			c.Differences = append(c.Differences, Difference{key, unit, compare(a, b)})
		}
	}
	quantile := func(q float64) func(a, b stats.Series) stats.Difference {
		return func(a, b stats.Series) stats.Difference { return how.Quantile(a, b, q) }
	}
	for _, p := range []float64{50, 90, 99} {
		if n := uint64(min(len(x.runtimes), len(y.runtimes))); n >= stats.MinN(p/100) {
			add(fmt.Sprintf("workflow_runtime-p%g", p), "s", x.runtimes, y.runtimes, quantile(p/100))
		}
	}
	for i, total := range sideTotals {
		add(total.key+"-mean", total.unit, x.totals[i], y.totals[i], how.Mean)
	}
	add("failed_requests_rate", "", x.failed, y.failed, how.Rate)
	for _, key := range namesOf(x.operations) {
		add(key+"-p50", "s", x.operations[key], y.operations[key], quantile(0.5))
	}
	numbers := make([]stats.Difference, len(c.Differences))
	for i := range c.Differences {
		numbers[i] = c.Differences[i].Difference
	}
	how.Judge(numbers)
	for i := range numbers {
		c.Differences[i].Difference = numbers[i]
	}
	return c
}

func allEqual(a, b stats.Series) bool {
	for _, s := range []stats.Series{a, b} {
		for _, v := range s {
			if v != a[0] {
				return false
			}
		}
	}
	return true
}

// sideTotals are what is added up over a request.
var sideTotals = []struct {
	key, unit string
	of        func(*Span) int
}{
	{"llm_calls", "calls", func(s *Span) int { return count(s.Category == LLM) }},
	{"tool_calls", "calls", func(s *Span) int { return count(s.Category == Tool) }},
	{"prompt_tokens", "tokens", func(s *Span) int { return s.Tokens.PromptTokens }},
	{"completion_tokens", "tokens", func(s *Span) int { return s.Tokens.CompletionTokens }},
	{"cached_tokens", "tokens", func(s *Span) int { return s.Tokens.CachedTokens }},
	{"reasoning_tokens", "tokens", func(s *Span) int { return s.Tokens.ReasoningTokens }},
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// A side is the values of one profile, one for each request that has them, in the order of time.
type side struct {
	runtimes, failed stats.Series
	totals           [6]stats.Series // as sideTotals
	operations       map[string]stats.Series
}

func newSide(requests []*Request) *side {
	sorted := slices.Clone(requests)
	slices.SortStableFunc(sorted, func(a, b *Request) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Number, b.Number)) })
	s := &side{operations: map[string]stats.Series{}}
	for _, r := range sorted {
		if r.Steps > 0 {
			s.add(r)
		}
	}
	return s
}

func (s *side) add(r *Request) {
	s.runtimes = append(s.runtimes, r.Runtime())
	failed := 0.0
	var totals [6]int
	type sum struct {
		seconds float64
		n       int
	}
	sums := map[string]sum{}
	note := func(key string, seconds float64) {
		v := sums[key]
		sums[key] = sum{v.seconds + seconds, v.n + 1}
	}
	for i := range r.Spans {
		call := &r.Spans[i]
		for k, total := range sideTotals {
			totals[k] += total.of(call)
		}
		if isCall(call) && call.State != Complete {
			failed = 1
		}
		if !isCall(call) || call.State != Complete {
			continue
		}
		note(call.operation(), call.Duration())
		if len(call.Chunks) > 0 {
			note("ttft:"+call.operationName(), call.Chunks[0]-call.Start)
		}
	}
	s.failed = append(s.failed, failed)
	for k, total := range totals {
		s.totals[k] = append(s.totals[k], float64(total))
	}
	for key, v := range sums {
		s.operations[key] = append(s.operations[key], v.seconds/float64(v.n))
	}
}

// missingIn are the operations that the other side does not have.
func (s *side) missingIn(o *side) []string {
	only := []string{}
	for _, key := range namesOf(s.operations) {
		if _, ok := o.operations[key]; !ok {
			only = append(only, key)
		}
	}
	return only
}

// Worse are the numbers by which B is worse than A, for sure and beyond the tolerance.
func (c *Comparison) Worse() (worse []Difference) {
	for _, d := range c.Differences {
		if d.Change == stats.More {
			worse = append(worse, d)
		}
	}
	return worse
}

// Verdict is the change as a judgement: "better" and "worse" for less and more, and otherwise what the change says.
func (d Difference) Verdict() string {
	switch d.Change {
	case stats.Less:
		return "better"
	case stats.More:
		return "worse"
	}
	return string(d.Change)
}

// MarshalJSON writes the numbers, with null for those that do not exist.
func (d Difference) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key        string   `json:"key"`
		Unit       string   `json:"unit"`
		Verdict    string   `json:"verdict"`
		A          *float64 `json:"a"`
		B          *float64 `json:"b"`
		NA         int      `json:"n_a"`
		NB         int      `json:"n_b"`
		Delta      *float64 `json:"delta"`
		Relative   *float64 `json:"relative"`
		Interval   *Bounds  `json:"interval"`
		P          *float64 `json:"p"`
		Adjusted   *float64 `json:"p_adjusted"`
		Detectable *float64 `json:"detectable"`
	}{
		d.Key, d.Unit, d.Verdict(), existing(d.A), existing(d.B), d.NA, d.NB, existing(d.Delta), existing(d.Relative()), bounds(d.Interval), existing(d.P),
		existing(d.Adjusted), existing(d.Detectable),
	})
}

// existing is nil for NaN.
func existing(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// WriteReport writes the comparison as text.
func (c *Comparison) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Comparison of Two Profiles ===")
	p.line("A: %d requests, B: %d requests; a difference is called one if equals would show any at all in %.3g%% of comparisons", c.RequestsA, c.RequestsB, 100*(1-c.Level))
	for _, d := range c.Differences {
		line := fmt.Sprintf("%s: %s, A %.4g, B %.4g %s", d.Key, d.Verdict(), d.A, d.B, d.Unit)
		if r := d.Relative(); !math.IsNaN(r) {
			line += fmt.Sprintf(" (%+.1f%%)", 100*r)
		}
		if d.Change != stats.TooFew && d.Interval.Exists() {
			line += fmt.Sprintf(", difference %.3g to %.3g, p=%.2g", d.Interval.Lo, d.Interval.Hi, d.Adjusted)
		}
		if d.Change == stats.NoDifference && d.Detectable > 0 {
			line += fmt.Sprintf("; less than %.3g cannot be seen", d.Detectable)
		}
		p.line("%s", line)
	}
	for _, only := range []struct {
		side string
		keys []string
	}{{"A", c.OnlyA}, {"B", c.OnlyB}} {
		for _, key := range only.keys {
			p.line("%s: only in %s", key, only.side)
		}
	}
	return p.err
}
