package dynamo

import (
	"fmt"

	"github.com/llmeter-go/llmeter/profiler"
)

// A query is a metric of NAT.
type query struct {
	key, promQL string
	wanted      func(profiler.DynamoConfig) bool // nil = always
}

const (
	ttftBuckets = "dynamo_frontend_time_to_first_token_seconds_bucket"
	itlBuckets  = "dynamo_frontend_inter_token_latency_seconds_bucket"
	requests    = "dynamo_frontend_requests_total"
	tokens      = "dynamo_frontend_output_tokens_total"
	thompson    = "dynamo_component_thompson_"
)

// queries are those that the configuration wants, in the order in which they are made.
func queries(c profiler.DynamoConfig) []query {
	rate := func(metric string) string { return fmt.Sprintf("rate(%s[%s])", metric, c.QueryRange) }
	quantile := func(q, buckets string) string { return fmt.Sprintf("histogram_quantile(%s, %s)", q, rate(buckets)) }
	inflight := func(c profiler.DynamoConfig) bool { return c.CollectInflight }
	throughput := func(c profiler.DynamoConfig) bool { return c.CollectThroughput }
	tokenRate := func(c profiler.DynamoConfig) bool { return c.CollectTokens }
	ttft := func(c profiler.DynamoConfig) bool { return c.CollectTTFT }
	itl := func(c profiler.DynamoConfig) bool { return c.CollectITL }
	cache := func(c profiler.DynamoConfig) bool { return c.CollectKVCache }
	return []query{
		{"inflight_requests_frontend", "dynamo_frontend_inflight_requests", inflight},
		{"inflight_requests_worker", "dynamo_component_inflight_requests", inflight},
		{"queued_requests", "dynamo_frontend_queued_requests", inflight},
		{"requests_per_minute", rate(requests) + " * 60", throughput},
		{"token_throughput", rate(tokens), tokenRate},
		{"sglang_gen_throughput", "sglang:gen_throughput", tokenRate},
		{"ttft_p50", quantile("0.50", ttftBuckets), ttft},
		{"ttft_p95", quantile("0.95", ttftBuckets), ttft},
		{"ttft_p99", quantile("0.99", ttftBuckets), ttft},
		{"itl_p50", quantile("0.50", itlBuckets), itl},
		{"itl_p95", quantile("0.95", itlBuckets), itl},
		{"itl_p99", quantile("0.99", itlBuckets), itl},
		{"kve_cached_tokens_rate", rate(thompson + "kve_cached_tokens_total"), cache},
		{"kve_prompt_tokens_rate", rate(thompson + "kve_prompt_tokens_total"), cache},
		{"kve_device_blocks_rate", rate(thompson + "kve_device_blocks_total"), cache},
		{"kve_host_blocks_rate", rate(thompson + "kve_host_blocks_total"), cache},
		{"kve_disk_blocks_rate", rate(thompson + "kve_disk_blocks_total"), cache},
		{"kv_cache_usage_percent", "dynamo_component_kvstats_gpu_cache_usage_percent", cache},
		{"kv_cache_hit_rate_sglang", "sglang:cache_hit_rate", cache},
		{"kv_cache_hit_rate_dynamo", "dynamo_component_kvstats_gpu_prefix_cache_hit_rate", cache},
		{"sglang_running_requests", "sglang:num_running_reqs", nil},
		{"sglang_queue_depth", "sglang:num_queue_reqs", nil},
		{"sglang_utilization", "sglang:utilization", nil},
		{"thompson_routing_decisions_rate", rate(thompson + "routing_decisions_total"), nil},
		{"thompson_requests_rate", rate(thompson + "requests_total"), nil},
	}
}
