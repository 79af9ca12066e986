package load

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReadMooncake reads the traces of Mooncake (FAST '25), JSON Lines of {"timestamp", "input_length", "output_length"} with
// timestamps in milliseconds. Other fields are not read; output_length may be missing.
//
// As all readers of this file it reads while it is ranged over, yields entries in the order of the file, and ends with the
// first error: a *TraceError, or r's own. Offsets count from the first line, so one before it is negative; NewTrace puts that right.
func ReadMooncake(r io.Reader) iter.Seq2[Entry, error] {
	return fromFirst(lines(r, layout{time: "timestamp", unit: "ms", input: "input_length", output: "output_length"}))
}

// ReadAzure reads the Azure LLM inference traces of 2023 and 2024, CSV with the columns TIMESTAMP (a date and time of day),
// ContextTokens and GeneratedTokens.
func ReadAzure(r io.Reader) iter.Seq2[Entry, error] {
	return fromFirst(table(r, layout{time: "TIMESTAMP", date: true, input: "ContextTokens", output: "GeneratedTokens"}))
}

// ReadBurstGPT reads the BurstGPT traces, CSV with the columns Timestamp (seconds), Request tokens and Response tokens among
// others. Requests that failed have 0 response tokens there; the files without failures are published beside them.
func ReadBurstGPT(r io.Reader) iter.Seq2[Entry, error] {
	return fromFirst(table(r, layout{time: "Timestamp", unit: "s", input: "Request tokens", output: "Response tokens"}))
}

// ReadCSV reads a table with the column offset and, where lengths are known, input and output: tokens. An offset is a
// number of seconds or has a unit ("250ms"); it counts from the start of the run, so that 5 on the first line is a wait.
func ReadCSV(r io.Reader) iter.Seq2[Entry, error] { return table(r, plain) }

// ReadJSONL reads JSON Lines with the fields of ReadCSV: {"offset": 0.25, "input": 655, "output": 52}.
func ReadJSONL(r io.Reader) iter.Seq2[Entry, error] { return lines(r, plain) }

// A layout says where a format keeps what. The time must be there, and in formats of others the input too.
type layout struct {
	time, input, output string
	unit                string // of times that are numbers
	date                bool   // times are dates
	units               bool   // times may have a unit of their own
	bare                bool   // input may be missing
}

var plain = layout{time: "offset", unit: "s", units: true, input: "input", output: "output", bare: true}

// entry makes an entry of three texts, "" for what is missing. Its offset is a time since 1970 if the layout has dates.
func (l layout) entry(at, input, output string) (Entry, error) {
	var e Entry
	var errs [3]error
	e.Offset, errs[0] = l.offset(at)
	e.Input, errs[1] = tokens(l.input, input, !l.bare)
	e.Output, errs[2] = tokens(l.output, output, false)
	return e, errors.Join(errs[:]...)
}

func (l layout) offset(text string) (time.Duration, error) {
	if text == "" {
		return 0, fmt.Errorf("%s is missing", l.time)
	}
	if l.date {
		t, err := time.Parse("2006-01-02 15:04:05Z07:00", text)
		if err != nil {
			t, err = time.Parse("2006-01-02 15:04:05", text)
		}
		if err != nil || t.Year() < 1970 || t.Year() > 2200 {
			return 0, fmt.Errorf("%s %q is not a date and time such as 2023-11-16 18:15:46.68", l.time, text)
		}
		return time.Duration(t.UnixNano()), nil
	}
	d, err := l.duration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s %q is not a time from 0 on", l.time, text)
	}
	return d, nil
}

func (l layout) duration(text string) (time.Duration, error) {
	if strings.Trim(text, "0123456789.") == "" {
		return time.ParseDuration(text + l.unit) // exact, where a float would round the nanoseconds
	}
	if d, err := time.ParseDuration(text); err == nil && l.units {
		return d, nil
	}
	return scientific(text, l.unit)
}

