package result

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/endpoint"
)

// llmeterNames are LLMeter's names of the measures of a response, and the key of [endpoint.Response.Metric] for each.
var llmeterNames = map[string]string{
	"time_to_first_token": "ttft", "time_to_first_content_token": "ttfct", "time_to_last_token": "ttlt",
	"time_per_output_token": "tpot",
	"num_tokens_input":      "input_tokens", "num_tokens_output": "output_tokens",
	"num_tokens_input_cached": "cached_tokens", "num_tokens_output_reasoning": "reasoning_tokens",
}

// GetDimension gives one measure of every response, in their order: NaN where a response has none. name is a key of
// [endpoint.Response.Metric], LLMeter's name of the same, "retries", or the key of an annotation that is a number. An
// unknown name is an error that lists the known ones.
func (r *Result) GetDimension(name string) ([]float64, error) {
	metric := name
	if key, ok := llmeterNames[name]; ok {
		metric = key
	}
	builtIn := slices.Contains(endpoint.MetricKeys(), metric) || name == "retries"
	values, annotations := []float64{}, map[string]bool{}
	for response, err := range r.Responses() {
		if err != nil {
			return nil, err
		}
		v, ok := response.Metric(metric)
		if name == "retries" {
			var n int
			n, ok = response.Retries()
			v = float64(n)
		}
		if !builtIn {
			v, ok = annotation(response, name, annotations)
		}
		if !ok {
			v = math.NaN()
		}
		values = append(values, v)
	}
	if !builtIn && !annotations[name] {
		known := append(endpoint.MetricKeys(), "retries")
		known = slices.AppendSeq(known, maps.Keys(llmeterNames))
		known = slices.AppendSeq(known, maps.Keys(annotations))
		slices.Sort(known)
		there := strings.Join(slices.Compact(known), ", ")
		return nil, fmt.Errorf("no response has a dimension %q; there are %s", name, there)
	}
	return values, nil
}

// annotation gives the number in r's annotation, and adds the keys of all annotations that are numbers to seen.
func annotation(r *endpoint.Response, name string, seen map[string]bool) (value float64, ok bool) {
	for key, v := range r.Annotations {
		n, isNumber := float(v)
		if !isNumber {
			continue
		}
		seen[key] = true
		if key == name {
			value, ok = n, true
		}
	}
	return value, ok
}

func float(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case float32:
		return float64(n), true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}
