package stats_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/llmeter-go/llmeter/stats"
)

// Two machines measured; their samples are sent, merged and read.
func ExampleSample_Merge() {
	var here, there, all stats.Sample
	for i := range 600 {
		here.Add(0.200 + float64(i)/1e6)
		there.Add(0.300 + float64(i)/1e6)
	}
	sent, _ := there.MarshalBinary()

	var received stats.Sample
	if err := received.UnmarshalBinary(sent); err != nil {
		fmt.Println(err)
	}
	all.Merge(&here)
	all.Merge(&received)
	fmt.Printf("n %d, mean %.4f s, p99 %.4f s\n", all.N(), all.Mean(), all.Quantile(0.99))
	// Output: n 1200, mean 0.2503 s, p99 0.3006 s
}

// A percentile comes with its interval, or with the reason why there is none.
func ExampleSample_QuantileInterval() {
	var s stats.Sample
	for i := range 200 {
		s.Add(float64(i))
	}
	p90 := s.QuantileInterval(0.90, 0.95)
	fmt.Printf("p90 %.1f, between %g and %g\n", s.Quantile(0.90), p90.Lo, p90.Hi)
	if w, warned := stats.IntervalWarning(0.99, 0.95, float64(s.N())); warned {
		fmt.Println(w)
	}
	// Output:
	// p90 179.1, between 170 and 188
	// p99 of 200 effective values has no 95 % interval: at least 368 are needed
}

// Latencies of one queue resemble their neighbours: a thousand of them say less than a thousand independent values.
func ExampleSeries() {
	random := rand.New(rand.NewPCG(1, 1))
	latencies := make(stats.Series, 1000)
	waiting := 1.0 // the queue is full when the measurement begins
	for i := range latencies {
		waiting = 0.8*waiting + 0.01*random.ExpFloat64()
		latencies[i] = 0.2 + waiting
	}
	from, _, _ := latencies.Steady()
	fmt.Println("warm-up:", from, "values")
	fmt.Println("worth fewer than 250:", latencies.EffectiveN() < 250)
	fmt.Println("interval exists:", latencies.QuantileInterval(0.9, 0.95).Exists())
	// Output:
	// warm-up: 15 values
	// worth fewer than 250: true
	// interval exists: true
}

// One answer: its first token after 200 ms, then one event with one token and one with four.
func ExampleGaps() {
	var g stats.Gaps
	g.Event(200*time.Millisecond, 1)
	g.Event(210*time.Millisecond, 1)
	g.Event(250*time.Millisecond, 4)

	var itl, icl stats.Sample
	g.ITL(&itl)
	g.ICL(&icl)
	fmt.Printf("ITL: %d gaps, mean %g s\n", itl.N(), itl.Mean())
	fmt.Printf("ICL: %d gaps, longest %g s\n", icl.N(), icl.Max())
	// Output:
	// ITL: 5 gaps, mean 0.01 s
	// ICL: 2 gaps, longest 0.04 s
}

func ExampleSteps() {
	var inFlight stats.Steps
	inFlight.Add(0, 2*time.Second)
	inFlight.Add(1*time.Second, 4*time.Second)
	fmt.Println(inFlight.Max(), inFlight.Mean(0, 4*time.Second))
	// Output: 2 1.25
}

func ExampleMannWhitney() {
	before := stats.SampleOf([]float64{0.21, 0.22, 0.20, 0.23, 0.21, 0.22})
	after := stats.SampleOf([]float64{0.25, 0.24, 0.26, 0.23, 0.27, 0.25})
	test := stats.MannWhitney(before, after)
	fmt.Printf("exact: %v, p = %.4f\n", test.Exact, test.P)
	// Output: exact: true, p = 0.0043
}
