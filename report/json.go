package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// The schemas of experiments. Those of runs are package result's.
const (
	schemaRuns       = "llmeter.runs/1"
	schemaLoadTest   = "llmeter.loadtest/1"
	schemaHeatmap    = "llmeter.heatmap/1"
	schemaCapacity   = "llmeter.capacity/1"
	schemaComparison = "llmeter.comparison/1"
	schemaSweep      = "llmeter.sweep/1"
	schemaSoak       = "llmeter.soak/1"
)

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// A number is null where it is not known, or infinite.
type number float64

// MarshalJSON writes the number, or null.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// listOf makes [] of no values.
func listOf[T any](values []T) []T { return append([]T{}, values...) }

// mapped applies f to all values.
func mapped[T, U any](values []T, f func(T) U) []U {
	all := make([]U, len(values))
	for i, v := range values {
		all[i] = f(v)
	}
	return all
}

func (r runs) json() any {
	switch {
	case len(r.all) == 1 && len(r.warnings) == 0:
		return r.all[0]
	case len(r.warnings) == 0:
		return result.Runs(r.all)
	}
	return struct {
		Schema   string           `json:"schema"`
		Runs     []*result.Result `json:"runs"`
		Warnings []result.Warning `json:"warnings"`
	}{schemaRuns, listOf(r.all), r.warnings}
}

// loadJSON is a load: one of both keys is there.
type loadJSON struct {
	Clients int       `json:"clients,omitzero"`
	Rate    load.Rate `json:"rate,omitzero"`
}

type levelJSON struct {
	loadJSON
	Run *result.Result `json:"run"`
}

func (l loadTest) json() any {
	var knee *loadJSON
	if level, ok := l.Knee(); ok {
		knee = &loadJSON{level.Clients, level.Rate}
	}
	return struct {
		Schema     string           `json:"schema"`
		Name       string           `json:"name"`
		OutputPath string           `json:"output_path"`
		Knee       *loadJSON        `json:"knee"`
		Levels     []levelJSON      `json:"levels"`
		Warnings   []result.Warning `json:"warnings"`
	}{schemaLoadTest, l.TestName, l.OutputPath, knee, mapped(l.Levels, func(l experiments.Level) levelJSON {
		return levelJSON{loadJSON{l.Clients, l.Rate}, l.Result}
	}), listOf(l.Warnings)}
}

type binJSON struct {
	From  int `json:"from"`
	Below int `json:"below"`
}

func binOf(b experiments.Bin) binJSON { return binJSON{b.Lo, b.Hi} }

type cellJSON struct {
	Input    binJSON      `json:"input"`
	Output   binJSON      `json:"output"`
	Requests int          `json:"requests"`
	Failed   int          `json:"failed"`
	Stats    result.Stats `json:"stats"`
}

func (h heatmap) json() any {
	var problem *string
	if h.err != nil {
		text := h.err.Error()
		problem = &text
	}
	return struct {
		Schema     string           `json:"schema"`
		Name       string           `json:"name"`
		OutputPath string           `json:"output_path"`
		Inputs     []binJSON        `json:"inputs"`
		Outputs    []binJSON        `json:"outputs"`
		Cells      []cellJSON       `json:"cells"`
		Unplaced   int              `json:"unplaced"`
		Error      *string          `json:"error"`
		Runs       []*result.Result `json:"runs"`
	}{schemaHeatmap, h.Name, h.OutputPath, mapped(h.grid.Inputs, binOf), mapped(h.grid.Outputs, binOf),
		mapped(h.grid.Cells, func(c experiments.Cell) cellJSON {
			return cellJSON{binOf(c.Input), binOf(c.Output), c.Requests, c.Failed, c.Stats}
		}), h.grid.Unplaced, problem, listOf(h.Runs)}
}

type checkJSON struct {
	Objective slo.Objective        `json:"objective"`
	Decision  experiments.Decision `json:"decision"`
	Value     number               `json:"value"`
	Limit     number               `json:"limit"`
	Lo        number               `json:"lo"`
	Hi        number               `json:"hi"`
	N         int                  `json:"n"`
}

func checkOf(c experiments.Check) checkJSON {
	return checkJSON{c.Objective, c.Decision, number(c.Value), number(c.Limit), number(c.Interval.Lo), number(c.Interval.Hi), c.N}
}

type capacityLevelJSON struct {
	loadJSON
	Decision  experiments.Decision `json:"decision"`
	Saturated bool                 `json:"saturated"`
	Checks    []checkJSON          `json:"checks"`
	Run       *result.Result       `json:"run"`
}

