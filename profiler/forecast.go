package profiler

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// A Forecast predicts what the LLM calls of a request will use, from the calls before. It says how far off it was on requests that it
// had not learnt from, beside the simplest forecast there is; what is not better than that is not used.
type Forecast struct {
	Version      int              `json:"version"`
	Requests     int              `json:"requests"` // that it has learnt from
	Calls        int              `json:"calls"`
	MatrixLength int              `json:"matrix_length"` // the mean number of calls of a request, rounded up, as in NAT
	Window       int              `json:"window"`        // how many calls it looks at: MatrixLength, but no more than 8
	Folds        int              `json:"folds"`         // the back-test leaves out one of so many parts of the requests in turn; 0 = too few requests
	Targets      []ForecastTarget `json:"targets"`
}

// A ForecastTarget is one number that is predicted.
type ForecastTarget struct {
	Name         string        `json:"name"`
	Unit         string        `json:"unit"`
	Samples      int           `json:"samples"`
	Coefficients []float64     `json:"coefficients"` // of the columns of a row of ForecastRows
	Intercept    float64       `json:"intercept"`
	Model        ForecastError `json:"model"`                                           // back-tested
	Naive        ForecastError `json:"naive"`                                           // back-tested: the value of the call before, or for a request's first, the mean
	Skill        *float64      `json:"skill"`                                           // 1 - the model's mean error over the naive one's: 0 is no better, 1 perfect; nil = unknown
	Saved        *Bounds       `json:"mean_absolute_error_saved_ninety_fifth_interval"` // naive less model, by request; nil = unknown
	Use          string        `json:"use"`                                             // "model" if that interval is above 0, else "naive"
	Mean         float64       `json:"mean"`
}

// A ForecastError describes the absolute errors of a forecast, in the unit of the target.
type ForecastError struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean_absolute_error"`
	P50  float64 `json:"p50_absolute_error"`
	P90  float64 `json:"p90_absolute_error"` // nine of ten values were within ± this
	Bias float64 `json:"bias"`               // mean of forecast less truth
}

// The numbers that are predicted, when a call begins.
const (
	ThisCompletion      = "completion_tokens"
	NextGap             = "next_seconds_between_calls"
	NextPrompt          = "next_prompt_tokens"
	NextCompletion      = "next_completion_tokens"
	RemainingPrompt     = "remaining_prompt_tokens"
	RemainingCompletion = "remaining_completion_tokens"
)

// A UsageRow is what one LLM call used.
type UsageRow struct {
	SecondsBetweenCalls float64 // from the start of the call before in the same request; 0 for the first
	PromptTokens        float64
	CompletionTokens    float64
}

// Usage lists, for each request with LLM calls, what they used, in the order in which they began.
func Usage(requests []*Request) [][]UsageRow {
	var all [][]UsageRow
	for _, r := range requests {
		var rows []UsageRow
		last := 0.0
		for i := range r.Spans {
			s := &r.Spans[i]
			if s.Category != LLM || s.State != Complete {
				continue
			}
			row := UsageRow{0, float64(s.Tokens.PromptTokens), float64(s.Tokens.CompletionTokens)}
			if len(rows) > 0 {
				row.SecondsBetweenCalls = s.Start - last
			}
			last = s.Start
			rows = append(rows, row)
		}
		if len(rows) > 0 {
			all = append(all, rows)
		}
	}
	return all
}

// ForecastRows are NAT's training matrices of one request, for a window of n calls: a row of x holds the last n calls up to one, three
// columns each, zeros where there were fewer, and 0 for what that one will generate; a row of y holds the next n.
func ForecastRows(usage []UsageRow, n int) (x, y [][]float64) {
	for i := range usage {
		before, after := make([]float64, 3*n), make([]float64, 3*n)
		fillBefore(before, usage, i)
		for k, row := range first(n, usage[i+1:]) {
			row.put(after[3*k:])
		}
		x, y = append(x, before), append(y, after)
	}
	return x, y
}

func fillBefore(x []float64, usage []UsageRow, i int) {
	clear(x)
	for at, j := len(x)-3, i; at >= 0 && j >= 0; at, j = at-3, j-1 {
		usage[j].put(x[at:])
	}
	x[len(x)-1] = 0
}

func (r UsageRow) put(to []float64) {
	to[0], to[1], to[2] = r.SecondsBetweenCalls, r.PromptTokens, r.CompletionTokens
}

// maxWindow bounds the number of coefficients.
const maxWindow = 8

// maxFolds is how many parts the requests are divided into for the back-test.
const maxFolds = 5

// FitForecast learns from the usage of requests: a linear model for each target, by ridge regression. It needs a call; nil without.
func FitForecast(usage [][]UsageRow) *Forecast {
	f := &Forecast{Version: 1, Requests: len(usage)}
	for _, rows := range usage {
		f.Calls += len(rows)
	}
	if f.Calls == 0 {
		return nil
	}
	f.MatrixLength = (f.Calls + f.Requests - 1) / f.Requests
	f.Window = min(f.MatrixLength, maxWindow)
	if f.Requests >= 2 {
		f.Folds = min(maxFolds, f.Requests)
	}
	for _, t := range forecastTargets() {
		f.Targets = append(f.Targets, t.fit(usage, f.Window, f.Folds))
	}
	return f
}

// LoadForecast reads a forecast that was saved as JSON.
func LoadForecast(r io.Reader) (*Forecast, error) {
	f := new(Forecast)
	if err := json.NewDecoder(r).Decode(f); err != nil {
		return nil, fmt.Errorf("forecast: %w", err)
	}
	for _, t := range f.Targets {
		if f.Window < 1 || len(t.Coefficients) != 3*f.Window {
			return nil, fmt.Errorf("forecast: %s has %d coefficients for a window of %d calls", t.Name, len(t.Coefficients), f.Window)
		}
	}
	return f, nil
}

// Predict predicts a target from the calls of a request up to the one that begins now, whose CompletionTokens are not looked at. The
// value lies within plus or minus spread in nine of ten cases; spread is NaN where there was no back-test. ok is false for an unknown
// target or no calls.
func (f *Forecast) Predict(target string, calls []UsageRow) (value, spread float64, ok bool) {
	for i := range f.Targets {
		t := &f.Targets[i]
		if t.Name != target || len(calls) == 0 {
			continue
		}
		spread, tested := t.Naive.P90, t.Naive.N > 0
		if value = naive(target, calls, t.Mean); t.Use == useModel {
			x := make([]float64, 3*f.Window)
			fillBefore(x, calls, len(calls)-1)
			value, spread = t.predict(x), t.Model.P90
		}
		if !tested {
			spread = math.NaN()
		}
		return value, spread, true
	}
	return 0, 0, false
}

const useModel, useNaive = "model", "naive"

func (t *ForecastTarget) predict(x []float64) float64 {
	value := t.Intercept
	for i, c := range t.Coefficients {
		value += c * x[i]
	}
	return max(0, value) // nothing that is predicted can be negative
}

// naive expects of a call what was seen of the one before. For the first, and for what remains, it expects the mean.
func naive(target string, calls []UsageRow, mean float64) float64 {
	now := calls[len(calls)-1]
	switch {
	case target == ThisCompletion && len(calls) > 1, target == NextCompletion && len(calls) > 1:
		return calls[len(calls)-2].CompletionTokens
	case target == NextPrompt:
		return now.PromptTokens
	case target == NextGap && len(calls) > 1:
		return now.SecondsBetweenCalls
	}
	return mean
}
