package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// latencies are the rows of the table, in the order in which a request meets them. A row that says the same as the one
// it is like is left out.
var latencies = []struct{ key, label, like string }{
	{"ttft", "TTFT", ""}, {"ttfct", "TTFCT", "ttft"}, {"ttlt", "TTLT", ""}, {"response", "response", "ttlt"},
	{"tpot", "TPOT", ""}, {"itl", "ITL", ""}, {"icl", "ICL", "itl"}, {"stall", "stall", ""},
}

// document tells everything of one run, and of several what sets them apart.
func (r runs) document() document {
	if len(r.all) != 1 || len(r.warnings) > 0 {
		return r.side()
	}
	res, st := r.all[0], r.all[0].Stats()
	d := append(document{runHead(res)}, latencyParts(res, st)...)
	d = append(d, runPairs(res, st))
	d = append(d, urlParts(res)...)
	d = append(d, errorParts(res)...)
	d = append(d, objectiveParts(res)...)
	d = append(d, warningParts(res)...)
	if res.OutputPath != "" {
		d = append(d, place(res.OutputPath))
	}
	return d
}

func runHead(res *result.Result) headline {
	what := []string{title(res)}
	for _, s := range []string{res.ModelID, res.EndpointName, res.Provider} {
		if s != "" && s != what[len(what)-1] {
			what = append(what, s)
		}
	}
	state := ""
	if res.Interrupted {
		state = " (interrupted)"
	}
	load := plural(res.Clients, "client")
	if res.Clients == 0 {
		load = "open loop"
	}
	lines := []string{fmt.Sprintf("%s in %s, %s%s", plural(res.TotalRequests, "request"), Seconds(res.TotalTestTime.Seconds()), load, state)}
	return headline{strings.Join(what, " · "), lines}
}

func latencyParts(res *result.Result, st result.Stats) (parts []part) {
	whole := latencySheet(st, "")
	switch {
	case len(whole.rows) > 0:
		parts = append(parts, whole)
	case res.TotalRequests == 0:
		parts = append(parts, paragraph{{Text: "no request finished: there are no latencies", Tone: figure.Bad}})
	case int(zeroIfNaN(lookup(st, "failed_requests"))) == res.TotalRequests:
		parts = append(parts, paragraph{{Text: "every request failed: there are no latencies", Tone: figure.Bad}})
	default:
		parts = append(parts, paragraph{{Text: "no successful answer held a token: there are no latencies", Tone: figure.Warn}})
	}
	steady, total := lookup(st, "steady-requests"), lookup(st, "total_requests")
	if part := latencySheet(st, "steady-"); steady < total && len(part.rows) > 0 {
		part.title = fmt.Sprintf("the same of the steady state, %s of %s requests", Number(steady), Number(total))
		part.bare = true
		parts = append(parts, part)
	}
	if part := latencySheet(st, "attempt_"); len(part.rows) > 0 {
		part.title = fmt.Sprintf("the same without retries: from the start of the last attempt; %s were sent again, %s in all",
			plural(int(lookup(st, "retried_requests")), "request"), plural(int(lookup(st, "retries")), "time"))
		part.bare = true
		parts = append(parts, part)
	}
	return parts
}

// latencySheet has a row for each latency whose keys begin with prefix.
func latencySheet(st result.Stats, prefix string) sheet {
	s := sheet{keys: 1, columns: []column{{least: 9}}}
	for _, name := range []string{"mean", "p50", "p90", "p99"} {
		s.columns = append(s.columns, column{name: name, right: true, least: 8})
	}
	s.columns = append(s.columns, column{name: "95 % interval of p99", right: true, least: 21}, column{name: "n", right: true, least: 6})
	for _, l := range latencies {
		key := prefix + l.key
		n, ok := st.Lookup(key + "-n")
		if !ok || n == 0 || l.like != "" && same(st, key, prefix+l.like) {
			continue
		}
		row := figure.Cells(l.label)
		for _, c := range s.columns[1:5] {
			row = append(row, textCell(Seconds(lookup(st, key+"-"+c.name))))
		}
		known := unknown
		if lo, hi := lookup(st, key+"-p99-ci95-lo"), lookup(st, key+"-p99-ci95-hi"); !math.IsNaN(lo) && !math.IsNaN(hi) {
			known = Seconds(lo) + " … " + Seconds(hi)
		}
		s.rows = append(s.rows, append(row, textCell(known), textCell(Number(n))))
	}
	return s
}

