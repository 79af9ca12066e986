package price

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func amount(t require.TestingT, text string) Amount {
	a, err := Parse(text)
	require.NoError(t, err)
	return a
}

func TestAmountsAreReadExactly(t *testing.T) {
	for text, want := range map[string]Amount{
		"0": 0, "1": Unit, "0.075": 75e9, "7.5e-2": 75e9, "-0.5": -5e11, "0.000000000001": 1, "1E3": 1000 * Unit, "0.1": 1e11, "9223372.036854775807": math.MaxInt64,
	} {
		require.Equal(t, want, amount(t, text), text)
	}
	for text, want := range map[string]string{
		"0.0000000000001": "more than 12 decimals", "9223372.036854775808": "beyond 9223372.036854775807", "": "no amount", "1.": "no amount", "0x1": "no amount",
		"1e999999999": "no amount", "NaN": "no amount", "1,5": "no amount", "+1": "no amount",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestAmountsArePrintedAsTheyAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount(rapid.Int64().Draw(t, "amount"))
		if a == math.MinInt64 {
			return
		}
		require.Equal(t, a, amount(t, a.String()))
		b, err := json.Marshal(a)
		require.NoError(t, err)
		var number, quoted Amount
		require.NoError(t, json.Unmarshal(b, &number))
		require.NoError(t, json.Unmarshal([]byte(`"`+string(b)+`"`), &quoted))
		require.Equal(t, []Amount{a, a}, []Amount{number, quoted})
	})
	require.Equal(t, "-9223372.036854775808", Amount(math.MinInt64).String())
}

// Eight prices that float64 cannot represent, and their exact sum.
func TestCostsAreExact(t *testing.T) {
	cached, reasoning := amount(t, "0.075"), amount(t, "0.7")
	r := Rates{"m", amount(t, "0.15"), &cached, amount(t, "0.6"), &reasoning, amount(t, "3.6")}
	c := r.Cost(Usage{Input: 1000, CachedInput: 999, Output: 7, Reasoning: 3, Compute: 1500 * time.Millisecond})
	require.Equal(t, Cost{150_000, 999 * 75_000, 4 * 600_000, 3 * 700_000, 15e8}, c)
	require.Equal(t, "0.001579575", c.Total().String())
	sum := Cost{}
	for range 1_000_000 {
		sum = sum.Plus(c)
	}
	require.Equal(t, "1579.575", sum.Total().String())
}

func TestWhatIsLeftOutOfATableHasThePriceOfItsKind(t *testing.T) {
	r := Rates{Input: 2 * Unit, Output: 8 * Unit}
	require.Equal(t, Cost{Input: 2e6 * 60, CachedInput: 2e6 * 40, Output: 8e6 * 5, Reasoning: 8e6 * 5}, r.Cost(Usage{Input: 100, CachedInput: 40, Output: 10, Reasoning: 5}))
	require.Zero(t, Rates{}.Cost(Usage{Input: 1, Output: 1, Compute: time.Hour}).Total())
}

// Some servers report cached tokens beside the input and not as a part of it.
func TestCachedTokensBeyondTheInputArePaidFor(t *testing.T) {
	require.Equal(t, Cost{CachedInput: 50e6}, Rates{Input: Unit}.Cost(Usage{Input: 10, CachedInput: 50}))
	require.Equal(t, Cost{}, Rates{Input: Unit, Hour: Unit}.Cost(Usage{Input: -10, CachedInput: -1, Compute: -1}))
}

func TestScalingIsTheNearestWholeNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(rapid.Int64Range(math.MinInt64+1, math.MaxInt64), rapid.Int64Range(-1000, 1000)).Draw(t, "amount")
		n := rapid.Uint64Range(0, 1<<62).Draw(t, "n")
		by := rapid.SampledFrom([]uint64{million, uint64(time.Hour), 2, 3}).Draw(t, "by")
		product := new(big.Int).Mul(big.NewInt(a), new(big.Int).SetUint64(n))
		exact := new(big.Rat).SetFrac(product, new(big.Int).SetUint64(by))
		got := new(big.Rat).SetInt64(int64(Amount(a).scaled(n, by)))
		largest := new(big.Rat).SetInt64(math.MaxInt64)
		if new(big.Rat).Abs(exact).Cmp(largest) >= 0 {
			require.Equal(t, largest.String(), new(big.Rat).Abs(got).String())
			return
		}
		off := new(big.Rat).Sub(got, exact)
		require.LessOrEqual(t, off.Abs(off).Cmp(big.NewRat(1, 2)), 0)
	})
	require.Equal(t, []Amount{0, 2, 2, -2}, []Amount{Amount(1).scaled(1, 2), Amount(3).scaled(1, 2), Amount(5).scaled(1, 2), Amount(-5).scaled(1, 2)}) // halves to even
}

func TestSumsDoNotDependOnTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rates{Input: Amount(rapid.Int64Range(0, 1e15).Draw(t, "input")), Output: Amount(rapid.Int64Range(0, 1e15).Draw(t, "output"))}
		var parts []Cost
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			parts = append(parts, r.Cost(Usage{Input: rapid.IntRange(0, 1e5).Draw(t, "in"), CachedInput: rapid.IntRange(0, 1e5).Draw(t, "cached"), Output: rapid.IntRange(0, 1e5).Draw(t, "out")}))
		}
		forward, backward := Cost{}, Cost{}
		for i := range parts {
			forward, backward = forward.Plus(parts[i]), backward.Plus(parts[len(parts)-1-i])
		}
		require.Equal(t, forward, backward)
	})
}

func TestTheBestFittingRatesAreFound(t *testing.T) {
	var table Table
	for i, name := range []string{"*", "gpt-*", "gpt-4o*", "gpt-4o-mini*", "gpt-4o-mini", "*/llama-*-instruct", "ab*ba", "x**y"} {
		table.Models = append(table.Models, Rates{Model: name, Input: Amount(i)})
	}
	for name, want := range map[string]string{
		"gpt-4o": "gpt-4o*", "gpt-4o-2024-08-06": "gpt-4o*", "gpt-4o-mini": "gpt-4o-mini", "gpt-4o-mini-2024": "gpt-4o-mini*", "gpt-5": "gpt-*", "other": "*",
		"meta/llama-3-8b-instruct": "*/llama-*-instruct", "meta/llama-instruct": "*", "aba": "*", "abba": "ab*ba", "xzy": "x**y", "xy": "x**y", "": "*",
	} {
		r, ok := table.Lookup(name)
		require.True(t, ok)
		require.Equal(t, want, r.Model, name)
	}
	_, ok := Table{Models: []Rates{{Model: "gpt-4o"}}}.Lookup("gpt-4o-mini")
	require.False(t, ok, "a name that is no pattern fits itself alone")
	_, ok = Table{}.Lookup("")
	require.False(t, ok)
}

func TestPatternsFitAsRegularExpressionsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,6}`).Draw(t, "pattern") + "*" + rapid.StringMatching(`[ab]{0,2}`).Draw(t, "end")
		name := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "name")
		expression := regexp.MustCompile("^" + strings.ReplaceAll(pattern, "*", ".*") + "$")
		require.Equal(t, expression.MatchString(name), matches(pattern, name), "%q %q", pattern, name)
	})
}

func TestTablesAreReadAndWrittenTheSame(t *testing.T) {
	const text = `{"currency":"USD","models":[{"model":"small-1","input":0.15,"cached_input":0.075,"output":0.6},{"model":"large-*","input":2.5,"output":10,"reasoning":12},` +
		`{"model":"our-own","input":0,"output":0,"hour":4.1}]}`
	path := filepath.Join(t.TempDir(), "prices.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	table, err := Load(path)
	require.NoError(t, err)
	b, err := json.Marshal(table)
	require.NoError(t, err)
	require.Equal(t, text, string(b))
	r, ok := table.Lookup("large-2")
	require.True(t, ok)
	require.Equal(t, "0.000255", r.Cost(Usage{Input: 10, Output: 21, Reasoning: 10}).Total().String())
}

func TestBadTablesNameAllProblems(t *testing.T) {
	_, err := Read(strings.NewReader(`{"models":[{"model":"a","input":-1},{"model":"a"},{"input":1}]}`))
	for _, want := range []string{`"a" has a negative price`, `"a" comes again`, "models[2] has no name"} {
		require.ErrorContains(t, err, want)
	}
	_, err = Read(strings.NewReader(`{"models":[{"model":"a","imput":1}]}`))
	require.ErrorContains(t, err, "imput")
	_, err = Read(strings.NewReader(`{"models":[{"model":"a","input":"free"}]}`))
	require.ErrorContains(t, err, `"free" is no amount of money`)
	_, err = Load(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	f.Add(`{"currency":"USD","models":[{"model":"m","input":1e-6,"cached_input":"0.1","hour":2}]}`)
	f.Add(`{"models":[{"model":"*","input":null}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		b, err := json.Marshal(table)
		require.NoError(t, err)
		again, err := Read(strings.NewReader(string(b)))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(len(table.Models)), fmt.Sprint(len(again.Models)))
	})
}

func ExampleTable() {
	table, err := Read(strings.NewReader(`{"currency":"USD","models":[{"model":"large-*","input":2.50,"cached_input":1.25,"output":10}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	rates, ok := table.Lookup("large-2026-05")
	fmt.Println(ok, rates.Cost(Usage{Input: 12_000, CachedInput: 8_000, Output: 350}).Total(), table.Currency)
	// Output: true 0.0235 USD
}
