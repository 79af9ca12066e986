package main

import (
	"errors"

	"github.com/llmeter-go/llmeter/price"
	"github.com/llmeter-go/llmeter/profiler"
)

// profileFlags are the analyses of a profile, each as in NAT's configuration. What is not given is left as the configuration has it.
type profileFlags struct {
	BaseMetrics        *bool    `name:"base-metrics" negatable:"" group:"Analyses" help:"Percentiles of the run time of requests."`
	TokenForecast      *bool    `name:"token-usage-forecast" negatable:"" group:"Analyses" help:"Forecast of the tokens to come, with its error."`
	TokenUniqueness    *bool    `name:"token-uniqueness-forecast" negatable:"" group:"Analyses" help:"How much of each prompt is new."`
	RuntimeForecast    *bool    `name:"workflow-runtime-forecast" negatable:"" group:"Analyses" help:"Percentiles of the run time of requests."`
	LLMMetrics         *bool    `name:"compute-llm-metrics" negatable:"" group:"Analyses" help:"NOVA columns in the CSV: what lay ahead at each event."`
	CSVExcludeText     *bool    `name:"csv-exclude-io-text" negatable:"" group:"Analyses" help:"No prompts and answers in the CSV."`
	Prefixes           *bool    `name:"prompt-caching-prefixes" negatable:"" group:"Analyses" help:"What prompts have in common, and what a cache could save."`
	PrefixMinFrequency *float64 `name:"prefix-min-frequency" placeholder:"SHARE" group:"Analyses" help:"Share of a model's prompts that must have a prefix; by default 0.5."`
	SimpleStack        *bool    `name:"simple-stack" negatable:"" group:"Analyses" help:"Bottlenecks by operation."`
	NestedStack        *bool    `name:"nested-stack" negatable:"" group:"Analyses" help:"Trees of calls, the critical path, gantt_chart.png."`
	Spikes             *bool    `name:"concurrency-spikes" negatable:"" group:"Analyses" help:"When many calls ran at once."`
	SpikeThreshold     *int     `name:"spike-threshold" placeholder:"N" group:"Analyses" help:"Calls at once from which it is a spike; 0, the default, is their 90th percentile."`
	PrefixSpan         *bool    `name:"prefix-span" negatable:"" group:"Analyses" help:"Patterns of calls that requests have in common."`
	MinSupport         *float64 `name:"min-support" placeholder:"N" group:"Analyses" help:"Requests that must have a pattern, or below 1 their share; by default 2."`
	MinCoverage        *float64 `name:"min-coverage" placeholder:"SHARE" group:"Analyses" help:"Share of requests that must have a pattern."`
	MaxTextLen         *int     `name:"max-text-len" placeholder:"N" group:"Analyses" help:"Characters of a prompt that tell calls apart in patterns; by default 1000."`
	TopK               *int     `name:"top-k" placeholder:"N" group:"Analyses" help:"Patterns wanted; by default 10."`
	Contiguous         *bool    `name:"contiguous" negatable:"" group:"Analyses" help:"The calls of a pattern must follow one another."`
	ChainPrefixes      *bool    `name:"chain-with-common-prefixes" negatable:"" group:"Analyses" help:"Replace what prompts have in common before they are cut to --max-text-len."`
	Trie               *bool    `name:"prediction-trie" negatable:"" group:"Analyses" help:"What follows each LLM call: prediction_trie.json."`
	TrieFile           *string  `name:"trie-output-filename" placeholder:"NAME" group:"Analyses" help:"File of the trie; by default prediction_trie.json."`
	TrieSensitivity    *bool    `name:"trie-auto-sensitivity" negatable:"" group:"Analyses" help:"Rate how much requests suffer from each call; on by default."`
	TrieScale          *int     `name:"trie-sensitivity-scale" placeholder:"N" group:"Analyses" help:"Highest rating; by default 5."`
	TrieCritical       *float64 `name:"trie-w-critical" placeholder:"W" group:"Analyses" help:"Weight of the share of the request's time; by default 0.5."`
	TrieFanout         *float64 `name:"trie-w-fanout" placeholder:"W" group:"Analyses" help:"Weight of the calls to follow; by default 0.3."`
	TriePosition       *float64 `name:"trie-w-position" placeholder:"W" group:"Analyses" help:"Weight of the nearness to the beginning or the end; by default 0.2."`
	TrieParallel       *float64 `name:"trie-w-parallel" placeholder:"W" group:"Analyses" help:"Weight against calls that have time beside longer ones; by default 0."`

	CriticalPath     *bool    `name:"critical-path" negatable:"" group:"Analyses" help:"What requests waited for, and how much they would gain if it were faster."`
	Streaming        *bool    `name:"streaming-metrics" negatable:"" group:"Analyses" help:"TTFT, ITL and TPOT of streamed answers, and tokens by kind."`
	Waiting          *bool    `name:"waiting" negatable:"" group:"Analyses" help:"Throttled calls and back-off, apart from work."`
	Costs            *bool    `name:"costs" negatable:"" group:"Analyses" help:"What LLM calls cost; needs --prices."`
	Prices           string   `name:"prices" placeholder:"FILE" group:"Analyses" help:"Prices of models, in JSON: currency, models: model, input, cached_input, output, reasoning for a million tokens, hour. Turns --costs on."`
	Anomalies        *bool    `name:"anomalies" negatable:"" group:"Analyses" help:"Steps that took far longer, or shorter, than others of their operation."`
	AnomalyThreshold *float64 `name:"anomaly-threshold" placeholder:"SIGMA" group:"Analyses" help:"Standard deviations from which a step stands out; by default 3.5."`
	AnomalyLeast     *int     `name:"anomaly-least" placeholder:"N" group:"Analyses" help:"Calls that an operation must have to be looked at; by default 20."`

	Dynamo           *bool    `name:"dynamo-metrics" negatable:"" group:"Analyses" help:"Metrics of NVIDIA Dynamo from a Prometheus server; not part of --all."`
	PrometheusURL    *string  `name:"prometheus-url" placeholder:"URL" group:"Analyses" help:"That server; by default http://localhost:9090."`
	DynamoKVCache    *bool    `name:"dynamo-kv-cache" negatable:"" group:"Analyses" help:"Share of prompt tokens from a cache; on by default, as are the next five."`
	DynamoTTFT       *bool    `name:"dynamo-ttft" negatable:"" group:"Analyses" help:"Time to first token."`
	DynamoITL        *bool    `name:"dynamo-itl" negatable:"" group:"Analyses" help:"Inter-token latency."`
	DynamoInflight   *bool    `name:"dynamo-inflight-requests" negatable:"" group:"Analyses" help:"Requests in flight and queued."`
	DynamoThroughput *bool    `name:"dynamo-throughput" negatable:"" group:"Analyses" help:"Requests a minute."`
	DynamoTokens     *bool    `name:"dynamo-token-throughput" negatable:"" group:"Analyses" help:"Output tokens a second."`
	DynamoRange      *string  `name:"dynamo-query-range" placeholder:"TIME" group:"Analyses" help:"Time over which Prometheus takes a rate; by default 30s."`
	DynamoLookback   *float64 `name:"dynamo-lookback-seconds" placeholder:"SECONDS" group:"Analyses" help:"How far to look back where the traces have no time; by default 600."`
	DynamoStart      *float64 `name:"dynamo-start" placeholder:"SECONDS" group:"Analyses" help:"Start of the run, in seconds since 1970; by default that of the traces."`
	DynamoEnd        *float64 `name:"dynamo-end" placeholder:"SECONDS" group:"Analyses" help:"Its end, likewise."`
}

