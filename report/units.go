package report

import (
	"math"
	"strconv"
)

// Seconds prints a time for reading, with three significant digits and the unit that suits it: "12.3 ms".
// It prints "–" for NaN.
func Seconds(s float64) string {
	switch a := math.Abs(s); {
	case math.IsNaN(s):
		return "–"
	case a == 0:
		return "0 s"
	case a < 999.5e-9:
		return digits(s*1e9) + " ns"
	case a < 999.5e-6:
		return digits(s*1e6) + " µs"
	case a < 999.5e-3:
		return digits(s*1e3) + " ms"
	case a < 99.95:
		return digits(s) + " s"
	case a < 5999.5:
		return strconv.FormatFloat(s, 'f', 0, 64) + " s"
	}
	return digits(s/3600) + " h"
}

// Number prints a number for reading: integers whole, all else with three significant digits, thousands grouped.
func Number(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case math.Abs(x) >= 999.5, x == math.Trunc(x) && math.Abs(x) < 1e15:
		return grouped(strconv.FormatFloat(x, 'f', 0, 64))
	}
	return digits(x)
}

// Percent prints a fraction as a percentage: 0.0123 is "1.23 %".
func Percent(fraction float64) string { return Number(fraction*100) + " %" }

// digits gives three significant digits without an exponent.
func digits(x float64) string {
	decimals := 2
	if a := math.Abs(x); a > 0 {
		decimals = max(0, 2-int(math.Floor(math.Log10(a)+1e-12)))
	}
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if a := math.Abs(x); a > 0 && decimals > 0 { // rounding may have made it one digit longer: 9.999 is 10.0, not 10.00
		if r, _ := strconv.ParseFloat(s, 64); math.Floor(math.Log10(math.Abs(r))+1e-12) > math.Floor(math.Log10(a)+1e-12) {
			s = strconv.FormatFloat(x, 'f', decimals-1, 64)
		}
	}
	return s
}

func grouped(s string) string {
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
