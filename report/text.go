package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// latencies are the rows of the table, in the order in which a request meets them. A row that says the same as the one
// it is like is left out.
var latencies = []struct{ key, label, like string }{
	{"ttft", "TTFT", ""}, {"ttfct", "TTFCT", "ttft"}, {"ttlt", "TTLT", ""}, {"response", "response", "ttlt"},
	{"tpot", "TPOT", ""}, {"itl", "ITL", ""}, {"icl", "ICL", "itl"}, {"stall", "stall", ""},
}

// Text writes res as a table that fits into 80 columns: what was run, the latencies of successful requests with the
// 95 % confidence interval of their p99, those of the steady state where something was cut off, rates, tokens, errors by kind,
// objectives, the verdict, warnings.
func Text(w io.Writer, res *result.Result) error {
	b := bufio.NewWriter(w)
	st := res.Stats()
	writeHead(b, res)
	writeLatencies(b, st)
	writeRates(b, res, st)
	writeVerdict(b, res)
	writeURLs(b, res)
	writeErrors(b, res)
	writeObjectives(b, res)
	writeNotes(b, res)
	return b.Flush()
}

func writeHead(w io.Writer, res *result.Result) {
	what := []string{res.RunName}
	for _, s := range []string{res.ModelID, res.EndpointName, res.Provider} {
		if s != "" && s != what[len(what)-1] {
			what = append(what, s)
		}
	}
	fmt.Fprintln(w, clip(strings.Join(what, " · "), 80))
	state := ""
	if res.Interrupted {
		state = " (interrupted)"
	}
	load := plural(res.Clients, "client")
	if res.Clients == 0 {
		load = "open loop"
	}
	fmt.Fprintf(w, "%s in %s, %s%s\n", plural(res.TotalRequests, "request"), Seconds(res.TotalTestTime.Seconds()), load, state)
	fmt.Fprintln(w)
}

func writeLatencies(w io.Writer, st result.Stats) {
	head := fmt.Sprintf("%-9s%10s%10s%10s%10s%23s%8s\n", "", "mean", "p50", "p90", "p99", "95 % interval of p99", "n")
	if !writeRows(w, st, "", head) {
		fmt.Fprintln(w, "no successful answer held a token: there are no latencies")
	}
	if steady, total := lookup(st, "steady-requests"), lookup(st, "total_requests"); steady < total {
		writeRows(w, st, "steady-", fmt.Sprintf("\nthe same of the steady state, %s of %s requests\n", Number(steady), Number(total)))
	}
	fmt.Fprintln(w)
}

// writeRows writes a row for each latency whose keys begin with prefix, and head before the first. It reports whether there
// was one.
func writeRows(w io.Writer, st result.Stats, prefix, head string) (some bool) {
	for _, l := range latencies {
		key := prefix + l.key
		n, ok := st.Lookup(key + "-n")
		if !ok || n == 0 || l.like != "" && same(st, key, prefix+l.like) {
			continue
		}
		at := func(stat string) string { return Seconds(lookup(st, key+"-"+stat)) }
		interval := "–"
		if lo, hi := lookup(st, key+"-p99-ci95-lo"), lookup(st, key+"-p99-ci95-hi"); !math.IsNaN(lo) && !math.IsNaN(hi) {
			interval = Seconds(lo) + " … " + Seconds(hi)
		}
		fmt.Fprintf(w, "%s%-9s%s%s%s%s%s%s\n", head, l.label, right(at("mean"), 10), right(at("p50"), 10), right(at("p90"), 10),
			right(at("p99"), 10), right(interval, 23), right(Number(n), 8))
		head, some = "", true
	}
	return some
}

func writeRates(w io.Writer, res *result.Result, st result.Stats) {
	row := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s%s\n", label, fmt.Sprintf(format, args...))
	}
	failed := int(zeroIfNaN(lookup(st, "failed_requests")))
	counts := fmt.Sprintf("%s ok, %s failed", Number(float64(res.TotalRequests-failed)), Number(float64(failed)))
	if failed > 0 && res.TotalRequests > 0 {
		counts += " (" + Percent(float64(failed)/float64(res.TotalRequests)) + ")"
	}
	if res.CancelledRequests > 0 {
		counts += fmt.Sprintf(", %s cancelled", Number(float64(res.CancelledRequests)))
	}
	if res.Conversations > 0 {
		counts += ", in " + plural(res.Conversations, "conversation")
	}
	row("requests", "%s", counts)
	row("throughput", "%s requests/s, %s output tokens/s", Number(lookup(st, "requests_per_second")),
		Number(lookup(st, "output_tokens_per_second")))
	if from, to := lookup(st, "steady-from"), lookup(st, "steady-to"); !math.IsNaN(from) {
		row("steady", "%s requests/s, %s output tokens/s, from %s to %s", Number(lookup(st, "steady-requests_per_second")),
			Number(lookup(st, "steady-output_tokens_per_second")), Seconds(from), Seconds(to))
	}
	tokens := fmt.Sprintf("%s in, %s out", Number(lookup(st, "total_input_tokens")), Number(lookup(st, "total_output_tokens")))
	if c := lookup(st, "total_cached_input_tokens"); c > 0 {
		tokens += ", " + Number(c) + " of the input cached"
	}
	if r := lookup(st, "total_reasoning_output_tokens"); r > 0 {
		tokens += ", " + Number(r) + " of the output reasoning"
	}
	row("tokens", "%s", tokens)
	if each, ok := st.Lookup("tokens_per_event-mean"); ok {
		row("events", "%s tokens/event, %s events/read, %s stalls/answer", Number(each), Number(lookup(st, "events_per_read-mean")),
			Number(zeroIfNaN(lookup(st, "stalls_per_request"))))
	}
}