// runPairs are the numbers of the run as a whole, and whether the client itself could be trusted.
func runPairs(res *result.Result, st result.Stats) pairs {
	ps := pairs{{name: "requests", value: requestCounts(res, st)}}
	add := func(name, format string, args ...any) {
		ps = append(ps, pair{name: name, value: []figure.Cell{textCell(fmt.Sprintf(format, args...))}})
	}
	add("throughput", "%s requests/s, %s output tokens/s", Number(lookup(st, "requests_per_second")), Number(lookup(st, "output_tokens_per_second")))
	if from, to := lookup(st, "steady-from"), lookup(st, "steady-to"); !math.IsNaN(from) {
		add("steady", "%s requests/s, %s output tokens/s, from %s to %s", Number(lookup(st, "steady-requests_per_second")),
			Number(lookup(st, "steady-output_tokens_per_second")), Seconds(from), Seconds(to))
	}
	tokens := fmt.Sprintf("%s in, %s out", Number(lookup(st, "total_input_tokens")), Number(lookup(st, "total_output_tokens")))
	if c := lookup(st, "total_cached_input_tokens"); c > 0 {
		tokens += ", " + Number(c) + " of the input cached"
	}
	if r := lookup(st, "total_reasoning_output_tokens"); r > 0 {
		tokens += ", " + Number(r) + " of the output reasoning"
	}
	add("tokens", "%s", tokens)
	if each, ok := st.Lookup("tokens_per_event-mean"); ok {
		add("events", "%s tokens/event, %s events/read, %s stalls/answer", Number(each), Number(lookup(st, "events_per_read-mean")),
			Number(zeroIfNaN(lookup(st, "stalls_per_request"))))
	}
	if v := res.Verdict; v.Level != "" {
		ps = append(ps, pair{"verdict", []figure.Cell{
			{Text: v.Level, Tone: verdictTone(v.Level)}, textCell(fmt.Sprintf(" (%s clock)", res.Clock)),
		}, reasons(v)})
	}
	return ps
}

func requestCounts(res *result.Result, st result.Stats) []figure.Cell {
	failed := int(zeroIfNaN(lookup(st, "failed_requests")))
	ok := fmt.Sprintf("%s ok, ", Number(float64(res.TotalRequests-failed)))
	failures, rest := Number(float64(failed))+" failed", ""
	tone := figure.Plain
	if failed > 0 && res.TotalRequests > 0 {
		failures += " (" + Percent(float64(failed)/float64(res.TotalRequests)) + ")"
		tone = figure.Bad
	}
	if res.CancelledRequests > 0 {
		rest += fmt.Sprintf(", %s cancelled", Number(float64(res.CancelledRequests)))
	}
	if res.Conversations > 0 {
		rest += ", in " + plural(res.Conversations, "conversation")
	}
	return []figure.Cell{textCell(ok), {Text: failures, Tone: tone}, textCell(rest)}
}

// urlParts show what each of several base URLs brought.
func urlParts(res *result.Result) []part {
	if res.Health.URLs < 2 {
		return nil
	}
	s := sheet{keys: 1, columns: []column{{name: "by URL", least: 41, most: 41}}}
	for _, name := range []string{"requests", "TTFT p50", "TTLT p50"} {
		s.columns = append(s.columns, column{name: name, right: true, least: 8})
	}
	s.columns = append(s.columns, column{name: "failed", right: true, least: 7})
	for _, p := range res.ByURL() {
		st := p.Result.Stats()
		s.rows = append(s.rows, []figure.Cell{
			textCell(p.URL), textCell(Number(float64(p.Result.TotalRequests))), textCell(Seconds(lookup(st, "ttft-p50"))),
			textCell(Seconds(lookup(st, "ttlt-p50"))), failedCell(float64(p.Result.FailedRequests())),
		})
	}
	return []part{s}
}

func failedCell(n float64) figure.Cell {
	c := textCell(Number(n))
	if n > 0 {
		c.Tone = figure.Bad
	}
	return c
}

func errorParts(res *result.Result) []part { return errorSheet(res.Errors()) }

// errorSheet counts errors, with an example of each kind.
func errorSheet(errs []result.ErrorCount) []part {
	s := sheet{title: "errors", bare: true, indent: 2, columns: []column{{name: "n", right: true, least: 6}, {name: "example", most: 70}}}
	for _, e := range errs {
		s.rows = append(s.rows, []figure.Cell{failedCell(float64(e.Count)), textCell(cmp.Or(e.Sample, string(e.Kind)))})
	}
	if len(s.rows) == 0 {
		return nil
	}
	return []part{s}
}

// objectiveParts say how the objectives of the run came out.
func objectiveParts(res *result.Result) []part {
	l := list{title: "objectives"}
	for _, o := range res.Check(res.Objectives) {
		l.items = append(l.items, figure.Cell{Text: Objective(o), Tone: statusTone(o.Status)})
	}
	return l.some()
}

func warningParts(res *result.Result) []part {
	l := list{title: "warnings"}
	for _, warning := range res.Warnings {
		if concernsTable(warning) {
			l.items = append(l.items, textCell(warning.Text+concerned(warning)))
		}
	}
	return l.some()
}

// some is nothing if the list has no items.
func (l list) some() []part {
	if len(l.items) == 0 {
		return nil
	}
	return []part{l}
}
