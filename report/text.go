package report

import (
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

// Text writes res as a table that fits into 80 columns: what was run, the latencies of successful requests with the
// 95 % confidence interval of their p99, those of the steady state where something was cut off, rates, tokens, errors by kind,
// objectives, the verdict, warnings. It is the short way for one run; [Run] has all formats.
func Text(w io.Writer, res *result.Result) error { return Run(res).Text(w) }

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
