package result

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/llmeter-go/llmeter/endpoint"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
)

// A Result is what a run brought. Its exported fields say what the run was and how it went; the responses and the numbers
// come from its methods, which may be called from several goroutines.
//
// [Accumulator.Complete] makes one of a run, [Load] of a folder. In a literal the fields alone are set: it has no
// responses and no statistics beyond them.
type Result struct {
	TotalRequests  int           // responses that came, failed ones too, cancelled ones not
	Clients        int           // requests in flight at once; 0 under an open loop
	Requests       int           // planned requests of each client ("n_requests"); 0 = there was no such number
	TotalTestTime  time.Duration // from the start until the last client had finished; 0 = not known
	ModelID        string        // the model, as the endpoint names it
	OutputPath     string        // the folder of the run's files, "" if there are none
	EndpointName   string
	Provider       string
	RunName        string
	RunDescription string

	// Wall clock; zero = not known. Files keep microseconds, LLMeter's seconds.
	StartTime, FirstRequestTime, LastRequestTime, EndTime time.Time

	Interrupted       bool // the run was cancelled before its end
	CancelledRequests int  // requests that were aborted with it
	Conversations     int  // conversations that were begun, of which each turn is a request; 0 = there were none

	Objectives       []slo.Objective // that the run was to keep; see [Result.Check]
	Warmup, Cooldown Cut             // what was not to be part of the steady state

	Warnings []Warning       // what is doubtful about the numbers or the files
	Clock    string          // what stamped the chunks: "kernel" or "user"; "" = not known
	Verdict  Verdict         // whether the client could be trusted as an instrument
	Health   Health          // what the verdict was drawn from
	Config   json.RawMessage // the run's configuration as JSON, without secrets; nil if not known

	Store store.Store // where OutputPath is; nil = the local disk

	data *data
}

// A Warning says that a number is doubtful, and why. It is no error: the number stands.
type Warning struct {
	Code   string `json:"code"`   // for programs; those of package stats, or one of the constants below
	Metric string `json:"metric"` // the keys that it is about, separated by commas; "" = the run as a whole
	Text   string `json:"text"`   // for people
}

// A Verdict says whether the client could be trusted as an instrument.
type Verdict struct {
	Level   string   // "trusted", "degraded" or "invalid"; "" = unjudged
	Reasons []Reason // the numbers that are spoilt, and by how much
}

// A Reason says by how much a metric may be wrong.
type Reason struct {
	Metric string  `json:"metric"`
	Error  float64 `json:"error"`
	Unit   string  `json:"unit"`

	share float64 // Error as a share of the metric
}

// data is where the numbers of a Result come from.
type data struct {
	mu          sync.Mutex
	acc         *Accumulator // nil: the statistics are the saved ones
	saved       Stats
	errors      []ErrorCount // the saved ones, if there are any
	contributed []entry
	steady      []entry // the numbers of the steady state, if acc is there and has one
	coarse      bool    // the stamps are in whole seconds, as LLMeter writes them
	outputTPS   any     // the saved value, used where coarse; nil if there is none
	own         bool    // a llmeter.json was loaded, whose warnings are those of the run

	inMemory bool
	held     []*endpoint.Response
}

// Complete makes res a Result of what was added: it fills in the counts and request times that res leaves zero, adds
// warnings of numbers that are doubtful, and computes the steady state as res.Warmup and res.Cooldown say. responses are those
// that were kept, which need not be all: nil makes [Result.Responses] read them from OutputPath, and Complete as well, where
// it needs them for the steady state. The Accumulator belongs to res from then on.
func (a *Accumulator) Complete(res *Result, responses []*endpoint.Response) {
	*res = a.fill(res)
	res.warn(a.warnings()...)
	d := res.own()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.acc = a
	d.inMemory = responses != nil || res.OutputPath == ""
	d.held = slices.DeleteFunc(slices.Clone(responses), (*endpoint.Response).Cancelled)
	if err := a.addSteady(res, time.Time{}, res.measured(context.Background(), d.held, d.inMemory)); err != nil {
		res.warn(Warning{Code: WarnUnreadable, Text: fmt.Sprintf("there is no steady state, because the responses cannot be read again: %v", err)})
	}
}

// own gives r's data, which a literal does not have.
func (r *Result) own() *data {
	if r.data == nil {
		r.data = new(data)
	}
	return r.data
}

func (r *Result) contributed() []entry {
	if r.data == nil {
		return nil
	}
	return r.data.contributed
}

func (r *Result) steady() []entry {
	if r.data == nil {
		return nil
	}
	return r.data.steady
}

// Stats computes the statistics; [Accumulator.Stats] says which ones. Where responses were not loaded, they are the
// saved ones.
func (r *Result) Stats() Stats {
	var s Stats
	if r.data == nil {
		r.addSummary(&s)
		return s
	}
	r.data.mu.Lock()
	defer r.data.mu.Unlock()
	if r.data.acc != nil {
		return r.data.acc.Stats(r)
	}
	r.addSummary(&s)
	for key, value := range r.data.saved.All() {
		if !s.has(key) {
			s.set(key, value)
		}
	}
	for _, e := range r.data.contributed {
		s.set(e.key, e.value)
	}
	return s
}

