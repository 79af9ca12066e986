package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/llmeter-go/llmeter"
	"github.com/llmeter-go/llmeter/report"
	"github.com/llmeter-go/llmeter/result"
)

// A Spec is a number to show: a statistic, or its reciprocal.
type Spec struct {
	Label   string // what stands before it, and decides with which others it stands in one line
	Key     string // of the statistics of a run that goes on: see result.LiveKeys
	Inverse bool   // 1/x: a time per token as tokens per second
}

// Specs are numbers to show, in their order.
type Specs []Spec

// DefaultSpecs are the numbers that LLMeter shows of a run.
func DefaultSpecs() Specs {
	return Specs{
		{Label: "rpm", Key: "requests_per_minute"},
		{Label: "output_tps", Key: "output_tps"},
		{Label: "p50_ttft", Key: "time_to_first_token-p50"},
		{Label: "p90_ttft", Key: "time_to_first_token-p90"},
		{Label: "p50_ttlt", Key: "time_to_last_token-p50"},
		{Label: "p90_ttlt", Key: "time_to_last_token-p90"},
		{Label: "p50_tps", Key: "time_per_output_token-p50", Inverse: true},
		{Label: "input_tokens", Key: "total_input_tokens"},
		{Label: "output_tokens", Key: "total_output_tokens"},
		{Label: "fail", Key: "failed_requests"},
	}
}

// ParseSpecs reads LLMeter's progress_bar_stats as JSON has them: an object from labels to a key or to [key, "inv"]. null is
// DefaultSpecs, {} is none. Its error names everything that is wrong.
func ParseSpecs(data []byte) (Specs, error) {
	if string(bytes.TrimSpace(data)) == "null" {
		return DefaultSpecs(), nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("live statistics must be a JSON object from labels to keys"), err)
	}
	specs, problems := Specs{}, []error(nil)
	for d.More() {
		label, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		s, err := parseSpec(label.(string), value)
		specs, problems = append(specs, s), append(problems, err)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if err := errors.Join(append(problems, specs.Validate())...); err != nil {
		return nil, err
	}
	return specs, nil
}

func parseSpec(label string, value any) (Spec, error) {
	switch v := value.(type) {
	case string:
		return Spec{Label: label, Key: v}, nil
	case []any:
		if len(v) == 2 && v[1] == "inv" {
			if key, ok := v[0].(string); ok {
				return Spec{Label: label, Key: key, Inverse: true}, nil
			}
		}
	}
	return Spec{Label: label, Key: anyKey}, fmt.Errorf("live statistic %q: want a key or [key, \"inv\"]", label)
}

// anyKey stands for a key whose problem is reported already.
const anyKey = "errors-"

// Validate reports every key that no run has.
func (s Specs) Validate() error {
	known := result.LiveKeys()
	var problems []error
	for _, spec := range s {
		if !slices.Contains(known, spec.Key) && !strings.HasPrefix(spec.Key, "errors-") && !strings.HasPrefix(spec.Key, "goodput(") {
			problems = append(problems, fmt.Errorf("live statistic %q: unknown key %q", spec.Label, spec.Key))
		}
	}
	if len(problems) > 0 {
		problems = append(problems, errors.New("known keys: "+strings.Join(known, ", ")))
	}
	return errors.Join(problems...)
}

// specGroups are the lines in which numbers stand: the first one of which a word is part of the label.
var specGroups = []struct {
	name  string
	words []string
}{
	{"Throughput", []string{"rpm", "tps"}}, {"TTFT", []string{"ttft"}}, {"TTLT", []string{"ttlt"}},
	{"Tokens", []string{"token"}}, {"Errors", []string{"fail"}}, {"Other", []string{""}},
}

// lines are the numbers, grouped as LLMeter does: "Throughput: rpm=75.0  p50_tps=50.0 tok/s".
func (s Specs) lines(st llmeter.Stats) (lines []string) {
	groups := make([][]string, len(specGroups))
	for _, spec := range s {
		for i, g := range specGroups {
			if slices.ContainsFunc(g.words, func(word string) bool { return strings.Contains(strings.ToLower(spec.Label), word) }) {
				groups[i] = append(groups[i], spec.Label+"="+spec.format(st))
				break
			}
		}
	}
	for i, pairs := range groups {
		if len(pairs) > 0 {
			lines = append(lines, specGroups[i].name+": "+strings.Join(pairs, "  "))
		}
	}
	return lines
}

// format prints LLMeter's statistics as it does, but whole numbers as such, and ours as reports do.
func (s Spec) format(st llmeter.Stats) string {
	value, _ := st.Value(s.Key)
	if n, ok := value.(int); ok && !s.Inverse {
		return strconv.Itoa(n)
	}
	x, ok := st.Lookup(s.Key)
	switch {
	case !ok || s.Inverse && x <= 0:
		return "—"
	case s.Inverse:
		return fmt.Sprintf("%.1f tok/s", 1/x)
	case !result.LLMeters(s.Key) && isDuration(s.Key):
		return report.Seconds(x)
	case !result.LLMeters(s.Key):
		return report.Number(x)
	case strings.Contains(s.Key, "tps"):
		return fmt.Sprintf("%.1f tok/s", x)
	case strings.Contains(s.Key, "time"):
		return fmt.Sprintf("%.3fs", x)
	}
	return fmt.Sprintf("%.1f", x)
}

// isDuration reports whether one of our keys is of a latency, in seconds.
func isDuration(key string) bool {
	metric, statistic, _ := strings.Cut(key, "-")
	return statistic != "n" && slices.Contains([]string{"ttft", "ttfct", "ttlt", "tpot", "itl", "icl", "stall", "response"}, metric)
}
