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

var elapsed = figure.Axis{Label: "since the first request", Unit: figure.Seconds, Time: true}

// overTime shows what happened when.
func (f *facts) overTime() figure.Section {
	s := figure.Section{Title: "Over time"}
	if hasValue(f.ttft) {
		s.Blocks = append(s.Blocks, f.latency("Time to first token", f.ttft))
	}
	if hasValue(f.ttlt) {
		s.Blocks = append(s.Blocks, f.latency("Time to last token", f.ttlt))
	}
	s.Blocks = append(s.Blocks, f.tokenRate(), f.requestRate(), f.concurrency())
	if hasValue(f.tpot) {
		s.Blocks = append(s.Blocks, f.perToken())
	}
	s.Blocks = append(s.Blocks, f.errorsOverTime(), f.clientLag())
	return s
}

func (f *facts) latency(name string, values []float64) figure.Figure {
	return figure.Figure{
		Title: name, Note: f.eachAnd(),
		Wide: true, X: elapsed, Y: figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds}, Marks: f.steadyMarks(),
		Series: []figure.Series{
			f.cloud(values),
			f.percentile("p50", figure.Blue, values, 0.5), f.percentile("p90", figure.Orange, values, 0.9),
		},
	}
}

// eachAnd says what figures of a cloud and its percentiles show.
func (f *facts) eachAnd() string {
	return "Each successful request by when it was sent, and percentiles of every " + Seconds(f.width) + "."
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
	in := make([][]float64, f.count)
	for i, v := range values {
		if w := f.at(f.sent[i]); !math.IsNaN(v) {
			in[w] = append(in[w], v)
		}
	}
	line := figure.Line{Name: name, Color: color, X: f.middles(), Y: make([]float64, len(in))}
	for w, values := range in {
		line.Y[w] = math.NaN()
		if len(values) >= leastInWindow {
			line.Y[w] = stats.Quantile(stats.Sorted(values), q)
		}
	}
	return line
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
		y[min(w, f.count-1)] += n / f.width
	}
	note := "Tokens of successful requests, at the instants at which they came."
	if f.streamed == 0 {
		note = "Tokens of successful requests, at the instants at which their answers were complete."
	}
	return figure.Figure{
		Title: "Output", Note: note, X: elapsed, Y: figure.Axis{Label: "tokens per second"}, Marks: f.steadyMarks(),
		Series: []figure.Series{figure.Line{Name: "output", X: f.middles(), Y: y}}, Empty: "No successful request brought tokens.",
	}
}

func (f *facts) requestRate() figure.Figure {
	done, sent := make([]float64, f.count), make([]float64, f.count)
	for i := range f.sent {
		sent[f.at(f.sent[i])] += 1 / f.width
		if f.failed[i] == "" {
			done[f.at(f.end[i])] += 1 / f.width
		}
	}
	fig := figure.Figure{
		Title: "Requests", Note: "Successfully finished.", X: elapsed, Y: figure.Axis{Label: "requests per second"},
		Series: []figure.Series{figure.Line{Name: "finished", Color: figure.Blue, X: f.middles(), Y: done}},
	}
	if f.res.Clients == 0 { // a closed loop sends when one has ended
		fig.Note = "Sent, and successfully finished."
		fig.Series = append(fig.Series, figure.Line{Name: "sent", Color: figure.Gray, X: f.middles(), Y: sent, Dashed: true})
	}
	return fig
}

func (f *facts) concurrency() figure.Figure {
	var x, y []float64
	for at, n := range f.inFlight.All() {
		x, y = append(x, at.Seconds()), append(y, float64(n))
	}
	fig := figure.Figure{
		Title: "In flight", Note: "Requests that were sent and had not ended.", X: elapsed, Y: figure.Axis{Label: "requests in flight"},
		Series: []figure.Series{figure.Line{Name: "in flight", X: x, Y: y, Step: true}}, Empty: "No request took any time.",
	}
	if n := f.res.Health.AskedInFlight; n > 1 {
		fig.Marks = []figure.Mark{{Kind: figure.MarkY, Y: float64(n), Label: "asked for"}}
	}
	return fig
}

func (f *facts) perToken() figure.Figure {
	return figure.Figure{
		Title: "Time per output token", Note: f.eachAnd(),
		X: elapsed, Y: figure.Axis{Label: "time per output token", Unit: figure.Seconds},
		Series: []figure.Series{
			f.cloud(f.tpot),
			f.percentile("p50", figure.Blue, f.tpot, 0.5), f.percentile("p90", figure.Orange, f.tpot, 0.9),
		},
	}
}

func (f *facts) errorsOverTime() figure.Figure {
	fig := figure.Figure{
		Title: "Failed requests", Note: "By the instant at which they ended, in stretches of " + Seconds(f.width) + ".",
		X: elapsed, Y: figure.Axis{Label: "failed"}, Empty: "No request failed.",
	}
	for _, e := range f.res.Errors() {
		bars := figure.Bars{Name: string(e.Kind), Stack: "failed", X: f.middles(), Values: make([]float64, f.count)}
		some := false
		for i, kind := range f.failed {
			if kind == e.Kind {
				bars.Values[f.at(f.end[i])]++
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
	worst := func(name string, color figure.Color, of []float64) {
		if !hasValue(of) {
			return
		}
		line := figure.Line{Name: name, Color: color, X: f.middles(), Y: f.noValues(), Dots: f.count < 3}
		for i, v := range of {
			if w := f.at(f.sent[i]); !(v <= line.Y[w]) && v > 0 {
				line.Y[w] = v
			}
		}
		if hasValue(line.Y) {
			fig.Series = append(fig.Series, line)
		}
	}
	worst("sent after it was due", figure.Orange, f.queued)
	worst("written after it was sent", figure.Blue, f.writing)
	if len(f.late) > 0 {
		line := figure.Line{Name: "read after the kernel had it", Color: figure.Green, X: f.middles(), Y: f.noValues()}
		for w, d := range f.late {
			line.Y[min(w, f.count-1)] = d
		}
		fig.Series = append(fig.Series, line)
	}
	return fig
}

// at is the stretch of time that an instant belongs to.
func (f *facts) at(seconds float64) int { return min(max(int(seconds/f.width), 0), f.count-1) }

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
