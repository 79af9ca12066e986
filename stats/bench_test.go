package stats_test

import (
	"math/rand/v2"
	"testing"

	"github.com/llmeter-go/llmeter/stats"
)

// latencies are log-normal values around a second, all distinct.
func latencies(n int) []float64 {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, n)
	for i := range values {
		values[i] = 1 + random.ExpFloat64()
	}
	return values
}

func BenchmarkAdd(b *testing.B) {
	values := latencies(1 << 20)
	for _, c := range []struct {
		name  string
		limit int
	}{{"exact", 1 << 30}, {"default", 0}, {"sketch", 1}} {
		b.Run(c.name, func(b *testing.B) {
			s := stats.Sample{Limit: c.limit}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i&(1<<20-1) == 0 {
					s = stats.Sample{Limit: c.limit}
				}
				s.Add(values[i&(1<<20-1)])
				i++
			}
		})
	}
}

func BenchmarkAddN(b *testing.B) {
	values := latencies(1 << 20)
	var s stats.Sample
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.AddN(values[i&(1<<20-1)], 3)
		i++
	}
}

func BenchmarkQuantile(b *testing.B) {
	s := stats.SampleOf(latencies(stats.DefaultLimit))
	for b.Loop() {
		s.Quantile(0.99)
	}
}

// A live display adds some thousand values and then reads.
func BenchmarkReadAfterAdding1000(b *testing.B) {
	values := latencies(stats.DefaultLimit)
	s := stats.SampleOf(values)
	i := 0
	for b.Loop() {
		for range 1000 {
			s.Add(values[i%len(values)])
			i++
		}
		s.Quantile(0.99)
		s.Mean()
	}
}

func BenchmarkMean(b *testing.B) {
	s := stats.SampleOf(latencies(1000))
	for b.Loop() {
		s.Mean()
	}
}

func BenchmarkStdDev(b *testing.B) {
	s := stats.SampleOf(latencies(1000))
	for b.Loop() {
		s.StdDev()
	}
}

func BenchmarkQuantileInterval(b *testing.B) {
	s := stats.SampleOf(latencies(100_000))
	for b.Loop() {
		s.QuantileInterval(0.99, 0.95)
	}
}

func BenchmarkSeriesInterval(b *testing.B) {
	s := stats.Series(latencies(100_000))
	for b.Loop() {
		s.QuantileInterval(0.99, 0.95)
	}
}

func BenchmarkEffectiveNOfATrend(b *testing.B) {
	s := stats.Series(latencies(100_000))
	for i := range s {
		s[i] += float64(i)
	}
	for b.Loop() {
		s.EffectiveN()
	}
}

func BenchmarkQuantileDifference(b *testing.B) {
	x, y := stats.SampleOf(latencies(10_000)), stats.SampleOf(latencies(10_000))
	for b.Loop() {
		stats.Resampling{}.QuantileDifference(x, y, 0.99, 0.95)
	}
}