// writeURLs shows what each of several base URLs brought.
func writeURLs(w io.Writer, res *result.Result) {
	if res.Health.URLs < 2 {
		return
	}
	fmt.Fprintf(w, "\n%-41s%10s%10s%10s%9s\n", "by URL", "requests", "TTFT p50", "TTLT p50", "failed")
	for _, p := range res.ByURL() {
		st := p.Result.Stats()
		fmt.Fprintf(w, "%-41s%s%s%s%s\n", clip(p.URL, 40), right(Number(float64(p.Result.TotalRequests)), 10),
			right(Seconds(lookup(st, "ttft-p50")), 10), right(Seconds(lookup(st, "ttlt-p50")), 10),
			right(Number(float64(p.Result.FailedRequests())), 9))
	}
}

func writeErrors(w io.Writer, res *result.Result) {
	errs := res.Errors()
	if len(errs) == 0 {
		return
	}
	fmt.Fprintln(w, "\nerrors")
	for _, e := range errs {
		fmt.Fprintf(w, "  %s  %s\n", right(Number(float64(e.Count)), 6), clip(e.Sample, 70))
	}
}

// writeVerdict says whether the client itself could be trusted, and which numbers not.
func writeVerdict(w io.Writer, res *result.Result) {
	if res.Verdict.Level == "" {
		return
	}
	fmt.Fprintf(w, "%-12s%s (%s clock)\n", "verdict", res.Verdict.Level, res.Clock)
	for _, line := range reasons(res.Verdict) {
		for i, part := range wrap(line, 76) {
			fmt.Fprintf(w, "  %s%s\n", map[bool]string{true: "- ", false: "  "}[i == 0], part)
		}
	}
}

// reasons are those of a verdict, one line for all metrics that are spoilt alike.
func reasons(v result.Verdict) (lines []string) {
	metrics, order := map[string][]string{}, []string{}
	for _, r := range v.Reasons {
		by := Percent(r.Error) + " " + r.Unit
		if r.Unit == "s" {
			by = "up to " + Seconds(r.Error) + " of it may be the client's own"
		}
		if metrics[by] == nil {
			order = append(order, by)
		}
		metrics[by] = append(metrics[by], r.Metric)
	}
	for _, by := range order {
		lines = append(lines, strings.Join(metrics[by], ", ")+": "+by)
	}
	return lines
}

func writeNotes(w io.Writer, res *result.Result) {
	head := "\nwarnings\n"
	for _, warning := range res.Warnings {
		if !concernsTable(warning) {
			continue
		}
		bullet := "  - "
		for _, line := range wrap(warning.Text+concerned(warning), 76) {
			fmt.Fprintf(w, "%s%s%s\n", head, bullet, line)
			head, bullet = "", "    "
		}
	}
	if res.OutputPath != "" {
		fmt.Fprintf(w, "\nsaved in %s\n", res.OutputPath)
	}
}

// concerned names the metrics that a warning is about: " (ttft, ttlt)".
func concerned(warning result.Warning) string {
	if warning.Metric == "" {
		return ""
	}
	var names []string
	for _, key := range strings.Split(warning.Metric, ",") {
		if name, _, _ := strings.Cut(key, "-"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// concernsTable reports whether a warning is about a number that the table shows.
func concernsTable(warning result.Warning) bool {
	if warning.Metric == "" {
		return true
	}
	for _, key := range strings.Split(warning.Metric, ",") {
		if !strings.HasSuffix(key, "-p99.9") && !strings.HasSuffix(key, "-p95") && (warning.Code != stats.Approximate || !strings.HasSuffix(key, "-mean")) {
			return true
		}
	}
	return false
}

// same reports whether two latencies have equal statistics, so that one row says it all.
func same(st result.Stats, a, b string) bool {
	for _, stat := range []string{"mean", "p50", "p99", "n"} {
		x, okX := st.Lookup(a + "-" + stat)
		y, okY := st.Lookup(b + "-" + stat)
		if okX != okY || x != y {
			return false
		}
	}
	return true
}

func lookup(st result.Stats, key string) float64 {
	if v, ok := st.Lookup(key); ok {
		return v
	}
	return math.NaN()
}

func zeroIfNaN(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// right pads by characters: "µ" and "–" take one column but more bytes.
func right(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}

func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func wrap(s string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(float64(n)) + " " + noun + "s"
}

// Line is where a run stands in one line, for a terminal that is being watched.
func Line(elapsed time.Duration, finished, planned, failed, inFlight int, st result.Stats) string {
	of := ""
	if planned > 0 {
		of = "/" + Number(float64(planned))
	}
	s := fmt.Sprintf("%s  %s%s done, %s failed, %s in flight", Seconds(elapsed.Truncate(100*time.Millisecond).Seconds()),
		Number(float64(finished)), of, Number(float64(failed)), Number(float64(inFlight)))
	if p50, ok := st.Lookup("ttft-p50"); ok {
		s += "  TTFT p50 " + Seconds(p50)
	} else if p50, ok := st.Lookup("ttlt-p50"); ok {
		s += "  TTLT p50 " + Seconds(p50)
	}
	return clip(s, 80)
}
