package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/stats"
)

// leastInWindow is how many values a stretch of time must hold for a percentile of it to be drawn.
const leastInWindow = 5

const fewValues = 20 // of a line, which are then dots too

var elapsed = figure.Axis{Label: "since the start", Unit: figure.Seconds, Time: true}

// overTime shows what happened when.
func (f *facts) overTime() figure.Section {
	s := figure.Section{Title: "Over time"}
	if f.coarse {
		s.Note = "The files of this run have the instants at which requests were sent in whole seconds."
	}
	if hasValue(f.ttft) {
		ttft := f.latency("Time to first token", f.ttft)
		ttft.Marks = f.steadyMarks()
		s.Blocks = append(s.Blocks, ttft)
	}
	if hasValue(f.ttlt) {
		s.Blocks = append(s.Blocks, f.latency("Time to last token", f.ttlt))
	}
	s.Blocks = append(s.Blocks, f.tokenRate(), f.requestRate())
	if !f.coarse {
		s.Blocks = append(s.Blocks, f.concurrency())
	}
	if hasValue(f.tpot) {
		perToken := f.latency("Time per output token", f.tpot)
		perToken.Wide = false
		s.Blocks = append(s.Blocks, perToken)
	}
	s.Blocks = append(s.Blocks, f.errorsOverTime(), f.clientLag())
	return s
}

func (f *facts) latency(name string, values []float64) figure.Figure {
	fig := figure.Figure{
		Title: name, Note: "Each successful request by when it was sent, and percentiles of every " + Seconds(f.width) + ".",
		Wide: true, X: elapsed, Y: figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds}, Series: []figure.Series{f.cloud(values)},
	}
	in := f.inWindows(values)
	for _, line := range []figure.Line{f.line("p50", figure.Blue, quantiles(in, 0.5)), f.line("p90", figure.Orange, quantiles(in, 0.9))} {
		if hasValue(line.Y) {
			fig.Series = append(fig.Series, line)
		}
	}
	return fig
}

// cloud has a point for each request that has a value.
func (f *facts) cloud(values []float64) figure.Scatter {
	s := figure.Scatter{Name: "requests", Color: figure.Sky}
	for i, v := range values {
		if !math.IsNaN(v) {
			s.X, s.Y = append(s.X, f.sent[i]), append(s.Y, v)
		}
	}
	return s
}

// percentile is a line through the percentiles of the requests that were sent in each stretch of time.
func (f *facts) percentile(name string, color figure.Color, values []float64, q float64) figure.Line {
	return f.line(name, color, quantiles(f.inWindows(values), q))
}

// inWindows are the values of the requests that were sent in each stretch of time, ascending.
func (f *facts) inWindows(values []float64) [][]float64 {
	in := make([][]float64, f.count)
	for i, v := range values {
		if !math.IsNaN(v) {
			w := f.at(f.sent[i])
			in[w] = append(in[w], v)
		}
	}
	for _, values := range in {
		slices.Sort(values)
	}
	return in
}

// quantiles are those of the stretches of time that hold enough values, NaN of others.
func quantiles(in [][]float64, q float64) []float64 {
	y := make([]float64, len(in))
	for w, values := range in {
		y[w] = math.NaN()
		if len(values) >= leastInWindow {
			y[w] = stats.Quantile(values, q)
		}
	}
	return y
}

// line has a value for each stretch of time. Where there are few of them they are dots too, as one alone makes no line.
func (f *facts) line(name string, color figure.Color, y []float64) figure.Line {
	known := 0
	for _, v := range y {
		if !math.IsNaN(v) {
			known++
		}
	}
	return figure.Line{Name: name, Color: color, X: f.middles(), Y: y, Dots: known < fewValues}
}

// steadyMarks are where the steady state begins and ends, if something was cut off.
func (f *facts) steadyMarks() (marks []figure.Mark) {
	from, to := lookup(f.st, "steady-from"), lookup(f.st, "steady-to")
	if from > 0 {
		marks = append(marks, figure.Mark{X: from, Label: "steady from here"})
	}
	if slices.ContainsFunc(f.sent, func(sent float64) bool { return sent > to }) {
		marks = append(marks, figure.Mark{X: to, Label: "steady until here"})
	}
	return marks
}

func (f *facts) tokenRate() figure.Figure {
	y := make([]float64, f.count)
	for w, n := range f.tokens {
		y[min(w, f.count-1)] += n / f.length(w)
	}
	note := "Tokens of successful requests, at the instants at which they came."
	if f.streamed == 0 {
		note = "Tokens of successful requests, at the instants at which their answers were complete."
	}
	return figure.Figure{
		Title: "Output", Note: note, X: elapsed, Y: figure.Axis{Label: "tokens per second"}, Marks: f.steadyMarks(),
		Series: []figure.Series{f.line("output", figure.Blue, y)}, Empty: "No successful request brought tokens.",
	}
}