func (c capacity) json() any {
	var answer *loadJSON
	lo, hi := number(math.NaN()), number(math.NaN())
	if c.found() {
		lo, hi = number(c.Interval.Lo), number(c.Interval.Hi)
		if c.Load != (experiments.Load{}) {
			answer = &loadJSON{c.Load.Clients, c.Load.Rate}
		}
	}
	return struct {
		Schema     string              `json:"schema"`
		Name       string              `json:"name"`
		OutputPath string              `json:"output_path"`
		Capacity   *loadJSON           `json:"capacity"`
		Lo         number              `json:"lo"`
		Hi         number              `json:"hi"`
		Levels     []capacityLevelJSON `json:"levels"`
		Warnings   []result.Warning    `json:"warnings"`
	}{schemaCapacity, c.Name, c.OutputPath, answer, lo, hi, mapped(c.Levels, func(l experiments.CapacityLevel) capacityLevelJSON {
		return capacityLevelJSON{loadJSON{l.Clients, l.Rate}, l.Decision, l.Saturated, mapped(l.Checks, checkOf), l.Result}
	}), listOf(c.Warnings)}
}

type differenceJSON struct {
	Key        string             `json:"key"`
	Change     experiments.Change `json:"change"`
	A          number             `json:"a"`
	B          number             `json:"b"`
	NA         int                `json:"n_a"`
	NB         int                `json:"n_b"`
	Delta      number             `json:"delta"`
	Relative   number             `json:"relative"`
	Lo         number             `json:"lo"`
	Hi         number             `json:"hi"`
	P          number             `json:"p"`
	Adjusted   number             `json:"adjusted_p"`
	Detectable number             `json:"detectable"`
}

func differenceOf(d experiments.Difference) differenceJSON {
	return differenceJSON{d.Key, d.Change, number(d.A), number(d.B), d.NA, d.NB, number(d.Delta), number(d.Relative()),
		number(d.Interval.Lo), number(d.Interval.Hi), number(d.P), number(d.Adjusted), number(d.Detectable)}
}

func (c comparison) json() any {
	return struct {
		Schema      string           `json:"schema"`
		Level       float64          `json:"level"`
		Differences []differenceJSON `json:"differences"`
		A           []*result.Result `json:"a"`
		B           []*result.Result `json:"b"`
		Warnings    []result.Warning `json:"warnings"`
	}{schemaComparison, c.Level, mapped(c.Differences, differenceOf), listOf(c.A), listOf(c.B), listOf(c.Warnings)}
}

type rowJSON struct {
	Labels map[string]string `json:"labels"`
	Error  *string           `json:"error"`
	Run    *result.Result    `json:"run"`
}

func (s sweep) json() any {
	return struct {
		Schema     string    `json:"schema"`
		Name       string    `json:"name"`
		OutputPath string    `json:"output_path"`
		Axes       []string  `json:"axes"`
		Rows       []rowJSON `json:"rows"`
	}{schemaSweep, s.Name, s.OutputPath, listOf(s.Axes), mapped(s.Rows, func(r experiments.Row) rowJSON {
		row := rowJSON{Labels: map[string]string{}, Run: r.Result}
		for i, axis := range s.Axes {
			row.Labels[axis] = r.Labels[i]
		}
		if r.Err != nil {
			text := r.Err.Error()
			row.Error = &text
		}
		return row
	})}
}

type segmentJSON struct {
	Start      time.Time       `json:"start"`
	Length     number          `json:"length"`
	Requests   int             `json:"requests"`
	OutputPath string          `json:"output_path"`
	Verdict    string          `json:"verdict"`
	Reasons    []result.Reason `json:"reasons"`
	Stats      result.Stats    `json:"stats"`
}

type driftJSON struct {
	Key     string    `json:"key"`
	Segment int       `json:"segment"`
	Time    time.Time `json:"time"`
	Before  number    `json:"before"`
	After   number    `json:"after"`
	P       number    `json:"p"`
}

func (s soak) json() any {
	return struct {
		Schema     string           `json:"schema"`
		Name       string           `json:"name"`
		OutputPath string           `json:"output_path"`
		Drifts     []driftJSON      `json:"drifts"`
		Segments   []segmentJSON    `json:"segments"`
		Warnings   []result.Warning `json:"warnings"`
	}{schemaSoak, s.Name, s.OutputPath,
		mapped(s.Drifts, func(d experiments.Drift) driftJSON {
			return driftJSON{d.Key, d.Segment + 1, d.Time, number(d.Before), number(d.After), number(d.P)}
		}),
		mapped(s.Segments, func(s experiments.Segment) segmentJSON {
			return segmentJSON{s.Start, number(s.Length.Seconds()), s.Requests, s.Folder, s.Verdict.Level, listOf(s.Verdict.Reasons), s.Stats}
		}), listOf(s.Warnings)}
}
