package profiler

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter/price"
)

var sizes = []struct {
	name   string
	events int
}{{"10k", 10_000}, {"100k", 100_000}, {"1M", 1_000_000}}

// BenchmarkRun profiles traces with every analysis on, from their JSON to all files.
func BenchmarkRun(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "traces.json")
			text := generateText(size.events)
			b.SetBytes(int64(len(text)))
			if err := os.WriteFile(path, text, 0o600); err != nil {
				b.Fatal(err)
			}
			text = nil
			r := Runner{Config: FullConfig(), OutputDir: b.TempDir()}
			peak := peakMemory()
			for b.Loop() {
				if _, err := r.Run(b.Context(), ReadFiles(path)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(peak())/1e6, "peak-MB")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size.events), "ns/event")
		})
	}
}

var benchPrices = price.Table{Models: []price.Rates{{Model: "model-*", Input: price.Unit, Output: 4 * price.Unit}}}

// peakMemory watches how much more memory than now the program has from the system, in bytes.
func peakMemory() func() uint64 {
	read := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	runtime.GC()
	before := read()
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		highest := uint64(0)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				highest = max(highest, read())
			case <-stop:
				result <- max(highest, before) - before
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-result
	}
}

// BenchmarkAnalyses runs each analysis alone.
func BenchmarkAnalyses(b *testing.B) {
	for _, size := range sizes {
		traces := func() []*Request { return resolveAll(generate(size.events)) }
		for name, analysis := range map[string]func([]*Request){
			"intervals":  func(r []*Request) { ConfidenceIntervals(r) },
			"prefixes":   func(r []*Request) { FindCommonPrefixes(r, 0.5, nil) },
			"uniqueness": func(r []*Request) { TokenUniqueness(r, nil) },
			"simple":     func(r []*Request) { AnalyzeSimpleStack(r) },
			"nested":     func(r []*Request) { AnalyzeNestedStack(r) },
			"spikes":     func(r []*Request) { AnalyzeSpikes(r, 0) },
			"patterns":   func(r []*Request) { _, _ = FindPatterns(r, PatternOptions{MaxTextLen: 1000}) },
			"names":      func(r []*Request) { _, _ = FindPatterns(r, PatternOptions{}) },
			"contiguous": func(r []*Request) { _, _ = FindPatterns(r, PatternOptions{Contiguous: true}) },
			"trie":       func(r []*Request) { s := DefaultSensitivity(); BuildTrie(r, &s, epoch) },
			"forecast":   func(r []*Request) { FitForecast(Usage(r)) },
			"critical":   func(r []*Request) { AnalyzeCriticalPaths(r) },
			"streaming":  func(r []*Request) { AnalyzeStreaming(r) },
			"waiting":    func(r []*Request) { AnalyzeWaiting(r) },
			"costs":      func(r []*Request) { AnalyzeCosts(r, benchPrices) },
			"anomalies":  func(r []*Request) { AnalyzeAnomalies(r, 0, 0) },
		} {
			b.Run(name+"/"+size.name, func(b *testing.B) {
				requests := traces()
				for b.Loop() {
					analysis(requests)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size.events), "ns/event")
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	text := generateText(100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, err := range Read(bytes.NewReader(text), "") {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	traces := generate(100_000)
	for b.Loop() {
		for _, trace := range traces {
			Resolve(trace)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/event")
}

// BenchmarkPrefixes looks for what 10,000 prompts of 8 kB have in common.
func BenchmarkPrefixes(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4))
	shared := strings.Repeat("You are a careful assistant. ", 200)
	r := &Request{Steps: 1}
	for i := range 10_000 {
		prompt := shared[:1000*(1+random.IntN(5))] + fmt.Sprintf("Question %d: ", random.IntN(500))
		prompt += strings.Repeat(fmt.Sprintf("context %d ", random.IntN(10_000)), 1000)
		r.Spans = append(r.Spans, Span{Category: LLM, Name: "m", Start: float64(i), End: float64(i + 1), Function: &InvocationNode{}, Input: prompt[:8000]})
	}
	peak := peakMemory()
	for b.Loop() {
		FindCommonPrefixes([]*Request{r}, 0, nil)
	}
	b.ReportMetric(float64(peak())/1e6, "peak-MB")
}
