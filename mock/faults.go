package mock

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault is something that goes wrong with some requests.
//
// Its text form, which flags and JSON use, is the kind followed by what it needs, in this order:
//
//	status 429 retry-after 2s rate 0.05
//	cut after 5 on 3,7
//	stall after all for 2s rate 1
type Fault struct {
	// Kind is what goes wrong. Required.
	Kind FaultKind

	// Rate is the share of requests that it strikes, from 0 to 1, drawn with the seed. Rate or On is required.
	Rate float64

	// On are the numbers of the requests that it strikes, the first request having number 1. They come before any rate.
	On []int

	// After is how many token-bearing events are sent before it strikes, where the kind strikes inside a stream; AfterAll
	// means all, and so does a number larger than that. An answer that is not streamed is struck in the middle of its body.
	After int

	// For is how long FaultStall and FaultSlowHeaders last; 0 means until the client leaves.
	For time.Duration

	// Status is the HTTP status of FaultStatus (0 means 500) and of FaultHTML (0 means 200).
	Status int

	// RetryAfter is sent with FaultStatus, rounded up to whole seconds; 0 means 1 s for status 429 and none for others.
	RetryAfter time.Duration
}

// AfterAll as Fault.After means that all tokens are sent before the fault strikes.
const AfterAll = -1

// A FaultKind is a way to fail. Two failures need no fault: a connection is refused at the address of a server that was
// closed, and TLS fails with https to a server that does not speak it.
type FaultKind string

// Faults that come in the place of an answer, at once and without taking a slot.
const (
	FaultStatus  FaultKind = "status"   // an HTTP error status with an error object
	FaultHTML    FaultKind = "html"     // an HTML page instead of JSON
	FaultOKError FaultKind = "ok-error" // status 200 with an error object for a body
	FaultEmpty   FaultKind = "empty"    // status 200 and nothing else: an empty stream or body
	FaultClose   FaultKind = "close"    // the connection is closed before any byte of an answer
)

// Faults that spoil an answer. Where the answer is not streamed, FaultError and FaultFailed give an error object with
// status 200, in Responses a response with status "failed".
const (
	FaultSlowHeaders FaultKind = "slow-headers" // the headers, and so all of the answer, come late
	FaultCut         FaultKind = "cut"          // the connection is closed in mid-stream
	FaultReset       FaultKind = "reset"        // the connection is reset in mid-stream (closed, where it is not TCP)
	FaultStall       FaultKind = "stall"        // nothing is sent for a while, with the connection open
	FaultError       FaultKind = "error"        // an error event ends the stream
	FaultFailed      FaultKind = "failed"       // as FaultError, but in Responses response.failed and not error
	FaultMalformed   FaultKind = "malformed"    // an event with broken JSON comes in between; a body ends in its middle
	FaultUnfinished  FaultKind = "unfinished"   // the stream ends well-formed, but with neither a finish reason nor [DONE]
	FaultIncomplete  FaultKind = "incomplete"   // response.incomplete; in other APIs finish reason "content_filter"
)

var faultKinds = []FaultKind{
	FaultStatus, FaultHTML, FaultOKError, FaultEmpty, FaultClose,
	FaultSlowHeaders, FaultCut, FaultReset, FaultStall, FaultError, FaultFailed,
	FaultMalformed, FaultUnfinished, FaultIncomplete,
}

// hasStatus reports whether the kind uses Fault.Status.
func (k FaultKind) hasStatus() bool { return k == FaultStatus || k == FaultHTML }

func (f Fault) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains(faultKinds, f.Kind) {
		bad("kind %q: want one of %q", f.Kind, faultKinds)
	}
	if math.IsNaN(f.Rate) || f.Rate < 0 || f.Rate > 1 {
		bad("rate %g: want 0 to 1", f.Rate)
	}
	if f.Rate == 0 && len(f.On) == 0 {
		bad("strikes nothing: set Rate or On")
	}
	for _, n := range f.On {
		if n < 1 {
			bad("on request %d: they are numbered from 1", n)
		}
	}
	if f.After < AfterAll {
		bad("after %d: want a number of events or AfterAll", f.After)
	}
	if f.For < 0 {
		bad("for %v: must not be negative", f.For)
	}
	if f.RetryAfter < 0 {
		bad("retry-after %v: must not be negative", f.RetryAfter)
	}
	low := 400
	if f.Kind == FaultHTML {
		low = 200
	}
	if s := f.Status; s != 0 && (!f.Kind.hasStatus() || s < low || s > 599) {
		bad("status %d: only status and html have one, from %d to 599", s, low)
	}
	return errors.Join(errs...)
}

// fault returns the fault that strikes a request, or one without a kind.
func (o *Options) fault(number int) Fault {
	for _, f := range o.Faults {
		if slices.Contains(f.On, number) {
			return f
		}
	}
	if len(o.Faults) > 0 {
		u := o.random(number, drawFault).Float64()
		for _, f := range o.Faults {
			if u < f.Rate {
				return f
			}
			u -= f.Rate
		}
	}
	return Fault{}
}

// String returns the text form.
func (f Fault) String() string {
	words := []string{string(f.Kind)}
	if f.Status != 0 {
		words = append(words, strconv.Itoa(f.Status))
	}
	if f.RetryAfter != 0 {
		words = append(words, "retry-after", f.RetryAfter.String())
	}
	switch {
	case f.After == AfterAll:
		words = append(words, "after", "all")
	case f.After != 0:
		words = append(words, "after", strconv.Itoa(f.After))
	}
	if f.For != 0 {
		words = append(words, "for", f.For.String())
	}
	if f.Rate != 0 {
		words = append(words, "rate", strconv.FormatFloat(f.Rate, 'g', -1, 64))
	}
	if len(f.On) > 0 {
		numbers := make([]string, len(f.On))
		for i, n := range f.On {
			numbers[i] = strconv.Itoa(n)
		}
		words = append(words, "on", strings.Join(numbers, ","))
	}
	return strings.Join(words, " ")
}

// MarshalText returns the text form.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the text form, in any order after the kind and the status. It refuses what Options.Validate would.
func (f *Fault) UnmarshalText(text []byte) error {
	p, err := parseFault(strings.Fields(string(text)))
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		return fmt.Errorf("mock: fault %q: %w", text, err)
	}
	*f = p
	return nil
}

func parseFault(words []string) (f Fault, err error) {
	if len(words) == 0 {
		return f, errors.New("empty")
	}
	f.Kind, words = FaultKind(words[0]), words[1:]
	if f.Kind.hasStatus() && len(words) > 0 {
		if code, err := strconv.Atoi(words[0]); err == nil {
			f.Status, words = code, words[1:]
		}
	}
	for len(words) > 0 {
		if len(words) == 1 {
			return f, fmt.Errorf("%q wants a value", words[0])
		}
		key, value := words[0], words[1]
		words = words[2:]
		switch key {
		case "rate":
			f.Rate, err = parseFloat(value)
		case "on":
			f.On, err = parseNumbers(value)
		case "after":
			if f.After = AfterAll; value != "all" {
				f.After, err = parseValue[int](value)
			}
		case "for":
			f.For, err = parseValue[time.Duration](value)
		case "retry-after":
			f.RetryAfter, err = parseValue[time.Duration](value)
		default:
			err = fmt.Errorf("%q: want rate, on, after, for or retry-after", key)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func parseNumbers(list string) ([]int, error) {
	var numbers []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := parseValue[int](word)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
