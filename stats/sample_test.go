package stats

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// anyValue draws finite values of every magnitude, with repetitions.
func anyValue() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-1e3, 1e3),
		rapid.Float64(),
		rapid.Map(rapid.IntRange(0, 20), func(ms int) float64 { return float64(ms) / 1000 }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64,
			math.MaxFloat64, -math.MaxFloat64, 0x1p-1022, 1, 1 + 0x1p-52}),
	).Filter(func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) })
}

// duration draws a positive value such as a latency in seconds.
func duration() *rapid.Generator[float64] {
	return rapid.Map(rapid.Float64Range(math.Log(1e-9), math.Log(1e4)), math.Exp)
}

func encoded(s *Sample) []byte {
	b, _ := s.MarshalBinary()
	return b
}

func TestMergingPartsEqualsAddingAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 12).Draw(t, "limit")
		all := Sample{Limit: limit}
		parts := make([]Sample, 3)
		for i := range parts {
			parts[i].Limit = limit
		}
		for _, v := range rapid.SliceOf(anyValue()).Draw(t, "values") {
			part := &parts[rapid.IntRange(0, 2).Draw(t, "part")]
			n := rapid.Uint64Range(0, 3).Draw(t, "n")
			all.AddN(v, n)
			part.AddN(v, n)
			if rapid.Bool().Draw(t, "read") {
				part.Quantile(0.5)
			}
		}
		parts[2].Add(math.NaN())
		all.Add(math.NaN())
		merged := Sample{Limit: limit}
		for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(t, "order") {
			merged.Merge(&parts[i])
		}
		require.Equal(t, encoded(&all), encoded(&merged))
		require.Equal(t, all.moments, merged.moments)
		require.Equal(t, [2]float64{all.min, all.max}, [2]float64{merged.min, merged.max})
	})
}

func TestMergingASampleIntoItselfDoublesIt(t *testing.T) {
	for _, limit := range []int{0, 2} {
		s, twice := Sample{Limit: limit}, Sample{Limit: limit}
		for _, v := range []float64{3, 1, 2, 2} {
			s.Add(v)
			twice.AddN(v, 2)
		}
		s.Merge(&s)
		require.Equal(t, encoded(&twice), encoded(&s))
	}
}

func TestMergeLeavesTheOtherAsItWas(t *testing.T) {
	sketch, exact := Sample{Limit: 1}, Sample{}
	for _, v := range []float64{1.1, 2.2, 3.3} {
		sketch.Add(v)
		exact.Add(v)
	}
	before := encoded(&exact)
	sketch.Merge(&exact)
	require.Equal(t, before, encoded(&exact))
	require.True(t, exact.Exact())
	exact.Merge(&sketch)
	require.False(t, exact.Exact())
	require.EqualValues(t, 9, exact.N())
}

func TestAddNEqualsAddingNTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 5).Draw(t, "limit")
		once, often := Sample{Limit: limit}, Sample{Limit: limit}
		for _, v := range rapid.SliceOf(anyValue()).Draw(t, "values") {
			n := rapid.Uint64Range(0, 9).Draw(t, "n")
			once.AddN(v, n)
			for range n {
				often.Add(v)
			}
		}
		require.Equal(t, encoded(&often), encoded(&once))
		require.Equal(t, often.moments, once.moments)
	})
}

func TestQuantilesEqualThoseOfTheSortedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(anyValue(), 1, 60).Draw(t, "values")
		var s Sample
		for _, v := range values {
			s.Add(v)
			if rapid.Bool().Draw(t, "read") {
				s.Quantile(0.5)
			}
		}
		sorted := Sorted(values)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		require.Equal(t, Quantile(sorted, q), s.Quantile(q))
		p := rapid.IntRange(1, 99).Draw(t, "p")
		require.Equal(t, math.Float64bits(Exclusive(sorted, p)+0), math.Float64bits(s.Exclusive(p)+0))

		position := q * float64(len(sorted)-1)
		low := sorted[int(position)]
		require.GreaterOrEqual(t, s.Quantile(q), low)
		if part := position - math.Floor(position); part > 0 {
			high := sorted[int(position)+1]
			require.LessOrEqual(t, s.Quantile(q), high)
			oracle := low*(1-part) + high*part
			require.InDelta(t, oracle, s.Quantile(q), 1e-14*max(math.Abs(low), math.Abs(high))+math.SmallestNonzeroFloat64)
		}
	})
}

