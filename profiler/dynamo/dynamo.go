package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/llmeter-go/llmeter/profiler"
)

// Metrics are what was collected. Their JSON has the keys of NAT, with null for what there is no value of, and over_run, core_metrics
// and optimization_score beside.
type Metrics struct {
	Values        map[string]float64 // by the keys of NAT
	CollectedAt   time.Time
	PrometheusURL string // without user and password
	Errors        []string
	Core          Core
	Score         *float64 // of Core, see Core.Score
	Run           *Run     // nil if the traces have no time

	keys []string
}

// Core is the three numbers that NAT optimizes for.
type Core struct {
	KVEfficiency         *float64 `json:"kv_efficiency"`          // share of the prompt tokens that came from a cache
	KVEfficiencyFallback *float64 `json:"kv_efficiency_fallback"` // SGLang's own hit rate
	TTFTP50              *float64 `json:"ttft_p50_seconds"`
	TTFTP95              *float64 `json:"ttft_p95_seconds"`
	TTFTP99              *float64 `json:"ttft_p99_seconds"`
	ITLP50               *float64 `json:"itl_p50_seconds"`
	ITLP95               *float64 `json:"itl_p95_seconds"`
	ITLP99               *float64 `json:"itl_p99_seconds"`
}

// Score is 0.4·kv + 0.4·min(1, 0.5/ttft_p95) + 0.2·min(1, 0.05/itl_p95), NAT's measure of all three; nil unless there are all.
func (c Core) Score() *float64 {
	kv := cmp.Or(c.KVEfficiency, c.KVEfficiencyFallback)
	if kv == nil || c.TTFTP95 == nil || c.ITLP95 == nil {
		return nil
	}
	const least = 0.001
	score := 0.4**kv + 0.4*min(1, 0.5/max(*c.TTFTP95, least)) + 0.2*min(1, 0.05/max(*c.ITLP95, least))
	return &score
}

// A Run is what the server counted from the beginning of the traces to their end, from two readings of its counters.
type Run struct {
	Start             float64    `json:"start"` // seconds since the epoch
	End               float64    `json:"end"`   // of the second reading
	Requests          *float64   `json:"requests"`
	OutputTokens      *float64   `json:"output_tokens"`
	RequestsPerMinute *float64   `json:"requests_per_minute"`
	TokenThroughput   *float64   `json:"token_throughput"` // tokens a second
	KVEfficiency      *float64   `json:"kv_efficiency"`    // cached over prompt tokens
	TTFT              *Histogram `json:"ttft"`
	ITL               *Histogram `json:"itl"`
	Score             *float64   `json:"optimization_score"` // see Core.Score
}

// A Collector asks a Prometheus server. The zero value is ready.
type Collector struct {
	Client *http.Client // nil = one that waits 30 s for each answer
}

// Collect collects with the zero Collector. It is what profiler.Runner.Dynamo takes.
func Collect(ctx context.Context, c profiler.DynamoConfig, start, end time.Time) (any, error) {
	m, err := Collector{}.Collect(ctx, c, start, end)
	if m == nil {
		return nil, err
	}
	return m, err
}

// scrapeDelay is how long after the end a server may take to have read the last values.
const scrapeDelay = 15 * time.Second

// The defaults of a configuration.
const (
	defaultURL      = "http://localhost:9090"
	defaultRange    = "30s"
	defaultLookback = 600 // seconds
)

var duration = regexp.MustCompile(`^([0-9]+(ms|s|m|h|d|w|y))+$`)

