package report

import (
	"fmt"
	"io"

	"github.com/llmeter-go/llmeter/experiments"
	"github.com/llmeter-go/llmeter/figure"
	"github.com/llmeter-go/llmeter/result"
)

// A Report is what there is to tell of a run, of several, or of an experiment; its methods write it in one format each. The
// functions of this package make it.
type Report struct {
	Color   bool // Text may use the colours of a terminal
	subject subject
}

// A subject is what a report tells of. Each kind says the same things of itself, from which the formats are made.
type subject interface {
	document() document      // for Text and Markdown
	records() records        // for CSV
	json() any               // for JSON
	benchmarks() []benchmark // for Benchfmt
	page() figure.Page       // for HTML
}

// Run reports runs: all of one, or several side by side.
func Run(results ...*result.Result) *Report { return &Report{subject: runs{all: results}} }

// LoadTest reports how an endpoint behaved under more and more load.
func LoadTest(r *experiments.LoadTestResult) *Report { return &Report{subject: loadTest{r}} }

// Heatmap reports how latency depends on the lengths of prompts and answers.
func Heatmap(r *experiments.HeatmapResult) *Report { return &Report{subject: newHeatmap(r)} }

// Capacity reports how much load meets the objectives.
func Capacity(r *experiments.CapacityResult) *Report { return &Report{subject: capacity{r}} }

// Comparison reports whether B differs from A.
func Comparison(c *experiments.Comparison) *Report { return &Report{subject: comparison{c}} }

// Sweep reports what the fields that were varied change.
func Sweep(r *experiments.SweepResult) *Report { return &Report{subject: sweep{r}} }

// Soak reports what drifted.
func Soak(r *experiments.SoakResult) *Report { return &Report{subject: soak{r}} }

// A Format is how a report is written.
type Format string

// The formats.
const (
	FormatText     Format = "text"
	FormatMarkdown Format = "markdown"
	FormatCSV      Format = "csv"
	FormatJSON     Format = "json"
	FormatBenchfmt Format = "benchfmt"
	FormatHTML     Format = "html"
)

// Write writes the report in a format. The error is that of w, or says that there is no such format.
func (r *Report) Write(w io.Writer, f Format) error {
	switch f {
	case FormatText:
		return r.Text(w)
	case FormatMarkdown:
		return r.Markdown(w)
	case FormatCSV:
		return r.CSV(w)
	case FormatJSON:
		return r.JSON(w)
	case FormatBenchfmt:
		return r.Benchfmt(w)
	case FormatHTML:
		return r.HTML(w)
	}
	return fmt.Errorf("%q is no format of a report", f)
}

// Text writes the report as tables that fit into 80 columns. It names numbers as people do, chooses their units for reading, and
// colours verdicts, objectives, failures and changes if Color is set.
func (r *Report) Text(w io.Writer) error { return r.subject.document().writeText(w, r.Color) }

// Markdown writes what Text writes, as GitHub's Markdown.
func (r *Report) Markdown(w io.Writer) error { return r.subject.document().writeMarkdown(w) }

// CSV writes one table with a head: a row for each run, level, cell, difference or segment. Times are in seconds, and what is not
// known is empty. Texts are as they are, also those that a spreadsheet takes for a formula.
func (r *Report) CSV(w io.Writer) error { return r.subject.records().write(w) }

// JSON writes one value, in a schema of its own for each kind of subject, which its key "schema" names; docs/report.md tells their
// keys. Times are in seconds, and what is not known is null.
func (r *Report) JSON(w io.Writer) error { return writeJSON(w, r.subject.json()) }

// Benchfmt writes Go's benchmark format, which benchstat reads: a line for each run, level, cell, row or segment. Lines of one name
// are measurements of the same, which is what benchstat needs for an interval and a p-value.
func (r *Report) Benchfmt(w io.Writer) error { return writeBenchmarks(w, r.subject.benchmarks()) }

// HTML writes one page that opens from disk without a network.
func (r *Report) HTML(w io.Writer) error { return r.subject.page().WriteHTML(w) }
