package result

import (
	"slices"
	"strings"
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
	keyOutputTPS     = "output_tps"
	keyInterrupted   = "interrupted"
	keyCancelled     = "cancelled_requests"
	keyConversations = "conversations"
	errorsPrefix     = "errors-"
)

var summaryKeys = []string{
	keyTotalRequests, keyClients, keyRequests, keyTotalTestTime, keyModelID, keyOutputPath, keyEndpointName, keyProvider,
	keyRunName, keyRunDescription, keyStartTime, keyFirstRequestTime, keyLastRequestTime, keyEndTime,
}

// runKeys are LLMeter's statistics of a run as a whole that are computed from the responses.
var runKeys = []string{
	"failed_requests", "failed_requests_rate", "requests_per_minute", "total_input_tokens", "total_output_tokens",
	"total_cached_input_tokens", "total_reasoning_output_tokens",
	"average_input_tokens_per_minute", "average_output_tokens_per_minute",
}

// ownRunKeys are ours.
var ownRunKeys = []string{keyCancelled, keyConversations, "requests_per_second", "output_tokens_per_second"}

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
var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}}

const level = 0.95

// computed reports whether key is a statistic that this package computes from responses, or a field of the summary: no
// callback can contribute one under its name.
func computed(key string) bool {
	if slices.Contains(summaryKeys, key) || slices.Contains(runKeys, key) || slices.Contains(ownRunKeys, key) ||
		key == keyOutputTPS || key == keyInterrupted || strings.HasPrefix(key, errorsPrefix) {
		return true
	}
	metric, aggregation, ok := strings.Cut(key, "-")
	switch {
	case !ok:
		return false
	case slices.Contains(pyNames[:], metric):
		return slices.Contains(pyAggregations, aggregation)
	case slices.Contains(metricNames[:], metric):
		quantile, _, _ := strings.Cut(aggregation, "-ci95-")
		return aggregation == "mean" || aggregation == "n" || isQuantile(quantile)
	}
	return false
}

func isQuantile(name string) bool {
	for _, q := range quantiles {
		if q.name == name {
			return true
		}
	}
	return false
}
