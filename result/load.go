package result

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/store"
)

// LoadOptions say how much of a run [Load] reads. The zero value reads all of it into memory, from the local disk.
type LoadOptions struct {
	Store            store.Store // where the folder is; nil = the local disk
	WithoutResponses bool        // take the saved statistics, and read responses only if there are none to take
	LowMemory        bool        // let [Result.Responses] read the responses from the folder each time
}

// ErrNoRun is matched by the error of a folder that holds no run.
var ErrNoRun = errors.New("there is no run that can be loaded")

// Load reads the folder of a run: one of this module, or of LLMeter from 0.1 on. It takes what is there: of a run
// that was killed and has no summary, what the other files tell; of a file with broken lines, the others. What was
// missing or broken stands in the Result's warnings, with file and line. OutputPath is the folder it was loaded from,
// wherever it was written.
//
// It fails if there is nothing to load (see [ErrNoRun]) or the store fails.
func Load(ctx context.Context, folder string, o LoadOptions) (*Result, error) {
	r := &Result{Store: o.Store, OutputPath: folder}
	l := loader{
		ctx: ctx, store: r.store(), folder: folder, result: r, data: r.own(),
		hold: !o.WithoutResponses && !o.LowMemory,
	}
	l.data.coarse = true // until a file is found that only this module writes
	if err := l.load(o.WithoutResponses); err != nil {
		return nil, err
	}
	return r, nil
}

// LoadResponses reads the responses of a Result that does not hold them into memory, recomputes its statistics from
// them, and returns them. It fails if there is no folder, or no responses in it.
func (r *Result) LoadResponses(ctx context.Context) ([]*endpoint.Response, error) {
	if held, inMemory := r.held(); inMemory && held != nil {
		return held, nil
	}
	if r.OutputPath == "" {
		return nil, errors.New("there is no folder to load responses from")
	}
	d := r.own()
	d.mu.Lock()
	defer d.mu.Unlock()
	l := loader{ctx: ctx, store: r.store(), folder: r.OutputPath, result: r, data: d, hold: true}
	if err := l.readResponses(); err != nil {
		return nil, err
	}
	l.settle()
	return d.held, nil
}

// A loader fills a Result from a folder.
type loader struct {
	ctx    context.Context
	store  store.Store
	folder string
	result *Result
	data   *data // of result
	hold   bool  // keep the responses in memory

	found      bool // there is a file to load from
	recovering bool // there is no summary
	read       *responseReader
}

func (l *loader) load(withoutResponses bool) error {
	for _, step := range []func() error{l.loadSummary, l.loadOwn, l.loadConfig, l.loadSaved} {
		if err := step(); err != nil {
			return err
		}
	}
	if !withoutResponses || l.data.saved.Len() == 0 {
		if err := l.readResponses(); errors.Is(err, fs.ErrNotExist) {
			l.warn(WarnMissing, "%s is missing: there are no responses", store.Join(l.folder, responsesFile))
			l.data.inMemory = true
		} else if err != nil {
			return err
		}
	}
	if !l.found {
		return l.nothing()
	}
	if l.recovering {
		l.warn(WarnRecovered, "%s has no readable %s, as after a run that was killed: "+
			"what it would say is put together from the other files", l.folder, summaryFile)
	}
	l.settle()
	return nil
}

// nothing is the error of a folder without a run.
func (l *loader) nothing() error {
	names, err := l.store.List(l.ctx, l.folder)
	if err != nil {
		return err
	}
	why := ""
	if slices.Contains(names, configFile) {
		why = fmt.Sprintf("; %s is there: the run ended before its first response", configFile)
	}
	return fmt.Errorf("%s: %w: it has none of %s, %s, %s and %s%s",
		l.folder, ErrNoRun, summaryFile, responsesFile, statsFile, eventsFile, why)
}

func (l *loader) warn(code, format string, args ...any) {
	l.result.warn(Warning{Code: code, Text: fmt.Sprintf(format, args...)})
}

// warn adds warnings that are not there yet.
func (r *Result) warn(warnings ...Warning) {
	for _, w := range warnings {
		if !slices.Contains(r.Warnings, w) {
			r.Warnings = append(r.Warnings, w)
		}
	}
}

