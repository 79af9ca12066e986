package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// summary is what a reader sees first: whether the numbers can be trusted, the numbers, and how the objectives came out.
func (f *facts) summary() (blocks []figure.Block) {
	blocks = append(blocks, remarks(f)...)
	if v, judged := verdict(f.res); judged {
		blocks = append(blocks, v)
	}
	if f.res.TotalRequests > 0 {
		blocks = append(blocks, tiles(f.res, f.st))
	}
	if len(f.res.Objectives) > 0 {
		blocks = append(blocks, objectives(f.res))
	}
	return blocks
}

// remarks say what is missing, and why.
func remarks(f *facts) (notes []figure.Block) {
	failed := f.res.FailedRequests()
	switch {
	case f.res.TotalRequests == 0:
		notes = append(notes, figure.Note{Tone: figure.Bad, Title: "No request finished", Text: "There is nothing to measure in this run."})
	case failed == f.res.TotalRequests:
		notes = append(notes, figure.Note{Tone: figure.Bad, Title: "Every request failed", Text: "There are no latencies; the errors stand below."})
	}
	if f.res.Interrupted {
		notes = append(notes, figure.Note{Tone: figure.Warn, Title: "Interrupted", Text: "The run was ended before its time. " +
			plural(f.res.CancelledRequests, "request") + " in flight were aborted and are in no number."})
	}
	switch {
	case f.err != nil:
		notes = append(notes, figure.Note{Tone: figure.Warn, Title: "Not all responses could be read",
			Text: fmt.Sprintf("The figures show the %s before this error: %v", plural(len(f.sent), "request"), f.err)})
	case !f.any() && f.res.TotalRequests > failed:
		notes = append(notes, figure.Note{Title: "The responses of this run are not there",
			Text: "The numbers are the saved ones; figures that need single requests are left out."})
	case f.any() && f.streamed == 0 && failed < f.res.TotalRequests:
		notes = append(notes, figure.Note{Title: "Answers were not streamed",
			Text: "They came whole: there is no time to first token, and none between tokens."})
	}
	return notes
}

// verdict says whether the client could be trusted as an instrument; judged is false where nobody looked.
func verdict(res *result.Result) (note figure.Note, judged bool) {
	switch res.Verdict.Level {
	case "":
		return note, false
	case result.Trusted:
		note = figure.Note{Tone: figure.Good, Title: "Verdict: trusted", Text: "The client's own part in every number is small beside the number."}
	case result.Invalid:
		note = figure.Note{Tone: figure.Bad, Title: "Verdict: invalid", Text: "The client measured itself: its own part in a number is as large as the number."}
	default:
		note = figure.Note{Tone: figure.Warn, Title: "Verdict: degraded", Text: "The client's own part in these numbers is not small:"}
	}
	for _, r := range res.Verdict.Reasons {
		note.Text += "\n" + reason(r)
	}
	switch res.Clock {
	case "kernel":
		note.Text += "\nInstants of answers are the kernel's receive times."
	case "user":
		note.Text += "\nInstants of answers are those at which this process read them."
	}
	return note, true
}

func reason(r result.Reason) string {
	if r.Unit == "s" {
		return fmt.Sprintf("%s: up to %s of it may be the client's own", r.Metric, Seconds(r.Error))
	}
	return fmt.Sprintf("%s: %s %s", r.Metric, Percent(r.Error), r.Unit)
}

