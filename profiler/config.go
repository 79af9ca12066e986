package profiler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/llmeter-go/llmeter/price"
)

// Config says which analyses to run. Its JSON is NAT's eval.general.profiler, with further keys for the analyses that NAT does not have;
// there, what is not given has NAT's default. The zero value runs none but the confidence intervals, which are always computed.
type Config struct {
	BaseMetrics           bool             `json:"base_metrics"`              // WorkflowRuntimes
	TokenUsageForecast    bool             `json:"token_usage_forecast"`      // FitForecast
	TokenUniqueness       bool             `json:"token_uniqueness_forecast"` // TokenUniqueness
	WorkflowRuntime       bool             `json:"workflow_runtime_forecast"` // WorkflowRuntimes
	LLMMetrics            bool             `json:"compute_llm_metrics"`       // the NOVA columns
	CSVExcludeIOText      bool             `json:"csv_exclude_io_text"`       // no prompts and answers in the CSV
	PromptCachingPrefixes PrefixConfig     `json:"prompt_caching_prefixes"`
	BottleneckAnalysis    BottleneckConfig `json:"bottleneck_analysis"`
	ConcurrencySpikes     SpikeConfig      `json:"concurrency_spike_analysis"`
	PrefixSpan            PrefixSpanConfig `json:"prefix_span_analysis"`
	PredictionTrie        TrieConfig       `json:"prediction_trie"`
	Dynamo                DynamoConfig     `json:"dynamo_metrics"`

	CriticalPath bool          `json:"critical_path_analysis"` // AnalyzeCriticalPaths
	Streaming    bool          `json:"streaming_metrics"`      // AnalyzeStreaming
	Waiting      bool          `json:"waiting_analysis"`       // AnalyzeWaiting
	Costs        CostConfig    `json:"cost_analysis"`
	Anomalies    AnomalyConfig `json:"anomaly_detection"`
}

// PrefixConfig is for FindCommonPrefixes.
type PrefixConfig struct {
	Enable       bool    `json:"enable"`
	MinFrequency float64 `json:"min_frequency"` // share of a model's prompts; 0 = every prefix that two share. NAT's default is 0.5
}

// BottleneckConfig is for AnalyzeSimpleStack and AnalyzeNestedStack.
type BottleneckConfig struct {
	SimpleStack bool `json:"enable_simple_stack"`
	NestedStack bool `json:"enable_nested_stack"`
}

// SpikeConfig is for AnalyzeSpikes.
type SpikeConfig struct {
	Enable    bool `json:"enable"`
	Threshold int  `json:"spike_threshold"` // 0 or null = the 90th percentile. NAT's default of 1 makes a spike of everything, so it is not ours
}

// PrefixSpanConfig is for FindPatterns. A whole number as MinSupport is a number of requests, one below 1 a share of them.
type PrefixSpanConfig struct {
	Enable                  bool    `json:"enable"`
	MinSupport              float64 `json:"min_support"` // 0 = 2
	MinCoverage             float64 `json:"min_coverage"`
	MaxTextLen              int     `json:"max_text_len"` // 0 = prompts do not tell calls apart. NAT's default is 1,000
	TopK                    int     `json:"top_k"`        // 0 = 10
	Contiguous              bool    `json:"contiguous"`
	ChainWithCommonPrefixes bool    `json:"chain_with_common_prefixes"`
}

// TrieConfig is for BuildTrie. If all weights are 0 they are those of DefaultSensitivity.
type TrieConfig struct {
	Enable          bool    `json:"enable"`
	OutputFilename  string  `json:"output_filename"` // "" = prediction_trie.json
	AutoSensitivity bool    `json:"auto_sensitivity"`
	Scale           int     `json:"sensitivity_scale"` // 0 = 5
	Critical        float64 `json:"w_critical"`
	Fanout          float64 `json:"w_fanout"`
	Position        float64 `json:"w_position"`
	Parallel        float64 `json:"w_parallel"`
}

// DynamoConfig is for metrics of NVIDIA Dynamo, which Runner.Dynamo collects from a Prometheus server. The zero value collects the least.
type DynamoConfig struct {
	Enable            bool     `json:"enable"`
	PrometheusURL     string   `json:"prometheus_url"` // "" = http://localhost:9090
	CollectKVCache    bool     `json:"collect_kv_cache"`
	CollectTTFT       bool     `json:"collect_ttft"`
	CollectITL        bool     `json:"collect_itl"`
	CollectInflight   bool     `json:"collect_inflight_requests"`
	CollectThroughput bool     `json:"collect_throughput"`
	CollectTokens     bool     `json:"collect_token_throughput"`
	QueryRange        string   `json:"query_range"`              // over which Prometheus takes a rate; "" = 30s
	LookbackSeconds   float64  `json:"lookback_seconds"`         // of the range queries, where the traces have no time; 0 = 600
	Start             *float64 `json:"workflow_start_timestamp"` // of the range queries, in seconds since the epoch; nil = the first event of the traces
	End               *float64 `json:"workflow_end_timestamp"`   // nil = the last event
}

