package figure_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/llmeter-go/llmeter/figure"
)

// readings are numbers as people are to read them. The page's own script is held to the same ones.
var readings = []struct {
	Unit  figure.Unit
	Value float64
	Text  string
}{
	{figure.None, 0, "0"}, {figure.None, 7, "7"}, {figure.None, 1234, "1,234"}, {figure.None, 1234567, "1,234,567"},
	{figure.None, 0.5, "0.500"}, {figure.None, 12.34, "12.3"}, {figure.None, 9.999, "10.0"}, {figure.None, 999.7, "1,000"},
	{figure.None, 0.001234, "0.00123"}, {figure.None, -3.14159, "−3.14"}, {figure.None, -1500, "−1,500"},
	{figure.Seconds, 0, "0 s"}, {figure.Seconds, 0.0123, "12.3 ms"}, {figure.Seconds, 0.000456, "456 µs"}, {figure.Seconds, 3.2e-8, "32.0 ns"},
	{figure.Seconds, 0.9996, "1.00 s"}, {figure.Seconds, 1.234, "1.23 s"}, {figure.Seconds, 100.4, "100 s"}, {figure.Seconds, 5999, "5,999 s"},
	{figure.Seconds, 6000, "1.67 h"}, {figure.Seconds, 36000, "10.0 h"}, {figure.Seconds, -0.002, "−2.00 ms"},
	{figure.Fraction, 0.0123, "1.23 %"}, {figure.Fraction, 1, "100 %"}, {figure.Fraction, 0, "0 %"}, {figure.Fraction, 0.07, "7.00 %"}, {figure.Fraction, 0.9987, "99.9 %"}, {figure.Seconds, 0.007, "7.00 ms"}, {figure.Seconds, 0.008, "8.00 ms"},
	{figure.Bytes, 12300, "12.3 kB"}, {figure.Bytes, 999, "999 B"}, {figure.Bytes, 4.2e9, "4.20 GB"},
	{"tokens/s", 1234.4, "1,234 tokens/s"}, {"tokens/s", 0, "0 tokens/s"},
}

// ticks are numbers of an axis that reaches to Span.
var ticks = []struct {
	Unit        figure.Unit
	Value, Span float64
	Text        string
}{
	{figure.None, 0, 10, "0"}, {figure.None, 2.5, 10, "2.5"}, {figure.None, 0.1 + 0.2, 1, "0.3"}, {figure.None, 1500, 2000, "1,500"},
	{figure.None, 1500.25, 2000, "1,500.25"}, {figure.None, -20, 100, "−20"},
	{figure.Seconds, 0.2, 0.8, "200 ms"}, {figure.Seconds, 0.2, 1.2, "0.2 s"}, {figure.Seconds, 3600, 36000, "1 h"}, {figure.Seconds, 0, 0.001, "0 ms"},
	{figure.Fraction, 0.25, 1, "25 %"}, {figure.Bytes, 5e5, 2e6, "0.5 MB"}, {"tok/s", 20000, 50000, "20,000 tok/s"},
}

func TestNumbersAreWrittenForReading(t *testing.T) {
	for _, r := range readings {
		require.Equal(t, r.Text, r.Unit.Format(r.Value), "%v in %q", r.Value, r.Unit)
	}
	require.Equal(t, "–", figure.Seconds.Format(math.NaN()))
	require.Equal(t, "∞", figure.Seconds.Format(math.Inf(1)))
	require.Equal(t, "−∞", figure.Seconds.Format(math.Inf(-1)))
}

func TestTicksKeepAllDigitsInOneMultiple(t *testing.T) {
	for _, r := range ticks {
		require.Equal(t, r.Text, r.Unit.Tick(r.Value, r.Span), "%v to %v in %q", r.Value, r.Span, r.Unit)
	}
}

func TestANiceNumberIsRoundAndNotLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Pow(10, rapid.Float64Range(-9, 9).Draw(t, "log"))
		n := figure.Nice(x)
		require.GreaterOrEqual(t, n, x*(1-1e-9))
		require.LessOrEqual(t, n, x*2.5*(1+1e-9))
		require.InDelta(t, n, figure.Nice(n), n*1e-12)
	})
}