func TestQuantileIsMonotoneAndInsideTheData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Sample{Limit: rapid.SampledFrom([]int{0, 4}).Draw(t, "limit")}
		for _, v := range rapid.SliceOfN(anyValue(), 1, 40).Draw(t, "values") {
			s.Add(v)
		}
		share := rapid.Float64Range(0, 1)
		p, q := share.Draw(t, "p"), share.Draw(t, "q")
		low, high := s.Quantile(min(p, q)), s.Quantile(max(p, q))
		require.LessOrEqual(t, low, high)
		require.LessOrEqual(t, s.Min(), low)
		require.LessOrEqual(t, high, s.Max())
	})
}

func TestSketchStaysWithinItsRelativeError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(duration(), 5, 200).Draw(t, "values")
		s := Sample{Limit: 3}
		for _, v := range values {
			s.Add(v)
		}
		sorted := Sorted(values)
		if len(slices.Compact(slices.Clone(sorted))) <= 3 {
			t.Skip("still exact")
		}
		require.False(t, s.Exact())
		require.LessOrEqual(t, s.RelativeError(), 0.001)
		for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, rapid.Float64Range(0, 1).Draw(t, "q"), 1} {
			truth := Quantile(sorted, q)
			require.InDelta(t, truth, s.Quantile(q), truth*(s.RelativeError()+1e-14))
		}
		require.Equal(t, sorted[0], s.Min())
		require.Equal(t, sorted[len(sorted)-1], s.Max())
		require.Equal(t, Mean(values), s.Mean())
		require.Equal(t, StdDev(values), s.StdDev())
	})
}

func TestSampleTurnsIntoASketchAboveItsLimitOfDistinctValues(t *testing.T) {
	s := Sample{Limit: 100}
	for i := range 100_000 {
		s.Add(float64(i % 100))
	}
	require.True(t, s.Exact())
	require.Zero(t, s.RelativeError())
	s.Add(0.5)
	require.False(t, s.Exact())
	require.Equal(t, 1.0/1024, s.RelativeError())
}

func TestSketchMemoryDoesNotGrowWithTheNumberOfValues(t *testing.T) {
	s := Sample{Limit: 1000}
	for i := range 300_000 {
		s.Add(1 + float64(i)/300_000) // one power of two
	}
	s.settle()
	require.LessOrEqual(t, len(s.kept), 513)
	require.EqualValues(t, 300_000, s.N())
}

func TestSumMeanAndStandardDeviationAreRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(anyValue(), 2, 30).Draw(t, "values")
		s := SampleOf(values)
		sum, squares := new(big.Rat), new(big.Rat)
		for _, v := range values {
			exact := new(big.Rat).SetFloat64(v)
			sum.Add(sum, exact)
			squares.Add(squares, exact.Mul(exact, exact))
		}
		want, _ := sum.Float64()
		require.Equal(t, want+0, s.Sum())
		n := new(big.Rat).SetInt64(int64(len(values)))
		want, _ = new(big.Rat).Quo(sum, n).Float64()
		require.Equal(t, want+0, s.Mean())

		variance := squares.Sub(squares, sum.Mul(sum, sum).Quo(sum, n))
		variance.Quo(variance, big.NewRat(int64(len(values)-1), 1))
		root := new(big.Float).SetPrec(200).SetRat(variance)
		want, _ = root.Sqrt(root).Float64()
		require.Equal(t, want, s.StdDev())
	})
}

