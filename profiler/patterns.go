package profiler

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/stats"
)

// PatternOptions say which patterns of calls to look for.
type PatternOptions struct {
	MinSupport  float64 // requests that must have a pattern: a whole number of them, or a share of all below 1; 0 = 2 requests
	MinCoverage float64 // and as a share of all
	MaxTextLen  int     // characters of a prompt that tell LLM calls apart; 0 = they are told apart by the model alone
	TopK        int     // patterns wanted; 0 = 10
	Contiguous  bool    // the calls of a pattern must follow one another; if not, others may come between
	// ChainWithCommonPrefixes replaces what a prompt shares with others by CommonPrefixToken before it is cut. MinFrequency is the
	// share of a model's prompts that must have a prefix for this.
	ChainWithCommonPrefixes bool
	MinFrequency            float64
}

// Validate reports all problems at once.
func (o PatternOptions) Validate() error {
	var errs []error
	if s := o.MinSupport; !(s >= 0) || s >= 1 && s != math.Trunc(s) || s > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("min_support %v must be a whole number of requests, or a share of them below 1", s))
	}
	if !(o.MinCoverage >= 0 && o.MinCoverage <= 1) {
		errs = append(errs, fmt.Errorf("min_coverage %v must be in 0 … 1", o.MinCoverage))
	}
	if o.MaxTextLen < 0 {
		errs = append(errs, fmt.Errorf("max_text_len %d must not be negative", o.MaxTextLen))
	}
	if o.TopK < 0 {
		errs = append(errs, fmt.Errorf("top_k %d must not be negative", o.TopK))
	}
	return errors.Join(errs...)
}

// Patterns are the closed patterns of calls that requests have in common: those that cannot be made longer without losing a
// request. One definition holds for all numbers: a request has a pattern if its calls, in the order in which they began, contain it.
type Patterns struct {
	Patterns  []Pattern `json:"patterns"`            // the most frequent first, then those that take longest
	Requests  int       `json:"requests"`            // that have events
	Support   int       `json:"support"`             // requests that a pattern had to have
	Truncated bool      `json:"truncated,omitempty"` // there were too many: less frequent ones may be missing

	options PatternOptions
}

// A Pattern is a list of calls, each as "TOOL:name" or "LLM:name|prompt".
type Pattern struct {
	Pattern            []string `json:"pattern"`
	Frequency          int      `json:"frequency"`           // requests that have it
	Coverage           float64  `json:"coverage"`            // as a share of all that have events
	AverageDuration    float64  `json:"average_duration"`    // seconds of the calls of one appearance, without the pauses between
	ExamplesContaining []int    `json:"examples_containing"` // the numbers of the requests
}

// FindPatterns finds the patterns. The work is bounded by n log n of the number of calls.
func FindPatterns(requests []*Request, o PatternOptions) (*Patterns, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.TopK == 0 {
		o.TopK = 10
	}
	var prefixes *prefixCutter
	if o.ChainWithCommonPrefixes {
		prefixes = newPrefixCutter(requests, o.MinFrequency)
	}
	sequences, v := sequencesOf(requests, o.MaxTextLen, prefixes)
	p := &Patterns{Patterns: []Pattern{}, Requests: len(sequences), options: o}
	p.Support = support(o.MinSupport, len(sequences))
	for float64(p.Support) < o.MinCoverage*float64(len(sequences)) {
		p.Support++
	}
	m := miner{
		sequences: sequences, tokens: len(v.names), gaps: !o.Contiguous, minSupport: p.Support, top: o.TopK, budget: budget(sequences),
	}
	for _, found := range m.mine() {
		p.Patterns = append(p.Patterns, m.describe(found, v))
	}
	p.Truncated = m.truncated
	slices.SortFunc(p.Patterns, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(b.AverageDuration, a.AverageDuration),
			cmp.Compare(len(b.Pattern), len(a.Pattern)), slices.Compare(a.Pattern, b.Pattern))
	})
	p.Patterns = first(o.TopK, p.Patterns)
	return p, nil
}

// support is the number of requests that a setting means.
func support(setting float64, requests int) int {
	switch {
	case setting == 0:
		return 2
	case setting < 1:
		return max(1, int(math.RoundToEven(setting*float64(requests))))
	}
	return int(setting)
}

// budget is how many tokens a miner may look at: enough for all patterns of small inputs and, of large ones, n log n.
func budget(sequences []sequence) int {
	n := 0
	for _, s := range sequences {
		n += len(s.tokens)
	}
	return 200_000_000 + 64*n*bits.Len(uint(n))
}

// describe adds up the appearances of a pattern.
func (m *miner) describe(p *pattern, v *vocabulary) Pattern {
	tokens := p.list()
	d := Pattern{Frequency: p.support, Coverage: float64(p.support) / float64(len(m.sequences))}
	for _, t := range tokens {
		d.Pattern = append(d.Pattern, v.names[t])
	}
	var durations stats.Sample
	for i, at := range p.places {
		seq := &m.sequences[at.seq]
		if i == 0 || p.places[i-1].seq != at.seq {
			d.ExamplesContaining = append(d.ExamplesContaining, seq.request)
		}
		if m.gaps {
			addAppearances(&durations, seq, tokens)
			continue
		}
		total := 0.0
		for _, seconds := range seq.durations[int(at.at)+1-len(tokens) : at.at+1] {
			total += seconds
		}
		durations.Add(total)
	}
	slices.Sort(d.ExamplesContaining)
	d.AverageDuration = durations.Mean()
	return d
}

// addAppearances adds the durations of the appearances of a pattern with gaps, each taken as early as possible and behind the one
// before.
func addAppearances(durations *stats.Sample, seq *sequence, tokens []int32) {
	k, total := 0, 0.0
	for i, t := range seq.tokens {
		if t != tokens[k] {
			continue
		}
		total += seq.durations[i]
		if k++; k == len(tokens) {
			durations.Add(total)
			k, total = 0, 0
		}
	}
}

// WriteReport writes the patterns as text, under the headings of NAT.
func (p *Patterns) WriteReport(w io.Writer) error {
	if len(p.Patterns) == 0 {
		_, err := io.WriteString(w, "No frequent patterns found by PrefixSpan with the given min_support.")
		return err
	}
	o, out := p.options, printer{w: w}
	order := "calls between allowed"
	if o.Contiguous {
		order = "contiguous"
	}
	out.line("=== PrefixSpan Sub-Workflow Mining w/ LLM Text ===")
	out.line("Total examples: %d", p.Requests)
	out.line("min_support=%d, top_k=%d, min_coverage=%s, max_text_len=%d, closed patterns, %s", p.Support, o.TopK, float(o.MinCoverage), o.MaxTextLen, order)
	out.line("Patterns discovered: %d", len(p.Patterns))
	if p.Truncated {
		out.line("There were too many to look at all: less frequent ones may be missing.")
	}
	for i, f := range p.Patterns {
		out.line("\n%d) Pattern: %s", i+1, strings.Join(f.Pattern, " -> "))
		out.line("   Frequency: %d", f.Frequency)
		out.line("   Coverage: %.2f  (appears in %d examples)", f.Coverage, len(f.ExamplesContaining))
		out.line("   Avg Duration: %.2f seconds", f.AverageDuration)
		out.line("   Examples containing: %s", strings.ReplaceAll(fmt.Sprint(f.ExamplesContaining), " ", ", "))
	}
	return out.err
}
