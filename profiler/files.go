package profiler

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

func maxParallel() int { return runtime.GOMAXPROCS(0) }

// An output writes the files of a profile, and keeps the errors for the end: what can be written is.
type output struct {
	dir  string
	off  bool
	errs []error
}

// write writes one file.
func (o *output) write(name string, write func(io.Writer) error) {
	if o.off {
		return
	}
	f, err := os.Create(filepath.Join(o.dir, name))
	if err != nil {
		o.errs = append(o.errs, err)
		return
	}
	b := bufio.NewWriterSize(f, 1<<16)
	if err = write(b); err == nil {
		err = b.Flush()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		o.errs = append(o.errs, fmt.Errorf("%s: %w", name, err))
	}
}

// results writes the files of all analyses.
func (o *output) results(c Config, r *Results) {
	o.write(optimizationFile, indented(r.InferenceOptimization))
	ofNAT := r.SimpleStack != nil || r.NestedStack != nil || r.Spikes != nil || r.Patterns != nil
	if ofNAT || r.Profile.any() {
		o.write(reportFile, r.WriteReport)
	}
	if ofNAT {
		o.write(metricsFile, r.writeMetrics)
	}
	if r.Profile.any() {
		o.write(profileFile, indented(r.Profile))
	}
	if r.NestedStack != nil && len(r.NestedStack.Nodes) > 0 {
		o.write(ganttFile, r.NestedStack.WriteGantt)
	}
	if r.Trie != nil {
		o.write(c.trieFile(), indented(r.Trie))
	}
	if r.Forecast != nil {
		o.write(forecastFile, indented(r.Forecast))
	}
}

func indented(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}

// lists are the two files that list steps. They are written while traces are read.
type lists struct {
	out    *output
	traces *TraceWriter
	rows   *CSVWriter
	files  []*os.File
}

func (o *output) lists(c Config) *lists {
	l := &lists{out: o}
	if o.off {
		return l
	}
	if f := l.create(tracesFile); f != nil {
		l.traces = NewTraceWriter(f)
	}
	if f := l.create(rowsFile); f != nil {
		l.rows = NewCSVWriter(f)
		l.rows.NOVA, l.rows.ExcludeIOText = c.LLMMetrics, c.CSVExcludeIOText
	}
	return l
}

func (l *lists) create(name string) *os.File {
	f, err := os.Create(filepath.Join(l.out.dir, name))
	if err != nil {
		l.out.errs = append(l.out.errs, err)
		return nil
	}
	l.files = append(l.files, f)
	return f
}

// write adds a trace. A file that cannot be written to is given up.
func (l *lists) write(t *Trace) {
	if l.traces != nil {
		if err := l.traces.Write(t); err != nil {
			l.out.errs = append(l.out.errs, fmt.Errorf("%s: %w", tracesFile, err))
			l.traces = nil
		}
	}
	if l.rows != nil {
		if err := l.rows.Write(t.Rows()); err != nil {
			l.out.errs = append(l.out.errs, fmt.Errorf("%s: %w", rowsFile, err))
			l.rows = nil
		}
	}
}

func (l *lists) close() {
	if l.traces != nil {
		l.failed(tracesFile, l.traces.Close())
	}
	if l.rows != nil {
		l.failed(rowsFile, l.rows.Close())
	}
	for _, f := range l.files {
		l.failed(f.Name(), f.Close())
	}
}

func (l *lists) failed(name string, err error) {
	if err != nil {
		l.out.errs = append(l.out.errs, fmt.Errorf("%s: %w", name, err))
	}
}
