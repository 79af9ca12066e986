package profiler

import (
	"math"

	"github.com/llmeter-go/llmeter/stats"
)

// A forecastTarget knows the truth about one number.
type forecastTarget struct {
	name, unit string
	truth      func(usage []UsageRow) []float64 // for each call of a request, or for the first of them
}

func forecastTargets() []forecastTarget {
	gap := func(r UsageRow) float64 { return r.SecondsBetweenCalls }
	prompt := func(r UsageRow) float64 { return r.PromptTokens }
	completion := func(r UsageRow) float64 { return r.CompletionTokens }
	return []forecastTarget{
		{ThisCompletion, "tokens", from(0, completion)}, {NextGap, "seconds", from(1, gap)}, {NextPrompt, "tokens", from(1, prompt)},
		{NextCompletion, "tokens", from(1, completion)}, {RemainingPrompt, "tokens", remaining(prompt)},
		{RemainingCompletion, "tokens", remaining(completion)},
	}
}

// from is the value of the call so many calls on.
func from(n int, of func(UsageRow) float64) func([]UsageRow) []float64 {
	return func(usage []UsageRow) []float64 {
		values := make([]float64, 0, len(usage))
		for _, row := range usage[min(n, len(usage)):] {
			values = append(values, of(row))
		}
		return values
	}
}

// remaining is the sum of the values of all later calls.
func remaining(of func(UsageRow) float64) func([]UsageRow) []float64 {
	return func(usage []UsageRow) []float64 {
		values := make([]float64, len(usage))
		for i := len(usage) - 2; i >= 0; i-- {
			values[i] = values[i+1] + of(usage[i+1])
		}
		return values
	}
}

// fit learns the target, and tests what is learnt from all other parts of the requests on each part.
func (t forecastTarget) fit(usage [][]UsageRow, window, folds int) ForecastTarget {
	parts := make([]moments, max(1, folds))
	for i := range parts {
		parts[i] = newMoments(3 * window)
	}
	x := make([]float64, 3*window)
	for i, rows := range usage {
		for k, y := range t.truth(rows) {
			fillBefore(x, rows, k)
			parts[i%len(parts)].add(x, y)
		}
	}
	all := newMoments(3 * window)
	for _, p := range parts {
		all.merge(p, 1)
	}
	f := ForecastTarget{Name: t.name, Unit: t.unit, Samples: int(all.n), Mean: all.meanY(), Use: useNaive}
	f.Coefficients, f.Intercept = all.ridge()
	if folds > 0 {
		t.backtest(&f, usage, parts, all)
	}
	return f
}

// backtest predicts each part of the requests from the others, and compares that with the naive forecast.
func (t forecastTarget) backtest(f *ForecastTarget, usage [][]UsageRow, parts []moments, all moments) {
	var model, plain []float64
	saved, counts := make([]float64, len(usage)), make([]float64, len(usage))
	x := make([]float64, len(f.Coefficients))
	for part := range parts {
		others := newMoments(len(x))
		others.merge(all, 1)
		others.merge(parts[part], -1)
		if others.n == 0 {
			continue
		}
		learnt := ForecastTarget{Mean: others.meanY()}
		learnt.Coefficients, learnt.Intercept = others.ridge()
		for i := part; i < len(usage); i += len(parts) {
			for k, y := range t.truth(usage[i]) {
				fillBefore(x, usage[i], k)
				byModel := learnt.predict(x) - y
				byNaive := naive(t.name, usage[i][:k+1], learnt.Mean) - y
				model, plain = append(model, byModel), append(plain, byNaive)
				saved[i] += math.Abs(byNaive) - math.Abs(byModel)
				counts[i]++
			}
		}
	}
	f.Model, f.Naive = absolute(model), absolute(plain)
	if f.Naive.Mean > 0 {
		skill := 1 - f.Model.Mean/f.Naive.Mean
		f.Skill = &skill
	}
	f.Saved = bounds(clustered(saved, counts).MeanInterval(0.95))
	if f.Saved != nil && f.Saved[0] > 0 {
		f.Use = useModel
	}
}

