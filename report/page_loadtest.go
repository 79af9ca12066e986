package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// footer says what is true of every number on a page.
const footer = "Latencies are those of successful requests, in percentiles of type 7, with 95 % confidence intervals from order statistics."

func (l loadTest) page() figure.Page {
	levels := gatherLevels(l.Levels)
	names, all := levelNames(levels), factsOf(levels)
	p := figure.Page{Title: cmp.Or(l.TestName, "Load test"), Subtitle: subtitleOf("load test, "+plural(len(levels), "level"), runsOf(all)), Footer: footer}
	top := warned(l.Warnings)
	if len(levels) == 0 {
		top = append(top, figure.Note{Tone: figure.Bad, Title: "No level was run", Text: "There is nothing to show."})
		p.Sections = []figure.Section{{Blocks: top}}
		return p
	}
	top = append(top, sharedRemarks(all, names)...)
	if v, judged := sharedVerdict(runsOf(all), names, "level"); judged {
		top = append(top, v)
	}
	top = append(top, levelTiles(l.LoadTestResult, levels), levelTable(levels))
	p.Sections = append(p.Sections, figure.Section{Blocks: top})
	knee := l.marks()
	for _, ladder := range ladders(levels) {
		p.Sections = append(p.Sections, figure.Section{Title: "By " + ladder.by, Blocks: append(ladder.tradeOffs(knee), ladder.curves()...)})
	}
	p.Sections = append(p.Sections,
		figure.Section{Title: "Distributions", Note: "Of successful requests: the box holds the middle half, its line is the median, whiskers reach to the outermost values within 1.5 times the box.", Blocks: spreads(levels)},
		figure.Section{Title: "Each level", Blocks: each(all, names)})
	return p
}

// warned shows warnings as a note, if there are any.
func warned(all []result.Warning) (blocks []figure.Block) {
	var lines []string
	for _, w := range all {
		lines = append(lines, clip(w.Text, 500))
	}
	switch len(lines) {
	case 0:
		return nil
	case 1:
		return []figure.Block{figure.Note{Tone: figure.Warn, Title: "Warning", Text: lines[0]}}
	}
	return []figure.Block{figure.Note{Tone: figure.Warn, Title: plural(len(lines), "warning"), Text: strings.Join(lines, "\n")}}
}

// marks are the levels that throughput against latency names.
func (l loadTest) marks() map[experiments.Load]string {
	if knee, ok := l.Knee(); ok {
		return map[experiments.Load]string{knee.Load: "knee: " + knee.Load.String()}
	}
	return nil
}

// levelTiles are the key numbers of a load test.
func levelTiles(r *experiments.LoadTestResult, levels []level) (tiles figure.Tiles) {
	most := func(label, key string, unit figure.Unit, of func(level) bool) {
		if best, ok := highest(levels, key, of); ok {
			tiles = append(tiles, figure.Tile{Label: label, Value: unit.Format(best.stat(key)), Note: "at " + best.name})
		}
	}
	all := func(level) bool { return true }
	most("most requests", "requests_per_second", "requests/s", all)
	most("most output", "output_tokens_per_second", "tokens/s", all)
	if knee, ok := r.Knee(); ok {
		tiles = append(tiles, figure.Tile{Label: "knee", Value: knee.Load.String(), Note: "beyond it latency grows faster than throughput"})
	}
	trusted := func(l level) bool { return l.res.Verdict.Level == result.Trusted }
	if best, ok := highest(levels, "requests_per_second", all); ok && !trusted(best) {
		most("most requests, trusted", "requests_per_second", "requests/s", trusted)
	}
	for _, latency := range []struct{ label, key string }{{"TTFT p50", "ttft-p50"}, {"TTFT p99", "ttft-p99"}} {
		if t, ok := fromTo(levels, latency.label, latency.key); ok {
			tiles = append(tiles, t)
		}
	}
	failed, requests := 0, 0
	for _, l := range levels {
		failed, requests = failed+l.res.FailedRequests(), requests+l.res.TotalRequests
	}
	return append(tiles, failedOf(failed, requests))
}

func failedOf(failed, requests int) figure.Tile {
	t := figure.Tile{Label: "failed", Value: Percent(float64(failed) / float64(max(requests, 1))), Note: Number(float64(failed)) + " of " + Number(float64(requests))}
	if failed > 0 {
		t.Tone = figure.Bad
	}
	return t
}

// highest is the level with the highest value of a statistic; of equals the one under less load.
func highest(levels []level, key string, of func(level) bool) (best level, ok bool) {
	for _, l := range levels {
		if v := l.stat(key); of(l) && v > 0 && (!ok || v > best.stat(key)) {
			best, ok = l, true
		}
	}
	return best, ok
}

// fromTo is a latency under the least load and under the most of its kind.
func fromTo(levels []level, label, key string) (figure.Tile, bool) {
	first, last := levels[0], levels[0]
	for _, l := range levels {
		if (l.Rate > 0) == (first.Rate > 0) {
			last = l
		}
	}
	from, to := first.stat(key), last.stat(key)
	if math.IsNaN(from) || math.IsNaN(to) || last.Load == first.Load {
		return figure.Tile{}, false
	}
	return figure.Tile{Label: label + " at " + first.name, Value: Seconds(from), Note: fmt.Sprintf("%s at %s", Seconds(to), last.name)}, true
}

// outcome says in one cell whether a run met its objectives.
func outcome(res *result.Result) figure.Cell {
	worst := figure.Cell{Text: "–"}
	for _, o := range res.Check(res.Objectives) {
		if tone := statusTone(o.Status); tone > worst.Tone {
			worst = figure.Cell{Text: o.Status.String(), Tone: tone}
			if o.Status != slo.Met {
				worst.Text += ": " + o.Objective.String()
			}
		}
	}
	return worst
}

// tradeOffs are throughput against latencies.
func (l ladder) tradeOffs(marked map[experiments.Load]string) (blocks []figure.Block) {
	for _, latency := range []struct{ key, name string }{{"ttft", "Time to first token"}, {"ttlt", "Time to last token"}} {
		if fig, ok := l.tradeOff(latency.key, latency.name, marked); ok {
			blocks = append(blocks, fig)
		}
	}
	return blocks
}

// spreads are the distributions of latencies by level.
func spreads(levels []level) (blocks []figure.Block) {
	names := levelNames(levels)
	for _, d := range []struct {
		name   string
		values func(*facts) []float64
	}{
		{"Time to first token", func(f *facts) []float64 { return f.ttft }},
		{"Time between tokens", func(f *facts) []float64 { values, _ := gapValues(&f.gaps); return values }},
		{"Time to last token", func(f *facts) []float64 { return f.ttlt }},
	} {
		box := figure.Box{Name: d.name}
		some := false
		for _, l := range levels {
			values := d.values(l.facts)
			box.Samples, some = append(box.Samples, values), some || hasValue(values)
		}
		if some {
			blocks = append(blocks, figure.Figure{Title: d.name, X: figure.Axis{Categories: names}, Y: figure.Axis{Label: strings.ToLower(d.name), Unit: figure.Seconds, Log: true}, Series: []figure.Series{box}})
		}
	}
	if len(blocks) == 0 {
		blocks = []figure.Block{figure.Note{Text: "No successful answer held a token: there are no latencies."}}
	}
	return blocks
}
