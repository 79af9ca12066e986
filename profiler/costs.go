package profiler

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/price"
)

// Costs are what LLM calls cost, failed ones included where they report tokens. All sums are exact. Calls of models that the table of
// prices does not have are in no cost, but in Unpriced.
type Costs struct {
	Currency     string               `json:"currency"` // as the table of prices says
	Total        *price.Amount        `json:"total"`    // compute included; nil = no model has a price
	ByModel      map[string]ModelCost `json:"by_model"`
	BySteps      []StepCost           `json:"by_step"`      // the costliest first
	ByRequest    *Estimate            `json:"by_request"`   // units of the currency, compute left out; nil = no request has LLM calls that all have a price
	TopRequests  []RequestCost        `json:"top_requests"` // the 20 costliest, the costliest first
	TopCalls     []CallCost           `json:"top_calls"`    // the 20 costliest, the costliest first
	Unpriced     map[string]Unpriced  `json:"unpriced"`     // by model
	WithoutUsage int                  `json:"calls_without_usage"`
}

// ModelCost is what the calls of one model cost.
type ModelCost struct {
	Rates        string       `json:"rates"` // the name, or the pattern, in the table of prices
	Calls        int          `json:"calls"`
	Cost         price.Cost   `json:"cost"`
	Total        price.Amount `json:"total"`
	ComputeHours float64      `json:"compute_hours"` // from the start of the first call to the end of the last, where an hour has a price
}

// A StepCost is what the calls of one model from one function cost. Hours of compute are in no step.
type StepCost struct {
	Function string       `json:"function"`
	Model    string       `json:"model"`
	Calls    int          `json:"calls"`
	Cost     price.Amount `json:"cost"`
	Share    float64      `json:"share"` // of the costs of all steps
}

// A RequestCost is what the LLM calls of a request cost.
type RequestCost struct {
	Request int          `json:"request"`
	Calls   int          `json:"calls"`
	Cost    price.Amount `json:"cost"`
}

// A CallCost is what one LLM call cost.
type CallCost struct {
	Request  int          `json:"request"`
	UUID     string       `json:"uuid"`
	Function string       `json:"function"`
	Model    string       `json:"model"`
	Cost     price.Amount `json:"cost"`
}

// Unpriced is what was used of a model that has no price.
type Unpriced struct {
	Calls            int `json:"calls"`
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

// PriceUsage is the usage that a call is charged for.
func PriceUsage(t TokenUsage) price.Usage {
	return price.Usage{Input: t.PromptTokens, CachedInput: t.CachedTokens, Output: t.CompletionTokens, Reasoning: t.ReasoningTokens}
}

// topCosts is how many requests and calls are listed.
const topCosts = 20

// AnalyzeCosts adds up what LLM calls cost by a table of prices.
func AnalyzeCosts(requests []*Request, table price.Table) *Costs {
	a := &costAnalysis{table: table, models: map[string]*pricedModel{}, steps: map[stepKey]*StepCost{}}
	a.result = &Costs{Currency: table.Currency, ByModel: map[string]ModelCost{}, BySteps: []StepCost{}, Unpriced: map[string]Unpriced{}}
	for _, r := range requests {
		a.request(r)
	}
	a.sum()
	return a.result
}

type costAnalysis struct {
	table    price.Table
	result   *Costs
	models   map[string]*pricedModel
	steps    map[stepKey]*StepCost
	requests []timedValue
	topR     top[RequestCost]
	topC     top[CallCost]
}

type stepKey struct{ function, model string }

// A pricedModel is a model as the traces name it.
type pricedModel struct {
	ModelCost
	rates       price.Rates
	known       bool
	unpriced    Unpriced
	first, last float64
}

func (a *costAnalysis) model(name string) *pricedModel {
	m := a.models[name]
	if m == nil {
		m = &pricedModel{first: math.Inf(1), last: math.Inf(-1)}
		m.rates, m.known = a.table.Lookup(name)
		m.Rates = m.rates.Model
		a.models[name] = m
	}
	return m
}

func (a *costAnalysis) request(r *Request) {
	whole := RequestCost{Request: r.Number}
	known := true
	for i := range r.Spans {
		s := &r.Spans[i]
		if s.Category != LLM || !s.Ended() {
			continue
		}
		name := s.operationName()
		m := a.model(name)
		known = known && m.known
		if s.Tokens == (TokenUsage{}) {
			a.result.WithoutUsage++
		}
		if !m.known {
			m.unpriced.Calls++
			m.unpriced.PromptTokens += s.Tokens.PromptTokens
			m.unpriced.CompletionTokens += s.Tokens.CompletionTokens
			continue
		}
		cost := m.rates.Cost(PriceUsage(s.Tokens))
		m.add(s, cost)
		whole.Calls++
		whole.Cost += cost.Total()
		a.step(s, name, cost.Total())
		a.topC.add(CallCost{r.Number, s.UUID, s.Function.FunctionName, name, cost.Total()}, compareCalls)
	}
	if whole.Calls > 0 {
		a.topR.add(whole, func(a, b RequestCost) int {
			return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.Request, b.Request))
		})
	}
	if whole.Calls > 0 && known {
		a.requests = append(a.requests, timedValue{r.Start, whole.Cost.Units()})
	}
}

