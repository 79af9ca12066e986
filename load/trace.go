package load

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Entry is one request of a trace.
type Entry struct {
	Offset        time.Duration // from the start of the trace
	Input, Output int           // tokens of the prompt and of the answer; 0 = not known
}

// A Trace is a recorded schedule. ReadMooncake and its siblings read the files that traces come in; Entries[i] has the
// lengths of the request at offset i.
type Trace struct {
	Entries []Entry // required, by offset
	Speed   float64 // 2 = twice as fast, so offsets are halved; 0 = 1
}

// NewTrace collects entries, as a reader yields them, into a trace: sorted by offset where a file is not, entries with the
// same offset in their order. It stops at the first error.
func NewTrace(entries iter.Seq2[Entry, error]) (Trace, error) {
	var t Trace
	for e, err := range entries {
		if err != nil {
			return Trace{}, err
		}
		t.Entries = append(t.Entries, e)
	}
	slices.SortStableFunc(t.Entries, byOffset)
	if len(t.Entries) > 0 && t.Entries[0].Offset < 0 { // the first line of the file was not the earliest
		first := t.Entries[0].Offset
		for i := range t.Entries {
			t.Entries[i].Offset -= first
		}
	}
	return t, t.Validate()
}

func byOffset(a, b Entry) int { return cmp.Compare(a.Offset, b.Offset) }

// Offsets yields the offset of each entry divided by Speed, rounded to the nearest nanosecond. The seed is not used.
func (t Trace) Offsets(uint64) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		if t.Validate() != nil {
			return
		}
		for _, e := range t.Entries {
			at, ok := t.scaled(e.Offset)
			if !ok || !yield(at) {
				return
			}
		}
	}
}

func (t Trace) scaled(offset time.Duration) (time.Duration, bool) {
	if t.Speed == 0 {
		return offset, true
	}
	return quotient(0, uint64(offset), t.Speed)
}

// Validate reports all problems at once.
func (t Trace) Validate() error {
	p := problems{of: "Trace"}
	if t.Speed != 0 {
		p.add(speedProblem(t.Speed))
	}
	if len(t.Entries) == 0 {
		p.add("there must be at least one entry")
		return p.err()
	}
	if first := t.Entries[0].Offset; first < 0 {
		p.add(fmt.Sprintf("the first offset %v must not be negative", first))
	}
	if !slices.IsSortedFunc(t.Entries, byOffset) {
		p.add("the entries must be sorted by offset")
	}
	if slices.ContainsFunc(t.Entries, func(e Entry) bool { return e.Input < 0 || e.Output < 0 }) {
		p.add("numbers of tokens must not be negative")
	}
	return p.err()
}

func speedProblem(s float64) string {
	if s > 0 && s <= math.MaxFloat64 {
		return ""
	}
	return fmt.Sprintf("the speed %v must be more than 0 and finite", s)
}

// Length reports the offset of the last entry.
func (t Trace) Length() (time.Duration, bool) {
	if len(t.Entries) == 0 {
		return 0, true
	}
	return t.scaled(t.Entries[len(t.Entries)-1].Offset)
}

// String prints all of the trace: "trace 0s 655/52, 105ms 1800/26 speed 2".
func (t Trace) String() string {
	var b strings.Builder
	b.WriteString("trace ")
	for i, e := range t.Entries {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(short(e.Offset))
		if e.Input != 0 || e.Output != 0 {
			fmt.Fprintf(&b, " %d/%d", e.Input, e.Output)
		}
	}
	if t.Speed != 0 {
		b.WriteString(" speed " + number(t.Speed))
	}
	return b.String()
}

// A TraceError says which line of a trace file cannot be read, and why.
type TraceError struct {
	Line int // from 1
	Err  error
}

// Error names the line.
func (e *TraceError) Error() string {
	return "load: trace line " + strconv.Itoa(e.Line) + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *TraceError) Unwrap() error { return e.Err }