// enableAll turns every analysis on, but for Dynamo's metrics, which need a server, and leaves all settings.
func enableAll(c *profiler.Config) {
	for _, on := range []*bool{
		&c.BaseMetrics, &c.TokenUsageForecast, &c.TokenUniqueness, &c.WorkflowRuntime, &c.LLMMetrics, &c.PromptCachingPrefixes.Enable, &c.BottleneckAnalysis.SimpleStack,
		&c.BottleneckAnalysis.NestedStack, &c.ConcurrencySpikes.Enable, &c.PrefixSpan.Enable, &c.PredictionTrie.Enable, &c.CriticalPath, &c.Streaming, &c.Waiting,
		&c.Costs.Enable, &c.Anomalies.Enable,
	} {
		*on = true
	}
}

// apply changes what was given.
func (f *profileFlags) apply(c *profiler.Config) error {
	set(&c.BaseMetrics, f.BaseMetrics)
	set(&c.TokenUsageForecast, f.TokenForecast)
	set(&c.TokenUniqueness, f.TokenUniqueness)
	set(&c.WorkflowRuntime, f.RuntimeForecast)
	set(&c.LLMMetrics, f.LLMMetrics)
	set(&c.CSVExcludeIOText, f.CSVExcludeText)
	set(&c.PromptCachingPrefixes.Enable, f.Prefixes)
	set(&c.PromptCachingPrefixes.MinFrequency, f.PrefixMinFrequency)
	set(&c.BottleneckAnalysis.SimpleStack, f.SimpleStack)
	set(&c.BottleneckAnalysis.NestedStack, f.NestedStack)
	set(&c.ConcurrencySpikes.Enable, f.Spikes)
	set(&c.ConcurrencySpikes.Threshold, f.SpikeThreshold)
	p := &c.PrefixSpan
	set(&p.Enable, f.PrefixSpan)
	set(&p.MinSupport, f.MinSupport)
	set(&p.MinCoverage, f.MinCoverage)
	set(&p.MaxTextLen, f.MaxTextLen)
	set(&p.TopK, f.TopK)
	set(&p.Contiguous, f.Contiguous)
	set(&p.ChainWithCommonPrefixes, f.ChainPrefixes)
	t := &c.PredictionTrie
	set(&t.Enable, f.Trie)
	set(&t.OutputFilename, f.TrieFile)
	set(&t.AutoSensitivity, f.TrieSensitivity)
	set(&t.Scale, f.TrieScale)
	set(&t.Critical, f.TrieCritical)
	set(&t.Fanout, f.TrieFanout)
	set(&t.Position, f.TriePosition)
	set(&t.Parallel, f.TrieParallel)
	set(&c.CriticalPath, f.CriticalPath)
	set(&c.Streaming, f.Streaming)
	set(&c.Waiting, f.Waiting)
	set(&c.Anomalies.Enable, f.Anomalies)
	set(&c.Anomalies.Threshold, f.AnomalyThreshold)
	set(&c.Anomalies.Least, f.AnomalyLeast)
	f.applyDynamo(&c.Dynamo)
	return f.applyPrices(c)
}