// compareCalls puts the costliest first; the UUID comes last, so that it decides nothing but which of equals is listed.
func compareCalls(a, b CallCost) int {
	return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.Request, b.Request), strings.Compare(a.Function, b.Function), strings.Compare(a.Model, b.Model),
		strings.Compare(a.UUID, b.UUID))
}

func (m *pricedModel) add(s *Span, cost price.Cost) {
	m.Calls++
	m.Cost = m.Cost.Plus(cost)
	if s.Timed() {
		m.first, m.last = min(m.first, s.Start), max(m.last, s.End)
	}
}

func (a *costAnalysis) step(s *Span, model string, cost price.Amount) {
	key := stepKey{s.Function.FunctionName, model}
	if a.steps[key] == nil {
		a.steps[key] = &StepCost{Function: key.function, Model: key.model}
	}
	a.steps[key].Calls++
	a.steps[key].Cost += cost
}

func (a *costAnalysis) sum() {
	c := a.result
	var total, steps price.Amount
	for name, m := range a.models {
		if !m.known {
			c.Unpriced[name] = m.unpriced
			continue
		}
		if m.rates.Hour > 0 && m.last > m.first {
			compute := time.Duration(math.Round((m.last - m.first) * float64(time.Second)))
			m.ComputeHours = compute.Hours()
			m.Cost = m.Cost.Plus(m.rates.Cost(price.Usage{Compute: compute}))
		}
		m.Total = m.Cost.Total()
		total += m.Total
		c.ByModel[name] = m.ModelCost
	}
	if len(c.ByModel) > 0 {
		c.Total = &total
	}
	for _, s := range a.steps {
		steps += s.Cost
	}
	for _, s := range a.steps {
		if steps > 0 {
			s.Share = float64(s.Cost) / float64(steps)
		}
		c.BySteps = append(c.BySteps, *s)
	}
	slices.SortFunc(c.BySteps, func(a, b StepCost) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), strings.Compare(a.Function, b.Function), strings.Compare(a.Model, b.Model))
	})
	c.TopRequests, c.TopCalls = a.topR.list(), a.topC.list()
	if len(a.requests) > 0 {
		c.ByRequest = estimate(inOrder(a.requests), "units of the currency for the LLM calls of a request, of requests whose models all have a price")
	}
}

// A top keeps the first of what is added, in an order.
type top[T any] struct{ kept []T }

func (t *top[T]) add(v T, order func(a, b T) int) {
	if len(t.kept) == topCosts && order(v, t.kept[topCosts-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(t.kept, v, order)
	t.kept = first(topCosts, slices.Insert(t.kept, at, v))
}

// list is empty rather than nil, which JSON would write as null.
func (t *top[T]) list() []T { return append([]T{}, t.kept...) }

// WriteReport writes the analysis as text.
func (c *Costs) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Costs ===")
	if c.Total == nil {
		p.line("No model has a price.")
	} else {
		p.line("Total: %s %s", *c.Total, c.Currency)
	}
	for _, name := range namesOf(c.ByModel) {
		m := c.ByModel[name]
		p.line("%s: %s in %d calls (input %s, cached %s, output %s, reasoning %s, compute %s)", name, m.Total, m.Calls, m.Cost.Input, m.Cost.CachedInput,
			m.Cost.Output, m.Cost.Reasoning, m.Cost.Compute)
	}
	for _, name := range namesOf(c.Unpriced) {
		u := c.Unpriced[name]
		p.line("%s: no price for %d calls, %d prompt and %d completion tokens", name, u.Calls, u.PromptTokens, u.CompletionTokens)
	}
	p.line("\n-- By Step --")
	for i, s := range first(10, c.BySteps) {
		p.line("%d) %s / %s: %s (%.1f%%) in %d calls", i+1, s.Function, s.Model, s.Cost, 100*s.Share, s.Calls)
	}
	return p.err
}
