package profiler

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/stats"
)

// Anomalies are steps that took far longer, or far shorter, than others of their operation.
//
// The durations of an operation's calls that did not fail are compared by their logarithms, because slow ones are slow by a factor. A
// call stands out if its logarithm is further from their median than Threshold times σ = 1.4826·MAD, the median absolute
// deviation as a standard deviation (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). A few outliers, however
// large, move neither. Where more than half of the durations are equal there is no MAD, and σ is 1.2533 times the mean absolute deviation.
type Anomalies struct {
	Threshold  float64            `json:"threshold"` // in σ
	Least      int                `json:"least_n"`   // operations with fewer calls are not looked at
	Found      int                `json:"found"`
	ByChance   float64            `json:"expected_by_chance"` // how many would stand out if all logarithms were normal: found that are not many more mean little
	Operations []OperationAnomaly `json:"operations"`         // that were looked at, those with the most found first
	Steps      []Anomaly          `json:"steps"`              // at most 100, the furthest out first
}

// An OperationAnomaly is what is usual for an operation. Its requests themselves are the operation WORKFLOW "request".
type OperationAnomaly struct {
	OperationType Category `json:"operation_type"`
	OperationName string   `json:"operation_name"`
	N             int      `json:"n"`
	Median        float64  `json:"median"`   // seconds
	Expected      Bounds   `json:"expected"` // seconds: what lies outside stands out
	Slow          int      `json:"slow"`
	Fast          int      `json:"fast"`
}

// An Anomaly is a step that stands out.
type Anomaly struct {
	Request       int      `json:"request"`
	UUID          string   `json:"uuid"` // "" for a whole request
	OperationType Category `json:"operation_type"`
	OperationName string   `json:"operation_name"`
	Start         float64  `json:"start_time"` // seconds since the epoch
	Value         float64  `json:"value"`      // seconds
	Expected      Bounds   `json:"expected"`
	Score         float64  `json:"score"` // how many σ from the median: above 0 slow, below 0 fast
}

// The defaults of AnalyzeAnomalies.
const (
	DefaultAnomalyThreshold = 3.5
	DefaultAnomalyLeast     = 20
)

// maxAnomalies is how many steps are listed.
const maxAnomalies = 100

// Factors that make of the deviations of a normal distribution its standard deviation: 1/Φ⁻¹(3/4), and √(π/2).
const (
	madFactor  = 1.482602218505602
	meanFactor = 1.2533141373155003
)

// AnalyzeAnomalies finds the steps that stand out. A threshold of 0 is 3.5, and least of 0 is 20.
func AnalyzeAnomalies(requests []*Request, threshold float64, least int) *Anomalies {
	if threshold == 0 {
		threshold = DefaultAnomalyThreshold
	}
	if least == 0 {
		least = DefaultAnomalyLeast
	}
	a := &Anomalies{Threshold: threshold, Least: least, Operations: []OperationAnomaly{}, Steps: []Anomaly{}}
	looked := 0
	for key, steps := range stepDurations(requests) {
		if len(steps) >= least {
			a.add(key, steps)
			looked += len(steps)
		}
	}
	a.ByChance = float64(looked) * math.Erfc(threshold/math.Sqrt2)
	slices.SortFunc(a.Operations, func(x, y OperationAnomaly) int {
		return cmp.Or(cmp.Compare(y.Slow+y.Fast, x.Slow+x.Fast), strings.Compare(string(x.OperationType), string(y.OperationType)),
			strings.Compare(x.OperationName, y.OperationName))
	})
	slices.SortFunc(a.Steps, func(x, y Anomaly) int {
		return cmp.Or(cmp.Compare(math.Abs(y.Score), math.Abs(x.Score)), cmp.Compare(x.Request, y.Request), cmp.Compare(x.Start, y.Start),
			strings.Compare(string(x.OperationType), string(y.OperationType)), strings.Compare(x.OperationName, y.OperationName), strings.Compare(x.UUID, y.UUID))
	})
	a.Steps = first(maxAnomalies, a.Steps)
	return a
}

// requestStep is what a whole request is called.
var requestStep = pathKey{Workflow, "request"}

// A stepDuration is a step that took time.
type stepDuration struct {
	request        int
	uuid           string
	start, seconds float64
}

// stepDurations are the steps that took time and did not fail, by operation, and the requests themselves.
func stepDurations(requests []*Request) map[pathKey][]stepDuration {
	found := map[pathKey][]stepDuration{}
	for _, r := range requests {
		if r.Runtime() > 0 {
			found[requestStep] = append(found[requestStep], stepDuration{r.Number, "", r.Start, r.Runtime()})
		}
		for i := range r.Spans {
			if s := &r.Spans[i]; s.State == Complete && isNode(s) && s.Duration() > 0 {
				key := pathKey{nodeType(s.Category), s.operationName()}
				found[key] = append(found[key], stepDuration{r.Number, s.UUID, s.Start, s.Duration()})
			}
		}
	}
	return found
}

func (a *Anomalies) add(key pathKey, steps []stepDuration) {
	logs, seconds := make([]float64, len(steps)), make([]float64, len(steps))
	for i, s := range steps {
		logs[i], seconds[i] = math.Log(s.seconds), s.seconds
	}
	median, sigma := robustScale(logs)
	far := a.Threshold * sigma
	o := OperationAnomaly{key.category, key.name, len(steps), stats.Quantile(stats.Sorted(seconds), 0.5), Bounds{math.Exp(median - far), math.Exp(median + far)}, 0, 0}
	for i, s := range steps {
		if off := logs[i] - median; math.Abs(off) > far && sigma > 0 {
			if off > 0 {
				o.Slow++
			} else {
				o.Fast++
			}
			a.Steps = append(a.Steps, Anomaly{s.request, s.uuid, o.OperationType, o.OperationName, s.start, s.seconds, o.Expected, off / sigma})
		}
	}
	a.Found += o.Slow + o.Fast
	a.Operations = append(a.Operations, o)
}

// robustScale is the median, and a standard deviation that outliers do not move; 0 if all values are equal.
func robustScale(values []float64) (median, sigma float64) {
	sorted := stats.Sorted(values)
	median = stats.Quantile(sorted, 0.5)
	for i, v := range sorted {
		sorted[i] = math.Abs(v - median)
	}
	slices.Sort(sorted)
	if sigma = madFactor * stats.Quantile(sorted, 0.5); sigma > 0 {
		return median, sigma
	}
	return median, meanFactor * stats.Mean(sorted)
}

// WriteReport writes the analysis as text.
func (a *Anomalies) WriteReport(w io.Writer) error {
	p := printer{w: w}
	p.line("=== Anomalies ===")
	p.line("%d steps are further than %g σ from the median of their operation; %.1f would be by chance", a.Found, a.Threshold, a.ByChance)
	for i, s := range first(10, a.Steps) {
		id := ""
		if s.UUID != "" {
			id = fmt.Sprintf(" (uuid=%s)", s.UUID)
		}
		p.line("%d) request %d, %s '%s'%s: %.3f s, expected %.3f to %.3f s (%+.1f σ)", i+1, s.Request, s.OperationType, s.OperationName, id, s.Value,
			s.Expected[0], s.Expected[1], s.Score)
	}
	return p.err
}