func (f *profileFlags) applyDynamo(d *profiler.DynamoConfig) {
	set(&d.Enable, f.Dynamo)
	set(&d.PrometheusURL, f.PrometheusURL)
	set(&d.CollectKVCache, f.DynamoKVCache)
	set(&d.CollectTTFT, f.DynamoTTFT)
	set(&d.CollectITL, f.DynamoITL)
	set(&d.CollectInflight, f.DynamoInflight)
	set(&d.CollectThroughput, f.DynamoThroughput)
	set(&d.CollectTokens, f.DynamoTokens)
	set(&d.QueryRange, f.DynamoRange)
	set(&d.LookbackSeconds, f.DynamoLookback)
	if f.DynamoStart != nil {
		d.Start = f.DynamoStart
	}
	if f.DynamoEnd != nil {
		d.End = f.DynamoEnd
	}
}

func (f *profileFlags) applyPrices(c *profiler.Config) error {
	if f.Prices != "" {
		table, err := price.Load(f.Prices)
		if err != nil {
			return prefixed("--prices", err)
		}
		c.Costs.Enable, c.Costs.Prices = true, table
	}
	set(&c.Costs.Enable, f.Costs)
	if f.Costs != nil && *f.Costs && len(c.Costs.Prices.Models) == 0 {
		return errors.New("--costs needs --prices, or prices in the configuration")
	}
	return nil
}

func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}
