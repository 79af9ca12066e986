package figuretest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
)

// Hostile is what a page must show as text whatever it is in another language.
const Hostile = `</script><script>alert("&")</script><!-- {{.}} ` + "`${x}`" + ` <img src=x onerror=alert(1)>` + "\u2028" + `{a|b} {c}`

// Gallery is a page with every kind of block and figure over n samples, as a report over n requests would be. The same n
// gives the same page.
func Gallery(n int) figure.Page {
	r := rand.New(rand.NewPCG(1, 2))
	d := draw(r, n)
	return figure.Page{
		Title:    "Load test of llama-3.3-70b",
		Subtitle: "http://localhost:8000/v1 · vLLM 0.11 · 12 October 2025, 14:02 · 10 min 0 s · open loop, Poisson 166.7 req/s",
		Footer:   "Percentiles are of type 7 over successful requests.",
		Sections: []figure.Section{
			{Blocks: []figure.Block{
				figure.Note{Tone: figure.Good, Title: "Trusted", Text: "The client kept its schedule: 99 % of requests were written within 0.21 ms of when they were due, and it used 34 % of one core."},
				tiles(),
			}},
			{Title: "Latency", Note: "Successful requests only, from when each one was due.", Blocks: d.latency()},
			{Title: "Over time", Blocks: d.overTime()},
			{Title: "Requests", Blocks: d.requests()},
			{Title: "Load test", Note: "Seven levels of load, 60 s each.", Blocks: levels(r)},
			{Title: "Comparison", Blocks: comparison(r)},
			{Title: "Where the time goes", Blocks: []figure.Block{flame()}},
			{Title: "Errors and configuration", Blocks: appendix()},
		},
	}
}

// Figures gives all figures of a page, those in details too.
func Figures(p figure.Page) (all []figure.Figure) {
	var walk func(blocks []figure.Block)
	walk = func(blocks []figure.Block) {
		for _, b := range blocks {
			switch b := b.(type) {
			case figure.Details:
				walk(b.Blocks)
			case figure.Figure:
				all = append(all, b)
			}
		}
	}
	for _, s := range p.Sections {
		walk(s.Blocks)
	}
	return all
}

func tiles() figure.Tiles {
	return figure.Tiles{
		{Label: "TTFT p50", Value: figure.Seconds.Format(0.1823), Note: "95 %: 181 … 184 ms"},
		{Label: "TTFT p99", Value: figure.Seconds.Format(0.912), Note: "95 %: 871 … 958 ms"},
		{Label: "Output", Value: figure.Unit("tok/s").Format(41230), Note: "steady state, 9 min"},
		{Label: "Goodput", Value: figure.Fraction.Format(0.9871), Note: "98.6 … 98.8 % meet both objectives", Tone: figure.Good},
		{Label: "ITL p99", Value: figure.Seconds.Format(0.0612), Note: "objective 50 ms", Tone: figure.Warn},
		{Label: "Failed", Value: figure.Fraction.Format(0.0031), Note: "310 of 100,000", Tone: figure.Bad},
	}
}

type sample struct{ due, ttft, itl, total []float64 }

func draw(r *rand.Rand, n int) sample {
	var s sample
	at := 0.0
	for range n {
		at += r.ExpFloat64() * 600 / float64(n)
		busy := 1 + 0.8*math.Exp(-math.Pow((at-380)/25, 2))
		ttft := 0.18 * busy * math.Exp(0.32*r.NormFloat64())
		if r.Float64() < 0.004 {
			ttft += 1.5 * r.Float64()
		}
		itl := 0.024 * busy * math.Exp(0.25*r.NormFloat64())
		s.due, s.ttft, s.itl = append(s.due, at), append(s.ttft, ttft), append(s.itl, itl)
		s.total = append(s.total, ttft+itl*(60+200*r.Float64()))
	}
	return s
}

