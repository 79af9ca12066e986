package slo

import (
	"slices"
	"strings"
)

// A kind is what a number measures, as far as its name tells, and so which units it may have.
type kind int

const (
	anything kind = iota
	seconds
	fraction
	perSecond
	perMinute
	count
)

// units says which units a kind may have, for people.
func (k kind) units() string {
	return [...]string{
		anything:  "a time (ns, us, ms, s, m), %, a rate (/s, tok/s, req/s, /m) or no unit",
		seconds:   "ns, us, ms, s or m",
		fraction:  "%",
		perSecond: "tok/s, req/s, /s or no unit",
		perMinute: "tok/m, req/m, /m or no unit",
		count:     "no unit",
	}[k]
}

// allows reports whether a bound of this kind may have the unit.
func (k kind) allows(unit string) bool {
	of := kindOfUnit(unit)
	switch k {
	case anything:
		return true
	case perSecond, perMinute:
		return of == k || unit == ""
	}
	return of == k
}

// kindOfUnit is the kind of number that a unit, written as Parse keeps it, goes with.
func kindOfUnit(unit string) kind {
	switch unit {
	case "ns", "us", "ms", "s", "m":
		return seconds
	case "%":
		return fraction
	case "/s", "tok/s", "req/s":
		return perSecond
	case "/m", "tok/m", "req/m":
		return perMinute
	}
	return count
}

// canonical is the unit as Parse keeps it, or false for a text that is no unit.
func canonical(unit string) (string, bool) {
	switch unit {
	case "":
		return "", true
	case "µs", "μs": // the micro sign and the Greek letter
		return "us", true
	}
	if what, per, ok := strings.Cut(unit, "/"); ok {
		switch what {
		case "token", "tokens":
			what = "tok"
		case "request", "requests":
			what = "req"
		}
		if per == "min" {
			per = "m"
		}
		unit = what + "/" + per
	}
	return unit, kindOfUnit(unit) != count
}

// The metrics of one request that are times, by our names.
var timed = []string{"ttft", "ttfct", "ttlt", "tpot", "itl", "icl", "stall", "response", "attempt_ttft", "attempt_ttlt"}

// kindOf reads the kind from the form of a name.
func kindOf(name string) kind {
	metric, statistic := split(name)
	has := func(suffixes ...string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(metric, s) })
	}
	switch {
	case statistic == "n":
		return count
	case perRequest(metric), has("_time"):
		return seconds
	case metric == goodput, has("_rate"):
		return fraction
	case has("_tps", "_per_second"):
		return perSecond
	case has("_per_minute"):
		return perMinute
	case has("_requests", "_tokens"), strings.HasPrefix(metric, "num_tokens_"):
		return count
	}
	return anything
}

// perRequest reports whether the metric is a time that every request has, so that a number of a run needs a statistic of it.
func perRequest(metric string) bool {
	metric = strings.TrimPrefix(metric, steady)
	return slices.Contains(timed, metric) || strings.HasPrefix(metric, "time_to_") || strings.HasPrefix(metric, "time_per_")
}

// steady begins the names of numbers of the steady state: "steady-ttft-p99".
const steady = "steady-"

// split parts a name into metric and statistic: "ttft-p99-ci95-lo" into "ttft" and "p99-ci95-lo". A name that does not end in
// a statistic is all metric.
func split(name string) (metric, statistic string) {
	rest := strings.TrimPrefix(name, steady)
	metric, statistic, _ = strings.Cut(rest, "-")
	metric = name[:len(name)-len(rest)] + metric
	value, interval, _ := strings.Cut(statistic, "-")
	if statistic == "ci95-lo" || statistic == "ci95-hi" { // of a number without statistics, such as failed_requests_rate
		return metric, statistic
	}
	switch interval {
	case "", "ci95-lo", "ci95-hi":
	default:
		return name, ""
	}
	switch {
	case value == "n", value == "mean", value == "average":
	case len(value) > 1 && value[0] == 'p' && strings.Trim(value[1:], "0123456789.") == "":
	default:
		return name, ""
	}
	return metric, statistic
}