func TestMeanIsRoundedToEvenAmongTheSmallestNumbers(t *testing.T) {
	const unit = math.SmallestNonzeroFloat64
	require.Equal(t, 2*unit, Mean([]float64{unit, 2 * unit}))
	require.Equal(t, 2*unit, Mean([]float64{2 * unit, 3 * unit}))
	require.Equal(t, unit, Mean([]float64{0, unit, unit}))
	require.Zero(t, Mean([]float64{0, unit}))
	require.Equal(t, -2*unit, Mean([]float64{-unit, -2 * unit}))
}

func TestSumDoesNotCancel(t *testing.T) {
	s := SampleOf([]float64{1e308, 1, -1e308, 1e308, 1e308})
	require.Equal(t, math.Inf(1), s.Sum(), "above the range")
	require.InEpsilon(t, 4e307, s.Mean(), 1e-15)
	s.AddN(-1e308, 2)
	require.Equal(t, 1.0, s.Sum())
	s.AddN(-1, 1<<63)
	require.Equal(t, -0x1p63+1, s.Sum())
	require.Equal(t, 0.1, SampleOf([]float64{0.1, 0.1, 0.1}).Mean())
}

func TestStandardDeviationSurvivesALargeOffset(t *testing.T) {
	require.Equal(t, 1.0, StdDev([]float64{1e15 - 1, 1e15, 1e15 + 1}))
}

func TestEmptySampleAnswersNaN(t *testing.T) {
	var s Sample
	for name, v := range map[string]float64{
		"mean": s.Mean(), "min": s.Min(), "max": s.Max(), "stddev": s.StdDev(), "quantile": s.Quantile(0.5),
		"exclusive": s.Exclusive(50), "interval": s.QuantileInterval(0.5, 0.95).Lo, "mean interval": s.MeanInterval(0.95).Hi,
	} {
		require.True(t, math.IsNaN(v), name)
	}
	require.Zero(t, s.N())
	require.Zero(t, s.Sum())
	require.True(t, s.Exact())
	for range s.All() {
		t.Fatal("a value of nothing")
	}
	s.Merge(new(Sample))
	require.Zero(t, s.N())
}

func TestOneValue(t *testing.T) {
	s := SampleOf([]float64{0.42})
	require.Equal(t, 0.42, s.Quantile(0.99))
	require.Equal(t, 0.42, s.Exclusive(99))
	require.Equal(t, 0.42, s.Mean())
	require.True(t, math.IsNaN(s.StdDev()))
}

func TestQuantileOutsideItsRangeIsNaN(t *testing.T) {
	s := SampleOf([]float64{1, 2})
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		require.True(t, math.IsNaN(s.Quantile(q)))
	}
	for _, p := range []int{-1, 0, 100} {
		require.True(t, math.IsNaN(s.Exclusive(p)))
	}
}

func TestValuesThatAreNoNumbersAreCountedApart(t *testing.T) {
	var s Sample
	s.Add(math.NaN())
	s.AddN(math.Inf(1), 2)
	s.Add(math.Inf(-1))
	s.Add(1)
	require.EqualValues(t, 1, s.N())
	require.EqualValues(t, 4, s.Ignored())
	require.Equal(t, 1.0, s.Max())
}

func TestAllYieldsDistinctValuesAscending(t *testing.T) {
	s := SampleOf([]float64{2, -1, 2, 0, math.Copysign(0, -1)})
	var values []float64
	var counts []uint64
	for v, n := range s.All() {
		values = append(values, v)
		counts = append(counts, n)
	}
	require.Equal(t, []float64{-1, 0, 2}, values)
	require.False(t, math.Signbit(values[1]))
	require.Equal(t, []uint64{1, 2, 2}, counts)
	for range s.All() {
		break
	}
}

func TestMiddleOfABucketIsNearAndItsOwnMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue().Draw(t, "v")
		m := middle(v)
		require.Equal(t, m, middle(m))
		require.Equal(t, math.Signbit(v) && v != 0, math.Signbit(m))
		if math.Abs(v) >= 0x1p-1022 {
			require.LessOrEqual(t, math.Abs(m-v), math.Abs(v)*sketchError)
		}
	})
}
