package load_test

import (
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/llmeter-go/llmeter/load"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// first collects at most n offsets of a schedule.
func first(a load.Arrivals, seed uint64, n int) []time.Duration { return take(a.Offsets(seed), n) }

func take(seq iter.Seq[time.Duration], n int) []time.Duration {
	var offsets []time.Duration
	for at := range seq {
		if len(offsets) == n {
			break
		}
		offsets = append(offsets, at)
	}
	return offsets
}

func count(a load.Arrivals, seed uint64) (n int) {
	for range a.Offsets(seed) {
		n++
	}
	return n
}

// schedules generates valid arrivals of every type, as Parse would build them.
func schedules() *rapid.Generator[load.Arrivals] {
	return rapid.Custom(func(t *rapid.T) load.Arrivals {
		return rapid.OneOf(parts(true), sequences(), stripes()).Draw(t, "schedule")
	})
}

func rates() *rapid.Generator[load.Rate] {
	return rapid.Map(rapid.OneOf(rapid.Float64Range(0.01, 5000), rapid.Map(rapid.IntRange(1, 1000), func(i int) float64 { return float64(i) })),
		func(f float64) load.Rate { return load.Rate(f) })
}

func times() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(1, 1e12), rapid.Map(rapid.Int64Range(1, 600), func(s int64) int64 { return s * 1e9 })),
		func(ns int64) time.Duration { return time.Duration(ns) })
}

func parts(mayBeEndless bool) *rapid.Generator[load.Arrivals] {
	return rapid.Custom(func(t *rapid.T) load.Arrivals {
		length := times().Draw(t, "length")
		if mayBeEndless && rapid.Bool().Draw(t, "endless") {
			length = 0
		}
		rate := rates().Draw(t, "rate")
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			return load.Constant{Rate: rate, For: length}
		case 1:
			return load.Poisson{Rate: rate, For: length}
		case 2:
			return load.Gamma{Rate: rate, Burstiness: rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.01, 100)).Draw(t, "burstiness"), For: length}
		case 3:
			return load.Uniform{Rate: rate, For: length}
		case 4:
			return load.Ramp{From: rate, To: rates().Draw(t, "to"), Over: times().Draw(t, "over"), Exponential: rapid.Bool().Draw(t, "exponential")}
		case 5:
			return load.Steps{Rates: rapid.SliceOfN(rates(), 1, 4).Draw(t, "rates"), Each: times().Draw(t, "each")}
		case 6:
			return load.Pause{For: times().Draw(t, "pause")}
		}
		return traces().Draw(t, "trace")
	})
}

func traces() *rapid.Generator[load.Arrivals] {
	return rapid.Custom(func(t *rapid.T) load.Arrivals {
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 1e10), 1, 8).Draw(t, "gaps")
		trace := load.Trace{Speed: rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.01, 100)).Draw(t, "speed")}
		at := time.Duration(0)
		for _, gap := range gaps {
			at += time.Duration(gap)
			trace.Entries = append(trace.Entries, load.Entry{Offset: at,
				Input: rapid.IntRange(0, 1e5).Draw(t, "input"), Output: rapid.IntRange(0, 1e4).Draw(t, "output")})
		}
		return trace
	})
}

func sequences() *rapid.Generator[load.Arrivals] {
	return rapid.Custom(func(t *rapid.T) load.Arrivals {
		var s load.Sequence
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			s = append(s, parts(false).Draw(t, "part"))
		}
		if rapid.Bool().Draw(t, "nested") {
			s = append(s, load.Sequence{s[0], load.Pause{For: 1}})
		}
		return append(s, parts(true).Draw(t, "last"))
	})
}

func stripes() *rapid.Generator[load.Arrivals] {
	return rapid.Custom(func(t *rapid.T) load.Arrivals {
		world := rapid.IntRange(1, 5).Draw(t, "world")
		return load.Shard(rapid.OneOf(parts(true), sequences()).Draw(t, "of"), rapid.IntRange(0, world-1).Draw(t, "rank"), world)
	})
}

func TestEveryScheduleIsValidAndParsesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := schedules().Draw(t, "a")
		require.NoError(t, load.Validate(a))
		back, err := load.Parse(a.String())
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
}

func TestOffsetsNeverDecreaseAndStayWithinTheLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, seed := schedules().Draw(t, "a"), rapid.Uint64().Draw(t, "seed")
		offsets := first(a, seed, 500)
		require.True(t, slices.IsSorted(offsets))
		if length, ends := load.Length(a); ends && len(offsets) > 0 {
			require.LessOrEqual(t, offsets[len(offsets)-1], length)
		}
		if len(offsets) > 0 {
			require.GreaterOrEqual(t, offsets[0], time.Duration(0))
		}
	})
}

func TestTheSameSeedGivesTheSameScheduleAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, seed := schedules().Draw(t, "a"), rapid.Uint64().Draw(t, "seed")
		seq := a.Offsets(seed)
		require.Equal(t, take(seq, 100), take(seq, 100))
		require.Equal(t, take(seq, 100), first(a, seed, 100))
	})
}

