package llmeter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/llmeter-go/llmeter/load"
	"github.com/llmeter-go/llmeter/prompt"
	"github.com/llmeter-go/llmeter/result"
	"github.com/llmeter-go/llmeter/slo"
	"github.com/llmeter-go/llmeter/store"
	"github.com/llmeter-go/llmeter/tokenizer"
)

// A Runner describes a run: many requests to one endpoint, measured. It is a plain value: copy it, change it, run it as
// often as you like, also several at the same time. Zero fields mean what their comments say.
type Runner struct {
	// Endpoint is what is measured. Required, here or in an override.
	Endpoint Endpoint

	// Exactly one of Payloads, PayloadPath and Source is required.

	// Payloads are dealt in turn from one deck that all clients share, again from the first when all were used: every
	// payload is used whatever Clients is.
	Payloads []Payload
	// PayloadPath names a JSON or JSON Lines file of payloads, or a folder of them.
	PayloadPath string
	// Source makes payloads as they are needed. The run also ends when it ends. An error that it yields ends the run.
	// The payloads are saved with the responses, not in payload.jsonl.
	Source iter.Seq2[Payload, error]

	// Clients is the number of requests in flight at once: each client sends its next request when its last one has
	// ended. 0 = 1. It is not used with Arrivals.
	Clients int
	// Requests is the number of requests of each client, exactly ("n_requests"); a turn of a conversation is a
	// request. 0 = each payload once per client, if there is no Duration and no Source. With Arrivals it is the number in all, 0 = as many as
	// the schedule has.
	Requests int
	// Duration is how long requests are started, instead of Requests ("run_duration"). What is in flight at its end
	// finishes and counts. 0 = no limit. With Arrivals both limits may be given.
	Duration time.Duration

	// ThinkTime is the pause of a client between the end of a request and its next one, as a user's who reads the answer.
	// nil = none. Not used with Arrivals; conversations have the pauses of their Next.
	ThinkTime load.ThinkTime

	// Arrivals is an open loop: requests start when the schedule says so, whether or not others have ended. nil = a
	// closed loop of Clients.
	Arrivals load.Arrivals
	// MaxInFlight caps the open loop: a request that is due then waits, which counts into its response time. 0 = no
	// cap. Nothing due is ever dropped.
	MaxInFlight int

	// Timeout ends an attempt that takes longer. 0 = 60 s.
	Timeout time.Duration
	// Retry sends failed requests again. The zero value never does.
	Retry Retry
	// StopWhen ends the run early when too much fails. The zero value never does.
	StopWhen StopWhen
	// Until ends the run when its numbers are known precisely enough, such as slo.MustParseUntil("ttft-p99 ci < 5%"). It is
	// looked at after 100 responses and then after each tenth more, and must hold twice in a row. It needs a limit beside
	// it: Requests, Duration, or Arrivals that end. nil = never.
	Until slo.Until
	// Objectives are what the run should keep, such as slo.MustParse("ttft-p99 < 500ms"). They change nothing about the run:
	// its Result says how they came out (Result.Check). Goodput is counted while the run goes on.
	Objectives []slo.Objective
	// Warmup and Cooldown say what of the beginning and the end is not part of the steady state, whose numbers stand beside
	// those of the whole run. The zero value lets the latencies decide, where there are at least 250 of them.
	Warmup, Cooldown result.Cut
	// Tokenizer counts what the endpoint does not report. nil = [tokenizer.Words], which counts words.
	Tokenizer Tokenizer

	// Store is where files go. nil = local disk. An OutputPath with a scheme (s3://…) needs the store of that scheme.
	Store store.Store
	// OutputPath is the base folder: the run's files go to OutputPath/RunName. "" = keep all in memory.
	OutputPath string
	// Folder is the exact folder of this run; it goes before OutputPath.
	Folder string
	// Overwrite replaces a run that the folder already holds, which is an error otherwise.
	Overwrite bool
	// RunName names the run. "" = the time of its start.
	RunName string
	// RunDescription is a sentence for people.
	RunDescription string

	// Callbacks take part in the run, in this order.
	Callbacks []Callback
	// LowMemory keeps responses on disk only; it needs an output folder, from which Result.Responses reads them back.
	LowMemory bool
	// NoEvents writes no event log (events.bin): of streams, the folder then holds the statistics alone, and a run that is
	// killed loses what was in flight.
	NoEvents bool
	// NoPrewarm lets connections be opened by the first requests, so that their latency includes it. Otherwise
	// endpoints that can open connections before the start: one for each client, or with Arrivals one for each request
	// of the first second, up to 256, and never more than MaxInFlight.
	NoPrewarm bool
	// Seed makes the run's choices repeatable: the order of payloads (0 = as given) and random arrivals.
	Seed uint64
}