// absolute describes errors.
func absolute(errors []float64) ForecastError {
	if len(errors) == 0 {
		return ForecastError{}
	}
	sizes := new(stats.Sample)
	for _, e := range errors {
		sizes.Add(math.Abs(e))
	}
	return ForecastError{len(errors), sizes.Mean(), sizes.Quantile(0.50), sizes.Quantile(0.90), stats.Mean(errors)}
}

// moments are the sums of a linear regression of y on the columns of x and a constant, which stands last.
type moments struct {
	n  float64
	xx [][]float64
	xy []float64
	y  float64
}

func newMoments(columns int) moments {
	m := moments{xx: make([][]float64, columns+1), xy: make([]float64, columns)}
	for i := range m.xx {
		m.xx[i] = make([]float64, columns+1)
	}
	return m
}

func (m *moments) add(x []float64, y float64) {
	last := len(x)
	for i, v := range x {
		if v == 0 {
			continue
		}
		row := m.xx[i]
		for j := 0; j <= i; j++ {
			row[j] += v * x[j]
		}
		m.xx[last][i] += v
		m.xy[i] += v * y
	}
	m.n++
	m.y += y
}

// merge adds o so many times.
func (m *moments) merge(o moments, times float64) {
	for i := range m.xx {
		for j := range m.xx[i] {
			m.xx[i][j] += times * o.xx[i][j]
		}
	}
	for i := range m.xy {
		m.xy[i] += times * o.xy[i]
	}
	m.n += times * o.n
	m.y += times * o.y
}

func (m *moments) meanY() float64 {
	if m.n == 0 {
		return 0
	}
	return m.y / m.n
}

// ridge solves the regression on columns of unit variance with a small penalty (Hoerl and Kennard, 1970), so that columns which go
// together, of which there are many, do not blow up. Columns without variance get 0.
func (m *moments) ridge() (coefficients []float64, intercept float64) {
	const penalty = 0.01
	columns := len(m.xy)
	coefficients = make([]float64, columns)
	if m.n == 0 {
		return coefficients, 0
	}
	mean, deviation := make([]float64, columns), make([]float64, columns)
	for i := range columns {
		mean[i] = m.xx[columns][i] / m.n
		variance := m.xx[i][i]/m.n - mean[i]*mean[i]
		if variance > 1e-12*(mean[i]*mean[i]+1e-300) {
			deviation[i] = math.Sqrt(variance)
		}
	}
	a, b := make([][]float64, columns), make([]float64, columns)
	for i := range columns {
		a[i] = make([]float64, columns)
		for j := 0; j <= i; j++ {
			if d := deviation[i] * deviation[j]; d > 0 {
				a[i][j] = (m.xx[i][j]/m.n - mean[i]*mean[j]) / d
			}
		}
		a[i][i] = 1 + penalty
		if deviation[i] > 0 {
			b[i] = (m.xy[i]/m.n - mean[i]*m.meanY()) / deviation[i]
		}
	}
	intercept = m.meanY()
	for i, c := range solve(a, b) {
		if deviation[i] > 0 {
			coefficients[i] = c / deviation[i]
			intercept -= coefficients[i] * mean[i]
		}
	}
	return coefficients, intercept
}

// solve solves a·x = b for a positive definite matrix, of which the lower half is given and replaced, by Cholesky's decomposition.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		for j := 0; j <= i; j++ {
			sum := a[i][j]
			for k := range j {
				sum -= a[i][k] * a[j][k]
			}
			if i == j {
				a[i][i] = math.Sqrt(max(sum, 1e-12))
			} else {
				a[i][j] = sum / a[j][j]
			}
		}
	}
	x := make([]float64, n)
	for i := range n {
		x[i] = b[i]
		for k := range i {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= a[k][i] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}
