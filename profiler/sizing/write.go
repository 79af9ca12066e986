package sizing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/llmeter-go/llmeter/figure"
)

// Files are the names of what Save writes.
func Files() []string {
	return []string{outputFile, "concurrency_vs_p95_simple.png", "concurrency_vs_p95_analysis.png"}
}

// Save writes the files of NAT to a folder, which is made if it does not exist: calc_runner_output.json, concurrency_vs_p95_simple.png
// and, if a line was fitted, concurrency_vs_p95_analysis.png.
func (o *Output) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	errs := []error{save(folder, Files()[0], o.WriteJSON), save(folder, Files()[1], o.WriteSimplePNG)}
	if o.FitResults != (FitResults{}) {
		errs = append(errs, save(folder, Files()[2], o.WriteAnalysisPNG))
	}
	return errors.Join(errs...)
}

func save(folder, name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// WriteJSON writes calc_runner_output.json.
func (o *Output) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(o)
}

// points are the concurrencies in their order.
func (o *Output) points() []int { return slices.Sorted(maps.Keys(o.CalcData)) }

// WriteReport writes the points and the estimates as text.
func (o *Output) WriteReport(w io.Writer) error {
	t := o.Targets
	var targets []string
	if t.LLMLatencyP95 > 0 {
		targets = append(targets, "LLM latency p95 ≤ "+figure.Seconds.Format(t.LLMLatencyP95))
	}
	if t.WorkflowRuntimeP95 > 0 {
		targets = append(targets, "workflow run time p95 ≤ "+figure.Seconds.Format(t.WorkflowRuntimeP95))
	}
	b := new(strings.Builder)
	fmt.Fprintf(b, "Targets: %s, %d users. Measured with %d GPUs.\n\n", strings.Join(targets, ", "), t.Users, t.TestGPUs)
	fmt.Fprintf(b, "%11s  %15s  %15s  %12s  %s\n", "concurrency", "LLM latency p95", "run time p95", "requests/s", "remarks")
	for _, n := range o.points() {
		m := o.CalcData[n].SizingMetrics
		rate := "–"
		if m.Rate > 0 {
			rate = figure.None.Format(m.Rate)
		}
		line := fmt.Sprintf("%11d  %15s  %15s  %12s  %s", n, figure.Seconds.Format(m.LLMLatencyP95), figure.Seconds.Format(m.WorkflowRuntimeP95), rate, strings.Join(o.remarks(n), ", "))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, e := range []struct {
		name string
		*Estimate
		nat *float64
	}{{"LLM latency", o.Sizing.LLMLatency, o.GPUEstimates.ByLLMLatency}, {"workflow run time", o.Sizing.WorkflowRuntime, o.GPUEstimates.ByWorkflowRuntime}} {
		if e.Estimate != nil {
			e.write(b, e.name, t, e.nat)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *Output) remarks(concurrency int) (remarks []string) {
	p := o.CalcData[concurrency]
	for text, said := range map[string]bool{
		"interrupted: not used": p.SizingMetrics.Alerts.WorkflowInterrupted, "LLM latency outlier": p.Alerts.OutlierLLMLatency, "run time outlier": p.Alerts.OutlierWorkflowRuntime,
		"no latency: not used": p.SizingMetrics.LLMLatencyP95 == 0 || p.SizingMetrics.WorkflowRuntimeP95 == 0,
	} {
		if said {
			remarks = append(remarks, text)
		}
	}
	slices.Sort(remarks)
	return remarks
}

func (e *Estimate) write(b *strings.Builder, name string, t Targets, nat *float64) {
	fmt.Fprintf(b, "\nBy %s:\n", name)
	if e.Fit != nil {
		fmt.Fprintf(b, "  p95 = %s + %s for each more at once%s, R² %.3f\n", figure.Seconds.Format(e.Fit.Intercept), figure.Seconds.Format(e.Fit.Slope), brackets(e.Fit.SlopeCI, figure.Seconds.Format), e.Fit.RSquared)
	}
	fmt.Fprintf(b, "  Queueing: %s.\n", e.Queueing.Note)
	if e.Problem != "" {
		fmt.Fprintf(b, "  No estimate: %s.\n", e.Problem)
		return
	}
	fmt.Fprintf(b, "  %d GPUs serve %s users at the target%s\n", t.TestGPUs, figure.None.Format(*e.Concurrency), brackets(e.ConcurrencyCI, figure.None.Format))
	fmt.Fprintf(b, "  %d users need %d GPUs (%s%s)\n", t.Users, *e.WholeGPUs, figure.None.Format(*e.GPUs), intervalNote(e))
	if nat != nil && !near(*nat, *e.GPUs) {
		fmt.Fprintf(b, "  without the outliers, as NAT fits: %s GPUs\n", figure.None.Format(*nat))
	}
}

func near(a, b float64) bool { return a-b < 1e-6*b && b-a < 1e-6*b }

func brackets(i *[2]float64, format func(float64) string) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf(" (%s … %s)", format(i[0]), format(i[1]))
}

func intervalNote(e *Estimate) string {
	if e.GPUsCI == nil {
		return "; there is no interval"
	}
	return fmt.Sprintf("; 95 %%: %s … %s, so %d to be sure", figure.None.Format(e.GPUsCI[0]), figure.None.Format(e.GPUsCI[1]), *e.WholeGPUsSafe)
}
