package llmetertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/stats"
)

// latencies are what baselines hold, by the keys of single requests. The gaps between tokens are there as the mean of each
// request: those of one answer are too much alike to be counted as so many values.
var latencies = []string{"ttft", "tpot", "ttlt", "response"}

// A latency is the distribution of one latency over the successful requests of a run, in seconds.
type latency struct {
	sample     *stats.Sample // rounded to three digits
	effectiveN float64       // how many independent values would tell as much
}

// latencyOf is the latency with these values, in the order of time.
func latencyOf(series stats.Series) latency {
	l := latency{new(stats.Sample), series.EffectiveN()}
	for _, v := range series {
		l.sample.Add(rounded(v))
	}
	return l
}

// savedLatency is a latency in a file. Only N, EffectiveN and Values are read back, the rest is for people.
type savedLatency struct {
	N          uint64  `json:"n"`
	EffectiveN float64 `json:"effective_n"`
	P50        float64 `json:"p50"`
	P90        float64 `json:"p90"`
	P99        float64 `json:"p99"`
	Values     string  `json:"values"` // "0.0203 0.0204x12": ascending, with the counts of those that came more than once
}

// MarshalJSON writes the summary and, on one line, the values.
func (l latency) MarshalJSON() ([]byte, error) {
	var values []byte
	for v, n := range l.sample.All() {
		if len(values) > 0 {
			values = append(values, ' ')
		}
		values = strconv.AppendFloat(values, v, 'g', digits, 64)
		if n > 1 {
			values = append(values, 'x')
			values = strconv.AppendUint(values, n, 10)
		}
	}
	return json.Marshal(savedLatency{
		N: l.sample.N(), EffectiveN: rounded(l.effectiveN),
		P50: rounded(l.sample.Quantile(0.5)), P90: rounded(l.sample.Quantile(0.9)), P99: rounded(l.sample.Quantile(0.99)),
		Values: string(values),
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *latency) UnmarshalJSON(data []byte) error {
	var saved savedLatency
	if err := json.Unmarshal(data, &saved); err != nil {
		return err
	}
	sample := new(stats.Sample)
	for field := range strings.FieldsSeq(saved.Values) {
		value, count, several := strings.Cut(field, "x")
		if !several {
			count = "1"
		}
		v, err1 := strconv.ParseFloat(value, 64)
		n, err2 := strconv.ParseUint(count, 10, 32)
		if err := errors.Join(err1, err2); err != nil || !(v >= 0) || n == 0 {
			return fmt.Errorf("values: %q is not a value with its count", field)
		}
		sample.AddN(v, n)
	}
	switch n := float64(sample.N()); {
	case sample.N() != saved.N || n == 0:
		return fmt.Errorf("n is %d, but there are %d values", saved.N, sample.N())
	case !(saved.EffectiveN > 0 && saved.EffectiveN <= n*1.01):
		return fmt.Errorf("effective_n is %v of %d", saved.EffectiveN, saved.N)
	}
	*l = latency{sample, saved.EffectiveN}
	return nil
}

// digits are how many significant digits of a value are kept: enough for tolerances of a percent, and few enough for files
// that stay small whatever the number of requests.
const digits = 3

// rounded is v with that many digits.
func rounded(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	return v
}

// measure takes from a run what its baseline holds.
func measure(res *llmeter.Result) (*baseline, error) {
	b := &baseline{
		Schema: schema, Machine: fmt.Sprintf("%s/%s, %d CPUs", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
		Model: res.ModelID, Load: loadOf(res), Requests: res.TotalRequests, Failed: res.FailedRequests(),
		Latencies: map[string]latency{},
	}
	var good []*llmeter.Response
	for r, err := range res.Responses() {
		if err != nil {
			return nil, err
		}
		if !r.Failed() {
			good = append(good, r)
		}
	}
	slices.SortFunc(good, func(x, y *llmeter.Response) int { return cmp.Compare(x.Seq, y.Seq) })
	for _, name := range latencies {
		if name == "response" && res.Clients > 0 {
			continue // in a closed loop it is ttlt
		}
		var series stats.Series
		for _, r := range good {
			if v, ok := r.Metric(name); ok {
				series = append(series, v)
			}
		}
		if len(series) > 0 {
			b.Latencies[name] = latencyOf(series)
		}
	}
	return b, nil
}

// loadOf says what the load was: that of two runs must be one for them to compare.
func loadOf(res *llmeter.Result) string {
	if res.Clients > 0 {
		return fmt.Sprintf("%d clients", res.Clients)
	}
	var config struct {
		Arrivals string `json:"arrivals"`
	}
	_ = json.Unmarshal(res.Config, &config) // a Result without a configuration has no arrivals to name
	return config.Arrivals
}

// without is the latency as it would be without the client's own lag and the growth that is tolerated.
func (l latency) without(lag, tolerance float64) *stats.Sample {
	s := new(stats.Sample)
	for v, n := range l.sample.All() {
		s.AddN(math.Max(0, v-lag)/(1+tolerance), n)
	}
	return s
}
