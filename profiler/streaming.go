package profiler

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/llmeter-go/llmeter/stats"
)

// Streaming is how the answers of LLM calls came, piece by piece, as the LLM_NEW_TOKEN events of a trace tell, and what tokens were used.
type Streaming struct {
	All    ModelStreaming            `json:"all"`
	Models map[string]ModelStreaming `json:"models"`
}

// ModelStreaming describes the LLM calls of one model, or of all, that did not fail. What no call tells is nil.
type ModelStreaming struct {
	Tokens         TokenTotals `json:"tokens"`
	Streamed       int         `json:"streamed_calls"`   // that have LLM_NEW_TOKEN events
	Pieces         int         `json:"pieces"`           // these events
	TokensPerPiece *float64    `json:"tokens_per_piece"` // of the streamed calls that report their tokens. Far above 1, ITL is not one between tokens
	TTFT           *Estimate   `json:"ttft"`             // seconds from LLM_START to the first piece
	ITL            *Estimate   `json:"itl"`              // seconds between a piece and the next of the same answer
	TPOT           *Estimate   `json:"tpot"`             // seconds a token after the first: first piece to last, over completion tokens less one
	DecodeSpeed    *Estimate   `json:"decode_speed"`     // tokens a second of one call: 1/TPOT
}

// TokenTotals adds up the tokens of calls. Cached tokens are part of the prompt's, reasoning tokens of the completion's; a share of nothing
// is nil.
type TokenTotals struct {
	Calls            int      `json:"calls"`
	PromptTokens     int      `json:"prompt_tokens"`
	CompletionTokens int      `json:"completion_tokens"`
	CachedTokens     int      `json:"cached_tokens"`
	ReasoningTokens  int      `json:"reasoning_tokens"`
	TotalTokens      int      `json:"total_tokens"`
	CachedShare      *float64 `json:"cached_share"`    // of the prompt tokens
	ReasoningShare   *float64 `json:"reasoning_share"` // of the completion tokens
}

// AnalyzeStreaming describes the pieces in which answers came, and the tokens of calls.
func AnalyzeStreaming(requests []*Request) *Streaming {
	var all streamed
	models := map[string]*streamed{}
	for _, r := range requests {
		for i := range r.Spans {
			s := &r.Spans[i]
			if s.Category != LLM || s.State != Complete {
				continue
			}
			name := s.operationName()
			if models[name] == nil {
				models[name] = new(streamed)
			}
			all.calls = append(all.calls, s)
			models[name].calls = append(models[name].calls, s)
		}
	}
	result := &Streaming{All: all.describe(), Models: map[string]ModelStreaming{}}
	for name, m := range models {
		result.Models[name] = m.describe()
	}
	return result
}

// streamed is the calls of one model.
type streamed struct{ calls []*Span }

func (m *streamed) describe() ModelStreaming {
	slices.SortFunc(m.calls, compareSpans)
	d := ModelStreaming{}
	var ttft, tpot, speed []float64
	pieces, tokens := 0, 0
	for _, s := range m.calls {
		d.Tokens.add(s.Tokens)
		n := len(s.Chunks)
		if n == 0 {
			continue
		}
		d.Streamed++
		d.Pieces += n
		ttft = append(ttft, s.Chunks[0]-s.Start)
		if s.Tokens.CompletionTokens > 0 {
			pieces, tokens = pieces+n, tokens+s.Tokens.CompletionTokens
		}
		if took := s.Chunks[n-1] - s.Chunks[0]; s.Tokens.CompletionTokens > 1 && took > 0 {
			tpot = append(tpot, took/float64(s.Tokens.CompletionTokens-1))
			speed = append(speed, float64(s.Tokens.CompletionTokens-1)/took)
		}
	}
	d.Tokens.share()
	d.TokensPerPiece = ratio(tokens, pieces)
	d.TTFT = estimateIfAny(ttft, "seconds from LLM_START to the first LLM_NEW_TOKEN, of calls that did not fail")
	d.TPOT = estimateIfAny(tpot, "seconds from the first LLM_NEW_TOKEN to the last, over completion tokens less one, of each call")
	d.DecodeSpeed = estimateIfAny(speed, "completion tokens less one, over seconds from the first LLM_NEW_TOKEN to the last, of each call")
	d.ITL = gapEstimate(m.calls)
	return d
}

func estimateIfAny(values []float64, definition string) *Estimate {
	if len(values) == 0 {
		return nil
	}
	return estimate(values, definition)
}

func (t *TokenTotals) add(u TokenUsage) {
	t.Calls++
	t.PromptTokens += u.PromptTokens
	t.CompletionTokens += u.CompletionTokens
	t.CachedTokens += u.CachedTokens
	t.ReasoningTokens += u.ReasoningTokens
	t.TotalTokens += u.TotalTokens
}

func (t *TokenTotals) share() {
	t.CachedShare, t.ReasoningShare = ratio(t.CachedTokens, t.PromptTokens), ratio(t.ReasoningTokens, t.CompletionTokens)
}

