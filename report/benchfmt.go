package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// A benchmark is one line: what was measured, how often, and what came of it.
type benchmark struct {
	name   string // as Go writes it, without "Benchmark"
	n      int
	values []metricValue
	remark string // why there are no values
}

type metricValue struct {
	value float64
	unit  string
}

// writeBenchmarks writes a line for each, and first which way the rates are better. Lines that begin with # are nothing to
// readers of the format.
func writeBenchmarks(w io.Writer, all []benchmark) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "Unit req/s better=higher\nUnit tok/s better=higher\n\n")
	for _, m := range all {
		if len(m.values) == 0 {
			fmt.Fprintf(b, "# %s: %s\n", m.name, clean(m.remark))
			continue
		}
		fmt.Fprintf(b, "Benchmark%s %d", m.name, m.n)
		for _, v := range m.values {
			fmt.Fprintf(b, " %s %s", strconv.FormatFloat(v.value, 'f', -1, 64), v.unit)
		}
		fmt.Fprintln(b)
	}
	return b.Flush()
}

// benchName is a name with its parts, each a key and a value: "LoadTest/model=m/clients=4". Blanks, which end a name, and slashes,
// which begin a part, are underscores in values. Go's names end in the number of processors unless it is 1, which nothing here
// depends on; a name that ends like that by itself gets -1, so that nothing is cut off it.
func benchName(kind string, keyValues ...string) string {
	for i := 0; i+1 < len(keyValues); i += 2 {
		if keyValues[i+1] != "" {
			kind += "/" + benchPart(keyValues[i]) + "=" + benchPart(keyValues[i+1])
		}
	}
	if _, err := strconv.ParseUint(kind[strings.LastIndexByte(kind, '-')+1:], 10, 64); err == nil && strings.Contains(kind, "-") {
		kind += "-1"
	}
	return kind
}

func benchPart(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '/' || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
}

// benchmarkOf is a line of statistics. The number of requests that brought them is what Go calls iterations.
func benchmarkOf(name string, requests int, st result.Stats) benchmark {
	failed := int(zeroIfNaN(lookup(st, "failed_requests")))
	b := benchmark{name: name, n: requests - failed}
	if requests == 0 {
		b.remark = "no request finished"
		return b
	}
	for _, l := range []string{"ttft", "itl", "tpot", "ttlt", "response"} {
		if n := lookup(st, l+"-n"); !(n > 0) || l == "response" && same(st, "response", "ttlt") {
			continue
		}
		for _, q := range []struct {
			name string
			q    float64
		}{{"p50", 0.5}, {"p99", 0.99}} {
			if v, ok := st.Lookup(l + "-" + q.name); ok && uint64(lookup(st, l+"-n")) >= stats.MinN(q.q) {
				b.values = append(b.values, latencyMetric(q.name+"-"+l, v))
			}
		}
	}
	for _, rate := range []struct{ key, unit string }{{"output_tokens_per_second", "tok/s"}, {"requests_per_second", "req/s"}} {
		if v, ok := st.Lookup(rate.key); ok {
			b.values = append(b.values, metricValue{v, rate.unit})
		}
	}
	b.values = append(b.values, metricValue{float64(failed) / float64(requests), "failed/op"})
	return b
}

// latencyMetric is a latency in nanoseconds. benchstat makes seconds of those, but not of 0, which would be a table of its own.
func latencyMetric(name string, seconds float64) metricValue {
	if ns := math.Round(seconds * 1e9); ns != 0 {
		return metricValue{ns, name + "-ns"}
	}
	return metricValue{0, name + "-sec"}
}

// runBenchmark is the line of a run under a name that ends with its load.
func runBenchmark(res *result.Result, l experiments.Load, kind string, keyValues ...string) benchmark {
	keyValues = append(keyValues, "model", res.ModelID)
	switch {
	case l.Rate > 0:
		keyValues = append(keyValues, "rate", strconv.FormatFloat(float64(l.Rate), 'f', -1, 64))
	case l.Clients > 0:
		keyValues = append(keyValues, "clients", strconv.Itoa(l.Clients))
	default:
		keyValues = append(keyValues, "load", "open")
	}
	return benchmarkOf(benchName(kind, keyValues...), res.TotalRequests, res.Stats())
}

func (r runs) benchmarks() (all []benchmark) {
	for _, res := range r.all {
		all = append(all, runBenchmark(res, experiments.Load{Clients: res.Clients}, "Run"))
	}
	return all
}

func (l loadTest) benchmarks() (all []benchmark) {
	for _, level := range l.Levels {
		all = append(all, runBenchmark(level.Result, level.Load, "LoadTest"))
	}
	return all
}

func (h heatmap) benchmarks() (all []benchmark) {
	model := ""
	if len(h.Runs) > 0 {
		model = h.Runs[0].ModelID
	}
	for _, c := range h.grid.Cells {
		all = append(all, benchmarkOf(benchName("Heatmap", "model", model, "input", binText(c.Input), "output", binText(c.Output)), c.Requests, c.Stats))
	}
	return all
}

// binText is "128", or "128..351".
func binText(b experiments.Bin) string {
	if b.Hi == b.Lo+1 {
		return strconv.Itoa(b.Lo)
	}
	return fmt.Sprintf("%d..%d", b.Lo, b.Hi-1)
}

func (c capacity) benchmarks() (all []benchmark) {
	if v := cmp.Or(float64(c.Load.Clients), float64(c.Load.Rate)); c.found() && v > 0 {
		unit := map[bool]string{false: "capacity-clients", true: "capacity-req/s"}[c.rates()]
		model := ""
		if len(c.Levels) > 0 {
			model = c.Levels[0].Result.ModelID
		}
		all = append(all, benchmark{name: benchName("Capacity", "model", model), n: 1, values: []metricValue{{v, unit}}})
	}
	for _, level := range c.Levels {
		all = append(all, runBenchmark(level.Result, level.Load, "Capacity"))
	}
	return all
}

func (c comparison) benchmarks() (all []benchmark) {
	for i, side := range [][]*result.Result{c.A, c.B} {
		for _, res := range side {
			b := benchmarkOf(benchName("Compare", "side", string("AB"[i])), res.TotalRequests, res.Stats())
			all = append(all, b)
		}
	}
	return all
}

func (s sweep) benchmarks() (all []benchmark) {
	for _, row := range s.Rows {
		var keyValues []string
		for i, axis := range s.Axes {
			keyValues = append(keyValues, axis, row.Labels[i])
		}
		if row.Result == nil {
			all = append(all, benchmark{name: benchName("Sweep", keyValues...), remark: fmt.Sprint(row.Err)})
			continue
		}
		if !slices.Contains(s.Axes, "model") {
			keyValues = append([]string{"model", row.Result.ModelID}, keyValues...)
		}
		all = append(all, benchmarkOf(benchName("Sweep", keyValues...), row.Result.TotalRequests, row.Result.Stats()))
	}
	return all
}

func (s soak) benchmarks() (all []benchmark) {
	for _, segment := range s.Segments {
		all = append(all, benchmarkOf(benchName("Soak", "model", modelOf(segment.Stats)), segment.Requests, segment.Stats))
	}
	return all
}
