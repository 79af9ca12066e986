package profiler

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

func maxParallel() int { return runtime.GOMAXPROCS(0) }

// An output writes the files of a profile, and keeps the errors for the end: what can be written is.
type output struct {
	dir  string
	off  bool
	errs []error
}

// A file is one that is to be written.
type file struct {
	name  string
	write func(io.Writer) error
}

// write writes files side by side, because some are long.
func (o *output) write(files []file) {
	if o.off {
		return
	}
	errs := make([]error, len(files))
	var group errgroup.Group
	group.SetLimit(maxParallel())
	for i, f := range files {
		group.Go(func() error {
			errs[i] = f.create(o.dir)
			return nil
		})
	}
	_ = group.Wait()
	for _, err := range errs {
		if err != nil {
			o.errs = append(o.errs, err)
		}
	}
}

func (f file) create(dir string) error {
	to, err := os.Create(filepath.Join(dir, f.name))
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(to, 1<<16)
	if err = f.write(b); err == nil {
		err = b.Flush()
	}
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

// results writes the files of all analyses.
func (o *output) results(c Config, r *Results) {
	var files []file
	add := func(wanted bool, name string, write func(io.Writer) error) {
		if wanted {
			files = append(files, file{name, write})
		}
	}
	ofNAT := r.SimpleStack != nil || r.NestedStack != nil || r.Spikes != nil || r.Patterns != nil
	add(ofNAT, metricsFile, r.writeMetrics) // the longest first
	add(ofNAT || r.Profile.any(), reportFile, r.WriteReport)
	if r.NestedStack != nil {
		add(len(r.NestedStack.Nodes) > 0, ganttFile, r.NestedStack.WriteGantt)
	}
	add(true, optimizationFile, indented(r.InferenceOptimization))
	add(r.Profile.any(), profileFile, indented(r.Profile))
	add(r.Trie != nil, c.trieFile(), indented(r.Trie))
	add(r.Forecast != nil, forecastFile, indented(r.Forecast))
	o.write(files)
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