func (s sample) latency() []figure.Block {
	latency := figure.Axis{Label: "time to first token", Unit: figure.Seconds}
	table := figure.Table{
		Columns: []figure.Column{{Name: ""}, {Name: "mean", Right: true}, {Name: "p50", Right: true}, {Name: "p90", Right: true},
			{Name: "p99", Right: true}, {Name: "95 % interval of p99", Right: true}, {Name: "n", Right: true}},
		Rows: [][]figure.Cell{
			figure.Cells("TTFT", "196 ms", "182 ms", "281 ms", "912 ms", "871 … 958 ms", "99,690"),
			figure.Cells("ITL", "25.9 ms", "24.2 ms", "34.8 ms", "61.2 ms", "60.8 … 61.7 ms", "15,932,000"),
			figure.Cells("TTLT", "4.32 s", "4.12 s", "6.91 s", "10.2 s", "10.1 … 10.3 s", "99,690"),
		},
	}
	return []figure.Block{
		table,
		figure.Figure{Title: "Time to first token", Note: "How many requests fall into each bin.",
			X: latency, Y: figure.Axis{Label: "requests"}, Series: []figure.Series{figure.Histogram{Name: "TTFT", Values: s.ttft}},
			Marks: []figure.Mark{{X: 0.5, Label: "objective 500 ms"}}},
		figure.Figure{Title: "Distribution of TTFT and TTLT", Note: "The share of requests at or below each latency.",
			X: figure.Axis{Label: "latency", Unit: figure.Seconds, Log: true}, Y: figure.Axis{Label: "share of requests", Unit: figure.Fraction},
			Series: []figure.Series{figure.ECDF{Name: "TTFT", Values: s.ttft}, figure.ECDF{Name: "TTLT", Values: s.total}}},
		figure.Figure{Title: "Inter-token latency", X: figure.Axis{Label: "inter-token latency", Unit: figure.Seconds, Log: true},
			Y: figure.Axis{Label: "gaps"}, Series: []figure.Series{figure.Histogram{Name: "ITL", Values: s.itl}}},
		figure.Figure{Title: "TTFT against TTLT", X: latency, Y: figure.Axis{Label: "time to last token", Unit: figure.Seconds},
			Series: []figure.Series{figure.Scatter{Name: "requests", X: s.ttft, Y: s.total}}},
	}
}

func (s sample) overTime() []figure.Block {
	elapsed := figure.Axis{Label: "since the start", Unit: figure.Seconds, Time: true}
	var at, p50, p99, rate, errors []float64
	for w := 0.0; w < 600; w += 5 {
		lo, _ := slices.BinarySearch(s.due, w)
		hi, _ := slices.BinarySearch(s.due, w+5)
		v := slices.Sorted(slices.Values(s.ttft[lo:hi]))
		if len(v) == 0 {
			continue
		}
		at, p50, p99 = append(at, w+2.5), append(p50, v[len(v)/2]), append(p99, v[len(v)*99/100])
		rate = append(rate, float64(len(v))/5*246)
		errors = append(errors, math.Max(0, math.Floor(12*math.Exp(-math.Pow((w-380)/20, 2))+0.2)))
	}
	share := func(f float64) []float64 {
		v := make([]float64, len(p50))
		for i := range v {
			v[i] = p50[i] * f
		}
		return v
	}
	heat := figure.Heatmap{Name: "requests", Log: true, YEdges: figure.Bins(true, s.ttft)}
	for x := 0.0; x <= 600; x += 10 {
		heat.XEdges = append(heat.XEdges, x)
	}
	heat.Values = density(heat.XEdges, heat.YEdges, s.due, s.ttft)
	return []figure.Block{
		figure.Figure{Title: "Time to first token", Note: "Each request, and percentiles of windows of 5 s.", Wide: true, X: elapsed,
			Y: figure.Axis{Label: "time to first token", Unit: figure.Seconds, Log: true},
			Series: []figure.Series{
				figure.Scatter{Name: "requests", X: s.due, Y: s.ttft, Color: figure.Sky},
				figure.Band{Name: "p50", X: at, Lo: share(0.97), Hi: share(1.03), Color: figure.Blue},
				figure.Line{Name: "p50", X: at, Y: p50, Color: figure.Blue}, figure.Line{Name: "p99", X: at, Y: p99, Color: figure.Orange}}},
		figure.Figure{Title: "Throughput", X: elapsed, Y: figure.Axis{Label: "output", Unit: "tok/s"},
			Series: []figure.Series{figure.Line{Name: "output", X: at, Y: rate}}},
		figure.Figure{Title: "Requests in flight", X: elapsed, Y: figure.Axis{Label: "requests in flight"},
			Series: []figure.Series{figure.Line{Name: "in flight", X: s.due, Y: inFlight(s), Step: true}}},
		figure.Figure{Title: "Errors", X: elapsed, Y: figure.Axis{Label: "errors in 5 s"},
			Series: []figure.Series{figure.Bars{Name: "HTTP 503", X: at, Values: errors, Stack: "e", Color: figure.Red},
				figure.Bars{Name: "timeout", X: at, Values: reversed(errors), Stack: "e", Color: figure.Purple}}},
		figure.Figure{Title: "Time to first token, density", X: elapsed, Y: figure.Axis{Label: "time to first token", Unit: figure.Seconds, Log: true},
			Series: []figure.Series{heat}},
	}
}