// scientific reads numbers such as 1e-05, which writers of JSON and CSV make of small ones.
func scientific(text, unit string) (time.Duration, error) {
	f, err := strconv.ParseFloat(text, 64)
	scale, _ := time.ParseDuration("1" + unit)
	f = math.Round(f * float64(scale))
	if err != nil || !(f >= 0 && f < math.MaxInt64) {
		return 0, errors.New("not a time")
	}
	return time.Duration(f), nil
}

// tokens reads a whole number, which tables with gaps may show as 52.0.
func tokens(name, text string, required bool) (int, error) {
	if text == "" && !required {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, ".0"))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q is not a number of tokens", name, text)
	}
	return n, nil
}

// table yields the rows of a CSV file with a header, whose columns are found by name in any case and order.
func table(r io.Reader, l layout) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		rows := csv.NewReader(r)
		rows.ReuseRecord = true
		at, input, output, err := header(rows, l)
		for err == nil {
			var row []string
			if row, err = rows.Read(); err != nil {
				break
			}
			var e Entry
			if e, err = l.entry(cell(row, at), cell(row, input), cell(row, output)); err != nil {
				line, _ := rows.FieldPos(0)
				err = &TraceError{line, err}
			} else if !yield(e, nil) {
				return
			}
		}
		if err != io.EOF {
			yield(Entry{}, located(err))
		}
	}
}

// located gives an error of the csv package, which names its line itself, the form of ours.
func located(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return &TraceError{parse.Line, parse.Err}
	}
	return err
}

// header reads the first row and returns the columns of time, input and output, -1 for one that may be missing and is.
func header(rows *csv.Reader, l layout) (at, input, output int, err error) {
	names, err := rows.Read()
	if err == io.EOF {
		return 0, 0, 0, &TraceError{1, errors.New("the file is empty")}
	}
	if err != nil {
		return 0, 0, 0, err
	}
	find := func(name string) int {
		return slices.IndexFunc(names, func(s string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(s, "\ufeff")), name)
		})
	}
	at, input, output = find(l.time), find(l.input), find(l.output)
	var errs []error
	if at < 0 {
		errs = append(errs, fmt.Errorf("there is no column %q in the first line, which names the columns", l.time))
	}
	if input < 0 && !l.bare {
		errs = append(errs, fmt.Errorf("there is no column %q", l.input))
	}
	if len(errs) > 0 {
		err = &TraceError{1, errors.Join(errs...)}
	}
	return at, input, output, err
}

func cell(row []string, i int) string {
	if i < 0 {
		return ""
	}
	return strings.TrimSpace(row[i])
}

// maxLine bounds a line of JSON, so that a file of another kind does not fill the memory.
const maxLine = 4 << 20

// lines yields the objects of a JSON Lines file. Blank lines are skipped.
func lines(r io.Reader, l layout) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		scan := bufio.NewScanner(r)
		scan.Buffer(nil, maxLine)
		n := 0
		for scan.Scan() {
			n++
			line := bytes.TrimSpace(bytes.TrimPrefix(scan.Bytes(), []byte("\ufeff")))
			if len(line) == 0 {
				continue
			}
			e, err := l.object(line)
			if err != nil {
				yield(Entry{}, &TraceError{n, err})
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := scan.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(Entry{}, &TraceError{n + 1, err})
		} else if err != nil {
			yield(Entry{}, err)
		}
	}
}

// object reads one line of JSON.
func (l layout) object(line []byte) (Entry, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return Entry{}, err
	}
	text := func(name string) string {
		raw := fields[name]
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s // a string, or null as ""
		}
		return string(raw)
	}
	return l.entry(text(l.time), text(l.input), text(l.output))
}

// fromFirst makes offsets count from the first entry.
func fromFirst(entries iter.Seq2[Entry, error]) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		first, begun := time.Duration(0), false
		for e, err := range entries {
			if !begun {
				first, begun = e.Offset, true
			}
			if err == nil {
				e.Offset -= first
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
