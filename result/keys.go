package result

import (
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// The keys of LLMeter's summary.json, which also begin the statistics.
const (
	keyTotalRequests    = "total_requests"
	keyClients          = "clients"
	keyRequests         = "n_requests"
	keyTotalTestTime    = "total_test_time"
	keyModelID          = "model_id"
	keyOutputPath       = "output_path"
	keyEndpointName     = "endpoint_name"
	keyProvider         = "provider"
	keyRunName          = "run_name"
	keyRunDescription   = "run_description"
	keyStartTime        = "start_time"
	keyFirstRequestTime = "first_request_time"
	keyLastRequestTime  = "last_request_time"
	keyEndTime          = "end_time"
)

// Further keys with a meaning of their own on loading.
const (
	keyFailedRate    = "failed_requests_rate"
	keyOutputTPS     = "output_tps"
	keyInterrupted   = "interrupted"
	keyCancelled     = "cancelled_requests"
	keyConversations = "conversations"
	errorsPrefix     = "errors-"
	goodputPrefix    = "goodput("
	steadyPrefix     = "steady-" // begins the keys of the steady state
)

// Ours of a run as a whole.
const (
	keyRPS             = "requests_per_second"
	keyTokensPerSecond = "output_tokens_per_second"
	keyStalls          = "stalls_per_request"
	keyTokensPerEvent  = "tokens_per_event-mean"
	keyEventsPerRead   = "events_per_read-mean"
	keyMismatched      = "usage_mismatch_requests"
	keySteadyFrom      = steadyPrefix + "from"
	keySteadyTo        = steadyPrefix + "to"
	keySteadyRequests  = steadyPrefix + "requests"
)

var summaryKeys = []string{
	keyTotalRequests, keyClients, keyRequests, keyTotalTestTime, keyModelID, keyOutputPath, keyEndpointName, keyProvider,
	keyRunName, keyRunDescription, keyStartTime, keyFirstRequestTime, keyLastRequestTime, keyEndTime,
}

// runKeys are LLMeter's statistics of a run as a whole that are computed from the responses.
var runKeys = []string{
	"failed_requests", keyFailedRate, "requests_per_minute", "total_input_tokens", "total_output_tokens",
	"total_cached_input_tokens", "total_reasoning_output_tokens",
	"average_input_tokens_per_minute", "average_output_tokens_per_minute",
}

// ownRunKeys are ours, and withInterval those of them that have one.
var (
	ownRunKeys = []string{
		keyCancelled, keyConversations, keyRPS, keyTokensPerSecond, keyStalls, keyTokensPerEvent, keyEventsPerRead, keyMismatched,
	}
	withInterval = []string{keyFailedRate, keyRPS}
)

// LLMeter's metrics over single requests, in its order; the last one is known to its live statistics alone.
const (
	pyTTLT = iota
	pyTTFT
	pyOutput
	pyInput
	pyCached
	pyTPOT
	pyMetrics
)

var pyNames = [pyMetrics]string{
	"time_to_last_token", "time_to_first_token", "num_tokens_output", "num_tokens_input", "num_tokens_input_cached",
	"time_per_output_token",
}

var pyAggregations = []string{"average", "p50", "p90", "p99"}

// Our metrics, in the order of the keys.
const (
	ttft = iota
	ttfct
	ttlt
	tpot
	itl
	icl
	stall
	response
	metrics
)

var metricNames = [metrics]string{"ttft", "ttfct", "ttlt", "tpot", "itl", "icl", "stall", "response"}

// quantiles are the ones that we show, and the level of their intervals.
var quantiles = [...]struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}}

const level = 0.95

// Keys are the numbers that the statistics of a run may hold, but for those with names of their own: of callbacks and of goodput.
// They are the names that objectives can be about.
func Keys() []string {
	rps := steadyPrefix + keyRPS
	keys := append(LiveKeys(), keySteadyFrom, keySteadyTo, keySteadyRequests,
		rps, rps+"-ci95-lo", rps+"-ci95-hi", steadyPrefix+keyTokensPerSecond)
	for _, i := range steadyMetrics {
		keys = appendMetricKeys(keys, steadyPrefix+metricNames[i])
	}
	return keys
}

// LiveKeys are those of Keys that a run has while it goes on: all but the steady state.
func LiveKeys() []string {
	keys := []string{keyTotalRequests, keyTotalTestTime}
	keys = append(append(append(append(keys, runKeys...), keyOutputTPS), ownRunKeys...), retryKeys...)
	for _, key := range withInterval {
		keys = append(keys, key+"-ci95-lo", key+"-ci95-hi")
	}
	for _, kind := range endpoint.FailureKinds() {
		keys = append(keys, errorsPrefix+string(kind))
	}
	for _, name := range pyNames {
		for _, aggregation := range pyAggregations {
			keys = append(keys, name+"-"+aggregation)
		}
	}
	for i := range metrics {
		keys = appendMetricKeys(keys, metricNames[i])
	}
	for _, name := range attemptMetrics { // they have no intervals
		keys = append(keys, name+"-n", name+"-mean")
		for _, quantile := range quantileNames() {
			keys = append(keys, name+"-"+quantile)
		}
	}
	return keys
}

func appendMetricKeys(keys []string, name string) []string {
	keys = append(keys, name+"-n")
	for _, statistic := range append([]string{"mean"}, quantileNames()...) {
		key := name + "-" + statistic
		keys = append(keys, key, key+"-ci95-lo", key+"-ci95-hi")
	}
	return keys
}

func quantileNames() (names []string) {
	for _, q := range quantiles {
		names = append(names, q.name)
	}
	return names
}

// LLMeters reports whether a key is one of LLMeter's, with its formula: failed requests are part of it, and percentiles are
// Python's exclusive ones.
func LLMeters(key string) bool {
	metric, _, _ := strings.Cut(key, "-")
	return slices.Contains(summaryKeys, key) || slices.Contains(runKeys, key) || key == keyOutputTPS || slices.Contains(pyNames[:], metric)
}

// computed reports whether key is a statistic that this package computes from responses, or a field of the summary: no
// callback can contribute one under its name.
func computed(key string) bool {
	return slices.Contains(summaryKeys, key) || key == keyInterrupted || slices.Contains(Keys(), key) ||
		strings.HasPrefix(key, errorsPrefix) || strings.HasPrefix(key, goodputPrefix)
}
