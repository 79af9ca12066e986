package report

import (
	"errors"
	"io"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// HTML writes one page that opens from disk without a network. Of one result it tells everything: the verdict and the key
// numbers with their intervals, distributions, what happened over time, the slowest requests with their phases, single requests
// token by token, errors, warnings, the configuration, and all statistics. Several results stand side by side.
//
// Responses are read once, by [result.Result.Responses], and need not be in memory. Where there are none, or they cannot be
// read to their end, the page says so and shows what there is. What models and servers wrote is shown as text, whatever it
// says. The error is that of w, or says that there is no result.
func HTML(w io.Writer, results ...*result.Result) error {
	switch len(results) {
	case 0:
		return errors.New("there is no result to show")
	case 1:
		return page(gather(results[0])).WriteHTML(w)
	}
	return sideBySide(results).WriteHTML(w)
}

// page tells of one run.
func page(f *facts) figure.Page {
	p := figure.Page{
		Title: title(f.res), Subtitle: subtitle(f.res),
		Footer: "Latencies are those of successful requests, in percentiles of type 7, with 95 % confidence intervals from order statistics.",
	}
	p.Sections = append(p.Sections, figure.Section{Blocks: f.summary()}, f.latencies())
	if f.any() {
		p.Sections = append(p.Sections, f.overTime(), f.requests())
	}
	p.Sections = append(p.Sections, f.failures(), trust(f.res), about(f.res, f.st))
	return p
}

func title(res *result.Result) string {
	if res.RunName == "" {
		return "Run"
	}
	return res.RunName
}

// subtitle says what was measured, under which load, and when.
func subtitle(res *result.Result) string {
	var parts []string
	for _, s := range []string{res.ModelID, res.EndpointName, res.Provider} {
		if s != "" && (len(parts) == 0 || parts[len(parts)-1] != s) {
			parts = append(parts, s)
		}
	}
	parts = append(parts, loadOf(res))
	if !res.StartTime.IsZero() {
		parts = append(parts, res.StartTime.UTC().Format("2 January 2006, 15:04:05 UTC"))
	}
	return strings.Join(parts, " · ")
}

// loadOf says how many requests in which time, and by whom: "941 requests in 13.0 s, 50 clients".
func loadOf(res *result.Result) string {
	s := plural(res.TotalRequests, "request")
	if res.TotalTestTime > 0 {
		s += " in " + Seconds(res.TotalTestTime.Seconds())
	}
	if res.Clients > 0 {
		s += ", " + plural(res.Clients, "client")
	} else {
		s += ", open loop"
	}
	if res.Interrupted {
		s += ", interrupted"
	}
	return s
}

// interval is the 95 % confidence interval of a statistic, "" if there is none.
func interval(st result.Stats, key string, u figure.Unit) string {
	lo, okLo := st.Lookup(key + "-ci95-lo")
	hi, okHi := st.Lookup(key + "-ci95-hi")
	if !okLo || !okHi {
		return ""
	}
	return between(lo, hi, u)
}

// between writes an interval, with one unit if both ends have the same.
func between(lo, hi float64, u figure.Unit) string {
	from, to := u.Format(lo), u.Format(hi)
	number, unit, _ := strings.Cut(from, " ")
	if _, other, _ := strings.Cut(to, " "); unit == other {
		from = number
	}
	return from + " … " + to
}
