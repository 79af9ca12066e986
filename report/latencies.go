package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/stats"
)

const (
	mostGaps = 20_000 // gaps between tokens that distributions are drawn from; of more of them, so many quantiles
	leastGap = 1e-4   // seconds: shorter gaps are drawn at this, as several tokens came at once
)

// latencies are tables of percentiles and pictures of whole distributions.
func (f *facts) latencies() figure.Section {
	s := figure.Section{Title: "Latency", Note: "Of successful requests, from the instant at which each was sent."}
	table, some := percentiles(f.st, "", "")
	if !some {
		s.Blocks = []figure.Block{figure.Note{Text: "No successful answer held a token: there are no latencies."}}
		return s
	}
	s.Blocks = append(s.Blocks, table)
	if steady, total := lookup(f.st, "steady-requests"), lookup(f.st, "total_requests"); steady < total {
		title := fmt.Sprintf("The same of the steady state, %s of %s requests", Number(steady), Number(total))
		if table, some := percentiles(f.st, "steady-", title); some {
			s.Blocks = append(s.Blocks, table)
		}
	}
	if hasValue(f.ttft) {
		s.Blocks = append(s.Blocks, f.distribution("ttft", "Time to first token", "requests", "", f.ttft)...)
	}
	if f.gaps.N() > 0 {
		values, note := gapValues(&f.gaps)
		s.Blocks = append(s.Blocks, f.distribution("itl", "Time between tokens", "gaps", note, values)...)
	}
	if hasValue(f.ttlt) {
		s.Blocks = append(s.Blocks, f.distribution("ttlt", "Time to last token", "requests", "", f.ttlt)...)
	}
	return s
}

// distribution is a histogram beside the share at or below each value.
func (f *facts) distribution(key, name, of, note string, values []float64) []figure.Block {
	x := figure.Axis{Label: strings.ToLower(name), Unit: figure.Seconds, Log: true}
	share := figure.Axis{Label: "share of " + of, Unit: figure.Fraction}
	values = stats.Sorted(values) // once, for both
	return []figure.Block{
		figure.Figure{
			Title: name, Note: strings.TrimSpace("The share of " + of + " that falls into each bin. " + note), X: x, Y: share, Marks: objectiveMarks(f.res.Objectives, key),
			Series: []figure.Series{figure.Histogram{Name: name, Values: values}},
		},
		figure.Figure{
			Title: name + ", cumulated", Note: "The share of " + of + " at or below each value.", X: x, Y: share,
			Marks: f.percentileMarks(key), Series: []figure.Series{figure.ECDF{Name: name, Values: values}},
		},
	}
}

func (f *facts) percentileMarks(key string) (marks []figure.Mark) {
	for _, q := range []string{"p50", "p99"} {
		if v, ok := f.st.Lookup(key + "-" + q); ok {
			marks = append(marks, figure.Mark{X: v, Label: q})
		}
	}
	return marks
}

// objectiveMarks are the bounds of objectives that are about a percentile or the mean of a latency.
func objectiveMarks(objectives []slo.Objective, key string) (marks []figure.Mark) {
	for _, o := range objectives {
		if strings.HasPrefix(o.Name, key+"-") && !strings.HasSuffix(o.Name, "-n") {
			marks = append(marks, figure.Mark{X: o.Bound.Value(), Label: o.String()})
		}
	}
	return marks
}

// gapValues are the gaps of a run, or as many quantiles that stand for them, and what is to be said of them.
func gapValues(gaps *stats.Sample) (values []float64, note string) {
	n := gaps.N()
	drawn := min(n, mostGaps)
	var before, short uint64
	for v, count := range gaps.All() {
		if v < leastGap {
			short += count
			v = leastGap
		}
		for float64(len(values))+0.5 <= float64(before+count)*float64(drawn)/float64(n) {
			values = append(values, v)
		}
		before += count
	}
	if n > drawn {
		values[0], values[len(values)-1] = max(gaps.Min(), leastGap), max(gaps.Max(), leastGap)
		note = fmt.Sprintf("Drawn from %s quantiles of %s gaps. ", Number(float64(drawn)), Number(float64(n)))
	}
	if short > 0 {
		note += fmt.Sprintf("%s of the tokens came at once with the one before; they are drawn at %s.", Percent(float64(short)/float64(n)), Seconds(leastGap))
	}
	return values, note
}

// percentiles is the table of latencies whose keys begin with a prefix; some is false if there are none. A row that says the
// same as the one it is like is left out.
func percentiles(st result.Stats, prefix, title string) (t figure.Table, some bool) {
	columns := []string{"mean", "p50", "p90", "p95", "p99", "p99.9"}
	t = figure.Table{Title: title, Columns: []figure.Column{{Name: ""}}}
	for _, name := range append(columns, "95 % interval of p99", "n") {
		t.Columns = append(t.Columns, figure.Column{Name: name, Right: true})
	}
	for _, l := range latencies {
		key := prefix + l.key
		n, ok := st.Lookup(key + "-n")
		if !ok || n == 0 || l.like != "" && same(st, key, prefix+l.like) {
			continue
		}
		row := []string{l.label}
		for _, c := range columns {
			row = append(row, Seconds(lookup(st, key+"-"+c)))
		}
		known := interval(st, key+"-p99", figure.Seconds)
		if known == "" {
			known = Seconds(math.NaN())
		}
		t.Rows = append(t.Rows, figure.Cells(append(row, known, Number(n))...))
	}
	return t, len(t.Rows) > 0
}
