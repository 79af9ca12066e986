package price

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Rates are the prices of a model.
type Rates struct {
	Model       string  `json:"model"`                  // its name, or a pattern in which each * stands for any text
	Input       Amount  `json:"input"`                  // of a million input tokens
	CachedInput *Amount `json:"cached_input,omitempty"` // of a million that came from a cache; nil = Input
	Output      Amount  `json:"output"`                 // of a million output tokens
	Reasoning   *Amount `json:"reasoning,omitempty"`    // of a million that were reasoning; nil = Output
	Hour        Amount  `json:"hour,omitempty"`         // of an hour of compute
}

// Usage is what was used. Negative numbers count as 0.
type Usage struct {
	Input       int           // tokens, cached ones included
	CachedInput int           // those of Input that came from a cache. More than Input are cached all the same
	Output      int           // tokens, reasoning included
	Reasoning   int           // those of Output that were reasoning. More than Output are reasoning all the same
	Compute     time.Duration // of the machines that the model ran on, added up
}

// A Cost is what a Usage costs, by kind. No two of its amounts have a token in common.
type Cost struct {
	Input       Amount `json:"input"` // without cached tokens
	CachedInput Amount `json:"cached_input"`
	Output      Amount `json:"output"` // without reasoning
	Reasoning   Amount `json:"reasoning"`
	Compute     Amount `json:"compute"`
}

const million = 1_000_000

// Cost is what a usage costs: Σ tokens·price/10⁶, and compute·Hour. Each amount is exact where the price of a million tokens has up to
// six decimals, and otherwise the nearest.
func (r Rates) Cost(u Usage) Cost {
	of := func(tokens int, rate Amount) Amount { return rate.scaled(uint64(max(tokens, 0)), million) }
	cached, reasoning := max(u.CachedInput, 0), max(u.Reasoning, 0)
	return Cost{
		Input: of(u.Input-cached, r.Input), CachedInput: of(cached, orElse(r.CachedInput, r.Input)),
		Output: of(u.Output-reasoning, r.Output), Reasoning: of(reasoning, orElse(r.Reasoning, r.Output)),
		Compute: r.Hour.scaled(uint64(max(u.Compute, 0)), uint64(time.Hour)),
	}
}

func orElse(a *Amount, otherwise Amount) Amount {
	if a == nil {
		return otherwise
	}
	return *a
}

// Total is the sum of all kinds.
func (c Cost) Total() Amount { return c.Input + c.CachedInput + c.Output + c.Reasoning + c.Compute }

// Plus is the sum of two costs, by kind.
func (c Cost) Plus(o Cost) Cost {
	return Cost{c.Input + o.Input, c.CachedInput + o.CachedInput, c.Output + o.Output, c.Reasoning + o.Reasoning, c.Compute + o.Compute}
}

// A Table is the rates of several models. The zero value has none.
type Table struct {
	Currency string  `json:"currency,omitempty"` // such as "USD"; it is only shown
	Models   []Rates `json:"models"`
}

// Read reads a table in the form that the package comment describes.
func Read(r io.Reader) (Table, error) {
	var t Table
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return Table{}, fmt.Errorf("price table: %w", err)
	}
	if err := t.Validate(); err != nil {
		return Table{}, fmt.Errorf("price table: %w", err)
	}
	return t, nil
}

// Load reads a table from a file.
func Load(path string) (Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return Table{}, err
	}
	defer func() { _ = f.Close() }()
	t, err := Read(f)
	if err != nil {
		return Table{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Validate reports all problems at once: models without a name or with one that comes again, and negative prices.
func (t Table) Validate() error {
	var errs []error
	seen := map[string]bool{}
	for i, r := range t.Models {
		switch {
		case r.Model == "":
			errs = append(errs, fmt.Errorf("models[%d] has no name", i))
		case seen[r.Model]:
			errs = append(errs, fmt.Errorf("%q comes again", r.Model))
		}
		seen[r.Model] = true
		if r.Input < 0 || r.Output < 0 || r.Hour < 0 || orElse(r.CachedInput, 0) < 0 || orElse(r.Reasoning, 0) < 0 {
			errs = append(errs, fmt.Errorf("%q has a negative price", r.Model))
		}
	}
	return errors.Join(errs...)
}

// Lookup finds the rates of a model: those of its name, or else of the pattern with the most characters that are not *, the first of
// equal ones. ok is false if there are none: that a price is not known does not mean that it is 0.
func (t Table) Lookup(model string) (r Rates, ok bool) {
	best := -1
	for _, m := range t.Models {
		if m.Model == model {
			return m, true
		}
		literal := len(m.Model) - strings.Count(m.Model, "*")
		if literal > best && strings.Contains(m.Model, "*") && matches(m.Model, model) {
			r, best = m, literal
		}
	}
	return r, best >= 0
}

// matches says whether a name fits a pattern with at least one *.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] { // the earliest place leaves the most to the rest
		_, name, ok = strings.Cut(name, part)
		if !ok {
			return false
		}
	}
	return strings.HasSuffix(name, parts[last])
}
