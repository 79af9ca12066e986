package report

import "github.com/llmeter-go/llmeter/figure"

// Seconds prints a time for reading, with three significant digits and the unit that suits it: "12.3 ms".
// It prints "–" for NaN.
func Seconds(s float64) string { return figure.Seconds.Format(s) }

// Number prints a number for reading: integers whole, all else with three significant digits, thousands grouped.
func Number(x float64) string { return figure.None.Format(x) }

// Percent prints a fraction as a percentage: 0.0123 is "1.23 %".
func Percent(fraction float64) string { return Number(fraction*100) + " %" }