// RunConfig is a Runner under the name that callbacks know it by: the copy that one run is made from.
type RunConfig = Runner

// DefaultTimeout ends a request if [Runner.Timeout] is 0.
const DefaultTimeout = 60 * time.Second

// AddCallback appends cb. Copies of the Runner that were made before do not see it.
func (r *Runner) AddCallback(cb Callback) {
	r.Callbacks = append(slices.Clip(r.Callbacks), cb)
}

// Run runs the test once, on a copy that the overrides have edited in their order, and waits for its end.
//
// The Result is non-nil if anything was sent, also beside an error. Failed requests are not an error of the run. Errors
// are: a configuration that cannot run (all its problems at once, nothing was sent); a hook's error; the cause of ctx if
// the run was cancelled, in which case the Result holds what had finished; files that could not be written (the Result
// holds everything in memory); and [ErrUnreachable] if no request ever got a connection.
func (r Runner) Run(ctx context.Context, overrides ...func(*RunConfig)) (*Result, error) {
	run, err := r.Start(ctx, overrides...)
	if err != nil {
		return nil, err
	}
	return run.Wait()
}

// Validate reports everything that keeps the Runner from running, joined into one error. It reads no file and sends
// nothing.
func (r Runner) Validate() error {
	var problems []error
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if r.Endpoint == nil {
		complain("Endpoint is missing")
	}
	given := 0
	for _, is := range []bool{len(r.Payloads) > 0, r.PayloadPath != "", r.Source != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		complain("exactly one of Payloads (non-empty), PayloadPath and Source is required, %d are given", given)
	}
	for i, p := range r.Payloads {
		if err := p.Validate(); err != nil {
			complain("Payloads[%d]: %w", i, err)
		}
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Clients", int64(r.Clients)}, {"Requests", int64(r.Requests)}, {"Duration", int64(r.Duration)},
		{"MaxInFlight", int64(r.MaxInFlight)}, {"Timeout", int64(r.Timeout)},
		{"Retry.Attempts", int64(r.Retry.Attempts)}, {"Retry.Backoff", int64(r.Retry.Backoff)},
		{"Retry.MaxBackoff", int64(r.Retry.MaxBackoff)}, {"StopWhen.MinRequests", int64(r.StopWhen.MinRequests)},
	} {
		if n.value < 0 {
			complain("%s is negative", n.name)
		}
	}
	if r.Arrivals == nil && r.Requests > 0 && r.Duration > 0 {
		complain("Requests and Duration exclude each other in a closed loop")
	}
	if r.Arrivals == nil && r.MaxInFlight > 0 {
		complain("MaxInFlight is for Arrivals; in a closed loop Clients is the number in flight")
	}
	if r.Arrivals != nil && r.Clients > 0 {
		complain("Clients is not used with Arrivals; MaxInFlight caps the requests in flight")
	}
	if rate := r.StopWhen.ErrorRate; !(rate >= 0 && rate <= 1) {
		complain("StopWhen.ErrorRate %v is not between 0 and 1", rate)
	}
	if r.Arrivals != nil && r.ThinkTime != nil {
		complain("ThinkTime is for clients; with Arrivals the schedule says when requests start")
	}
	if r.ThinkTime != nil {
		if err := r.ThinkTime.Validate(); err != nil {
			problems = append(problems, err)
		}
	}
	if r.Arrivals != nil {
		if err := load.Validate(r.Arrivals); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(slices.Concat(problems, r.validateNumbers(), r.validateOutput())...)
}

// validateNumbers reports what is wrong with what is asked of the numbers.
func (r Runner) validateNumbers() (problems []error) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for i, o := range r.Objectives {
		var names []string // anything: callbacks may add numbers of their own
		if _, ok := o.Goodput(); ok {
			names = result.Keys()
		}
		if _, err := slo.Parse(o.String(), names...); err != nil {
			complain("Objectives[%d]: %w", i, err)
		}
	}
	if err := r.Warmup.Validate(); err != nil {
		complain("Warmup: %w", err)
	}
	if err := r.Cooldown.Validate(); err != nil {
		complain("Cooldown: %w", err)
	}
	if len(r.Until) == 0 {
		return problems
	}
	if _, err := slo.ParseUntil(r.Until.String(), result.LiveKeys()...); err != nil {
		complain("Until: %w", err)
	}
	ends := r.Requests > 0 || r.Duration > 0
	if r.Arrivals != nil && load.Validate(r.Arrivals) == nil && !ends {
		_, ends = load.Length(r.Arrivals)
	}
	if !ends {
		complain("Until needs a limit beside it: Requests, Duration, or Arrivals that end")
	}
	return problems
}