func TestAnotherSeedGivesAnotherSchedule(t *testing.T) {
	for _, a := range []load.Arrivals{load.Poisson{Rate: 10}, load.Gamma{Rate: 10, Burstiness: 0.5}, load.Uniform{Rate: 10}} {
		for seed := range uint64(50) {
			require.NotEqual(t, first(a, seed, 1), first(a, seed+1, 1), "%v", a)
		}
	}
}

func TestShardsPartitionTheSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, seed := schedules().Draw(t, "a"), rapid.Uint64().Draw(t, "seed")
		world := rapid.IntRange(1, 7).Draw(t, "world")
		whole := first(a, seed, 300)
		dealt := make([][]time.Duration, world)
		for rank := range dealt {
			dealt[rank] = first(load.Shard(a, rank, world), seed, (len(whole)-rank+world-1)/world)
		}
		for i, at := range whole {
			require.Equal(t, at, dealt[i%world][i/world], "request %d", i)
		}
	})
}

func TestShardsOfAFiniteScheduleHaveNothingMore(t *testing.T) {
	a := load.Poisson{Rate: 50, For: time.Minute}
	n := 0
	for rank := range 4 {
		n += count(a.Shard(rank, 4), 7)
	}
	require.Equal(t, count(a, 7), n)
}

func TestEveryTypeHasTheShardMethod(t *testing.T) {
	for _, a := range []interface {
		load.Arrivals
		Shard(rank, world int) load.Arrivals
	}{
		load.Constant{Rate: 1}, load.Poisson{Rate: 1}, load.Gamma{Rate: 1}, load.Uniform{Rate: 1}, load.Ramp{From: 1, To: 2, Over: 1},
		load.Steps{Rates: []load.Rate{1}, Each: 1}, load.Pause{For: 1}, load.Trace{Entries: []load.Entry{{}}}, load.Sequence{load.Pause{For: 1}}, load.Stripe{},
	} {
		require.Equal(t, load.Shard(a, 1, 3), a.Shard(1, 3))
	}
}

func TestASequenceOfOneIsThatOne(t *testing.T) {
	p := load.Poisson{Rate: 50, For: time.Minute}
	require.Equal(t, first(p, 3, 5000), first(load.Sequence{p}, 3, 5000))
	require.Equal(t, p.String(), load.Sequence{p}.String())
}

func TestEqualPartsOfASequenceDoNotRepeatEachOther(t *testing.T) {
	p := load.Poisson{Rate: 50, For: time.Minute}
	offsets := first(load.Sequence{p, p}, 3, 10000)
	n := count(p, 3)
	require.Equal(t, first(p, 3, n), offsets[:n])
	require.NotEqual(t, offsets[0], offsets[n]-time.Minute)
}

func TestPartsOfASequenceStartWhereTheLengthBeforeEnds(t *testing.T) {
	a, err := load.Parse("const 2/s for 1s then pause 1m then steps 1/s, 2/s each 1s then const 1/s")
	require.NoError(t, err)
	const s = time.Second
	require.Equal(t, []time.Duration{0, s / 2, 61 * s, 62 * s, 62*s + s/2, 63 * s, 64 * s}, first(a, 0, 7))
}

func TestATraceInASequenceLastsUntilItsLastEntry(t *testing.T) {
	a, err := load.Parse("trace 1s, 4s speed 2 then const 1/s for 1s")
	require.NoError(t, err)
	require.Equal(t, []time.Duration{time.Second / 2, 2 * time.Second, 2 * time.Second}, first(a, 0, 9))
}

func TestRampsStartEachRequestWhenTheIntegralOfTheRateReachesIt(t *testing.T) {
	// From 2/s, growing by 2/s each second: the integral is t² + 2t, so request i starts at √(1+i) − 1.
	up := first(load.Ramp{From: 2, To: 22, Over: 10 * time.Second}, 0, 1000)
	require.Len(t, up, 120)
	for k := range 10 {
		require.Equal(t, time.Duration(k)*time.Second, up[(k+1)*(k+1)-1])
	}
	// The same in reverse: request i of 120 starts where request 120−i does, from the end.
	down := first(load.Ramp{From: 22, To: 2, Over: 10 * time.Second}, 0, 1000)
	require.Len(t, down, 120)
	for k := 1; k < 10; k++ {
		require.Equal(t, 10*time.Second-time.Duration(k)*time.Second, down[120-(k+1)*(k+1)+1])
	}
	// From 1/s, doubling each second: the integral is (2^t − 1)/ln 2.
	for i, at := range first(load.Ramp{From: 1, To: 1024, Over: 10 * time.Second, Exponential: true}, 0, 2000) {
		require.Equal(t, time.Duration(math.Round(1e9*math.Log2(1+float64(i)*math.Ln2))), at)
	}
}