// Collect asks for the metrics that the configuration wants, for traces from start to end, which may be zero if they have no time. Queries
// that fail are named in the Errors and in the error; the rest of the metrics stands. When the server does not answer at all, it is asked
// no further. Without a valid configuration there are no metrics.
func (k Collector) Collect(ctx context.Context, c profiler.DynamoConfig, start, end time.Time) (*Metrics, error) {
	c.QueryRange = cmp.Or(c.QueryRange, defaultRange)
	base, err := url.Parse(cmp.Or(c.PrometheusURL, defaultURL))
	switch {
	case err != nil:
		return nil, errors.New("prometheus_url is no URL") // err would show it, and with it a password
	case base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, errors.New("prometheus_url is no HTTP URL, such as http://localhost:9090")
	case !duration.MatchString(c.QueryRange):
		return nil, fmt.Errorf("query_range %.40q is no duration such as 30s", c.QueryRange)
	}
	client := k.Client
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	col := &collection{server: &server{base, client}, config: c, start: start, end: end}
	col.metrics = &Metrics{Values: map[string]float64{}, CollectedAt: time.Now(), PrometheusURL: shown(base), Errors: []string{}}
	for _, q := range queries(c) {
		col.metrics.keys = append(col.metrics.keys, q.key)
		if !col.gone && (q.wanted == nil || q.wanted(c)) {
			col.one(ctx, q)
		}
	}
	if !start.IsZero() && !col.gone {
		col.run(ctx)
	}
	col.metrics.sum()
	return col.metrics, errors.Join(col.errs...)
}

// shown is an address without user, password and query.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// A collection is one in progress.
type collection struct {
	server     *server
	config     profiler.DynamoConfig
	start, end time.Time
	metrics    *Metrics
	errs       []error
	gone       bool // the server does not answer
}

// failed notes the error of a query.
func (c *collection) failed(key, promQL string, err error) {
	err = fmt.Errorf("%s: query %q: %w", key, promQL, err)
	c.errs = append(c.errs, err)
	c.metrics.Errors = append(c.metrics.Errors, err.Error())
	c.gone = c.gone || errors.Is(err, errUnreachable)
}

// one collects a metric as NAT does: its value at present, or, if that is nothing, the mean of those over the run.
func (c *collection) one(ctx context.Context, q query) {
	result, err := c.server.instant(ctx, q.promQL, time.Time{})
	v, ok := first(result)
	if err == nil && !ok {
		start, end := c.window()
		result, err = c.server.between(ctx, q.promQL, start, end, scrapeDelay)
		v, ok = meanOfPoints(result)
	}
	switch {
	case err != nil:
		c.failed(q.key, q.promQL, err)
	case ok:
		c.metrics.Values[q.key] = v
	}
}

// window is the time of range queries.
func (c *collection) window() (start, end time.Time) {
	if c.start.IsZero() {
		back := cmp.Or(c.config.LookbackSeconds, defaultLookback)
		return c.metrics.CollectedAt.Add(-time.Duration(back * float64(time.Second))), c.metrics.CollectedAt
	}
	if c.end.IsZero() {
		return c.start, c.metrics.CollectedAt
	}
	return c.start, c.end.Add(scrapeDelay)
}

// run takes the two readings.
func (c *collection) run(ctx context.Context) {
	start, end := c.window()
	if end.After(c.metrics.CollectedAt) {
		end = c.metrics.CollectedAt
	}
	r := &Run{Start: float64(start.UnixMilli()) / 1000, End: float64(end.UnixMilli()) / 1000}
	c.metrics.Run = r
	counter := func(metric string) *float64 { return c.counter(ctx, metric, start, end) }
	took := c.end.Sub(c.start).Seconds()
	if c.end.IsZero() {
		took = end.Sub(c.start).Seconds()
	}
	r.Requests, r.OutputTokens = counter(requests), counter(tokens)
	r.RequestsPerMinute, r.TokenThroughput = over(r.Requests, took/60), over(r.OutputTokens, took)
	if prompt := counter(thompson + "kve_prompt_tokens_total"); prompt != nil {
		r.KVEfficiency = over(counter(thompson+"kve_cached_tokens_total"), *prompt)
	}
	r.TTFT, r.ITL = c.histogram(ctx, ttftBuckets, start, end), c.histogram(ctx, itlBuckets, start, end)
	if r.TTFT != nil && r.ITL != nil {
		r.Score = Core{KVEfficiency: r.KVEfficiency, KVEfficiencyFallback: c.metrics.value("kv_cache_hit_rate_sglang"), TTFTP95: &r.TTFT.P95.Value, ITLP95: &r.ITL.P95.Value}.Score()
	}
}