func reversed(v []float64) []float64 {
	v = slices.Clone(v)
	slices.Reverse(v)
	return v
}

func inFlight(s sample) []float64 {
	ends := make([]float64, len(s.due))
	for i := range ends {
		ends[i] = s.due[i] + s.total[i]
	}
	slices.Sort(ends)
	v := make([]float64, len(s.due))
	done := 0
	for i, t := range s.due {
		for done < len(ends) && ends[done] <= t {
			done++
		}
		v[i] = float64(i + 1 - done)
	}
	return v
}

func density(xe, ye, x, y []float64) [][]float64 {
	cells := make([][]float64, len(ye)-1)
	for i := range cells {
		cells[i] = make([]float64, len(xe)-1)
		for j := range cells[i] {
			cells[i][j] = math.NaN()
		}
	}
	for k := range x {
		i, j := figure.Bin(ye, y[k]), figure.Bin(xe, x[k])
		if i < 0 || j < 0 {
			continue
		}
		if math.IsNaN(cells[i][j]) {
			cells[i][j] = 0
		}
		cells[i][j]++
	}
	return cells
}

func (s sample) requests() []figure.Block {
	kinds := []figure.Kind{{Name: "wait for the first token", Color: figure.Blue}, {Name: "tokens", Color: figure.Sky}, {Name: "late in the client", Color: figure.Orange}}
	slow := figure.Timeline{Kinds: kinds}
	var names []string
	order := make([]int, len(s.total))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, s.total[b]-s.total[a])) })
	for lane, i := range order[:min(16, len(order))] {
		names = append(names, fmt.Sprintf("request %d", i))
		late := s.ttft[i] * 0.1 * float64(lane%4)
		slow.Bars = append(slow.Bars,
			figure.Bar{Lane: lane, Kind: 2, Start: 0, End: late},
			figure.Bar{Lane: lane, Kind: 0, Start: late, End: s.ttft[i], Label: "wait " + figure.Seconds.Format(s.ttft[i])},
			figure.Bar{Lane: lane, Kind: 1, Start: s.ttft[i], End: s.total[i], Label: "214 tokens"})
	}
	clients := make([]string, 64)
	busy := make([]float64, len(clients))
	all := figure.Timeline{Kinds: kinds}
	for i := range clients {
		clients[i] = fmt.Sprintf("client %d", i+1)
	}
	for i := range s.due {
		lane := i % len(clients)
		start := max(busy[lane], s.due[i])
		long := s.total[i] * 60 / float64(max(len(s.due)/100, 1))
		all.Bars = append(all.Bars, figure.Bar{Lane: lane, Kind: i % 7 % 2, Start: start, End: start + long})
		busy[lane] = start + long
	}
	elapsed := figure.Axis{Label: "since each was due", Unit: figure.Seconds, Time: true}
	return []figure.Block{
		figure.Figure{Title: "The slowest requests", Wide: true, X: elapsed, Y: figure.Axis{Label: "request", Categories: names}, Series: []figure.Series{slow}},
		figure.Figure{Title: "All requests by client", Wide: true, X: figure.Axis{Label: "since the start", Unit: figure.Seconds, Time: true},
			Y: figure.Axis{Label: "client", Categories: clients}, Series: []figure.Series{all}},
		figure.Details{Title: "Request 4711, token by token", Blocks: []figure.Block{
			figure.Figure{Title: "Gaps between tokens", Wide: true, X: figure.Axis{Label: "since it was sent", Unit: figure.Seconds, Time: true},
				Y:      figure.Axis{Label: "gap before the token", Unit: figure.Seconds},
				Series: []figure.Series{figure.Scatter{Name: "tokens", X: []float64{0.2, 0.22, 0.25, 0.27, 0.4}, Y: []float64{0.2, 0.02, 0.03, 0.02, 0.13}, Labels: []string{"The", " answer", " is", Hostile, "."}}}},
			figure.Code{Title: "Answer", Text: "The answer is " + Hostile},
		}},
		figure.Details{Title: "Request 4712", Blocks: []figure.Block{figure.Code{Text: "42"}}},
	}
}

