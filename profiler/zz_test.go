package profiler

import (
	"fmt"
	"testing"
	"time"
)

func timeAll(t *testing.T, name string, traces []*Trace) {
	start := time.Now()
	rs := resolveAll(traces)
	fmt.Printf("%s: resolve %v", name, time.Since(start).Round(time.Millisecond))
	for _, a := range []struct {
		n string
		f func()
	}{
		{"int", func() { ConfidenceIntervals(rs) }}, {"pre", func() { FindCommonPrefixes(rs, 0, nil) }}, {"uni", func() { TokenUniqueness(rs, nil) }},
		{"sim", func() { AnalyzeSimpleStack(rs) }}, {"nes", func() { AnalyzeNestedStack(rs) }}, {"spi", func() { AnalyzeSpikes(rs, 0) }},
		{"pat", func() { p, _ := FindPatterns(rs, PatternOptions{MaxTextLen: 1000}); if p.Truncated { fmt.Print(" trunc") } }},
		{"nam", func() { p, _ := FindPatterns(rs, PatternOptions{MinSupport: 1}); if p.Truncated { fmt.Print(" trunc") } }},
		{"con", func() { p, _ := FindPatterns(rs, PatternOptions{MinSupport: 1, Contiguous: true}); if p.Truncated { fmt.Print(" trunc") } }},
		{"tri", func() { s := DefaultSensitivity(); BuildTrie(rs, &s, epoch) }}, {"for", func() { FitForecast(Usage(rs)) }},
	} {
		start := time.Now()
		a.f()
		fmt.Printf(" %s %v", a.n, time.Since(start).Round(time.Millisecond))
	}
	fmt.Println()
}

func TestZZ(t *testing.T) {
	one := &Trace{}
	for _, tr := range generate(200_000) {
		one.Steps = append(one.Steps, tr.Steps...)
	}
	timeAll(t, "one request", []*Trace{one})
	for _, tr := range []*Trace{one} {
		for i := range tr.Steps {
			tr.Steps[i].ParentID = ""
		}
	}
	timeAll(t, "no parents", []*Trace{one})
	for i := range one.Steps {
		one.Steps[i].FunctionAncestry = InvocationNode{}
	}
	timeAll(t, "no ancestry", []*Trace{one})
	for i := range one.Steps {
		one.Steps[i].Payload.UUID = "x"
	}
	timeAll(t, "one uuid", []*Trace{one})
	par := &Trace{}
	for i := range 100_000 {
		par.Steps = append(par.Steps, llm(fmt.Sprint(i), float64(i), float64(200_000+i)).saying(fmt.Sprint("prompt ", i)).steps()...)
	}
	timeAll(t, "parallel", []*Trace{par})
	same := []*Trace{}
	for r := range 10 {
		tr := &Trace{Number: r}
		for i := range 2000 {
			tr.Steps = append(tr.Steps, tool(fmt.Sprint(i), float64(i), float64(i)+0.5).steps()...)
		}
		same = append(same, tr)
	}
	timeAll(t, "same tool", same)
	dist := []*Trace{}
	for r := range 10 {
		tr := &Trace{Number: r}
		for i := range 2000 {
			tr.Steps = append(tr.Steps, tool(fmt.Sprint(i), float64(i), float64(i)+0.5).named(fmt.Sprint(i)).steps()...)
		}
		dist = append(dist, tr)
	}
	timeAll(t, "distinct tools", dist)
	deep := &Trace{}
	for i := range 100_000 {
		deep.Steps = append(deep.Steps, function(fmt.Sprint(i), float64(i), float64(400_000-i)).steps()...)
	}
	timeAll(t, "deep", []*Trace{deep})
	grow := []*Trace{}
	hist := ""
	tr := &Trace{}
	for i := range 3000 {
		hist += fmt.Sprintf("turn %d says something or other\n", i)
		tr.Steps = append(tr.Steps, llm(fmt.Sprint(i), float64(i), float64(i)+0.5).saying(hist).steps()...)
	}
	timeAll(t, "growing prompts", append(grow, tr))
}