func (f *facts) requestRate() figure.Figure {
	done, sent := make([]float64, f.count), make([]float64, f.count)
	for i := range f.sent {
		sent[f.at(f.sent[i])] += 1 / f.length(f.at(f.sent[i]))
		if !f.failed[i] {
			done[f.at(f.end[i])] += 1 / f.length(f.at(f.end[i]))
		}
	}
	fig := figure.Figure{
		Title: "Requests", Note: "Successfully finished.", X: elapsed, Y: figure.Axis{Label: "requests per second"},
		Series: []figure.Series{f.line("finished", figure.Blue, done)},
	}
	if f.res.Clients == 0 { // a closed loop sends when one has ended
		fig.Note = "Sent, and successfully finished."
		line := f.line("sent", figure.Gray, sent)
		line.Dashed = true
		fig.Series = append(fig.Series, line)
	}
	return fig
}

func (f *facts) concurrency() figure.Figure {
	var x, y []float64
	for at, n := range f.inFlight.All() {
		x, y = append(x, at.Seconds()), append(y, float64(n))
	}
	fig := figure.Figure{
		Title: "In flight", Note: "Requests that were sent and had not ended.", X: elapsed, Y: figure.Axis{Label: "requests in flight", Whole: true},
		Series: []figure.Series{figure.Line{Name: "in flight", X: x, Y: y, Step: true}}, Empty: "No request took any time.",
	}
	if n := f.res.Health.AskedInFlight; n > 1 {
		fig.Marks = []figure.Mark{{Kind: figure.MarkY, Y: float64(n), Label: "asked for"}}
	}
	return fig
}

func (f *facts) errorsOverTime() figure.Figure {
	fig := figure.Figure{
		Title: "Failed requests", Note: "By the instant at which they ended, in stretches of " + Seconds(f.width) + ".",
		X: elapsed, Y: figure.Axis{Label: "failed", Whole: true}, Empty: "No request failed.",
	}
	for _, e := range f.res.Errors() {
		bars := figure.Bars{Name: string(e.Kind), Stack: "failed", X: f.middles(), Values: make([]float64, f.count)}
		some := false
		for _, failure := range f.failedAt {
			if failure.kind == e.Kind {
				bars.Values[f.at(failure.end)]++
				some = true
			}
		}
		if some { // those that were never sent have no instant
			fig.Series = append(fig.Series, bars)
		}
	}
	return fig
}

// clientLag shows what the client itself added.
func (f *facts) clientLag() figure.Figure {
	fig := figure.Figure{
		Title: "The client's own lag", Note: "The worst in each stretch of " + Seconds(f.width) + ".",
		X: elapsed, Y: figure.Axis{Label: "lag", Unit: figure.Seconds, Log: true}, Empty: "The endpoint does not tell when requests were written.",
	}
	for i, line := range [lags]struct {
		name  string
		color figure.Color
	}{
		queued: {"sent after it was due", figure.Orange}, writing: {"written after it was sent", figure.Blue},
		late: {"read after the kernel had it", figure.Green},
	} {
		if len(f.lags[i]) == 0 {
			continue
		}
		y := f.noValues()
		for w, d := range f.lags[i] {
			if w = min(w, f.count-1); !(d <= y[w]) {
				y[w] = d
			}
		}
		fig.Series = append(fig.Series, f.line(line.name, line.color, y))
	}
	return fig
}

// at is the stretch of time that an instant belongs to.
func (f *facts) at(seconds float64) int { return min(max(int(seconds/f.width), 0), f.count-1) }

// length is that of a stretch of time; the last one ends with the last request, but is not made so short that its rates are
// chance.
func (f *facts) length(w int) float64 {
	if w < f.count-1 {
		return f.width
	}
	return max(f.last-float64(f.count-1)*f.width, f.width/5)
}

func (f *facts) middles() []float64 {
	x := make([]float64, f.count)
	for w := range x {
		x[w] = (float64(w) + 0.5) * f.width
	}
	return x
}

func (f *facts) noValues() []float64 {
	y := make([]float64, f.count)
	for w := range y {
		y[w] = math.NaN()
	}
	return y
}

func hasValue(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// named is the name of a request in figures.
func named(r *endpoint.Response) string {
	if r.Failed() {
		return fmt.Sprintf("#%d, failed", r.Seq)
	}
	return fmt.Sprintf("#%d", r.Seq)
}