func TestRampsHaveTheNumberOfRequestsOfTheirMeanRate(t *testing.T) {
	for _, exponential := range []bool{false, true} {
		require.Equal(t, 600, count(load.Ramp{From: 10, To: 10, Over: time.Minute, Exponential: exponential}, 0))
	}
	require.Equal(t, 30150, count(load.Ramp{From: 1, To: 200, Over: 5 * time.Minute}, 0))
	require.Equal(t, 30150, count(load.Ramp{From: 200, To: 1, Over: 5 * time.Minute}, 0))
	mean := 199 / math.Log(200) // the logarithmic mean of 1 and 200
	require.Equal(t, int(math.Ceil(300*mean)), count(load.Ramp{From: 1, To: 200, Over: 5 * time.Minute, Exponential: true}, 0))
	require.Equal(t, int(math.Ceil(300*mean)), count(load.Ramp{From: 200, To: 1, Over: 5 * time.Minute, Exponential: true}, 0))
}

func TestSchedulesArePinned(t *testing.T) {
	// Written down so that no machine and no version of Go may quietly change what a seed means.
	for text, want := range map[string][]time.Duration{
		"poisson 50/s":                        {57382123, 79646297, 2178775114, 200926630839},
		"gamma 50/s burstiness 0.5":           {4874312, 33061022, 2266793723, 197317230621},
		"gamma 50/s burstiness 4":             {40765022, 81281174, 2055214730, 199480398352},
		"uniform 50/s":                        {21221537, 34361665, 1898734731, 200109453849},
		"exponential ramp 1/s to 3/s over 1m": {990955140, 1964249770, 56479353470},
	} {
		a, err := load.Parse(text)
		require.NoError(t, err)
		var got []time.Duration
		for i, at := range first(a, 42, 10000) {
			if i == 1 || i == 2 || i == 99 || i == 9999 {
				got = append(got, at)
			}
		}
		require.Equal(t, want, got, text)
	}
}

func TestInvalidArrivalsHaveNoOffsetsAndSayAllTheirProblems(t *testing.T) {
	check := func(a load.Arrivals, problems ...string) {
		t.Helper()
		require.Empty(t, first(a, 1, 3))
		err := load.Validate(a)
		require.Error(t, err)
		joined, ok := err.(interface{ Unwrap() []error })
		require.True(t, ok)
		require.Len(t, joined.Unwrap(), len(problems))
		for i, problem := range problems {
			require.ErrorContains(t, joined.Unwrap()[i], problem)
		}
	}
	nan, inf := load.Rate(math.NaN()), load.Rate(math.Inf(1))
	check(load.Constant{}, "the rate 0/s must be more than 0")
	check(load.Constant{Rate: nan, For: -1}, "the rate NaN/s", "the length -1ns must not be negative")
	check(load.Poisson{Rate: inf}, "the rate +Inf/s")
	check(load.Uniform{Rate: -3}, "the rate -3/s")
	check(load.Gamma{Rate: 2e9, Burstiness: math.NaN(), For: -1}, "2000000000/s", "length", "the burstiness NaN")
	check(load.Gamma{Rate: 1, Burstiness: 1e-300}, "burstiness")
	check(load.Ramp{From: -1, To: inf}, "-1/s", "+Inf/s", "length")
	check(load.Steps{}, "at least one rate", "length of a step")
	check(load.Steps{Rates: []load.Rate{1, 0, nan}, Each: math.MaxInt64}, "0/s", "NaN", "too long")
	check(load.Pause{}, "must be more than 0")
	check(load.Trace{}, "at least one entry")
	check(load.Trace{Speed: math.Inf(1), Entries: []load.Entry{{Offset: -1, Input: -1}, {Offset: -2}}}, "speed", "negative", "sorted", "tokens")
	check(load.Sequence{}, "at least one part")
	check(load.Sequence{load.Poisson{Rate: 1}, nil, load.Constant{}}, "part 1, poisson 1/s, has no end", "part 2: load: no arrivals", "part 3: load.Constant")
	check(load.Sequence{load.Pause{For: math.MaxInt64}, load.Pause{For: 1}}, "too long")
	check(load.Stripe{Rank: -1, Of: load.Pause{}}, "the rank -1", "load.Pause")
	check(load.Shard(load.Pause{For: 1}, 2, 2), "the rank 2 must be at least 0 and less than the world 2")
	require.ErrorContains(t, load.Validate(nil), "no arrivals")
	require.Equal(t, "shard 0/0 of nothing", load.Stripe{}.String())
}

// own is an Arrivals of another package, with nothing but what the interface asks for.
type own struct{}

func (own) Offsets(uint64) iter.Seq[time.Duration] { return slices.Values([]time.Duration{1, 2}) }
func (own) String() string                         { return "own" }

func TestArrivalsOfOtherPackagesMayEndASequence(t *testing.T) {
	require.NoError(t, load.Validate(own{}))
	_, ends := load.Length(own{})
	require.False(t, ends)
	require.Equal(t, []time.Duration{11, 12}, first(load.Sequence{load.Pause{For: 10}, own{}}, 0, 9))
	require.ErrorContains(t, load.Validate(load.Sequence{own{}, load.Pause{For: 10}}), "part 1, own, has no end")
}