// CostConfig is for AnalyzeCosts.
type CostConfig struct {
	Enable bool        `json:"enable"`
	Prices price.Table `json:"prices"`
}

// AnomalyConfig is for AnalyzeAnomalies.
type AnomalyConfig struct {
	Enable    bool    `json:"enable"`
	Threshold float64 `json:"threshold"` // in standard deviations; 0 = 3.5
	Least     int     `json:"least_n"`   // calls that an operation must have to be looked at; 0 = 20
}

// NATConfig is NAT's default: nothing enabled, and its settings for what may be.
func NATConfig() Config {
	s := DefaultSensitivity()
	return Config{
		PromptCachingPrefixes: PrefixConfig{MinFrequency: 0.5},
		PrefixSpan:            PrefixSpanConfig{MinSupport: 2, MaxTextLen: 1000, TopK: 10},
		PredictionTrie: TrieConfig{
			OutputFilename: trieFile, AutoSensitivity: true, Scale: s.Scale, Critical: s.Critical, Fanout: s.Fanout, Position: s.Position,
		},
		Dynamo: DynamoConfig{
			PrometheusURL: "http://localhost:9090", CollectKVCache: true, CollectTTFT: true, CollectITL: true, CollectInflight: true, CollectThroughput: true,
			CollectTokens: true, QueryRange: "30s",
		},
	}
}

// FullConfig is NATConfig with every analysis enabled but Dynamo's metrics, which need a server. Costs need a table of prices; without one
// they say what is not priced.
func FullConfig() Config {
	c := NATConfig()
	c.BaseMetrics, c.TokenUsageForecast, c.TokenUniqueness, c.WorkflowRuntime, c.LLMMetrics = true, true, true, true, true
	c.BottleneckAnalysis = BottleneckConfig{true, true}
	c.PromptCachingPrefixes.Enable, c.ConcurrencySpikes.Enable, c.PrefixSpan.Enable, c.PredictionTrie.Enable = true, true, true, true
	c.CriticalPath, c.Streaming, c.Waiting, c.Costs.Enable, c.Anomalies.Enable = true, true, true, true, true
	return c
}

// UnmarshalJSON reads NAT's form. A key that does not belong there is an error.
func (c *Config) UnmarshalJSON(b []byte) error {
	type plain Config
	read := plain(NATConfig())
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		return err
	}
	*c = Config(read)
	return nil
}

// Validate reports all problems at once.
func (c Config) Validate() error {
	var errs []error
	if f := c.PromptCachingPrefixes.MinFrequency; !(f >= 0 && f <= 1) {
		errs = append(errs, fmt.Errorf("prompt_caching_prefixes: min_frequency %v must be in 0 … 1", f))
	}
	if t := c.ConcurrencySpikes.Threshold; t < 0 {
		errs = append(errs, fmt.Errorf("concurrency_spike_analysis: spike_threshold %d must not be negative", t))
	}
	if err := c.patterns().Validate(); err != nil {
		errs = append(errs, fmt.Errorf("prefix_span_analysis: %w", err))
	}
	if !filepath.IsLocal(c.trieFile()) {
		errs = append(errs, fmt.Errorf("prediction_trie: output_filename %q must be within the output folder", c.trieFile()))
	}
	if s := c.sensitivity(); s != nil {
		if err := s.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("prediction_trie: %w", err))
		}
	}
	if err := c.Costs.Prices.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("cost_analysis: prices: %w", err))
	}
	if a := c.Anomalies; !(a.Threshold >= 0) || a.Least < 0 {
		errs = append(errs, fmt.Errorf("anomaly_detection: threshold %v and least_n %d must not be negative", a.Threshold, a.Least))
	}
	return errors.Join(errs...)
}

func (c Config) patterns() PatternOptions {
	p := c.PrefixSpan
	return PatternOptions{p.MinSupport, p.MinCoverage, p.MaxTextLen, p.TopK, p.Contiguous, p.ChainWithCommonPrefixes, c.PromptCachingPrefixes.MinFrequency}
}

func (c Config) trieFile() string {
	if c.PredictionTrie.OutputFilename == "" {
		return trieFile
	}
	return c.PredictionTrie.OutputFilename
}

// sensitivity is nil if none is asked for.
func (c Config) sensitivity() *Sensitivity {
	t := c.PredictionTrie
	if !t.AutoSensitivity {
		return nil
	}
	s := DefaultSensitivity()
	if t.Scale != 0 {
		s.Scale = t.Scale
	}
	if t.Critical != 0 || t.Fanout != 0 || t.Position != 0 || t.Parallel != 0 {
		s.Critical, s.Fanout, s.Position, s.Parallel = t.Critical, t.Fanout, t.Position, t.Parallel
	}
	return &s
}