// tiles are the key numbers.
func tiles(res *result.Result, st result.Stats) (all figure.Tiles) {
	outcomes := map[string]slo.Status{}
	for _, o := range res.Check(res.Objectives) {
		outcomes[o.Objective.Key()] = o.Status
	}
	add := func(label, key string, u figure.Unit) {
		v, ok := st.Lookup(key)
		if !ok {
			return
		}
		t := figure.Tile{Label: label, Value: u.Format(v), Note: "no interval"}
		if known := interval(st, key, u); known != "" {
			t.Note = "95 %: " + known
		} else if metric, _, _ := strings.Cut(key, "-"); u == figure.Seconds {
			t.Note = fmt.Sprintf("no interval, n %s", Number(lookup(st, metric+"-n")))
		}
		if lag := res.Verdict.Lag(key); lag > 0 {
			t.Tone, t.Note = figure.Warn, "up to "+Seconds(lag)+" is the client's"
		}
		switch outcomes[key] {
		case slo.Met:
			t.Tone = max(t.Tone, figure.Good)
		case slo.Missed:
			t.Tone = figure.Bad
		}
		all = append(all, t)
	}
	for _, l := range []struct{ label, key string }{{"TTFT", "ttft"}, {"ITL", "itl"}, {"TTLT", "ttlt"}} {
		add(l.label+" p50", l.key+"-p50", figure.Seconds)
		add(l.label+" p99", l.key+"-p99", figure.Seconds)
	}
	if v := lookup(st, "output_tokens_per_second"); v > 0 {
		all = append(all, figure.Tile{Label: "output", Value: figure.Unit("tokens/s").Format(v), Note: Number(lookup(st, "total_output_tokens")) + " tokens"})
	}
	add("throughput", "requests_per_second", "requests/s")
	return append(all, failedTile(res, st), inFlightTile(res))
}

func failedTile(res *result.Result, st result.Stats) figure.Tile {
	failed := res.FailedRequests()
	t := figure.Tile{Label: "failed", Value: Percent(float64(failed) / float64(res.TotalRequests)),
		Note: fmt.Sprintf("%s of %s", Number(float64(failed)), Number(float64(res.TotalRequests)))}
	if failed > 0 {
		t.Tone = figure.Bad
		if known := interval(st, "failed_requests_rate", figure.Fraction); known != "" {
			t.Note += ", 95 %: " + known
		}
	}
	return t
}

func inFlightTile(res *result.Result) figure.Tile {
	if res.Health.InFlight == 0 {
		return figure.Tile{Label: "test time", Value: Seconds(res.TotalTestTime.Seconds())}
	}
	t := figure.Tile{Label: "in flight", Value: Number(res.Health.InFlight), Note: "at most " + Number(float64(res.Health.MaxInFlight))}
	if res.Health.AskedInFlight > 0 {
		t.Note += ", asked for " + Number(float64(res.Health.AskedInFlight))
	}
	return t
}

// objectives is the table of how they came out.
func objectives(res *result.Result) figure.Table {
	t := figure.Table{Title: "Objectives", Columns: []figure.Column{{Name: "objective"}, {Name: ""},
		{Name: "value", Right: true}, {Name: "off by", Right: true}, {Name: "95 % interval", Right: true}, {Name: "n", Right: true}}}
	for _, o := range res.Check(res.Objectives) {
		u := unitOf(o.Objective)
		value, off, known, n := math.NaN(), math.NaN(), "–", math.NaN()
		if o.Status != slo.Undefined {
			value = o.Value
		}
		if o.Status == slo.Missed || o.Status == slo.Inconclusive {
			off = -o.Margin
		}
		if o.Interval != nil {
			known = between(o.Interval.Lo, o.Interval.Hi, u)
		}
		if o.N > 0 {
			n = float64(o.N)
		}
		status := figure.Cell{Text: o.Status.String(), Tone: statusTone(o.Status)}
		t.Rows = append(t.Rows, []figure.Cell{{Text: o.Objective.String()}, status,
			{Text: u.Format(value)}, {Text: u.Format(off)}, {Text: known}, {Text: Number(n)}})
	}
	return t
}

func statusTone(s slo.Status) figure.Tone {
	switch s {
	case slo.Met:
		return figure.Good
	case slo.Missed:
		return figure.Bad
	}
	return figure.Warn
}

// unitOf is the unit of an objective's number, by that of its bound.
func unitOf(o slo.Objective) figure.Unit {
	switch o.Bound.Unit {
	case "ns", "us", "ms", "s", "m":
		return figure.Seconds
	case "%":
		return figure.Fraction
	}
	return figure.Unit(o.Bound.Unit)
}
