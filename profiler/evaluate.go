package profiler

import (
	"math"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// An Evaluation is how one item, a request, came out, in the form of NAT.
type Evaluation struct {
	ID        int     `json:"id"`        // the number of the request
	Score     float64 `json:"score"`     // rounded as NAT rounds it
	Reasoning any     `json:"reasoning"` // what the score was made of: one of the types named …Reasoning
}

// EvaluationOutput is the outcome of an evaluator over all items, as NAT writes it to <name>_output.json.
type EvaluationOutput struct {
	AverageScore *float64     `json:"average_score"` // rounded to two decimals; nil without items
	Items        []Evaluation `json:"eval_output_items"`
}

// An Evaluator gives each request a number.
type Evaluator struct {
	Name           string // as NAT's configuration knows it
	MaxConcurrency int    // items that are evaluated at once; 0 = 8
	Item           func(*Trace) Evaluation
}

// Evaluators are the four of NAT's profiler: avg_llm_latency, avg_workflow_runtime, avg_num_llm_calls and avg_tokens_per_llm_end.
func Evaluators() []Evaluator {
	return []Evaluator{
		{Name: "avg_llm_latency", Item: EvaluateLLMLatency}, {Name: "avg_workflow_runtime", Item: EvaluateWorkflowRuntime},
		{Name: "avg_num_llm_calls", Item: EvaluateLLMCalls}, {Name: "avg_tokens_per_llm_end", Item: EvaluateTokens},
	}
}

// Evaluate evaluates all items; their order stays.
func (e Evaluator) Evaluate(traces ...*Trace) EvaluationOutput {
	items := make([]Evaluation, len(traces))
	var group errgroup.Group
	group.SetLimit(concurrencyOr(e.MaxConcurrency))
	for i, t := range traces {
		group.Go(func() error {
			items[i] = e.Item(t)
			return nil
		})
	}
	_ = group.Wait()
	return NewEvaluationOutput(items)
}

func concurrencyOr(n int) int {
	if n < 1 {
		return 8
	}
	return n
}

// NewEvaluationOutput averages evaluations.
func NewEvaluationOutput(items []Evaluation) EvaluationOutput {
	o := EvaluationOutput{Items: items}
	if len(items) == 0 {
		o.Items = []Evaluation{}
		return o
	}
	sum := 0.0
	for _, item := range items {
		sum += item.Score
	}
	average := Round(sum/float64(len(items)), 2)
	o.AverageScore = &average
	return o
}

// LatencyReasoning is what the mean latency was made of.
type LatencyReasoning struct {
	Calls     int       `json:"num_llm_calls"`
	Latencies []float64 `json:"latencies"` // seconds, in the order in which the calls first appear
}

// EvaluateLLMLatency scores the mean time between the LLM_START and the LLM_END of a UUID, in seconds to four decimals; 0 without any.
// Of a UUID that comes again the last START and END count.
func EvaluateLLMLatency(t *Trace) Evaluation {
	type timing struct {
		start, end       float64
		hasStart, hasEnd bool
	}
	calls := map[string]*timing{}
	var order []*timing
	for i := range t.Steps {
		p := &t.Steps[i].Payload
		if p.EventType != LLMStart && p.EventType != LLMEnd {
			continue
		}
		c := calls[p.UUID]
		if c == nil {
			c = new(timing)
			calls[p.UUID] = c
			order = append(order, c)
		}
		if p.EventType == LLMStart {
			c.start, c.hasStart = p.EventTimestamp, true
		} else {
			c.end, c.hasEnd = p.EventTimestamp, true
		}
	}
	reasoning := LatencyReasoning{Latencies: []float64{}}
	for _, c := range order {
		if c.hasStart && c.hasEnd {
			reasoning.Latencies = append(reasoning.Latencies, max(0, c.end-c.start))
		}
	}
	reasoning.Calls = len(reasoning.Latencies)
	return Evaluation{t.Number, Round(average(reasoning.Latencies), 4), reasoning}
}

// RuntimeReasoning is what the run time was taken from.
type RuntimeReasoning struct {
	Steps int `json:"steps"`
}

// NoteReasoning says why there is no number.
type NoteReasoning struct {
	Note string `json:"note"`
}

// EvaluateWorkflowRuntime scores the time from the first event to the last, in seconds to four decimals.
func EvaluateWorkflowRuntime(t *Trace) Evaluation {
	if len(t.Steps) == 0 {
		return Evaluation{t.Number, 0, NoteReasoning{"no steps"}}
	}
	first, last := timespan(t)
	return Evaluation{t.Number, Round(last-first, 4), RuntimeReasoning{len(t.Steps)}}
}

// timespan is the time of the first event and the last; zeros without events.
func timespan(t *Trace) (first, last float64) {
	for i := range t.Steps {
		at := t.Steps[i].Payload.EventTimestamp
		if i == 0 {
			first, last = at, at
		}
		first, last = min(first, at), max(last, at)
	}
	return first, last
}

// CallsReasoning is what the number of calls is.
type CallsReasoning struct {
	Ends int `json:"num_llm_end"`
}

// EvaluateLLMCalls scores the number of LLM_END events.
func EvaluateLLMCalls(t *Trace) Evaluation {
	n := 0
	for i := range t.Steps {
		if t.Steps[i].Payload.EventType == LLMEnd {
			n++
		}
	}
	return Evaluation{t.Number, float64(n), CallsReasoning{n}}
}

// TokensReasoning is what the mean number of tokens was made of.
type TokensReasoning struct {
	Ends   int   `json:"num_llm_end"`
	Totals []int `json:"totals"`
}

// EvaluateTokens scores the mean number of tokens of an LLM_END, to two decimals: the total that it reports, or else prompt and
// completion together; 0 without any.
func EvaluateTokens(t *Trace) Evaluation {
	reasoning := TokensReasoning{Totals: []int{}}
	sum := 0
	for i := range t.Steps {
		p := &t.Steps[i].Payload
		if p.EventType != LLMEnd {
			continue
		}
		u := p.Tokens()
		total := u.TotalTokens
		if total == 0 {
			total = u.PromptTokens + u.CompletionTokens
		}
		reasoning.Totals = append(reasoning.Totals, total)
		sum += total
	}
	if reasoning.Ends = len(reasoning.Totals); reasoning.Ends == 0 {
		return Evaluation{t.Number, 0, reasoning}
	}
	return Evaluation{t.Number, Round(float64(sum)/float64(reasoning.Ends), 2), reasoning}
}

// average is the mean, added up in order as Python does; 0 of nothing.
func average(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// Round rounds to so many decimals as Python's round does: to the nearest, of two equally near ones the even.
func Round(v float64, decimals int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', decimals, 64), 64) // of its own making
	return r
}