func (r Runner) validateOutput() (problems []error) {
	if r.LowMemory && r.OutputPath == "" && r.Folder == "" {
		problems = append(problems, errors.New("LowMemory needs OutputPath or Folder"))
	}
	for _, p := range []string{r.OutputPath, r.Folder} {
		if scheme, _, ok := strings.Cut(p, "://"); ok && r.Store == nil {
			problems = append(problems, fmt.Errorf("%s needs a Store: package store/%s of this module, or your own", p, scheme))
		}
	}
	if strings.ContainsAny(r.RunName, "/\\") || r.RunName == "." || r.RunName == ".." {
		problems = append(problems, fmt.Errorf("RunName %q is not the name of a folder", r.RunName))
	}
	return problems
}

// resolve fills in what zero fields mean and reads the payloads, before hooks see the configuration.
func (r *Runner) resolve() error {
	if err := r.Validate(); err != nil {
		return invalid(err)
	}
	if r.PayloadPath != "" {
		payloads, err := prompt.LoadPayloads(r.PayloadPath)
		if err != nil {
			return err
		}
		if len(payloads) == 0 {
			return invalid(fmt.Errorf("%s holds no payload", r.PayloadPath))
		}
		r.Payloads, r.PayloadPath = payloads, ""
	}
	r.Callbacks = slices.Clone(r.Callbacks)
	r.Payloads = slices.Clone(r.Payloads)
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.Clients == 0 && r.Arrivals == nil {
		r.Clients = 1
	}
	if r.RunName == "" {
		r.RunName = time.Now().Format("20060102-150405.000")
	}
	return nil
}

// requestsPerClient is the limit of a count-bound closed loop, 0 if there is none.
func (r *Runner) requestsPerClient() int {
	if r.Requests == 0 && r.Duration == 0 && r.Source == nil {
		return len(r.Payloads)
	}
	return r.Requests
}

// tokenizer counts what the endpoint does not report.
func (r *Runner) tokenizer() Tokenizer {
	if r.Tokenizer == nil {
		return new(tokenizer.Words)
	}
	return r.Tokenizer
}

// folder is where the run's files go, "" if nowhere.
func (r *Runner) folder() string {
	switch {
	case r.Folder != "":
		return r.Folder
	case r.OutputPath != "":
		return store.Join(r.OutputPath, r.RunName)
	}
	return ""
}

func invalid(err error) error { return fmt.Errorf("invalid run: %w", err) }