func levels(r *rand.Rand) []figure.Block {
	clients := []float64{1, 2, 4, 8, 16, 32, 64}
	var names []string
	var rpm, lo, hi, ttft []float64
	var samples [][]float64
	heat := figure.Heatmap{Name: "mean TTLT", Unit: figure.Seconds}
	for i, c := range clients {
		names = append(names, fmt.Sprint(c))
		rate := 60 * c / (0.9 + math.Pow(c/40, 2)) / 4
		rpm, lo, hi = append(rpm, rate), append(lo, rate*0.93), append(hi, rate*1.06)
		var v []float64
		for range 400 {
			v = append(v, 0.12*(1+math.Pow(c/24, 1.6))*math.Exp(0.3*r.NormFloat64()))
		}
		samples, ttft = append(samples, v), append(ttft, 0.12*(1+math.Pow(c/24, 1.6))*2)
		if i < 4 {
			row, counts := []float64{}, []int{}
			for j := range 5 {
				row, counts = append(row, 0.8*math.Pow(2, float64(i))*(1+0.1*float64(j))), append(counts, 25-i*j)
			}
			heat.Values, heat.Counts = append(heat.Values, row), append(heat.Counts, counts)
		}
	}
	heat.Values[3][4] = math.NaN()
	load := figure.Axis{Label: "clients", Log: true}
	return []figure.Block{
		figure.Figure{Title: "Time to first token", X: figure.Axis{Label: "clients", Categories: names}, Y: figure.Axis{Label: "time to first token", Unit: figure.Seconds, Log: true},
			Series: []figure.Series{figure.Box{Name: "TTFT", Samples: samples}}},
		figure.Figure{Title: "Requests per minute", Note: "With the 95 % interval.", X: load, Y: figure.Axis{Label: "requests per minute", Log: true},
			Series: []figure.Series{figure.Band{Name: "measured", X: clients, Lo: lo, Hi: hi}, figure.Line{Name: "measured", X: clients, Y: rpm, Dots: true},
				figure.Line{Name: "in proportion", X: clients, Y: proportional(clients, rpm[0]), Dashed: true, Color: figure.Gray}}},
		figure.Figure{Title: "Throughput against latency", X: figure.Axis{Label: "TTFT p99", Unit: figure.Seconds}, Y: figure.Axis{Label: "requests per minute"},
			Series: []figure.Series{figure.Line{Name: "levels", X: ttft, Y: rpm, Dots: true}, figure.Intervals{Name: "levels", X: ttft, At: rpm, Lo: lo, Hi: hi}},
			Marks:  []figure.Mark{{Kind: figure.MarkPoint, X: ttft[4], Y: rpm[4], Label: "knee: 16 clients"}, {Kind: figure.MarkX, X: 0.5, Label: "objective 500 ms"}}},
		figure.Figure{Title: "Mean time to last token", X: figure.Axis{Label: "input tokens", Categories: []string{"10–58", "59–107", "108–156", "157–205", "206–500"}},
			Y: figure.Axis{Label: "output tokens", Categories: []string{"128", "256", "512", "1024"}}, Series: []figure.Series{heat}},
	}
}

func proportional(x []float64, slope float64) []float64 {
	v := make([]float64, len(x))
	for i := range x {
		v[i] = x[i] * slope
	}
	return v
}

