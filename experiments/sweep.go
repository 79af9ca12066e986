package experiments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/prompt"
)

// A Sweep runs every combination of some values of any fields of a run, and gives one table.
//
//	experiments.Sweep{
//		Runner: runner,
//		Axes: []experiments.Axis{
//			experiments.Clients(1, 4, 16),
//			experiments.Vary("timeout", func(t *experiments.Trial, d time.Duration) { t.Runner.Timeout = d }, time.Second, time.Minute),
//		},
//	}
type Sweep struct {
	// Runner is what all runs have in common.
	Runner llmeter.Runner
	// Prompts make the payloads of each run, with lengths that an axis sets or that stand here, and the CreatePayload of the
	// run's endpoint. Without lengths they are not used: the Runner has payloads then, or an axis gives some.
	Prompts prompt.Collection
	// Axes are what varies. The last one varies fastest. Required.
	Axes []Axis
	// Progress is told where the sweep stands; see [Plan.Progress].
	Progress func(Progress)
}

// An Axis is one thing that varies.
type Axis struct {
	Name   string // a short word; required, and no two alike
	Values []Value
}

// A Value is one of the values on an axis.
type Value struct {
	Label string       // for the table and the names of folders; required, and no two alike on one axis
	Set   func(*Trial) // puts the value into a run. Required
}

// A Trial is one run of a sweep while the axes set its values, in their order.
type Trial struct {
	Runner  llmeter.Runner
	Prompts prompt.Collection
}

// Vary is an axis of any values, with a function that sets one. Labels are the values as fmt prints them.
func Vary[T any](name string, set func(*Trial, T), values ...T) Axis {
	axis := Axis{Name: name}
	for _, v := range values {
		axis.Values = append(axis.Values, Value{Label: fmt.Sprint(v), Set: func(t *Trial) { set(t, v) }})
	}
	return axis
}

// Clients varies the number of clients.
func Clients(n ...int) Axis {
	return Vary("clients", func(t *Trial, n int) { t.Runner.Clients = n }, n...)
}

// Rates varies the rate of Poisson arrivals, in requests per second.
func Rates(rates ...load.Rate) Axis {
	return Vary("rate", func(t *Trial, r load.Rate) { t.Runner.Arrivals = load.Poisson{Rate: r} }, rates...)
}

// InputLengths varies the length of the prompts in tokens.
func InputLengths(n ...int) Axis {
	return Vary("input", func(t *Trial, n int) { t.Prompts.InputLengths = []int{n} }, n...)
}

// OutputLengths varies the most tokens of the answers.
func OutputLengths(n ...int) Axis {
	return Vary("output", func(t *Trial, n int) { t.Prompts.OutputLengths = []int{n} }, n...)
}

// Models varies the endpoint. Labels are the names of the models.
func Models(endpoints ...llmeter.Endpoint) Axis {
	axis := Vary("model", func(t *Trial, e llmeter.Endpoint) { t.Runner.Endpoint = e }, endpoints...)
	for i, e := range endpoints {
		axis.Values[i].Label = e.Info().Model
	}
	return axis
}

// A SweepResult is the table that a Sweep brought.
type SweepResult struct {
	Name       string
	OutputPath string   // the folder of the sweep, "" if there is none
	Axes       []string // the names of the first columns
	Rows       []Row
}

// A Row is one run of a sweep.
type Row struct {
	Labels []string        // by the axes
	Result *llmeter.Result // nil only beside an error
	Err    error           // why the run failed, nil if it did not
}

// Run runs all combinations. A run that fails stands in its row with its error, and the others go on; only the end of ctx ends
// the sweep. Beside an error it gives the rows until then.
func (s Sweep) Run(ctx context.Context) (*SweepResult, error) {
	all, err := s.combinations()
	if err != nil {
		return nil, err
	}
	details := sweepDetails{Axes: s.axes()}
	for _, c := range all {
		details.Rows = append(details.Rows, sweepRow{c.Name, c.labels})
	}
	series, err := Plan{
		Kind: KindSweep, Runner: s.Runner, Runs: len(all), Progress: s.Progress, Settings: promptSettings(s.Prompts), Details: details,
	}.Open(ctx)
	if err != nil {
		return nil, err
	}
	res := &SweepResult{Name: series.Name(), OutputPath: series.Folder(), Axes: details.Axes}
	for _, c := range all {
		r, err := series.Run(ctx, c.Name, c.Runner)
		if r != nil || ctx.Err() == nil {
			res.Rows = append(res.Rows, Row{c.labels, r, err})
		}
		if ctx.Err() != nil {
			return res, err
		}
	}
	return res, nil
}