// Contribute adds a statistic of a callback's own, or replaces its value. It fails if value is not finite, or key is
// empty or belongs to a statistic that is computed.
func (r *Result) Contribute(key string, value float64) error {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return fmt.Errorf("contributed statistic %q is %v, not a finite number", key, value)
	case key == "" || computed(key):
		return fmt.Errorf("contributed statistic %q: the key is taken", key)
	}
	d := r.own()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.contribute(key, value)
	return nil
}

func (d *data) contribute(key string, value any) {
	if i := slices.IndexFunc(d.contributed, func(e entry) bool { return e.key == key }); i >= 0 {
		d.contributed[i].value = value
		return
	}
	d.contributed = append(d.contributed, entry{key, value})
}

// Responses gives the responses in the order in which they finished, failed ones too, cancelled ones not. They come
// from memory or, under LowMemory and where they were not loaded, from the folder of the run, where lines that cannot
// be read are passed over; an error ends the sequence.
func (r *Result) Responses() iter.Seq2[*endpoint.Response, error] {
	return func(yield func(*endpoint.Response, error) bool) {
		held, inMemory := r.held()
		for _, response := range held {
			if !yield(response, nil) {
				return
			}
		}
		if inMemory {
			return
		}
		r.readBack(context.Background())(yield)
	}
}

// readBack gives the responses as they stand in the folder.
func (r *Result) readBack(ctx context.Context) iter.Seq2[*endpoint.Response, error] {
	return func(yield func(*endpoint.Response, error) bool) {
		rd, err := openResponses(ctx, r.store(), r.OutputPath)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rd.close()
		for response, err := range rd.all() {
			if !yield(response, err) {
				return
			}
		}
	}
}

func (r *Result) held() (responses []*endpoint.Response, inMemory bool) {
	if r.data == nil {
		return nil, r.OutputPath == ""
	}
	r.data.mu.Lock()
	defer r.data.mu.Unlock()
	return r.data.held, r.data.inMemory
}

func (r *Result) store() store.Store {
	if r.Store == nil {
		return store.Local{}
	}
	return r.Store
}

// FailedRequests is the number of responses that failed, cancelled ones not counted.
func (r *Result) FailedRequests() (n int) {
	for _, e := range r.Errors() {
		n += e.Count
	}
	return n
}

// Errors counts the failed responses by kind of error, the most frequent first.
func (r *Result) Errors() []ErrorCount {
	if r.data == nil {
		return nil
	}
	r.data.mu.Lock()
	defer r.data.mu.Unlock()
	switch {
	case r.data.acc != nil:
		return r.data.acc.errorCounts()
	case r.data.errors != nil:
		return slices.Clone(r.data.errors)
	}
	return r.data.saved.errorCounts()
}

// errorCounts are the failures that statistics tell of: of LLMeter's, the number alone.
func (s Stats) errorCounts() (all []ErrorCount) {
	for kind, n := range s.errorKinds() {
		all = append(all, ErrorCount{Kind: kind, Count: n})
	}
	if rest := s.failuresOfNoKind(); rest > 0 {
		all = append(all, ErrorCount{Kind: endpoint.KindUnknown, Count: rest})
	}
	return all
}

// failuresOfNoKind is the number of failures beyond those of which there are the kinds.
func (s Stats) failuresOfNoKind() int {
	rest, _ := s.value(runKeys[0]).(int)
	for _, n := range s.errorKinds() {
		rest -= n
	}
	return rest
}

func (s Stats) errorKinds() iter.Seq2[endpoint.ErrorKind, int] {
	return func(yield func(endpoint.ErrorKind, int) bool) {
		for key, value := range s.All() {
			kind, ok := strings.CutPrefix(key, errorsPrefix)
			if n, isInt := value.(int); ok && isInt && !yield(endpoint.ErrorKind(kind), n) {
				return
			}
		}
	}
}

// Filter gives a Result of the responses that keep accepts, with the statistics recomputed over them. The test time
// stays, so rates are those within the same run; what callbacks contributed, and the folder, do not. Responses that
// cannot be read become a warning.
func (r *Result) Filter(keep func(*endpoint.Response) bool) *Result {
	acc, kept := &Accumulator{Objectives: r.Objectives}, []*endpoint.Response{}
	f := *r
	f.data, f.Warnings = nil, nil
	for response, err := range r.Responses() {
		if err != nil {
			f.Warnings = append(f.Warnings, Warning{WarnUnreadable, "", err.Error()})
			break
		}
		if keep(response) {
			acc.Add(response)
			kept = append(kept, response)
		}
	}
	f.TotalRequests, f.CancelledRequests, f.Conversations = 0, 0, 0
	f.FirstRequestTime, f.LastRequestTime = time.Time{}, time.Time{}
	f.OutputPath = ""
	if r.data != nil {
		f.own().coarse = r.data.coarse
	}
	acc.Complete(&f, kept)
	return &f
}