// file reads a JSON file into v. A broken one becomes a warning that names the place: the other files may do without it.
func (l *loader) file(name string, v any) (ok bool, err error) {
	name = store.Join(l.folder, name)
	data, err := store.ReadFile(l.ctx, l.store, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = json.Unmarshal(data, v)
	if cured := withoutNaN(data); err != nil && cured != nil {
		err = json.Unmarshal(cured, v)
	}
	if err != nil {
		l.warn(WarnUnreadable, "%s%s cannot be read: %v", name, place(data, err), err)
		return false, nil
	}
	return true, nil
}

// place says where an error of encoding/json stands, as far as it knows.
func place(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	before := data[:min(int(syntax.Offset), len(data))]
	line, column := bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')-1
	return fmt.Sprintf(", line %d, column %d,", line, column)
}

func (l *loader) loadSummary() error {
	var summary Stats
	ok, err := l.file(summaryFile, &summary)
	l.found, l.recovering = ok, !ok
	l.result.takeSummary(summary)
	return err
}

func (l *loader) loadOwn() error {
	var f ownFile
	ok, err := l.file(ownFileName, &f)
	if ok {
		f.take(l.result)
	}
	return err
}

// loadSaved reads stats.json, which also tells what a missing summary does not.
func (l *loader) loadSaved() error {
	var saved Stats
	ok, err := l.file(statsFile, &saved)
	if !ok {
		return err
	}
	l.found, l.data.saved = true, saved
	if interrupted, _ := saved.value(keyInterrupted).(bool); interrupted {
		l.result.Interrupted = true
	}
	if l.recovering {
		l.result.takeSummary(saved)
	}
	return nil
}

// readResponses reads responses.jsonl and events.bin into an Accumulator, and into memory if they are to be held.
func (l *loader) readResponses() error {
	rd, err := openResponses(l.ctx, l.store, l.folder)
	if err != nil {
		return err
	}
	defer rd.close()
	acc, held := &Accumulator{Objectives: l.result.Objectives}, []*endpoint.Response{}
	for r, err := range rd.all() {
		if err = errors.Join(err, l.ctx.Err()); err != nil {
			return err
		}
		acc.Add(r)
		if l.hold {
			held = append(held, r)
		}
	}
	for _, r := range rd.cancelled {
		acc.Add(r)
	}
	l.found, l.read = true, rd
	l.data.acc, l.data.held, l.data.inMemory = acc, held, l.hold
	if !l.data.own && (rd.log != nil || rd.own) {
		l.data.coarse = false
	}
	return nil
}

// settle brings together what the files say.
func (l *loader) settle() {
	r, d := l.result, l.data
	switch {
	case l.read != nil:
		r.warn(l.read.warnings...)
		if l.recovering {
			l.recover()
		}
		if r.TotalRequests != 0 && r.TotalRequests != l.read.responses {
			l.warn(WarnMismatch, "%s tells of %d requests, %s of %d",
				store.Join(l.folder, summaryFile), r.TotalRequests, responsesFile, l.read.responses)
		}
		if l.read.responses == 0 && d.saved.Len() > 0 {
			d.acc = nil
		}
	case d.saved.Len() == 0:
		d.acc = new(Accumulator)
	}
	if d.acc == nil {
		return
	}
	if !d.own { // else they stand in llmeter.json
		r.warn(d.acc.warnings()...)
	}
	*r = d.acc.fill(r)
	l.takeSteady()
	l.adopt()
}

// whole reports whether the responses that were read are all that there were.
func (l *loader) whole() bool {
	return l.read != nil && l.read.broken == 0 && l.read.responses == l.result.TotalRequests
}

// takeSteady takes the steady state as it was saved, or computes it if it was not, as of a run that was killed.
func (l *loader) takeSteady() {
	r, d := l.result, l.data
	d.steady = nil
	if saved := steadyIn(d.saved); l.whole() && len(saved) > 0 {
		d.steady = saved
		return
	}
	if d.coarse {
		return
	}
	if err := d.acc.addSteady(r, d.acc.sending.first, r.measured(l.ctx, d.held, d.inMemory)); err != nil {
		l.warn(WarnUnreadable, "there is no steady state, because the responses cannot be read again: %v", err)
	}
}

// recover fills in what a missing summary would say. The event log knows when the run began and how it ended or, if it was
// killed, when something last happened.
func (l *loader) recover() {
	r, acc := l.result, l.data.acc
	r.TotalRequests = acc.requests
	if l.read.log != nil {
		if run, ok := l.read.log.Run(); ok {
			takeEnd(r, l.read.start, &run)
			return
		}
	}
	switch {
	case !l.read.logged:
	case l.read.clients == 0: // run_config.json cannot say so
		r.Clients = 0
	default:
		r.Clients = max(r.Clients, l.read.clients)
	}
	if d := l.read.lastEnd.Sub(l.read.start); l.read.log != nil && r.TotalTestTime == 0 && d > 0 && d < maxDuration {
		r.TotalTestTime = d
		r.StartTime, r.EndTime = stamp(l.read.start), stamp(l.read.lastEnd)
	}
	if r.StartTime.IsZero() {
		r.StartTime = acc.first
	}
	if r.EndTime.IsZero() {
		r.EndTime = acc.last
	}
}

// adopt keeps saved statistics that the responses do not give: those of callbacks, and where all responses are there
// also those that need more than the files hold, such as the gaps of a lost event log.
func (l *loader) adopt() {
	r, d := l.result, l.data
	if d.coarse {
		d.outputTPS = d.saved.value(keyOutputTPS)
	}
	whole := l.whole()
	now := d.acc.Stats(r)
	for key, value := range d.saved.All() {
		if !now.has(key) && (whole || !computed(key)) {
			d.contribute(key, value)
		}
	}
}
