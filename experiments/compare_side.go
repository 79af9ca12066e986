package experiments

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/stats"
)

// latencies are the metrics of a request that can be compared: the less the better.
var latencies = []string{"ttft", "ttfct", "ttlt", "response", "tpot", "stall"}

// parseKey reads "ttft-p99".
func parseKey(key string) (number, error) {
	if key == KeyFailedRate {
		return number{key: key}, nil
	}
	metric, quantile, ok := strings.Cut(key, "-p")
	percent, err := strconv.ParseFloat(quantile, 64)
	if !ok || err != nil || !(percent > 0 && percent < 100) || !slices.Contains(latencies, metric) {
		return number{}, fmt.Errorf("%q cannot be compared: want %s, or a quantile of %s such as ttft-p99",
			key, KeyFailedRate, strings.Join(latencies, ", "))
	}
	return number{key, metric, percent / 100}, nil
}

// A side is what A or B brought, in the order of time.
type side struct {
	name     string // "A" or "B"
	runs     []*llmeter.Result
	values   map[string]stats.Series // of latencies, in seconds, over successful requests
	failed   stats.Series            // 1 for each request that failed, 0 for others
	tokens   stats.Series            // output tokens of successful requests
	payloads map[uint64]bool         // what was sent, without the model's name
	known    map[uint64]uint64       // from hashes of payloads as sent to those without the model's name
}

func newSide(name string, runs []*llmeter.Result) (*side, error) {
	s := &side{name: name, runs: runs, values: map[string]stats.Series{}, payloads: map[uint64]bool{}, known: map[uint64]uint64{}}
	for _, run := range runs {
		var responses []*llmeter.Response
		for r, err := range run.Responses() {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			responses = append(responses, r)
		}
		slices.SortStableFunc(responses, func(x, y *llmeter.Response) int { return cmp.Compare(x.Seq, y.Seq) })
		for _, r := range responses {
			s.add(r)
		}
	}
	if len(s.failed) == 0 {
		return nil, fmt.Errorf("%s has no responses: %w", name, result.ErrNoRun)
	}
	return s, nil
}

func (s *side) add(r *llmeter.Response) {
	s.addPayload(r.Payload)
	if r.Failed() {
		s.failed = append(s.failed, 1)
		return
	}
	s.failed = append(s.failed, 0)
	for _, metric := range latencies {
		if v, ok := r.Metric(metric); ok {
			s.values[metric] = append(s.values[metric], v)
		}
	}
	if r.OutputTokens.Known() {
		s.tokens = append(s.tokens, float64(r.OutputTokens.N))
	}
}

func (s *side) addPayload(p endpoint.Payload) {
	if p.Body == nil {
		return
	}
	as := hash(p.Body)
	without, ok := s.known[as]
	if !ok {
		p = p.Clone()
		p.Delete("model")
		without = hash(p.Body)
		s.known[as] = without
	}
	s.payloads[without] = true
}

func hash(data []byte) uint64 {
	h := fnv.New64a()
	h.Write(data)
	return h.Sum64()
}

// repeats reports whether a metric says nothing that another one does not: first content is first token where there is no
// reasoning, and a response takes as long as its last token where no schedule says otherwise.
func (s *side) repeats(metric string) bool {
	switch metric {
	case "ttfct":
		return slices.Equal(s.values["ttfct"], s.values["ttft"])
	case "response":
		return slices.Equal(s.values["response"], s.values["ttlt"])
	}
	return false
}

// warningsOf says what stands in the way of comparing a and b.
func warningsOf(a, b *side) (all []result.Warning) {
	warn := func(code, metric, format string, args ...any) {
		all = append(all, result.Warning{Code: code, Metric: metric, Text: fmt.Sprintf(format, args...)})
	}
	if onlyA, onlyB := missing(a.payloads, b.payloads), missing(b.payloads, a.payloads); onlyA+onlyB > 0 {
		warn(WarnPayloads, "", "the payloads differ: of A's %d B did not send %d, of B's %d A did not send %d",
			len(a.payloads), onlyA, len(b.payloads), onlyB)
	}
	if p := stats.MannWhitney(stats.SampleOf(a.tokens), stats.SampleOf(b.tokens)).P; p < 0.001 {
		warn(WarnAnswers, "ttlt", "the answers differ in length: %.4g tokens in A and %.4g in B in the mean, which latencies up to the last token depend on",
			stats.Mean(a.tokens), stats.Mean(b.tokens))
	}
	if loadA, loadB := a.load(), b.load(); loadA != loadB {
		warn(WarnLoads, "", "the loads differ: %s in A, %s in B", loadA, loadB)
	}
	for _, metric := range latencies {
		if nA, nB := len(a.values[metric]), len(b.values[metric]); (nA == 0) != (nB == 0) {
			warn(WarnOneSided, metric, "%s has %d values in A and %d in B, and cannot be compared", metric, nA, nB)
		}
	}
	for _, s := range []*side{a, b} {
		for _, run := range s.runs {
			if level := run.Verdict.Level; level == result.Degraded || level == result.Invalid {
				warn(WarnUntrusted, "", "run %s of %s is %s: the client was part of what was measured", run.RunName, s.name, level)
			}
			if run.Interrupted {
				warn(WarnInterrupted, "", "run %s of %s was interrupted", run.RunName, s.name)
			}
		}
	}
	return all
}

// missing counts what is in one set and not in the other.
func missing(in, notIn map[uint64]bool) (n int) {
	for h := range in {
		if !notIn[h] {
			n++
		}
	}
	return n
}

// load is the load of the runs: their clients, or their schedule.
func (s *side) load() string {
	var config struct {
		Arrivals string `json:"arrivals"`
	}
	run := s.runs[0]
	if json.Unmarshal(run.Config, &config) == nil && config.Arrivals != "" {
		return config.Arrivals
	}
	return Load{Clients: run.Clients}.String()
}

// normalQuantile is the p-quantile of the standard normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