// sweepDetails stand in experiment.json: which run is which row.
type sweepDetails struct {
	Axes []string   `json:"axes"`
	Rows []sweepRow `json:"rows"`
}

type sweepRow struct {
	Run    string   `json:"run"`
	Labels []string `json:"labels"`
}

// promptSettings are what of the prompts must be the same for a sweep to be gone on with.
func promptSettings(c prompt.Collection) any {
	return map[string]any{
		"source": c.Source, "source_file": c.SourceFile, "loop": c.Loop, "unique_prefix": c.UniquePrefix, "prompt_seed": c.Seed,
		"input_lengths": c.InputLengths, "output_lengths": c.OutputLengths, "requests_per_combination": c.RequestsPerCombination,
		"prompt_tokenizer": fmt.Sprintf("%T", c.Tokenizer),
	}
}

func (s Sweep) axes() (names []string) {
	for _, a := range s.Axes {
		names = append(names, a.Name)
	}
	return names
}

// rowName is the name of the run of one combination: "clients=4,rate=12.5-s".
func rowName(axes, labels []string) string {
	parts := make([]string, len(axes))
	for i := range axes {
		parts[i] = axes[i] + "=" + labels[i]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("=,._+-", r) {
			return r
		}
		return '-'
	}, strings.Join(parts, ","))
}

// A combination is a choice of values, and the run that it makes.
type combination struct {
	Step
	labels []string
}

// combinations are all there are, or everything that is wrong with them.
func (s Sweep) combinations() ([]combination, error) {
	var p problems
	if len(s.Axes) == 0 {
		p.complain("Axes are missing")
	}
	for i, a := range s.Axes {
		a.check(&p, i, s.axes()[:i])
	}
	if p != nil {
		return nil, fmt.Errorf("invalid sweep: %w", p.join())
	}
	var all []combination
	names := map[string]bool{}
	for chosen := range choices(s.Axes) {
		t := Trial{s.Runner, s.Prompts}
		labels := make([]string, len(chosen))
		for i, v := range chosen {
			labels[i] = v.Label
			v.Set(&t)
		}
		name := rowName(s.axes(), labels)
		if names[name] {
			p.complain("%s: two combinations would have this name", name)
		}
		names[name] = true
		runner, err := t.finish()
		if err != nil {
			p.complain("%s: %w", name, err)
		}
		all = append(all, combination{step(s.Runner, s.Runner.RunName, name, runner), labels})
	}
	if p != nil {
		return nil, fmt.Errorf("invalid sweep: %w", p.join())
	}
	return all, nil
}

// check complains of the i-th axis.
func (a Axis) check(p *problems, i int, others []string) {
	if a.Name == "" || slices.Contains(others, a.Name) {
		p.complain("Axes[%d]: the name %q is empty, or that of another axis", i, a.Name)
	}
	if len(a.Values) == 0 {
		p.complain("Axes[%d]: %s has no values", i, a.Name)
	}
	seen := map[string]bool{}
	for _, v := range a.Values {
		if v.Label == "" || seen[v.Label] {
			p.complain("Axes[%d]: the label %q is empty, or that of another value", i, v.Label)
		}
		if v.Set == nil {
			p.complain("Axes[%d]: %s sets nothing", i, v.Label)
		}
		seen[v.Label] = true
	}
}

// choices are the cartesian product of the axes. The last one varies fastest.
func choices(axes []Axis) func(yield func([]Value) bool) {
	return func(yield func([]Value) bool) {
		chosen := make([]Value, len(axes))
		var choose func(i int) bool
		choose = func(i int) bool {
			if i == len(axes) {
				return yield(slices.Clone(chosen))
			}
			for _, v := range axes[i].Values {
				if chosen[i] = v; !choose(i + 1) {
					return false
				}
			}
			return true
		}
		choose(0)
	}
}

// finish makes the payloads, if the trial has lengths, and checks the run.
func (t Trial) finish() (llmeter.Runner, error) {
	r := t.Runner
	if len(t.Prompts.InputLengths) == 0 && len(t.Prompts.OutputLengths) == 0 {
		return r, r.Validate()
	}
	creator, ok := endpoint.PayloadCreator(nil), false
	if r.Endpoint != nil {
		creator, ok = endpoint.As[endpoint.PayloadCreator](r.Endpoint)
	}
	if !ok {
		return r, errors.New("the endpoint has no CreatePayload, which prompts of given lengths need")
	}
	payloads, err := t.Prompts.Payloads(creator)
	if err != nil {
		return r, err
	}
	r.Payloads = payloads
	return r, r.Validate()
}