// ratio is a/b; nil where b is 0.
func ratio(a, b int) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}

// gapEstimate describes the gaps between the pieces of answers. The gaps of one answer are alike, so its intervals count answers: the
// mean's comes from the linearized ratio of sums to counts, and a percentile's from as many independent gaps as their variance between
// answers tells (Cochran, Sampling Techniques, 1977, §6.3; Korn and Graubard, 1998).
func gapEstimate(calls []*Span) *Estimate {
	sample := new(stats.Sample)
	var sums, counts []float64
	for _, s := range calls {
		if len(s.Chunks) < 2 {
			continue
		}
		for i, at := range s.Chunks[1:] {
			sample.Add(at - s.Chunks[i])
		}
		sums, counts = append(sums, s.Chunks[len(s.Chunks)-1]-s.Chunks[0]), append(counts, float64(len(s.Chunks)-1))
	}
	if sample.N() == 0 {
		return nil
	}
	mean := sample.Mean()
	e := &Estimate{Definition: "seconds between an LLM_NEW_TOKEN and the next of the same call; intervals count answers, whose gaps are alike", N: int(sample.N()), Mean: &mean}
	z := clustered(sums, counts)
	e.Ninetieth, e.NinetyFifth, e.NinetyNinth = bounds(z.MeanInterval(0.90)), bounds(z.MeanInterval(0.95)), bounds(z.MeanInterval(0.99))
	if w, ok := stats.ApproximateMeanWarning(z.N()); ok && z.N() > 1 {
		e.Notes = append(e.Notes, w.Text)
	} else if ok {
		e.Notes = append(e.Notes, "one answer has no interval")
	}
	for _, p := range percentileLevels {
		q := p / 100
		value := sample.Quantile(q)
		effective := effectiveGaps(calls, counts, value, q)
		interval := sample.QuantileIntervalFor(q, 0.95, effective)
		e.Percentiles = append(e.Percentiles, Percentile{fmt.Sprintf("p%g", p), value, bounds(interval)})
		if w, ok := stats.IntervalWarning(q, 0.95, effective); ok {
			e.Notes = append(e.Notes, w.Text)
		}
	}
	return e
}

// percentileLevels are the percentiles of an Estimate.
var percentileLevels = [...]float64{50, 90, 95, 99}

// leastGroups is the number of answers below which their variance tells too little, so that each counts as one gap.
const leastGroups = 10

// effectiveGaps is how many independent gaps would tell the q-quantile as surely.
func effectiveGaps(calls []*Span, counts []float64, quantile, q float64) float64 {
	above, n := make(stats.Series, 0, len(counts)), 0.0
	for _, s := range calls {
		if len(s.Chunks) < 2 {
			continue
		}
		higher := 0.0
		for i, at := range s.Chunks[1:] {
			if at-s.Chunks[i] > quantile {
				higher++
			}
		}
		above = append(above, higher)
		n += float64(len(s.Chunks) - 1)
	}
	if len(above) < leastGroups {
		return float64(len(above))
	}
	effective := q * (1 - q) / stats.RatioVariance(above, counts)
	if math.IsNaN(effective) {
		return float64(len(above))
	}
	return min(effective, n)
}

// WriteReport writes the analysis as text.
func (a *Streaming) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Streaming and Tokens ===")
	for _, name := range append([]string{""}, namesOf(a.Models)...) {
		m := a.All
		if name != "" {
			m = a.Models[name]
		} else {
			name = "all models"
		}
		t := m.Tokens
		p.line("\n-- %s --", name)
		p.line("Calls: %d, of which %d streamed", t.Calls, m.Streamed)
		p.line("Tokens: prompt=%d (cached %s), completion=%d (reasoning %s)", t.PromptTokens, percent(t.CachedShare), t.CompletionTokens, percent(t.ReasoningShare))
		m.TTFT.write(&p, "TTFT [s]")
		m.ITL.write(&p, "ITL [s]")
		m.TPOT.write(&p, "TPOT [s]")
		m.DecodeSpeed.write(&p, "Decode speed [tokens/s]")
	}
	return p.err
}

// write writes the mean and the percentiles, each with its interval.
func (e *Estimate) write(p *printer, name string) {
	if e == nil {
		return
	}
	line := fmt.Sprintf("%s: n=%d, mean=%.4g%s", name, e.N, *e.Mean, e.NinetyFifth)
	for _, q := range e.Percentiles {
		line += fmt.Sprintf(", %s=%.4g%s", q.Name, q.Value, q.Interval)
	}
	p.line("%s", line)
}

// String prints " [lo, hi]"; "" for none.
func (b *Bounds) String() string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf(" [%.4g, %.4g]", b[0], b[1])
}

func percent(share *float64) string {
	if share == nil {
		return "n/a"
	}
	return fmt.Sprintf("%.1f%%", 100**share)
}
