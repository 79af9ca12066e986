package report

import (
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
)

// Objective is how an objective came out in one line: the number with its interval and n, whose number it is if it is not ours,
// and why it is inconclusive if it is.
func Objective(o slo.Outcome) string {
	text := o.String()
	if o.N > 0 {
		text += ", n=" + Number(float64(o.N))
	}
	if result.LLMeters(o.Objective.Name) {
		text += " (LLMeter's number)"
	}
	if o.Status == slo.Inconclusive {
		text += "; the client's own part in it could be the reason"
	}
	return text
}