// over is a/b; nil if that is nothing.
func over(a *float64, b float64) *float64 {
	if a == nil || !(b > 0) {
		return nil
	}
	ratio := *a / b
	return &ratio
}

// counter is what all series of a counter together counted; nil if it has none.
func (c *collection) counter(ctx context.Context, metric string, start, end time.Time) *float64 {
	before, after, ok := c.readings(ctx, "sum(%s)", metric, start, end)
	if !ok || len(after) == 0 {
		return nil
	}
	counted := float64(after[0].Value)
	if len(before) > 0 {
		counted -= float64(before[0].Value)
	}
	if !(counted >= 0) {
		c.failed("over_run", fmt.Sprintf("sum(%s)", metric), errReset)
		return nil
	}
	return &counted
}

func (c *collection) histogram(ctx context.Context, metric string, start, end time.Time) *Histogram {
	const sum = "sum by (le) (%s)"
	before, after, ok := c.readings(ctx, sum, metric, start, end)
	if !ok {
		return nil
	}
	buckets, err := difference(before, after)
	if err != nil {
		c.failed("over_run", fmt.Sprintf(sum, metric), err)
		return nil
	}
	return histogram(buckets)
}

// readings are the sums of a metric at the start and at the end. Where the start has none, because a reading was missed, an earlier one
// will do; a metric that has none for an hour before did not exist, and began at 0.
func (c *collection) readings(ctx context.Context, sum, metric string, start, end time.Time) (before, after []series, ok bool) {
	for _, reading := range []struct {
		promQL string
		at     time.Time
		to     *[]series
	}{
		{fmt.Sprintf(sum, metric), end, &after},
		{fmt.Sprintf(sum, metric), start, &before},
		{fmt.Sprintf(sum, "last_over_time("+metric+"[1h])"), start, &before},
	} {
		if c.gone || len(*reading.to) > 0 {
			break
		}
		result, err := c.server.instant(ctx, reading.promQL, reading.at)
		if err != nil {
			c.failed("over_run", reading.promQL, err)
			return nil, nil, false
		}
		if *reading.to = result; len(after) == 0 {
			return nil, nil, true // nothing was counted
		}
	}
	return before, after, !c.gone
}

// value is that of a key of NAT; nil if there is none.
func (m *Metrics) value(key string) *float64 {
	v, ok := m.Values[key]
	if !ok {
		return nil
	}
	return &v
}

// sum fills in what is computed from the rest.
func (m *Metrics) sum() {
	m.Core = Core{
		KVEfficiencyFallback: m.value("kv_cache_hit_rate_sglang"), TTFTP50: m.value("ttft_p50"), TTFTP95: m.value("ttft_p95"), TTFTP99: m.value("ttft_p99"),
		ITLP50: m.value("itl_p50"), ITLP95: m.value("itl_p95"), ITLP99: m.value("itl_p99"),
	}
	if prompt := m.value("kve_prompt_tokens_rate"); prompt != nil {
		m.Core.KVEfficiency = over(m.value("kve_cached_tokens_rate"), *prompt)
	}
	m.Score = m.Core.Score()
}

// MarshalJSON writes all keys of NAT.
func (m *Metrics) MarshalJSON() ([]byte, error) {
	all := map[string]any{
		"collection_timestamp": float64(m.CollectedAt.UnixMilli()) / 1000, "prometheus_url": m.PrometheusURL, "errors": m.Errors,
		"core_metrics": m.Core, "optimization_score": m.Score, "over_run": m.Run,
	}
	for _, key := range m.keys {
		all[key] = m.value(key)
	}
	return json.Marshal(all)
}