func comparison(r *rand.Rand) []figure.Block {
	var a, b []float64
	for range 800 {
		a, b = append(a, 0.2*math.Exp(0.3*r.NormFloat64())), append(b, 0.23*math.Exp(0.34*r.NormFloat64()))
	}
	ttft := figure.Axis{Label: "time to first token", Unit: figure.Seconds}
	metrics := []string{"TTFT p50", "TTFT p99", "ITL p50", "ITL p99", "throughput"}
	return []figure.Block{
		figure.Table{Title: "B against A", Note: "Intervals at 95 %, corrected for five comparisons.",
			Columns: []figure.Column{{Name: "metric"}, {Name: "A", Right: true}, {Name: "B", Right: true}, {Name: "difference", Right: true}, {Name: "p", Right: true}, {Name: "verdict"}},
			Rows: [][]figure.Cell{
				append(figure.Cells("TTFT p50", "200 ms", "231 ms", "+15.4 % (11.2 … 19.8 %)", "<0.001"), figure.Cell{Text: "slower", Tone: figure.Bad}),
				append(figure.Cells("ITL p50", "24.2 ms", "24.1 ms", "−0.4 % (−1.9 … 1.1 %)", "0.61"), figure.Cell{Text: "no difference seen"}),
				append(figure.Cells("throughput", "412 tok/s", "436 tok/s", "+5.8 % (3.1 … 8.4 %)", "0.002"), figure.Cell{Text: "faster", Tone: figure.Good}),
			}},
		figure.Figure{Title: "Difference of B from A", X: figure.Axis{Label: "difference", Unit: figure.Fraction}, Y: figure.Axis{Categories: metrics},
			Series: []figure.Series{figure.Intervals{Name: "B − A", At: []float64{0.154, 0.21, -0.004, 0.03, 0.058}, Lo: []float64{0.112, 0.08, -0.019, -0.02, 0.031}, Hi: []float64{0.198, 0.35, 0.011, 0.08, 0.084}}},
			Marks:  []figure.Mark{{Kind: figure.MarkX, X: 0, Label: ""}}},
		figure.Figure{Title: "Time to first token", X: ttft, Y: figure.Axis{Label: "share of requests", Unit: figure.Fraction},
			Series: []figure.Series{figure.Histogram{Name: "A", Values: a}, figure.Histogram{Name: "B", Values: b}}},
		figure.Figure{Title: "Spread", X: ttft, Y: figure.Axis{Categories: []string{"prompt 1", "prompt 2", Hostile}},
			Series: []figure.Series{figure.Box{Name: "A", Samples: [][]float64{a[:200], a[200:500], nil}}, figure.Box{Name: "B", Samples: [][]float64{b[:200], b[200:500], b[500:]}}}},
		figure.Figure{Title: "Errors by kind", X: figure.Axis{Label: "requests"}, Y: figure.Axis{Categories: []string{"HTTP 503", "timeout", "connection reset by peer"}},
			Series: []figure.Series{figure.Bars{Name: "A", Values: []float64{12, 31, 3}}, figure.Bars{Name: "B", Values: []float64{212, 11, 0}}}},
	}
}

func flame() figure.Figure {
	call := func(name string, kind int, v float64, c ...figure.Frame) figure.Frame {
		return figure.Frame{Name: name, Kind: kind, Value: v, Children: c}
	}
	root := call("react_agent", 2, 38.2,
		call("plan", 2, 9.1, call("llama-3.3-70b", 0, 8.7)),
		call("search", 2, 14.5, call("rewrite", 0, 3.1), call("wikipedia_search", 1, 10.9, call("GET en.wikipedia.org", 1, 9.8))),
		call("answer", 2, 12.9, call("llama-3.3-70b", 0, 11.2), call("check", 2, 1.5, call("calculator", 1, 0.4), call("judge", 0, 0.9))))
	return figure.Figure{Title: "One run of the workflow", Note: "Click a frame to look closer.", Wide: true, X: figure.Axis{Label: "time", Unit: figure.Seconds},
		Series: []figure.Series{figure.Flame{Kinds: []figure.Kind{{Name: "LLM", Color: figure.Blue}, {Name: "TOOL", Color: figure.Green}, {Name: "FUNCTION", Color: figure.Orange}}, Root: root}}}
}

func appendix() []figure.Block {
	return []figure.Block{
		figure.Note{Tone: figure.Warn, Title: "Two warnings", Text: "p99.9 rests on 97 samples; 1,000 are needed.\nThe server's token counts differ from the tokenizer's by 3.1 %."},
		figure.Note{Tone: figure.Bad, Title: "Objective missed", Text: "ITL p99 is 61.2 ms and was to be below 50 ms."},
		figure.Table{Title: "Errors", Columns: []figure.Column{{Name: "kind"}, {Name: "count", Right: true}, {Name: "sample"}},
			Rows: [][]figure.Cell{figure.Cells("http", "212", "503 Service Unavailable: queue is full"), figure.Cells("timeout", "98", Hostile)}},
		figure.Figure{Title: "Retries", Empty: "There were none."},
		figure.Details{Title: "Configuration", Blocks: []figure.Block{figure.Code{Text: strings.Repeat("clients: 8\nendpoint:\n  model: llama-3.3-70b\n", 6)}}},
	}
}
