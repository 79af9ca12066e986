package experiments

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/load"
)

// A Load is how hard an endpoint is worked: by so many clients, of which each has one request in flight, or by so many requests
// started per second. One of both is 0.
type Load struct {
	Clients int
	Rate    load.Rate
}

// String is "1 client", "4 clients" or "12.5/s".
func (l Load) String() string {
	switch {
	case l.Rate > 0:
		return l.Rate.String()
	case l.Clients == 1:
		return "1 client"
	}
	return fmt.Sprintf("%d clients", l.Clients)
}

const (
	clientsSuffix = "-clients"
	rateSuffix    = "-per-second"
)

// runName is the name of the run under this load: "00004-clients", as LLMeter has it, or "00012.5-per-second".
func (l Load) runName() string {
	if l.Rate == 0 {
		return fmt.Sprintf("%05d%s", l.Clients, clientsSuffix)
	}
	number := strconv.FormatFloat(float64(l.Rate), 'f', -1, 64)
	whole, _, _ := strings.Cut(number, ".")
	return strings.Repeat("0", max(0, 5-len(whole))) + number + rateSuffix
}

// loadOf is the load of a run that was made or loaded: that of its clients, unless its name tells of a rate.
func loadOf(res *llmeter.Result) Load {
	number, _, ok := strings.Cut(res.RunName, rateSuffix)
	if rate, err := strconv.ParseFloat(number, 64); ok && err == nil && rate > 0 && !math.IsInf(rate, 0) {
		return Load{Rate: load.Rate(rate)}
	}
	return Load{Clients: res.Clients}
}

// compare orders loads: clients before rates, each ascending.
func (l Load) compare(o Load) int {
	return cmp.Or(cmp.Compare(l.Rate, o.Rate), cmp.Compare(l.Clients, o.Clients))
}

// on sets the load of a run.
func (l Load) on(r *llmeter.Runner, arrivals func(load.Rate) load.Arrivals) {
	switch {
	case l.Rate == 0:
		r.Clients = l.Clients
	case arrivals != nil:
		r.Arrivals = arrivals(l.Rate)
	default:
		r.Arrivals = load.Poisson{Rate: l.Rate}
	}
}
