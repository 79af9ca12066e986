package load

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// atOf is offset i of a constant schedule, without walking there.
func atOf(i uint64, r Rate) (time.Duration, bool) {
	n := new(big.Int).Mul(new(big.Int).SetUint64(i), big.NewInt(1e9))
	hi := new(big.Int).Rsh(n, 64).Uint64()
	return quotient(hi, new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64(), float64(r))
}

func TestConstantOffsetsAreExactToTheNanosecond(t *testing.T) {
	check := func(i uint64, r Rate, want time.Duration) {
		t.Helper()
		got, ok := atOf(i, r)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	check(0, 20, 0)
	check(1, 20, 50*time.Millisecond)
	check(1, 3, 333333333)
	check(2, 3, 666666667)
	check(3, 3, time.Second)
	check(3_000_000_001, 3, 1_000_000_000*time.Second+333333333)
	check(1_000_000_000_000_007, 1_000_000, 1_000_000_000*time.Second+7*time.Microsecond) // floats are 128 ns apart there
	check(100, Rate(100.0/60), time.Minute)
	check(1, Rate(1.0/3600), time.Hour)
	check(7, 0.1, 70*time.Second)
	check(5, maxRate, 5)
}

func TestQuotientIsTheRationalOneRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.Uint64().Draw(t, "i")
		r := Rate(rapid.OneOf(rapid.Float64Range(math.SmallestNonzeroFloat64, 1e9), rapid.Float64Range(1e-3, 1e4)).Draw(t, "rate"))
		exact := new(big.Rat).Quo(new(big.Rat).SetInt(new(big.Int).Mul(new(big.Int).SetUint64(i), big.NewInt(1e9))), new(big.Rat).SetFloat64(float64(r)))
		twice := exact.Add(exact.Add(exact, exact), big.NewRat(1, 1)) // ⌊(2q + 1) / 2⌋ rounds q
		want := new(big.Int).Quo(twice.Num(), new(big.Int).Mul(twice.Denom(), big.NewInt(2)))
		got, ok := atOf(i, r)
		require.Equal(t, want.IsInt64(), ok)
		if ok {
			require.Equal(t, want.Int64(), int64(got))
		}
	})
}

func TestConstantHasExactlyTheRequestsOfItsTime(t *testing.T) {
	check := func(r Rate, length time.Duration, want int) {
		t.Helper()
		n, last := 0, time.Duration(0)
		for at := range (Constant{Rate: r, For: length}).Offsets(0) {
			n, last = n+1, at
		}
		require.Equal(t, want, n)
		require.Less(t, last, length)
	}
	check(20, time.Minute, 1200)
	check(3, time.Second, 3)
	check(3, time.Second+1, 4)
	check(Rate(100.0/60), time.Minute, 100)
	check(0.001, time.Second, 1)
	check(5000, 10*time.Second, 50000)
}

func TestAConstantScheduleEndsWhereDurationsDo(t *testing.T) {
	n := 0
	for range (Constant{Rate: 1.0 / (150 * 365 * 86400)}).Offsets(0) { // once in 150 years; a Duration holds 292
		n++
	}
	require.Equal(t, 2, n)
}
